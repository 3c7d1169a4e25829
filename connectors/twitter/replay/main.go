// Command replay runs a small X on loopback, to try an account of kind twitter
// without X: see the package platform beside it for what it can do.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"standpunt/connectors/twitter/replay/platform"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	var o platform.Options
	flags := flag.NewFlagSet("replay", flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:8440", "`ADDR` to listen on")
	flags.StringVar(&o.Handle, "handle", "brand", "`HANDLE` of the brand account")
	flags.StringVar(&o.ConsumerKey, "consumer-key", "replay-consumer", "the app's `KEY`")
	flags.StringVar(&o.ConsumerSecret, "consumer-secret", "replay-consumer-secret", "the app's `SECRET`")
	flags.StringVar(&o.AccessToken, "access-token", "replay-token", "the brand's `TOKEN`")
	flags.StringVar(&o.AccessSecret, "access-token-secret", "replay-token-secret", "the brand's token `SECRET`")
	flags.StringVar(&o.BearerToken, "bearer-token", "replay-bearer", "the app's own `TOKEN`")
	flags.StringVar(&o.ClientID, "client-id", "replay-client", "the app's `ID` for OAuth 2.0")
	flags.StringVar(&o.ClientSecret, "client-secret", "", "the app's `SECRET` for OAuth 2.0; empty: it has none")
	flags.StringVar(&o.RedirectURL, "redirect-url", "http://127.0.0.1:8421/callback", "the `URL` that a sign-in leads back to")
	flags.BoolVar(&o.OwnsApp, "owns-app", false, "the brand account owns the app, so that reading its mentions is cheap")
	flags.BoolVar(&o.NoLegacy, "no-legacy", false, "refuse API v1.1, as X does where the access level lacks it")
	if err := flags.Parse(args); err != nil {
		return err
	}
	o.Name = o.Handle
	l, err := net.Listen("tcp", *listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	server := &http.Server{Handler: platform.New(o), ReadHeaderTimeout: 10 * time.Second}
	fmt.Printf("A small X with the brand @%s runs at http://%s. Let a customer speak:\n"+
		"  curl -d '{\"author\":\"jan\",\"text\":\"@%s waar blijft mijn pakket?\"}' http://%s/replay/posts\n", o.Handle, l.Addr(), o.Handle, l.Addr())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return server.Shutdown(closing)
}
