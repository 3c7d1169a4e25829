package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"standpunt/config"
	"standpunt/connectors"
)

const (
	loginTimeout = 15 * time.Minute
	loginTries   = 5 // addresses of this sign-in, or typed, that do not work
)

// loginCommand signs an account in on its platform. A person opens an address
// in a browser; what the browser brings back is kept, sealed, in the data
// directory, whether the daemon runs or not.
func loginCommand(ctx context.Context, c console, flags *pflag.FlagSet, args []string) (err error) {
	file := flags.String(configFlag, configFile, "configuration `FILE`")
	data := flags.String("data", "", "data `DIR`, over the configuration's")
	name, rest := "", args
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		name, rest = args[0], args[1:]
	}
	if err := parse(flags, rest, configFlag); err != nil {
		return err
	}
	if name == "" {
		return fmt.Errorf("%w: name the account first: standpunt login ACCOUNT", errUsage)
	}
	conf, err := config.Load(*file, c.environ)
	if err != nil {
		return explain(err)
	}
	if *data != "" {
		conf.Data = *data
	}
	account, err := accountNamed(conf, name)
	if err != nil {
		return err
	}
	logger := newLogger(c, conf.Log)
	if err := logsIn(ctx, account); err != nil { // before anything is opened
		return err
	}
	kept, done, err := openKeeping(ctx, conf.Data, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	lives, err := connect([]config.Account{account}, logger, kept)
	if err != nil {
		return explain(err)
	}
	defer connectors.CloseAll(context.WithoutCancel(ctx), lives) //nolint:errcheck // it was used for one sign-in
	login, err := beginLogin(lives[0])
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, loginTimeout)
	defer cancel()
	return converse(ctx, c, login)
}

// accountNamed is the account of the configuration.
func accountNamed(conf *config.Config, name string) (config.Account, error) {
	var names []string
	for _, a := range conf.Accounts {
		if a.Name == name {
			return a, nil
		}
		names = append(names, a.Name)
	}
	if len(names) == 0 {
		return config.Account{}, fmt.Errorf("there is no account %q, nor any other: add one under accounts", name)
	}
	return config.Account{}, fmt.Errorf("there is no account %q. The accounts are %s", name, strings.Join(names, ", "))
}

// logsIn reports whether the account is one that somebody signs in, by an error
// where it is not.
func logsIn(ctx context.Context, account config.Account) error {
	lives, err := connect([]config.Account{account}, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		return explain(err)
	}
	_, err = beginLogin(lives[0])
	return errors.Join(err, connectors.CloseAll(context.WithoutCancel(ctx), lives))
}

func beginLogin(l connectors.Live) (connectors.Login, error) {
	c, ok := l.Connector.(connectors.Authorizer)
	if !ok {
		return nil, fmt.Errorf("the account %s is of kind %s, which has all it needs in its settings: there is nothing to log in to", l.Name, l.Kind)
	}
	return c.BeginLogin()
}

// returned is an address that came back, from the browser or from the keyboard.
type returned struct {
	address string
	answer  func(text string) // tells whoever brought it
}

// converse waits for the browser, or for the address that somebody pastes.
func converse(ctx context.Context, c console, login connectors.Login) error {
	came := make(chan returned)
	_, _ = fmt.Fprintf(c.out, "Open this address in a browser that is signed in as the brand:\n\n  %s\n\n", login.URL())
	ending, stop := context.WithCancel(ctx)
	defer stop()
	stopListening, err := listenForBrowser(ending, login, came)
	switch {
	case err == nil:
		defer stopListening()
		_, _ = fmt.Fprintf(c.out, "The browser comes back to %s, and this goes on by itself. If the browser runs on another machine, it will find\n"+
			"nothing there: then paste the whole address from its address bar here, and press Enter.\n", login.Redirect())
	case c.in == nil:
		return fmt.Errorf("nobody can bring the answer back: %w", err)
	default:
		_, _ = fmt.Fprintf(c.out, "Nothing can listen at %s here (%v). When the browser has come back,\n"+
			"paste the whole address from its address bar here, and press Enter.\n", login.Redirect(), err)
	}
	typed := make(chan error, 1)
	go func() { typed <- readAddresses(ending, c, came) }()
	listening := err == nil
	for tries := 1; ; tries++ {
		select {
		case <-ctx.Done():
			return fmt.Errorf("nobody came back from the platform within %s. Begin again", loginTimeout)
		case err := <-typed:
			if !listening {
				return errors.Join(errors.New("no address was given. Begin again"), err)
			}
			typed, tries = nil, tries-1
		case r := <-came:
			who, err := login.Finish(ctx, r.address)
			if err == nil {
				done := "Signed in as " + who.Handle + ". It is kept; a daemon that runs uses it from now on."
				if who.Note != "" {
					done += "\n" + who.Note
				}
				r.answer(done)
				_, _ = fmt.Fprintln(c.out, done)
				return nil
			}
			r.answer("This did not work: " + err.Error())
			if tries >= loginTries {
				return err
			}
			_, _ = fmt.Fprintf(c.out, "This did not work: %v\n", err)
		}
	}
}

// readAddresses hands every line that is typed to came, until there are none.
func readAddresses(ctx context.Context, c console, came chan<- returned) error {
	if c.in == nil {
		return nil
	}
	lines := bufio.NewScanner(c.in)
	for lines.Scan() {
		if strings.TrimSpace(lines.Text()) == "" {
			continue
		}
		select {
		case came <- returned{lines.Text(), func(string) {}}:
		case <-ctx.Done():
			return nil
		}
	}
	return lines.Err()
}

// listenForBrowser hands the addresses at which a browser arrives to came. It
// listens on this machine alone, so the redirect must name it. What any web page
// can send there, an address without this sign-in's state or for another host, is
// refused and changes nothing.
func listenForBrowser(ctx context.Context, login connectors.Login, came chan<- returned) (stop func(), err error) {
	at, err := url.Parse(login.Redirect())
	if err != nil || at.Scheme != "http" || !loopback(at.Hostname()) || at.Port() == "" {
		return nil, errors.New("it is not http on this machine with a port")
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", at.Host)
	if err != nil {
		return nil, errors.New("the port is taken")
	}
	path := at.EscapedPath()
	if path == "" {
		path = "/"
	}
	server := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.EscapedPath() != path || r.URL.RawQuery == "" {
			http.NotFound(w, r) // a browser asks for an icon, too
			return
		}
		said := make(chan string, 1)
		back := *at
		back.RawQuery = r.URL.RawQuery
		asked := url.URL{Host: r.Host}
		switch {
		case !loopback(asked.Hostname()):
			http.Error(w, "This address is for this machine alone.", http.StatusForbidden)
			return
		case !login.Owns(back.String()):
			http.Error(w, "This does not belong to the sign-in that standpunt login waits for, and changed nothing.\n"+
				"Open the address that the command printed.", http.StatusBadRequest)
			return
		}
		select {
		case came <- returned{back.String(), func(text string) { said <- text }}:
		case <-ctx.Done():
			return
		}
		text := <-said
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Referrer-Policy", "no-referrer")
		_, _ = fmt.Fprintln(w, text+"\n\nYou can close this page.")
	})}
	go func() { _ = server.Serve(listener) }() // ends with stop
	return func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		if server.Shutdown(closing) != nil {
			_ = server.Close()
		}
	}, nil
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}
