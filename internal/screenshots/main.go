// Command screenshots takes the pictures of README.md from the running
// program: it starts the demo, signs in as its people and photographs what
// they see, at desk and telephone width, light and dark.
//
// In comes the program as `go run ./cmd/standpunt demo` builds it and a
// Chromium on this machine; out go PNG files. It changes nothing else.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"standpunt/internal/browser"
)

func main() {
	out := flag.String("out", "docs/pictures", "directory for the pictures of README.md")
	all := flag.String("all", "", "directory for every page in both widths and schemes, instead")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *out, *all); err != nil {
		fmt.Fprintln(os.Stderr, "screenshots:", err)
		os.Exit(1) //nolint:gocritic // nothing is left to undo
	}
}

// shot is one picture: who looks at what.
type shot struct {
	name, login, path string
	// click follows the first link or button that matches, before the picture is taken.
	click string
}

func shots() []shot {
	return []shot{
		{name: "signin", path: "/"},
		{name: "inbox", login: "anna", path: "/inbox"},
		{name: "conversation", login: "anna", path: "/inbox?view=waiting", click: "a[href^='/inbox/'][href*='-']"},
		{name: "approvals", login: "bert", path: "/approvals"},
		{name: "decision", login: "bert", path: "/approvals", click: "a[href^='/approvals/'][href*='-']"},
		{name: "audit", login: "mara", path: "/audit"},
		{name: "dossier", login: "mara", path: "/audit?kind=proposal.", click: "a[href^='/dossier/']"},
		{name: "accounts", login: "ada", path: "/settings/accounts"},
		{name: "people", login: "ada", path: "/settings/people"},
		{name: "policies", login: "ada", path: "/settings/policies"},
		{name: "me", login: "anna", path: "/settings/me"},
	}
}

// look is one way of looking.
type look struct {
	suffix        string
	width, height int64
	scheme        string
}

func looks() []look {
	return []look{
		{"-1440-light", 1440, 900, "light"}, {"-1440-dark", 1440, 900, "dark"},
		{"-360-light", 360, 740, "light"}, {"-360-dark", 360, 740, "dark"},
	}
}

func run(ctx context.Context, out, all string) (err error) {
	dir, err := os.MkdirTemp("", "standpunt-pictures-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	url, stop, err := startDemo(ctx, dir)
	if err != nil {
		return err
	}
	defer stop()
	screen, err := browser.Start(ctx, filepath.Join(dir, "browser"))
	if err != nil {
		return err
	}
	defer screen.Close()
	if all == "" {
		wide := look{"", 1440, 900, "light"}
		for _, s := range shots() {
			if s.name != "conversation" && s.name != "decision" {
				continue
			}
			if err := photograph(screen, url, s, wide, filepath.Join(out, s.name+".png")); err != nil {
				return err
			}
		}
		return nil
	}
	if err := os.MkdirAll(all, 0o750); err != nil {
		return err
	}
	for _, s := range shots() {
		for _, l := range looks() {
			if err := photograph(screen, url, s, l, filepath.Join(all, s.name+l.suffix+".png")); err != nil {
				return err
			}
		}
	}
	return nil
}

// startDemo builds and starts the program and waits until it is furnished.
func startDemo(ctx context.Context, dir string) (url string, stop func(), err error) {
	binary := filepath.Join(dir, "standpunt")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/standpunt")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return "", nil, fmt.Errorf("build the program: %w", err)
	}
	data := filepath.Join(dir, "demo")
	demo := exec.CommandContext(ctx, binary, "demo", "--data", data, "--listen", "127.0.0.1:0", "--network", "127.0.0.1:0")
	demo.Cancel = func() error { return demo.Process.Signal(syscall.SIGTERM) }
	demo.Stderr = os.Stderr
	if err := demo.Start(); err != nil {
		return "", nil, fmt.Errorf("start the demo: %w", err)
	}
	stop = func() {
		_ = demo.Process.Signal(syscall.SIGTERM)
		_ = demo.Wait()
	}
	for range 600 {
		var f struct {
			URL string `json:"url"`
		}
		b, err := os.ReadFile(filepath.Join(data, "demo.json"))
		if err == nil && json.Unmarshal(b, &f) == nil {
			return f.URL, stop, nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	stop()
	return "", nil, errors.New("the demo did not get ready within a minute")
}

// photograph signs in afresh, goes there and takes the picture.
func photograph(b *browser.Browser, url string, s shot, l look, file string) error {
	page, err := b.Open(browser.Look{Width: l.width, Height: l.height, Dark: l.scheme == "dark"})
	if err != nil {
		return err
	}
	defer page.Close()
	picture, err := visit(page, url, s)
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	return os.WriteFile(file, picture, 0o600)
}

func visit(page *browser.Page, url string, s shot) ([]byte, error) {
	if err := page.Go(url + "/"); err != nil {
		return nil, err
	}
	if s.login == "" {
		return page.Picture()
	}
	err := errors.Join(page.Fill("input[name=login]", s.login), page.Fill("input[name=password]", "demo"), page.Press("\r", false))
	if err != nil {
		return nil, err
	}
	if err := page.Await("nav"); err != nil {
		return nil, err
	}
	if err := page.Go(url + s.path); err != nil {
		return nil, err
	}
	if s.click != "" {
		target, err := page.Eval(fmt.Sprintf(`document.querySelector(%q)?.href ?? ""`, s.click))
		if err != nil || target == "" {
			return nil, fmt.Errorf("no link %s: %w", s.click, err)
		}
		if err := page.Go(target); err != nil {
			return nil, err
		}
	}
	time.Sleep(400 * time.Millisecond) // fonts and transitions come to rest
	return page.Picture()
}
