package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/pflag"

	"standpunt/config"
	"standpunt/connectors/sandbox/network"
)

func sandboxCommand(ctx context.Context, c console, flags *pflag.FlagSet, args []string) error {
	dir := flags.String("dir", "./plein", "`DIR` that keeps the posts")
	listen := flags.String("listen", "127.0.0.1:8430", "`ADDR` to listen on")
	brand := flags.String("brand", "noordlicht", "`HANDLE` that the scripted customers talk to")
	token := flags.String("token", "", "the brand's `TOKEN`, which a connector authenticates with; empty: the brand is not made")
	every := flags.Duration("every", 0, "average `TIME` between two scripted posts; 0: nobody talks")
	if err := parse(flags, args); err != nil {
		return err
	}
	o := network.Options{
		Dir: *dir, Listen: *listen, Log: newLogger(c, config.Log{Level: slog.LevelInfo}),
		Script: network.Script{Brand: network.Handle(*brand), Every: *every, Seed: uint64(time.Now().UnixNano())},
	}
	if *token != "" {
		o.Accounts = []network.Account{{Handle: network.Handle(*brand), Name: *brand, Token: *token}}
	}
	return network.Run(ctx, o, func(n *network.Network) {
		_, _ = fmt.Fprintf(c.out, "The invented network runs at %s (posts are kept in %s). Stop it with Ctrl+C.\n", n.URL(), *dir)
	})
}
