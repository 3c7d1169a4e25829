package mail

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"standpunt/config"
	"standpunt/connectors"
	"standpunt/connectors/connectortest"
	"standpunt/connectors/mail/mailtest"
)

// shared is one set of servers for all tests; each test uses mailboxes of its own.
var shared struct {
	once    sync.Once
	servers *mailtest.Servers
	dir     string
	err     error
	users   atomic.Int64
}

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.servers != nil {
		if err := shared.servers.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	if shared.dir != "" {
		_ = os.RemoveAll(shared.dir)
	}
	os.Exit(code)
}

// place is a brand's mailbox and a customer's on the shared servers.
type place struct {
	*mailtest.Servers
	care, customer mailtest.User
}

func newPlace(t testing.TB) *place {
	t.Helper()
	shared.once.Do(func() {
		if shared.dir, shared.err = os.MkdirTemp("", "mail"); shared.err == nil { //nolint:usetesting // outlives this test
			shared.servers, shared.err = mailtest.Launch(context.Background(), shared.dir)
		}
	})
	mailtest.Need(t, shared.err)
	n := int(shared.users.Add(1))
	return &place{shared.servers, mailtest.CareNumber(n), mailtest.CustomerNumber(n)}
}

// settings are the account's, with some of them changed.
func (p *place) settings(changed map[string]any) config.Settings {
	values := map[string]any{"address": p.care.Address, "imap": p.IMAP, "smtp": p.SMTP, "username": p.care.Username, "password": config.NewSecret(p.care.Password)}
	for key, value := range changed {
		values[key] = value
	}
	return config.NewSettings(values)
}

// connect makes a connector for the place.
func (p *place) connect(t testing.TB, changed map[string]any) *Connector {
	t.Helper()
	c, err := New(connectors.Account{Name: "care", Kind: KindName, Settings: p.settings(changed), Backfill: 24 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// forgetIdle is an IMAP server that does not offer IDLE.
func forgetIdle(t testing.TB, to string) string {
	return newProxy(t, to, func(answer []byte) []byte {
		return bytes.ReplaceAll(answer, []byte(" IDLE"), []byte(" XDLE"))
	}).address
}

// harness plays the conformance suite on real servers, through a proxy that can
// break.
type harness struct {
	*place
	imap, smtp *proxy
	posted     atomic.Int64
}

func TestConformance(t *testing.T) {
	connectortest.Run(t, func(t *testing.T) connectortest.Remote {
		p := newPlace(t)
		return &harness{place: p, imap: newProxy(t, p.IMAP, nil), smtp: newProxy(t, p.SMTP, nil)}
	})
}

func (h *harness) Connect(t testing.TB, a connectors.Account) connectors.Connector {
	return h.connectAs(t, a, h.care.Password)
}

func (h *harness) ConnectBadly(t testing.TB, a connectors.Account) connectors.Connector {
	return h.connectAs(t, a, "verkeerd-geheim")
}

func (h *harness) connectAs(t testing.TB, a connectors.Account, password string) connectors.Connector {
	t.Helper()
	a.Settings = h.settings(map[string]any{"imap": h.imap.address, "smtp": h.smtp.address, "password": config.NewSecret(password)})
	c, err := New(a)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (h *harness) Secrets() []string { return []string{h.care.Password, "verkeerd-geheim"} }

func (h *harness) Post(t testing.TB, text string) string {
	t.Helper()
	id := fmt.Sprintf("vraag-%d@klant.test", h.posted.Add(1))
	raw := fmt.Sprintf("From: Klant <%s>\nTo: <%s>\nSubject: Een vraag\nMessage-ID: <%s>\nDate: %s\nMIME-Version: 1.0\n"+
		"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n%s\n",
		h.customer.Address, h.care.Address, id, time.Now().Format(time.RFC1123Z), base64Lines(text))
	if err := h.Deliver(h.customer.Address, h.care.Address, []byte(raw)); err != nil {
		t.Fatal(err)
	}
	return id
}

func (h *harness) Answers(t testing.TB, externalID string) []string {
	t.Helper()
	mails, err := h.Mailbox(h.customer)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, raw := range mails {
		head, body := splitHeader(raw)
		if first(head.ids("In-Reply-To")) == externalID {
			texts = append(texts, sentText(head, body))
		}
	}
	return texts
}

// Arrives is what the package documents: line ends LF, no invisible ends of
// lines, no control characters.
func (h *harness) Arrives(text string) string { return clean(normalLines(text)) }
func (h *harness) Stands(text string) string  { return text }

func (h *harness) Break(_ testing.TB, f connectortest.Fault) bool {
	switch f {
	case connectortest.Refused, connectortest.Garbage, connectortest.Silent:
		h.imap.fault.Store(f)
		h.smtp.fault.Store(f)
	case connectortest.AcceptedNoAnswer, connectortest.AcceptedGarbage:
		h.smtp.fault.Store(f)
	default: // SMTP answers after the last line are certain; mail knows no redirects
		return false
	}
	return true
}

func (h *harness) Mend(testing.TB) {
	h.imap.fault.Store(connectortest.Fault(""))
	h.smtp.fault.Store(connectortest.Fault(""))
}

// proxy passes TCP connections on, and breaks new ones as told.
type proxy struct {
	address string
	fault   atomic.Value
	edit    func([]byte) []byte // what the server says, as the client hears it; may be nil
	open    sync.Map            // the connections, to hang up
}

// hangUp closes every connection that passes through now.
func (p *proxy) hangUp() {
	p.open.Range(func(conn, _ any) bool {
		_ = conn.(net.Conn).Close()
		return true
	})
}

func newProxy(t testing.TB, to string, edit func([]byte) []byte) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{address: l.Addr().String(), edit: edit}
	p.fault.Store(connectortest.Fault(""))
	var open sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	open.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
			open.Go(func() {
				defer stop()
				defer conn.Close()
				p.open.Store(conn, true)
				defer p.open.Delete(conn)
				p.serve(ctx, conn, to)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		cancel()
		open.Wait()
	})
	return p
}

func (p *proxy) serve(ctx context.Context, conn net.Conn, to string) {
	fault := p.fault.Load().(connectortest.Fault)
	switch fault {
	case connectortest.Refused:
		_ = conn.(*net.TCPConn).SetLinger(0)
		return
	case connectortest.Garbage:
		_, _ = io.WriteString(conn, "\x00\x01 <html>what?</html>\r\n\r\n(((\r\n")
		_, _ = io.Copy(io.Discard, conn)
		return
	case connectortest.Silent:
		_, _ = io.Copy(io.Discard, conn)
		return
	default: // later, or none
	}
	server, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer server.Close()
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	var ended atomic.Bool // the client has sent the mail's last line
	done := make(chan struct{})
	go func() {
		defer close(done)
		buffer := make([]byte, 64<<10)
		for {
			n, err := server.Read(buffer)
			if n > 0 {
				answer := buffer[:n]
				if p.edit != nil {
					answer = p.edit(answer)
				}
				if ended.Load() {
					switch fault {
					case connectortest.AcceptedNoAnswer:
						answer = nil
					case connectortest.AcceptedGarbage:
						answer = []byte("what?\r\n")
					default: // earlier, or none
					}
				}
				if _, err := conn.Write(answer); err != nil {
					return
				}
			}
			if err != nil {
				_ = conn.Close()
				return
			}
		}
	}()
	buffer := make([]byte, 64<<10)
	var tail []byte
	for {
		n, err := conn.Read(buffer)
		if n > 0 {
			tail = append(tail, buffer[:n]...)
			if bytes.HasSuffix(tail, []byte("\r\n.\r\n")) {
				ended.Store(true)
			}
			tail = tail[max(0, len(tail)-5):]
			if _, err := server.Write(buffer[:n]); err != nil {
				break
			}
		}
		if err != nil {
			break
		}
	}
	if ended.Load() { // the mail is the server's: let it finish
		_ = server.(*net.TCPConn).CloseWrite()
		<-done
		return
	}
	_ = server.Close()
	<-done
}

func base64Lines(text string) string {
	var b strings.Builder
	encoded := base64.StdEncoding.EncodeToString([]byte(text))
	for len(encoded) > 76 {
		b.WriteString(encoded[:76] + "\n")
		encoded = encoded[76:]
	}
	b.WriteString(encoded)
	return b.String()
}
