package config_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"
)

// certificate makes a certificate for localhost and its key, as PEM.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
}

func TestCertificateFiles(t *testing.T) {
	cert, key := certificate(t)
	_, otherKey := certificate(t)
	certFile, keyFile, otherFile := write(t, "cert.pem", cert, 0o644), write(t, "key.pem", key, 0o600), write(t, "other.pem", otherKey, 0o600)
	with := func(certFile, keyFile string) string {
		return "listen: desk.example:443\ntls:\n  cert_file: " + certFile + "\n  key_file: " + keyFile + "\n"
	}
	c, err := load(t, with(certFile, keyFile))
	if err != nil || !c.TLS.Enabled() || c.PublicURL != "https://desk.example" {
		t.Fatalf("got %+v, %v", c, err)
	}
	if _, err := load(t, "public_url: http://localhost\n"+with(certFile, keyFile)); err == nil || !strings.Contains(err.Error(), ":1: public_url: is http, but the daemon speaks TLS") {
		t.Errorf("http over TLS: got %v", err)
	}
	refused := func(text, want string) {
		t.Helper()
		got := lines(second(load(t, text)))
		if len(got) != 1 || !strings.HasPrefix(got[0], want) {
			t.Errorf("got %v, want %s", got, want)
		}
	}
	refused(with(certFile, otherFile), "standpunt.yaml:3: tls.cert_file: certificate and key do not work together")
	refused(with("/no/such.pem", keyFile), `standpunt.yaml:3: tls.cert_file: the file does not exist (got "/no/such.pem"). Check the path;`)
	refused(with(certFile, t.TempDir()), "standpunt.yaml:4: tls.key_file: is not a regular file")
	if err := os.Chmod(keyFile, 0o604); err != nil {
		t.Fatal(err)
	}
	refused(with(certFile, keyFile), "standpunt.yaml:4: tls.key_file: everybody can open the file")
}

func second[T any](_ T, err error) error { return err }
