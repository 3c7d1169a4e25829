package mailtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"standpunt/internal/freeport"
)

const dovecotConf = `base_dir = DIR/run
protocols = imap lmtp
listen = 127.0.0.1
ssl = yes
ssl_cert = <DIR/cert.pem
ssl_key = <DIR/key.pem
disable_plaintext_auth = no
log_path = DIR/dovecot.log
mail_location = maildir:DIR/home/%n/Maildir
mail_uid = nobody
mail_gid = nogroup
first_valid_uid = 1
auth_mechanisms = plain login
auth_username_format = %Ln
auth_failure_delay = 0 secs
default_client_limit = 200
default_process_limit = 50
passdb {
  driver = static
  args = password=PASSWORD
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=DIR/home/%n
}
namespace inbox {
  inbox = yes
  mailbox Sent {
    auto = subscribe
    special_use = \Sent
  }
}
service imap-login {
  inet_listener imap {
    address = 127.0.0.1
    port = IMAP
  }
  inet_listener imaps {
    address = 127.0.0.1
    port = TLSI
    ssl = yes
  }
}
service lmtp {
  unix_listener lmtp {
    mode = 0666
  }
}
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service auth {
  unix_listener auth-client {
    mode = 0666
  }
}
`

const mainCF = `compatibility_level = 3.6
queue_directory = DIR/queue
data_directory = DIR/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.brand.test
mydomain = brand.test
mydestination =
virtual_mailbox_domains = brand.test, klant.test
virtual_mailbox_maps = regexp:{ { /^(care[0-9]*@brand|klant[0-9]*@klant)[.]test$$/ yes } }
virtual_transport = lmtp:unix:DIR/run/lmtp
default_transport = error:no outside mail here
relay_transport = error:no outside mail here
mynetworks = 127.0.0.0/8
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = DIR/run/auth-client
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access inline:{ { LATER = 450 4.2.0 try again later } }
smtpd_tls_security_level = may
smtpd_tls_cert_file = DIR/cert.pem
smtpd_tls_key_file = DIR/key.pem
smtpd_error_sleep_time = 0
smtpd_client_connection_count_limit = 0
alias_maps =
alias_database =
local_recipient_maps =
maillog_file = DIR/postfix.log
maillog_file_prefixes = DIR
`

const masterCF = `127.0.0.1:SMTP inet n - n - - smtpd
127.0.0.1:TLSS inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`

// configure writes everything that the servers read and chooses their ports.
func (s *Servers) configure() error {
	for _, each := range []string{"", "home", "run", "queue", "data", "postfix"} {
		if err := os.Mkdir(filepath.Join(s.dir, each), 0o755); err != nil { //nolint:gosec // see Launch
			return err
		}
	}
	for _, addr := range []*string{&s.IMAP, &s.IMAPS, &s.SMTP, &s.SMTPS} {
		var err error
		if *addr, err = freeport.Addr(); err != nil {
			return err
		}
	}
	if err := s.certificate(); err != nil {
		return err
	}
	port := func(address string) string { return address[strings.LastIndexByte(address, ':')+1:] }
	fill := strings.NewReplacer("DIR", s.dir, "IMAP\n", port(s.IMAP)+"\n", "TLSI\n", port(s.IMAPS)+"\n", ":SMTP ", ":"+port(s.SMTP)+" ",
		"TLSS", port(s.SMTPS), "PASSWORD", password, "LATER", Later)
	for name, content := range map[string]string{
		"dovecot.conf":    fill.Replace(dovecotConf),
		"postfix/main.cf": fill.Replace(mainCF), "postfix/master.cf": fill.Replace(masterCF),
	} {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(content), 0o644); err != nil { //nolint:gosec // no secret
			return err
		}
	}
	return errors.Join(s.own("postfix", "data"), s.own("nobody", "home"), s.shipped())
}

// shipped copies the lists of files that postfix checks itself against.
func (s *Servers) shipped() error {
	for _, name := range []string{"postfix-files", "dynamicmaps.cf"} {
		content, err := os.ReadFile(filepath.Join("/etc/postfix", name))
		if err != nil {
			continue // other builds of postfix have none
		}
		if err := os.WriteFile(filepath.Join(s.dir, "postfix", name), content, 0o644); err != nil { //nolint:gosec // as shipped
			return err
		}
	}
	return nil
}

// own hands a folder to a system user.
func (s *Servers) own(user, folder string) error {
	out, err := exec.Command("chown", user, filepath.Join(s.dir, folder)).CombinedOutput() //nolint:gosec // fixed words
	if err != nil {
		return fmt.Errorf("chown %s: %w: %s", user, err, out)
	}
	return nil
}

// certificate makes one for loopback and trusts it in Roots.
func (s *Servers) certificate() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, IsCA: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	s.Roots = x509.NewCertPool()
	s.Roots.AppendCertsFromPEM(cert)
	if err := os.WriteFile(filepath.Join(s.dir, "cert.pem"), cert, 0o644); err != nil { //nolint:gosec // public
		return err
	}
	return os.WriteFile(filepath.Join(s.dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600)
}
