package web_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"standpunt/web"
)

// certified writes a certificate for loopback and its key, and returns who trusts it.
func certified(t *testing.T) (certFile, keyFile string, trust *x509.CertPool) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	own := s.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(own.PrivateKey)
	check(t, err)
	certFile, keyFile = filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	check(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: own.Certificate[0]}), 0o600))
	check(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600))
	trust = x509.NewCertPool()
	trust.AddCert(s.Certificate())
	return certFile, keyFile, trust
}

// Platforms speak HTTP/2 where the daemon itself has the certificate.
func TestHookOverTLS(t *testing.T) {
	certFile, keyFile, trust := certified(t)
	r, _ := hooked(t, web.Options{CertFile: certFile, KeyFile: keyFile})
	hasty, _ := hooked(t, web.Options{CertFile: certFile, KeyFile: keyFile, HookReadTime: 300 * time.Millisecond})
	client := &http.Client{
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trust, ServerName: "example.com", MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true},
		Timeout:   time.Minute,
	}
	defer client.CloseIdleConnections()
	send := func(to *rig, signed []byte, body io.Reader) int {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+to.server.Addr().String()+"/hooks/plein", body)
		check(t, err)
		request.Header.Set("Signature", hex.EncodeToString(sign(signed)))
		answer, err := client.Do(request)
		check(t, err)
		if answer.ProtoMajor != 2 {
			t.Fatalf("the answer came over %s", answer.Proto)
		}
		check(t, answer.Body.Close())
		return answer.StatusCode
	}
	for _, id := range []string{"1", "2"} {
		body := bodyOf(item(id, "Waar blijft het?"))
		if got := send(r, body, bytes.NewReader(body)); got != http.StatusOK {
			t.Errorf("delivery %s: status %d", id, got)
		}
	}
	slow, end := io.Pipe()
	defer end.Close()
	if got := send(hasty, nil, slow); got != http.StatusBadRequest {
		t.Errorf("a body that does not come: status %d", got)
	}
	r.texts(t, "1", "2")
}
