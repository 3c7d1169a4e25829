// Command replay runs the stand-in for Instagram of package platform, to try a
// configuration out by hand:
//
//	go run ./connectors/instagram/replay
//	curl -d name=eva -d text='Waar blijft mijn pakket?' -d under=ID http://127.0.0.1:8441/customer
//	curl -d name=jan -d text='Een vraag' -d what=message http://127.0.0.1:8441/customer
//	curl -X POST http://127.0.0.1:8441/replay/revoke
//	curl -X POST http://127.0.0.1:8441/replay/expire
//	curl -d token=ANOTHER http://127.0.0.1:8441/replay/token
//
// With --webhook it also delivers what happens, signed, within a second.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/pflag"

	"standpunt/connectors/instagram/replay/platform"
	"standpunt/connectors/internal/standin"
)

func main() { standin.Main(run) }

// permissions are all that the connector works with, by login.
var permissions = map[string][]string{
	platform.FacebookLogin:  {"instagram_basic", "instagram_manage_comments", "instagram_manage_messages", "pages_read_engagement", "pages_manage_metadata"},
	platform.InstagramLogin: {"instagram_business_basic", "instagram_business_manage_comments", "instagram_business_manage_messages"},
}

func run(ctx context.Context, args []string) error {
	flags := pflag.NewFlagSet("replay", pflag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:8441", "`ADDR` to listen on")
	webhook := flags.String("webhook", "", "`URL` to deliver to what happens; empty: nothing is delivered")
	o := platform.Options{Subscribed: []string{"comments", "live_comments", "mentions", "messages"}}
	flags.StringVar(&o.Login, "login", platform.InstagramLogin, "`LOGIN` that the account is reached by: facebook or instagram")
	flags.StringVar(&o.UserID, "ig-user-id", "17841400000000001", "`ID` of the professional account")
	flags.StringVar(&o.Username, "username", "noordlicht", "`NAME` of the account")
	flags.StringVar(&o.PageID, "page-id", "100200300", "`ID` of the linked Page; with the login facebook")
	flags.StringVar(&o.Token, "token", "user-token", "the access `TOKEN`")
	flags.StringVar(&o.AppSecret, "app-secret", "app-secret", "the app's `SECRET`, which signs deliveries")
	flags.StringVar(&o.Version, "version", "v26.0", "`VERSION` of the Graph API")
	flags.IntVar(&o.Calls, "calls", 0, "how many calls are allowed; 0: any `NUMBER`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	known := false
	if o.Permissions, known = permissions[o.Login]; !known {
		return errors.New("--login is facebook or instagram")
	}
	p, post := platform.New(o)
	return standin.Serve(ctx, *listen, p, func(at string) {
		_, _ = fmt.Printf("base_url: http://%s\nlogin: %s\nig_user_id: %q\nThe account's first post is %s. Stop with Ctrl+C.\n", at, o.Login, o.UserID, post)
		if *webhook != "" {
			go deliver(ctx, p, *webhook)
		}
	})
}

// deliver delivers what happened, every second.
func deliver(ctx context.Context, p *platform.Platform, address string) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := p.Deliver(ctx, address); err != nil {
				_, _ = fmt.Fprintln(os.Stderr, err)
			}
		}
	}
}
