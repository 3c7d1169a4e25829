package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"standpunt/internal/logtest"
)

// asProgram makes the test binary be standpunt, so that tests start, signal and
// kill the real program.
const asProgram = "STANDPUNT_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(program())
	}
	os.Exit(m.Run())
}

// process is a running standpunt.
type process struct {
	t   *testing.T
	cmd *exec.Cmd
	out *logtest.Buffer

	done chan struct{}
	err  error
}

// start starts standpunt with args; it is killed when the test ends.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: exec.Command(self, args...), out: new(logtest.Buffer), done: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), asProgram+"=1")
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("standpunt %s:\n%s", strings.Join(args, " "), p.out)
		}
	})
	return p
}

// kill ends the process as a power cut would.
func (p *process) kill() {
	select {
	case <-p.done:
		return
	default:
	}
	_ = p.cmd.Process.Kill()
	<-p.done
}

// stop asks the process to end and demands that it ends well.
func (p *process) stop() {
	p.t.Helper()
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(time.Minute):
		p.t.Fatalf("it did not stop:\n%s", p.out)
	}
	if p.err != nil {
		p.t.Fatalf("it stopped with %v:\n%s", p.err, p.out)
	}
}

// once runs standpunt to its end and returns its exit code and output.
func runOnce(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return runOnceWith(t, nil, args...)
}

// runOnceWith is runOnce with more environment variables.
func runOnceWith(t *testing.T, environ []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	cmd := exec.Command(self, args...)
	cmd.Env = append(append(os.Environ(), asProgram+"=1"), environ...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// eventually polls until ok holds, at most two minutes.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("it never happened: %s", what)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// caller is one person at the API.
type caller struct {
	t     *testing.T
	url   string
	token string
}

// do calls the API and decodes the answer; status 0 takes any success.
func (c caller) do(method, path string, in any, status int) map[string]any {
	c.t.Helper()
	got, answer := c.try(method, path, in)
	if status == 0 && got/100 != 2 || status != 0 && got != status {
		c.t.Fatalf("%s %s: status %d, want %d: %v", method, path, got, status, answer)
	}
	return answer
}

func (c caller) try(method, path string, in any) (int, map[string]any) {
	c.t.Helper()
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			c.t.Fatal(err)
		}
		body = bytes.NewReader(b)
	}
	request, err := http.NewRequest(method, c.url+path, body)
	if err != nil {
		c.t.Fatal(err)
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	if in != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, map[string]any{"error": err.Error()}
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, map[string]any{"error": err.Error()}
	}
	answer := make(map[string]any)
	if len(b) > 0 && b[0] == '{' {
		if err := json.Unmarshal(b, &answer); err != nil {
			c.t.Fatalf("%s %s: %v in %s", method, path, err, b)
		}
	}
	return response.StatusCode, answer
}

// refused calls the API and demands this fault code.
func (c caller) refused(method, path string, in any, code string) map[string]any {
	c.t.Helper()
	status, answer := c.try(method, path, in)
	if status < 400 || answer["code"] != code {
		c.t.Fatalf("%s %s: status %d, code %v, want %s: %v", method, path, status, answer["code"], code, answer)
	}
	return answer
}

func items(answer map[string]any) []map[string]any {
	list, _ := answer["items"].([]any)
	out := make([]map[string]any, 0, len(list))
	for _, i := range list {
		if m, ok := i.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// field follows names into nested objects.
func field(answer map[string]any, names ...string) any {
	var v any = answer
	for _, name := range names {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}

func str(answer map[string]any, names ...string) string {
	s, _ := field(answer, names...).(string)
	return s
}
