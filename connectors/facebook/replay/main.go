// Command replay runs the stand-in for Facebook of package platform, to try a
// configuration out by hand:
//
//	go run ./connectors/facebook/replay
//	curl -d name=Eva -d text='Waar blijft mijn pakket?' http://127.0.0.1:8442/customer
//	curl -d name=Jan -d text='Hier ook niet' -d under=ID http://127.0.0.1:8442/customer
//	curl -d name=Jan -d text='Onder vier ogen' -d private=1 http://127.0.0.1:8442/customer
//	curl -d name=Mo -d text='Elders genoemd' -d mention=1 http://127.0.0.1:8442/customer
//	curl -d id=ID -d text='Toch anders' http://127.0.0.1:8442/customer/edit
//	curl -d id=ID http://127.0.0.1:8442/customer/remove
//	curl -X POST http://127.0.0.1:8442/replay/revoke
//	curl -X POST http://127.0.0.1:8442/replay/expire
//	curl -d token=ANOTHER http://127.0.0.1:8442/replay/token
//
// With --webhook it asks that address whether it is ours, as Facebook does, and
// then delivers what happens; what is not taken comes again.
package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"standpunt/connectors/facebook/replay/platform"
	"standpunt/connectors/internal/standin"
)

func main() { standin.Main(run) }

func run(ctx context.Context, args []string) error {
	flags := pflag.NewFlagSet("replay", pflag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:8442", "`ADDR` to listen on")
	var push platform.Push
	o := platform.Options{Permissions: []string{
		"pages_manage_engagement", "pages_read_engagement", "pages_read_user_content", "pages_messaging", "pages_manage_metadata",
	}}
	flags.StringVar(&o.PageID, "page-id", "100200300", "`ID` of the Page")
	flags.StringVar(&o.PageName, "page-name", "Noordlicht", "`NAME` of the Page")
	flags.StringVar(&o.Token, "token", "page-token", "the Page's access `TOKEN`")
	flags.StringVar(&o.AppSecret, "app-secret", "", "the app's `SECRET`; empty: no proof is asked for")
	flags.StringVar(&o.Version, "version", "v26.0", "`VERSION` of the Graph API")
	flags.BoolVar(&o.HumanAgent, "human-agent", false, "let messages be answered for seven days")
	flags.StringVar(&push.URL, "webhook", "", "`URL` to deliver to, such as http://127.0.0.1:8420/hooks/facebook-page")
	flags.StringVar(&push.VerifyToken, "verify-token", "", "`TOKEN` to ask it with")
	flags.BoolVar(&push.Duplicate, "duplicate", false, "deliver everything twice")
	flags.BoolVar(&push.Shuffle, "shuffle", false, "deliver what happened last first")
	flags.IntVar(&o.Calls, "calls", 0, "how many calls are allowed; 0: any `NUMBER`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if push.URL != "" && (o.AppSecret == "" || push.VerifyToken == "") {
		return errors.New("--webhook needs --app-secret, which signs deliveries, and --verify-token")
	}
	p, post := platform.New(o)
	return standin.Serve(ctx, *listen, p, func(at string) {
		_, _ = fmt.Printf("base_url: http://%s\npage_id: %q\nThe Page's first post is %s. Stop with Ctrl+C.\n", at, o.PageID, post)
		if push.URL != "" {
			go deliver(ctx, p, push)
		}
	})
}

// deliver asks the address until it is ours, and then delivers until ctx ends.
// It says what changes.
func deliver(ctx context.Context, p *platform.Platform, push platform.Push) {
	said, subscribed := "", false
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for ctx.Err() == nil {
		var err error
		if subscribed {
			err = p.Flush(ctx)
		} else if err = p.Subscribe(ctx, push); err == nil {
			subscribed = true
		}
		now := "Deliveries are taken at " + push.URL + "."
		if err != nil {
			now = "Deliveries are not taken: " + err.Error()
		}
		if now != said && ctx.Err() == nil {
			said = now
			_, _ = fmt.Println(now)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}
