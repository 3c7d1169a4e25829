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

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
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
		{name: "conversation", login: "anna", path: "/inbox", click: "a[href^='/inbox/0']"},
		{name: "approvals", login: "bert", path: "/approvals"},
		{name: "decision", login: "bert", path: "/approvals", click: "a[href^='/approvals/0']"},
		{name: "audit", login: "mara", path: "/audit"},
		{name: "dossier", login: "mara", path: "/audit", click: "a[href^='/dossier/']"},
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
	browser, end := startBrowser(ctx, dir)
	defer end()
	if all == "" {
		wide := look{"", 1440, 900, "light"}
		for _, s := range shots() {
			if s.name != "conversation" && s.name != "decision" {
				continue
			}
			if err := photograph(browser, url, s, wide, filepath.Join(out, s.name+".png")); err != nil {
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
			if err := photograph(browser, url, s, l, filepath.Join(all, s.name+l.suffix+".png")); err != nil {
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
	demo := exec.CommandContext(ctx, binary, "demo", "--data", data, "--listen", "127.0.0.1:0") //nolint:gosec // built above
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
		b, err := os.ReadFile(filepath.Join(data, "demo.json")) //nolint:gosec // our own directory
		if err == nil && json.Unmarshal(b, &f) == nil {
			return f.URL, stop, nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	stop()
	return "", nil, errors.New("the demo did not get ready within a minute")
}

func startBrowser(ctx context.Context, dir string) (browser context.Context, end func()) {
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true), chromedp.UserDataDir(filepath.Join(dir, "browser")))
	allocator, stop := chromedp.NewExecAllocator(ctx, options...)
	browser, cancel := chromedp.NewContext(allocator)
	return browser, func() { cancel(); stop() }
}

// photograph signs in afresh, goes there and takes the picture.
func photograph(browser context.Context, url string, s shot, l look, file string) error {
	tab, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	defer cancel()
	tab, timeout := context.WithTimeout(tab, time.Minute)
	defer timeout()
	steps := []chromedp.Action{
		chromedp.EmulateViewport(l.width, l.height),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: l.scheme}}),
		chromedp.Navigate(url + "/"),
	}
	if s.login != "" {
		steps = append(steps,
			chromedp.WaitVisible(`input[name=login]`), chromedp.SendKeys(`input[name=login]`, s.login),
			chromedp.SendKeys(`input[name=password]`, "demo\r"), chromedp.WaitNotPresent(`input[name=password]`),
			chromedp.Navigate(url+s.path))
	}
	var picture []byte
	if err := chromedp.Run(tab, steps...); err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	if s.click != "" {
		var target string
		var found bool
		err := chromedp.Run(tab, chromedp.WaitReady(s.click, chromedp.ByQuery), chromedp.AttributeValue(s.click, "href", &target, &found, chromedp.ByQuery),
			chromedp.ActionFunc(func(ctx context.Context) error { return chromedp.Navigate(url + target).Do(ctx) }))
		if err != nil || !found {
			return fmt.Errorf("%s: no link %s: %w", s.name, s.click, err)
		}
	}
	if err := chromedp.Run(tab, chromedp.Sleep(400*time.Millisecond), chromedp.CaptureScreenshot(&picture)); err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	return os.WriteFile(file, picture, 0o600)
}
