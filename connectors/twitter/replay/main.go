// Command replay runs a small X on loopback, to try an account of kind twitter
// without X: see the package platform beside it for what it can do.
package main

import (
	"context"
	"fmt"

	"github.com/spf13/pflag"

	"standpunt/connectors/internal/standin"
	"standpunt/connectors/twitter/replay/platform"
)

func main() { standin.Main(run) }

func run(ctx context.Context, args []string) error {
	var o platform.Options
	flags := pflag.NewFlagSet("replay", pflag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:8440", "`ADDR` to listen on")
	flags.StringVar(&o.Handle, "handle", "brand", "`HANDLE` of the brand account")
	flags.StringVar(&o.ConsumerKey, "consumer-key", "replay-consumer", "the app's `KEY`")
	flags.StringVar(&o.ConsumerSecret, "consumer-secret", "replay-consumer-secret", "the app's `SECRET`")
	flags.StringVar(&o.AccessToken, "access-token", "replay-token", "the brand's `TOKEN`")
	flags.StringVar(&o.AccessSecret, "access-token-secret", "replay-token-secret", "the brand's token `SECRET`")
	flags.BoolVar(&o.NoLegacy, "no-legacy", false, "refuse API v1.1, as X does where the access level lacks it")
	flags.StringVar(&o.BearerToken, "bearer-token", "replay-bearer", "the app's own `TOKEN`")
	flags.StringVar(&o.ClientID, "client-id", "replay-client", "the app's `ID` for OAuth 2.0")
	flags.StringVar(&o.ClientSecret, "client-secret", "", "the app's `SECRET` for OAuth 2.0; empty: it has none")
	flags.StringVar(&o.RedirectURL, "redirect-url", "http://127.0.0.1:8421/callback", "the `URL` that a sign-in leads back to")
	flags.BoolVar(&o.OwnsApp, "owns-app", false, "the brand account owns the app, so that reading its mentions is cheap")
	if err := flags.Parse(args); err != nil {
		return err
	}
	o.Name = o.Handle
	return standin.Serve(ctx, *listen, platform.New(o), func(at string) {
		_, _ = fmt.Printf("A small X with the brand @%s runs at http://%s. Let customers speak, edit and delete, and end the brand's sign-in:\n"+
			"  curl -d '{\"author\":\"jan\",\"text\":\"@%s waar blijft mijn pakket?\"}' http://%[2]s/replay/posts\n"+
			"  curl -d '{\"id\":\"ID\",\"text\":\"@%[1]s laat maar\"}' http://%[2]s/replay/edit\n"+
			"  curl -d '{\"id\":\"ID\"}' http://%[2]s/replay/delete\n"+
			"  curl -d '{\"author\":\"jan\",\"text\":\"hallo\"}' http://%[2]s/replay/messages\n"+
			"  curl -X POST http://%[2]s/replay/revoke\n", o.Handle, at, o.Handle)
	})
}
