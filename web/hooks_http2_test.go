package web_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"standpunt/connectors"
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
	for _, id := range []string{"1", "2"} {
		body := bodyOf(item(id, "Waar blijft het?"))
		status, err := r.sendOverTLS(trust, body, bytes.NewReader(body))
		check(t, err)
		if status != http.StatusOK {
			t.Errorf("delivery %s: status %d", id, status)
		}
	}
	slow, end := io.Pipe()
	defer end.Close()
	status, err := hasty.sendOverTLS(trust, nil, slow)
	check(t, err)
	if status != http.StatusBadRequest {
		t.Errorf("a body that does not come: status %d", status)
	}
	r.texts(t, "1", "2")
}

// sendOverTLS delivers over HTTP/2, signed for signed, and returns the answer's status.
func (r *rig) sendOverTLS(trust *x509.CertPool, signed []byte, body io.Reader) (int, error) {
	client := &http.Client{
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trust, ServerName: "example.com", MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true},
		Timeout:   20 * time.Second,
	}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, "https://"+r.server.Addr().String()+"/hooks/plein", body)
	if err != nil {
		return 0, err
	}
	request.Header.Set("Signature", hex.EncodeToString(sign(signed)))
	answer, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	if answer.ProtoMajor != 2 {
		return 0, errors.Join(errors.New("the answer came over "+answer.Proto), answer.Body.Close())
	}
	return answer.StatusCode, answer.Body.Close()
}

func TestHookOverTLSSendsSlowSendersAwayForOthers(t *testing.T) {
	certFile, keyFile, trust := certified(t)
	r, _ := hookedOver(t, web.Options{CertFile: certFile, KeyFile: keyFile, HookReadTime: time.Minute}, connectors.RunnerOptions{DeliveryMemory: 50 << 10})
	body, end := io.Pipe()
	defer end.Close()
	go func() { _, _ = end.Write(make([]byte, 4<<10)) }() // fails when he is sent away
	r.deliverUntilSentAway(func() (int, error) { return r.sendOverTLS(trust, nil, body) }, func(body []byte) {
		status, err := r.sendOverTLS(trust, body, bytes.NewReader(body))
		check(t, err)
		if status != http.StatusOK {
			t.Fatalf("a delivery: status %d", status)
		}
	})
}
