package mailtest

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Install is the command that installs what the servers need.
const Install = "apt-get install -y dovecot-imapd dovecot-lmtpd postfix"

// ErrMissing says that the servers cannot run here: they are not installed, or
// the process is not root's.
var ErrMissing = errors.New("mailtest: the mail servers cannot run here")

// User is a mailbox that the servers know.
type User struct{ Address, Username, Password string }

const password = "geheim"

// Care is the brand's mailbox, Customer a customer's. There are as many more of
// both as a test wants: see [CareNumber] and [CustomerNumber].
var (
	Care     = User{"care@brand.test", "care", password}
	Customer = User{"klant@klant.test", "klant", password}
)

// CareNumber is one more mailbox of the brand.
func CareNumber(n int) User {
	return User{fmt.Sprintf("care%d@brand.test", n), fmt.Sprintf("care%d", n), password}
}

// CustomerNumber is one more customer's mailbox.
func CustomerNumber(n int) User {
	return User{fmt.Sprintf("klant%d@klant.test", n), fmt.Sprintf("klant%d", n), password}
}

// Later is an address that the SMTP server refuses for now (450). Any that is
// nobody's it refuses for good (550).
const Later = "later@klant.test"

// Servers is one running set.
type Servers struct {
	IMAP  string // host:port, plain text and STARTTLS
	IMAPS string // host:port, TLS
	SMTP  string // host:port, plain text and STARTTLS, AUTH PLAIN and LOGIN
	SMTPS string // host:port, TLS
	// Roots trusts the servers' certificate, which is made out to 127.0.0.1 and localhost.
	Roots *x509.CertPool

	dir     string
	dovecot *exec.Cmd
	postfix *exec.Cmd
}

// Start starts a set for one test and stops it at the test's end. Where the
// servers cannot run the test is skipped, with the line that installs them;
// where the environment says CI=true it fails instead.
func Start(t testing.TB) *Servers {
	t.Helper()
	// Not t.TempDir: its path grows with the test's name, and those of Unix sockets are short.
	dir, err := os.MkdirTemp("", "mailtest") //nolint:usetesting // see above
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	s, err := Launch(t.Context(), dir)
	Need(t, err)
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(s.Logs())
		}
	})
	return s
}

// Need ends a test for which Launch failed: it is skipped where the servers
// cannot run, unless the environment says CI=true, and fails otherwise.
func Need(t testing.TB, err error) {
	t.Helper()
	switch {
	case errors.Is(err, ErrMissing) && os.Getenv("CI") != "true":
		t.Skip(err)
	case err != nil:
		t.Fatal(err)
	}
}

// Launch starts a set inside dir and returns when it answers. The servers'
// own users must be able to enter dir, so it is opened to them. Its error is
// ErrMissing where the servers cannot run. They run until [Servers.Stop].
func Launch(ctx context.Context, dir string) (*Servers, error) {
	if err := available(); err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // the servers drop to users of their own
		return nil, fmt.Errorf("mailtest: %w", err)
	}
	var err error
	for try := range 3 { // another process can take a port between choosing and binding it
		var s *Servers
		if s, err = launch(ctx, filepath.Join(dir, fmt.Sprint(try))); err == nil {
			return s, nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, err
}

func available() error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("%w: postfix starts as root only", ErrMissing)
	}
	for _, program := range []string{"/usr/sbin/dovecot", "/usr/lib/dovecot/imap", "/usr/lib/dovecot/lmtp", "/usr/sbin/postfix"} {
		if _, err := os.Stat(program); err != nil {
			return fmt.Errorf("%w: %s is missing; run: %s", ErrMissing, program, Install)
		}
	}
	return nil
}

func launch(ctx context.Context, dir string) (*Servers, error) {
	s := &Servers{dir: dir}
	if err := s.configure(); err != nil {
		return nil, fmt.Errorf("mailtest: %w", err)
	}
	var err error
	if s.dovecot, err = s.run("dovecot", true, "/usr/sbin/dovecot", "-F", "-c", filepath.Join(dir, "dovecot.conf")); err != nil {
		return nil, fmt.Errorf("mailtest: %w", err)
	}
	// What `postfix start` does, but with the master as our own child: the command detaches it.
	if out, err := exec.Command("/usr/sbin/postfix", "-c", filepath.Join(dir, "postfix"), "check").CombinedOutput(); err != nil { //nolint:gosec // our own directory
		return nil, errors.Join(fmt.Errorf("mailtest: postfix check: %w: %s", err, out), s.Stop())
	}
	if s.postfix, err = s.run("postfix", false, "/usr/lib/postfix/sbin/master", "-s"); err != nil {
		return nil, errors.Join(fmt.Errorf("mailtest: %w", err), s.Stop())
	}
	if err := s.ready(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("mailtest: %w\n%s", err, s.Logs()), s.Stop())
	}
	return s, nil
}

// run starts one server with its output in a file: daemons keep a pipe open. It
// leads a process group, by leads or, like postfix's master, by its own doing.
func (s *Servers) run(name string, leads bool, program string, args ...string) (*exec.Cmd, error) {
	out, err := os.Create(filepath.Join(s.dir, name+".out"))
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd := exec.Command(program, args...) //nolint:gosec // the two servers
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: leads}
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "MAIL_CONFIG=" + filepath.Join(s.dir, "postfix")}
	return cmd, cmd.Start()
}

// ready waits until both servers greet.
func (s *Servers) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for _, address := range []string{s.IMAP, s.SMTP} {
		for {
			err := greets(address)
			if err == nil {
				break
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("%s does not greet: %w", address, err)
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
	return nil
}

func greets(address string) error {
	conn, err := net.DialTimeout("tcp", address, 10*time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return err
	}
	_, err = conn.Read(make([]byte, 1))
	return err
}

// Stop stops both servers and waits for their end.
func (s *Servers) Stop() error {
	return errors.Join(stop(s.postfix), stop(s.dovecot))
}

// StopIMAP stops dovecot alone.
func (s *Servers) StopIMAP() error { return stop(s.dovecot) }

// StopSMTP stops postfix alone.
func (s *Servers) StopSMTP() error { return stop(s.postfix) }

// stop ends a server by its process id, and what is left of its group after
// ten seconds by force.
func stop(cmd *exec.Cmd) error {
	if cmd == nil || cmd.ProcessState != nil {
		return nil
	}
	group := -cmd.Process.Pid
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	force := time.AfterFunc(10*time.Second, func() { _ = syscall.Kill(group, syscall.SIGKILL) })
	defer force.Stop()
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		return err
	}
	// The children end with their master; what still runs is ended now.
	for deadline := time.Now().Add(45 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if err := syscall.Kill(group, syscall.SIGKILL); errors.Is(err, syscall.ESRCH) {
			return nil
		}
	}
	return fmt.Errorf("mailtest: process group %d does not end", -group)
}

// Logs is what both servers logged.
func (s *Servers) Logs() string {
	var all strings.Builder
	for _, name := range []string{"dovecot.out", "dovecot.log", "postfix.out", "postfix.log"} {
		content, err := os.ReadFile(filepath.Join(s.dir, name))
		if err != nil {
			content = []byte(err.Error())
		}
		fmt.Fprintf(&all, "--- %s\n%s\n", name, content)
	}
	return all.String()
}
