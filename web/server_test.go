package web_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"standpunt/approval/approvaltest"
	"standpunt/connectors"
	"standpunt/internal/freeport"
	"standpunt/internal/logtest"
	"standpunt/people"
	"standpunt/web"
	"standpunt/web/session"
)

func TestEveryAnswerHasItsHeaders(t *testing.T) {
	r := newRig(t)
	for _, path := range []string{"/healthz", "/readyz", "/metrics", "/nothing", "/api/v1/me", "/api/v1/openapi.json", "/api/v1/nothing"} {
		got := r.nobody().send("GET", r.url+path, nil)
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'self'", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
			"Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
		} {
			if value := got.header.Get(name); !strings.Contains(value, want) {
				t.Errorf("%s has %s: %q", path, name, value)
			}
		}
		if policy := got.header.Get("Content-Security-Policy"); strings.Contains(policy, "unsafe") {
			t.Errorf("%s allows inline scripts or styles: %s", path, policy)
		}
		if got.header.Get("Strict-Transport-Security") != "" {
			t.Errorf("%s asks for TLS where there is none", path)
		}
	}
}

func TestHealthAndReadiness(t *testing.T) {
	rig := approvaltest.New(t)
	var reasons []string
	server := serve(t, rig, web.Options{}, func(d *web.Deps) { d.Ready = func(context.Context) []string { return reasons } })
	url := "http://" + server.Addr().String()
	if status, body := fetch(t, http.DefaultClient, url+"/healthz"); status != 200 || body != "ok\n" {
		t.Errorf("the health is %d %s", status, body)
	}
	if status, body := fetch(t, http.DefaultClient, url+"/readyz"); status != 200 || body != `{"ready":true,"reasons":[]}`+"\n" {
		t.Errorf("the readiness is %d %s", status, body)
	}
	reasons = []string{"the log is shorter than its anchor"}
	if status, body := fetch(t, http.DefaultClient, url+"/readyz"); status != 503 || !strings.Contains(body, "shorter than its anchor") {
		t.Errorf("the readiness is %d %s", status, body)
	}
	reasons = nil
	check(t, rig.DB.Close(t.Context()))
	if status, body := fetch(t, http.DefaultClient, url+"/readyz"); status != 503 || !strings.Contains(body, "the store cannot be read") {
		t.Errorf("without a store the readiness is %d %s", status, body)
	}
	if status, body := fetch(t, http.DefaultClient, url+"/api/v1/me"); status != 401 {
		t.Errorf("without a store who asks is %d %s", status, body)
	}
}

// TestMetricsAreForWatchers comes directly, through a proxy, and with tokens.
func TestMetricsAreForWatchers(t *testing.T) {
	r := newRig(t)
	r.nobody().get("/me").refused(401, "unauthenticated")
	body := string(r.nobody().send("GET", r.url+"/metrics", nil).is(200).raw)
	for _, line := range []string{
		`standpunt_http_requests_total{method="GET",route="/api/v1/me",status="401"} 1`, "standpunt_publishing_stopped 0", "standpunt_audit_log_size",
	} {
		if !strings.Contains(body, line) {
			t.Errorf("the metrics lack %s", line)
		}
	}
	through := r.nobody()
	through.header.Set("X-Forwarded-For", "192.0.2.7")
	through.send("GET", r.url+"/metrics", nil).refused(401, "unauthenticated")
	program := r.withToken("mara", people.Read)
	program.header.Set("X-Forwarded-For", "192.0.2.7")
	program.send("GET", r.url+"/metrics", nil).is(200)
	secret, _, err := r.Staff.IssueServiceToken(t.Context(), r.As("ada").By, "forum", "plein")
	check(t, err)
	program.token = secret
	program.send("GET", r.url+"/metrics", nil).refused(403, "forbidden")
}

// TestDeskStandsBehindTheSameDoor mounts a page that tells who asks, one that
// panics at once and one that panics halfway.
func TestDeskStandsBehindTheSameDoor(t *testing.T) {
	rig := approvaltest.New(t)
	var log logtest.Buffer
	server := serve(t, rig, web.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}, func(d *web.Deps) {
		d.Desk = func(*session.Sessions) (http.Handler, error) {
			mux := http.NewServeMux()
			mux.HandleFunc("/who/{id}", func(w http.ResponseWriter, r *http.Request) {
				_, _ = w.Write([]byte("you are " + session.From(r.Context()).Login()))
			})
			mux.HandleFunc("/panic", func(http.ResponseWriter, *http.Request) { panic("a secret of the customer") })
			mux.HandleFunc("/half", func(w http.ResponseWriter, _ *http.Request) {
				_, _ = w.Write(bytes.Repeat([]byte("x"), 10_000))
				panic("a secret of the customer")
			})
			return mux, nil
		}
	})
	url := "http://" + server.Addr().String()
	secret, _, err := rig.Staff.SignIn(t.Context(), "anna", approvaltest.Password, netip.MustParseAddr("127.0.0.1"))
	check(t, err)
	req, err := http.NewRequestWithContext(t.Context(), "GET", url+"/who/7", nil)
	check(t, err)
	req.AddCookie(&http.Cookie{Name: "standpunt", Value: secret})
	if status, body := do(t, http.DefaultClient, req); status != 200 || body != "you are anna" {
		t.Errorf("the page says %d %s", status, body)
	}
	if status, body := fetch(t, http.DefaultClient, url+"/panic"); status != 500 || strings.Contains(body, "secret") {
		t.Errorf("a panic is answered with %d %s", status, body)
	}
	res, err := http.Get(url + "/half") //nolint:noctx // a test
	if err == nil {
		_, err = new(bytes.Buffer).ReadFrom(res.Body)
		_ = res.Body.Close()
	}
	if err == nil {
		t.Error("half an answer looks like a whole one")
	}
	foreign, err := http.NewRequestWithContext(t.Context(), "POST", url+"/who/7", nil)
	check(t, err)
	foreign.Header.Set("Sec-Fetch-Site", "cross-site")
	if status, body := do(t, http.DefaultClient, foreign); status != 403 || !strings.Contains(body, "another site") {
		t.Errorf("a post from another site is answered with %d %s", status, body)
	}
	text := log.String()
	if !strings.Contains(text, "route=/who/{id}") || !strings.Contains(text, "request panicked") || strings.Contains(text, "a secret") || strings.Contains(text, "/who/7") {
		t.Errorf("the log is\n%s", text)
	}
}

// TestBehindTLS serves with a certificate: the cookie is bound to the host, and
// browsers are told to stay with TLS.
func TestBehindTLS(t *testing.T) {
	rig := approvaltest.New(t)
	certFile, keyFile := filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	roots := certify(t, certFile, keyFile)
	server := serve(t, rig, web.Options{CertFile: certFile, KeyFile: keyFile}, nil)
	if !strings.HasPrefix(server.URL(), "https://127.0.0.1:") {
		t.Errorf("the desk is at %s", server.URL())
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}}
	t.Cleanup(client.CloseIdleConnections)
	req, err := http.NewRequestWithContext(t.Context(), "POST", server.URL()+"/api/v1/session", strings.NewReader(`{"login":"anna","password":"`+approvaltest.Password+`"}`))
	check(t, err)
	req.Header.Set("Content-Type", "application/json")
	res, err := client.Do(req)
	check(t, err)
	_ = res.Body.Close()
	cookie := res.Header.Get("Set-Cookie")
	if !strings.HasPrefix(cookie, "__Host-standpunt=") || !strings.Contains(cookie, "Secure") || strings.Contains(cookie, "Domain") {
		t.Errorf("the cookie is %q", cookie)
	}
	if res.Header.Get("Strict-Transport-Security") == "" || res.ProtoMajor != 2 {
		t.Errorf("the answer came by %s with %v", res.Proto, res.Header)
	}
	_, err = web.New(web.Deps{}, web.Options{Listen: "127.0.0.1:0", CertFile: keyFile, KeyFile: keyFile})
	if err == nil {
		t.Error("a file without a certificate was taken for one")
	}
}

func TestPortInUseIsAnErrorAtOnce(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer func() { _ = taken.Close() }()
	if _, err := web.New(web.Deps{}, web.Options{Listen: taken.Addr().String()}); err == nil || !strings.Contains(err.Error(), taken.Addr().String()) {
		t.Errorf("the port in use is reported as %v", err)
	}
}

func TestServerThatNeverStartedStops(t *testing.T) {
	rig := approvaltest.New(t)
	addr, err := freeport.Addr()
	check(t, err)
	server, err := web.New(web.Deps{
		Staff: rig.Staff, Box: rig.Box, Approvals: rig.Approvals, Log: rig.Log, Sources: connectors.NewRunner(connectors.RunnerOptions{Inbox: rig.Box}),
	}, web.Options{Listen: addr})
	check(t, err)
	check(t, server.Stop(t.Context()))
	again, err := net.Listen("tcp", server.Addr().String())
	check(t, err)
	check(t, again.Close())
	if err := server.Start(); err == nil {
		t.Error("a stopped server starts")
	}
}

// serve runs a server in front of a rig.
func serve(t *testing.T, rig *approvaltest.Rig, o web.Options, change func(*web.Deps)) *web.Server {
	t.Helper()
	d := web.Deps{
		Staff: rig.Staff, Box: rig.Box, Approvals: rig.Approvals, Log: rig.Log, Sources: connectors.NewRunner(connectors.RunnerOptions{Inbox: rig.Box}),
	}
	if change != nil {
		change(&d)
	}
	o.Listen = "127.0.0.1:0"
	server, err := web.New(d, o)
	check(t, err)
	check(t, server.Start())
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := server.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return server
}

func fetch(t *testing.T, client *http.Client, url string) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	check(t, err)
	return do(t, client, req)
}

func do(t *testing.T, client *http.Client, req *http.Request) (status int, body string) {
	t.Helper()
	res, err := client.Do(req)
	check(t, err)
	defer func() { _ = res.Body.Close() }()
	var b bytes.Buffer
	_, err = b.ReadFrom(res.Body)
	check(t, err)
	return res.StatusCode, b.String()
}

// certify writes a certificate for 127.0.0.1 that signs itself.
func certify(t *testing.T, certFile, keyFile string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "standpunt test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	check(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	check(t, err)
	check(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	check(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
	roots := x509.NewCertPool()
	parsed, err := x509.ParseCertificate(der)
	check(t, err)
	roots.AddCert(parsed)
	return roots
}
