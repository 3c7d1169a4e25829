package web

import (
	"io"
	"os"
	"testing"
	"time"
)

// pausing is a body that comes in parts; a part of no bytes is a break for longer
// than the connection's reads wait.
type pausing struct {
	parts []int
	read  int
}

func (p *pausing) Close() error { return nil }

func (p *pausing) Read([]byte) (int, error) {
	if p.read == len(p.parts) {
		return 0, io.EOF
	}
	n := p.parts[p.read]
	p.read++
	if n == 0 {
		return 0, os.ErrDeadlineExceeded
	}
	return n, nil
}

// A break is the sender's where it goes on when one looks again.
func TestTheRestOfABodyIsLetInAfterABreak(t *testing.T) {
	for _, c := range []struct {
		parts []int
		read  int // of them
	}{
		{[]int{10, 0, 10, 0, 10}, 5},
		{[]int{10, 0, 0, 10}, 3},
		{[]int{hookRestMost, 10}, 1},
	} {
		body := &pausing{parts: c.parts}
		(&timedBody{ReadCloser: body, limit: func(time.Duration) {}}).letIn()
		if body.read != c.read {
			t.Errorf("of %v the first %d were read, want %d", c.parts, body.read, c.read)
		}
	}
}
