// Package browser drives a headless Chromium as one person at a screen: the
// pictures of the README and the tests of the finished program use it. It is
// never part of the daemon.
//
// In comes what a person does (go there, type, press, click) and out what they
// see (text, the address, a picture) and what the page complained of.
package browser

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// patience is how long a person waits for something to show.
const patience = 45 * time.Second

// Browser is one running Chromium.
type Browser struct {
	ctx  context.Context //nolint:containedctx // chromedp keeps the browser in a context
	stop func()
}

// Start starts Chromium with a fresh profile in dir. Without Chromium on the
// machine its error says so.
func Start(ctx context.Context, dir string) (*Browser, error) {
	options := append(chromedp.DefaultExecAllocatorOptions[:len(chromedp.DefaultExecAllocatorOptions):len(chromedp.DefaultExecAllocatorOptions)],
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true), chromedp.UserDataDir(dir),
		chromedp.WSURLReadTimeout(2*patience)) // until it has started
	allocator, stopAllocator := chromedp.NewExecAllocator(ctx, options...)
	browser, stopBrowser := chromedp.NewContext(allocator)
	stop := func() { stopBrowser(); stopAllocator() }
	if err := chromedp.Do(browser); err != nil {
		stop()
		return nil, fmt.Errorf("start chromium: %w", err)
	}
	return &Browser{browser, stop}, nil
}

// Close ends the browser with all its pages.
func (b *Browser) Close() { b.stop() }

// Look is the screen that a page is seen on.
type Look struct {
	Width, Height int64
	Dark          bool
}

// steps put a tab on this screen.
func (l Look) steps() []chromedp.Action[chromedp.Void] {
	scheme := "light"
	if l.Dark {
		scheme = "dark"
	}
	return []chromedp.Action[chromedp.Void]{
		chromedp.EmulateViewport(l.Width, l.Height),
		chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
			_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
			})
			return err
		}),
	}
}

// Page is one person's tab, with cookies of its own.
type Page struct {
	ctx  context.Context //nolint:containedctx // as above
	stop func()

	mu       sync.Mutex
	problems []string
}

// Open opens an empty tab.
func (b *Browser) Open(l Look) (*Page, error) {
	tab, stop := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	p := &Page{ctx: tab, stop: stop}
	err := chromedp.Do(tab, l.steps()...)
	if err != nil {
		stop()
		return nil, fmt.Errorf("open a tab: %w", err)
	}
	go p.listen()
	return p, nil
}

// listen keeps what the page's console says, errors and warnings.
func (p *Page) listen() {
	for m, err := range chromedp.Console(p.ctx) {
		if err != nil {
			return
		}
		if m.Type == "error" || m.Type == "warning" || m.Type == chromedp.ConsoleException {
			p.mu.Lock()
			p.problems = append(p.problems, fmt.Sprintf("%s: %s", m.Type, m.Text))
			p.mu.Unlock()
		}
	}
}

// Problems are the console's errors and warnings so far, refused content included.
func (p *Page) Problems() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.problems...)
}

// Close closes the tab.
func (p *Page) Close() { p.stop() }

// Resize puts what the page shows on another screen, without loading it again.
func (p *Page) Resize(l Look) error { return p.do(l.steps()...) }

// Go opens an address and waits until it has loaded.
func (p *Page) Go(url string) error { return p.do(chromedp.Navigate(url)) }

// Fill replaces what stands in a field, key by key.
func (p *Page) Fill(selector, text string) error {
	if err := p.Await(selector); err != nil {
		return err
	}
	_, err := p.Eval(fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.focus(); e.select?.(); return "" })()`, selector))
	if err != nil {
		return err
	}
	return p.do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, input.InsertText, input.InsertTextParams{Text: text})
		return err
	}))
}

// ctrl is the bit of the Ctrl key in the protocol.
const ctrl chromedp.Modifier = 2

// Press presses a key, with Ctrl held where withCtrl is true.
func (p *Page) Press(key string, withCtrl bool) error {
	if withCtrl {
		return p.do(chromedp.KeyEvent(key, chromedp.KeyModifiers(ctrl)))
	}
	return p.do(chromedp.KeyEvent(key))
}

// Click clicks the first element that matches, once it is there and can be seen.
func (p *Page) Click(selector string) error {
	return p.do(chromedp.WaitVisible(chromedp.CSS(selector)), chromedp.Click(chromedp.CSS(selector)))
}

// Await waits until an element that matches can be seen.
func (p *Page) Await(selector string) error {
	return p.do(chromedp.WaitVisible(chromedp.CSS(selector)))
}

// AwaitText waits until the page says the text somewhere, fields included.
func (p *Page) AwaitText(text string) error {
	deadline := time.Now().Add(patience)
	for {
		seen, err := p.Text()
		if err == nil && strings.Contains(seen, text) {
			return nil
		}
		if time.Now().After(deadline) {
			return errors.Join(fmt.Errorf("the page never said %q; it says: %s", text, seen), err)
		}
		if err := p.do(chromedp.Sleep(50 * time.Millisecond)); err != nil {
			return err
		}
	}
}

// Text is what can be read on the page, what stands in its fields included.
func (p *Page) Text() (string, error) {
	return p.Eval(`document.body.innerText + "\n" + [...document.querySelectorAll("textarea,input:not([type=hidden])")].map(e => e.value).join("\n")`)
}

// Eval evaluates JavaScript that gives a text.
func (p *Page) Eval(js string) (string, error) {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[string](js))
}

// URL is the page's address.
func (p *Page) URL() (string, error) { return p.Eval("location.href") }

// Picture is what the screen shows, as PNG.
func (p *Page) Picture() ([]byte, error) {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.CaptureScreenshot())
}

func (p *Page) do(steps ...chromedp.Action[chromedp.Void]) error {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return chromedp.Do(ctx, steps...)
}
