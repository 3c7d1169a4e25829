package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"standpunt/approval"
	"standpunt/config"
	"standpunt/connectors"
	"standpunt/connectors/sandbox/network"
	"standpunt/internal/fault"
	"standpunt/people"
	"standpunt/store"
)

// What the demo is made of.
const (
	demoPassword = "demo"
	demoBrand    = "noordlicht"
	demoAccount  = "plein"
	demoDesk     = "127.0.0.1:8420"
	demoNetwork  = "127.0.0.1:8430"
)

func demoStaff() []founder {
	return []founder{
		{"anna", "Anna de Wit", []people.Role{people.Agent}},
		{"bert", "Bert van Dam", []people.Role{people.Press}},
		{"mara", "Mara Okafor", []people.Role{people.Manager}},
		{"ada", "Ada Visser", []people.Role{people.Admin}},
	}
}

// demoFile is DIR/demo.json, so that scripts can play the demo.
type demoFile struct {
	URL        string       `json:"url"`
	NetworkURL string       `json:"network_url"`
	People     []demoPerson `json:"people"`
}

type demoPerson struct {
	Login    string        `json:"login"`
	Roles    []people.Role `json:"roles"`
	Password string        `json:"password"`
	Token    string        `json:"token"`
}

func demoCommand(ctx context.Context, c console, flags *pflag.FlagSet, args []string) error {
	data := flags.String("data", "", "`DIR` that survives restarts; empty: a temporary one that is removed at the end")
	listen := flags.String("listen", "", "`ADDR` of the desk; empty: "+demoDesk+", or a free port where that is taken")
	network := flags.String("network", "", "`ADDR` of the public network; empty: "+demoNetwork+", or a free port where that is taken")
	verbose := flags.Bool("verbose", false, "log what the daemon does")
	if err := parse(flags, args); err != nil {
		return err
	}
	level := slog.LevelWarn
	if *verbose {
		level = slog.LevelInfo
	}
	d := &demo{c: c, dir: *data, listen: *listen, listenNetwork: *network, logger: newLogger(c, config.Log{Level: level})}
	return d.run(ctx)
}

// demo is a daemon with a network, people and a past of its own.
type demo struct {
	c             console
	dir           string
	listen        string
	listenNetwork string
	logger        *slog.Logger
	network       *network.Network
	file          demoFile
	fresh         bool
}

func (d *demo) run(ctx context.Context) (err error) {
	if d.dir == "" {
		if d.dir, err = os.MkdirTemp("", "standpunt-demo-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(d.dir)) }()
	}
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return err
	}
	if err := d.recall(); err != nil {
		return err
	}
	token := rand.Text()
	if err := d.openNetwork(ctx, token); err != nil {
		return err
	}
	defer func() {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
		defer cancel()
		err = errors.Join(err, d.network.Stop(stopping))
	}()
	d.network.Start()
	daemon, err := newDaemon(ctx, d.options(token))
	if err != nil {
		return err
	}
	return daemon.runUntilDone(ctx, func() { d.ready(ctx, daemon) })
}

// recall reads what an earlier run of the same directory wrote.
func (d *demo) recall() error {
	b, err := os.ReadFile(filepath.Join(d.dir, "demo.json"))
	if errors.Is(err, os.ErrNotExist) {
		entries, err := os.ReadDir(d.dir)
		if err == nil && len(entries) > 0 {
			return fmt.Errorf("%s is not empty and holds no demo. Choose another directory; nothing was changed", d.dir)
		}
		d.fresh = true
		return err
	}
	if err == nil {
		err = json.Unmarshal(b, &d.file)
	}
	if err != nil {
		return fmt.Errorf("read the demo in %s: %w", d.dir, err)
	}
	return nil
}

// openNetwork starts the invented network, on its earlier address where there
// was one, since an account that moves has to be accepted again.
func (d *demo) openNetwork(ctx context.Context, token string) (err error) {
	listen := d.listenNetwork
	switch before := strings.Replace(strings.TrimPrefix(d.file.NetworkURL, "http://"), "localhost", "127.0.0.1", 1); {
	case before != "" && listen != "" && listen != before:
		return fault.New(fault.InvalidInput, "the demo in %s has its network at %s", d.dir, before).At("network", listen).
			Fix("Leave --network out, or begin another demo with another --data.")
	case before != "":
		listen = before
	case listen == "":
		listen = free(demoNetwork)
	case strings.HasSuffix(listen, ":0"):
		listen = free(listen)
	}
	for range 3 { // another demo may have taken the address since it was free
		d.network, err = network.New(ctx, network.Options{
			Dir: filepath.Join(d.dir, "network"), Listen: listen, PublicURL: local(listen), Log: d.logger,
			Accounts: []network.Account{{Handle: demoBrand, Name: "Noordlicht Energie", Token: token, Password: demoPassword}},
			Script:   network.Script{Brand: demoBrand, Every: 25 * time.Second, Seed: 7},
		})
		if !fault.Is(err, fault.Unavailable) || d.file.NetworkURL != "" || d.listenNetwork != "" {
			break
		}
		listen = free("127.0.0.1:0")
	}
	if err != nil {
		return fmt.Errorf("start the invented network: %w", err)
	}
	if !d.fresh {
		return nil
	}
	_, err = d.network.Seed(ctx, network.History{Until: time.Now().Add(-5 * time.Hour), Days: 2, Posts: 16, Seed: 7})
	if err != nil {
		return err
	}
	return thisMorning(ctx, d.network)
}

// free is addr, or a free port where addr is taken.
func free(addr string) string {
	for _, try := range []string{addr, "127.0.0.1:0"} {
		if l, err := net.Listen("tcp", try); err == nil { //nolint:noctx // bound and let go at once
			defer l.Close()
			return l.Addr().String()
		}
	}
	return addr
}

// local is the link to a loopback address that people click on.
func local(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || host != "127.0.0.1" {
		return "http://" + addr
	}
	return "http://localhost:" + port
}

func (d *demo) options(token string) daemonOptions {
	conf := config.Default()
	conf.Data = filepath.Join(d.dir, "data")
	conf.Listen = d.listen
	if conf.Listen == "" {
		conf.Listen = demoDesk
		if d.file.URL != "" {
			conf.Listen = strings.Replace(strings.TrimPrefix(d.file.URL, "http://"), "localhost", "127.0.0.1", 1)
		}
		conf.Listen = free(conf.Listen)
	}
	conf.PublicURL = ""
	conf.Accounts = []config.Account{{
		Name: demoAccount, Kind: "sandbox", Backfill: 30 * 24 * time.Hour,
		Settings: config.NewSettings(map[string]any{
			"base_url": d.network.URL(), "handle": demoBrand, "token": config.NewSecret(token), "poll_every": time.Second,
		}),
	}}
	staff := demoStaff()
	o := daemonOptions{
		config: conf, logger: d.logger, web: webOptions(conf, d.logger),
		notice:  "Demo: nothing leaves this machine",
		people:  people.Options{AllowWeak: true, Hashing: people.CheapHashing()},
		sending: connectors.DispatcherOptions{SettleAfter: 3 * time.Second},
	}
	for _, f := range staff {
		o.people.EndorsingPeople = append(o.people.EndorsingPeople, f.login)
	}
	if d.fresh {
		o.found = d.found
	}
	return o
}

// found makes the demo's people, with their passwords and tokens.
func (d *demo) found(ctx context.Context, r *rooms, lives []connectors.Live) error {
	if err := r.approvals.InitPolicies(ctx, []approval.Policy{approval.DefaultPolicy()}); err != nil {
		return err
	}
	if err := r.approvals.InitAccounts(ctx, configured(lives)); err != nil {
		return err
	}
	for _, f := range demoStaff() {
		var enrolment people.Enrolment
		err := r.db.Update(ctx, func(tx *store.Tx) (err error) {
			_, enrolment, err = r.staff.Create(tx, people.NewMandate("demo").By("system", "cli"), people.NewPerson{
				Login: f.login, Name: f.name, Roles: f.roles, Language: "en", Founder: true,
			})
			return err
		})
		if err != nil {
			return err
		}
		if _, err := r.staff.Enrol(ctx, enrolment.Code(), demoPassword); err != nil {
			return err
		}
		by, err := signIn(ctx, r, f.login)
		if err != nil {
			return err
		}
		token, _, err := r.staff.IssueToken(ctx, by, "demo", []people.Scope{people.Read, people.Write, people.Endorse}, time.Time{})
		if err != nil {
			return err
		}
		d.file.People = append(d.file.People, demoPerson{f.login, f.roles, demoPassword, token})
	}
	return nil
}

func signIn(ctx context.Context, r *rooms, login string) (people.Principal, error) {
	_, by, err := r.staff.SignIn(ctx, login, demoPassword, netip.MustParseAddr("127.0.0.1"))
	return by, err
}

// ready writes demo.json, fills the desk and tells where everything is.
func (d *demo) ready(ctx context.Context, running *daemon) {
	d.file.URL = local(running.server.Addr().String())
	d.file.NetworkURL = d.network.URL()
	if d.fresh {
		if err := furnish(ctx, running.rooms); err != nil && ctx.Err() == nil {
			d.logger.Error("the demo could not be furnished", slog.Any("error", err))
		}
	}
	if err := d.remember(); err != nil {
		d.logger.Error("demo.json could not be written", slog.Any("error", err))
	}
	_, _ = fmt.Fprintf(d.c.out, `
This is a demo: an invented network, invented customers, nothing leaves this machine.

  The desk            %s
  The public network  %s   (what customers see; post there as anybody)

  Sign in with the password "demo":
    anna  agent    drafts answers and cannot publish alone
    bert  press    approves, corrects, stops publishing
    mara  manager  reads everything, reviews the record
    ada   admin    people, accounts, policies

  Some customers there let people answer and no program. Such an answer is posted
  by hand on the public network, as @%s with the same password.

  For scripts: %s
  Stop it with Ctrl+C.
`, d.file.URL, d.file.NetworkURL, demoBrand, filepath.Join(d.dir, "demo.json"))
}

func (d *demo) remember() error {
	b, err := json.MarshalIndent(d.file, "", "  ")
	if err != nil {
		return err
	}
	name := filepath.Join(d.dir, "demo.json")
	if err := os.WriteFile(name+".new", append(b, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}
