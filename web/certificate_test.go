package web

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestRenewedCertificateIsTaken replaces the files under a running listener,
// first by rubbish, which leaves the old certificate in force.
func TestRenewedCertificateIsTaken(t *testing.T) {
	certFile, keyFile := filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	renew := func(serial int64, changed time.Time) {
		t.Helper()
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour)}
		der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		private, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		write(t, certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), changed)
		write(t, keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), changed)
	}
	serial := func(c *certificate) int64 {
		t.Helper()
		got, err := c.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		return got.Leaf.SerialNumber.Int64()
	}
	begun := time.Now().Add(-time.Hour)
	renew(1, begun)
	c, err := newCertificate(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	write(t, certFile, []byte("rubbish"), begun.Add(time.Minute))
	c.looked = time.Time{}
	if got := serial(c); got != 1 {
		t.Errorf("after rubbish the certificate is number %d", got)
	}
	renew(2, begun.Add(2*time.Minute))
	if got := serial(c); got != 1 {
		t.Errorf("the file was looked at again at once: number %d", got)
	}
	c.looked = time.Time{}
	if got := serial(c); got != 2 {
		t.Errorf("after the renewal the certificate is number %d", got)
	}
}

func write(t *testing.T, file string, data []byte, changed time.Time) {
	t.Helper()
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(file, changed, changed); err != nil {
		t.Fatal(err)
	}
}
