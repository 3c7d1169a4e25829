// Command replay runs the stand-in for Facebook of package platform, to try a
// configuration out by hand:
//
//	go run ./connectors/facebook/replay
//	curl -d name=Eva -d text='Waar blijft mijn pakket?' http://127.0.0.1:8440/customer
//	curl -d name=Jan -d text='Hier ook niet' -d under=ID http://127.0.0.1:8440/customer
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/spf13/pflag"

	"standpunt/connectors/facebook/replay/platform"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, pflag.ErrHelp) {
		_, _ = fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := pflag.NewFlagSet("replay", pflag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:8440", "`ADDR` to listen on")
	o := platform.Options{Permissions: []string{"pages_manage_engagement", "pages_read_engagement", "pages_read_user_content"}}
	flags.StringVar(&o.PageID, "page-id", "100200300", "`ID` of the Page")
	flags.StringVar(&o.PageName, "page-name", "Noordlicht", "`NAME` of the Page")
	flags.StringVar(&o.Token, "token", "page-token", "the Page's access `TOKEN`")
	flags.StringVar(&o.AppSecret, "app-secret", "", "the app's `SECRET`; empty: no proof is asked for")
	flags.StringVar(&o.Version, "version", "v26.0", "`VERSION` of the Graph API")
	flags.IntVar(&o.Calls, "calls", 0, "how many calls are allowed; 0: any `NUMBER`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	p, post := platform.New(o)
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", *listen)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: p, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() }) // whatever is under way is not worth waiting for
	_, _ = fmt.Printf("base_url: http://%s\npage_id: %q\nThe Page's first post is %s. Stop with Ctrl+C.\n", l.Addr(), o.PageID, post)
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
