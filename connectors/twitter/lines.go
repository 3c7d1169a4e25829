package twitter

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"standpunt/connectors"
)

const (
	// quiet is how long a stream may be silent. X sends a sign of life every 20 s.
	quiet = 30 * time.Second
	// longestStreamLine bounds one line of a stream, in bytes. A longer one is passed over: the next
	// poll brings what it held.
	longestStreamLine = 4 << 20
)

// errLongLine is a line beyond longestStreamLine.
var errLongLine = errors.New("a line is too long")

// readLines gives take each line of a stream, without its end, but the empty ones, which
// are signs of life. It returns when the stream ends, falls silent, take fails or
// ctx is done; stop has to end the stream's reading.
func readLines(ctx context.Context, stop context.CancelFunc, body io.Reader, take func([]byte) error) error {
	var silent atomic.Bool
	watch := time.AfterFunc(quiet, func() { silent.Store(true); stop() })
	defer watch.Stop()
	lines := bufio.NewReaderSize(&awake{body, func() { watch.Reset(quiet) }}, 64<<10)
	for {
		line, err := nextLine(lines, longestStreamLine)
		if line = bytes.TrimSpace(line); (err == nil || errors.Is(err, errLongLine)) && ctx.Err() == nil {
			if len(line) > 0 || err != nil {
				watch.Stop() // taking a line in may last
				if err := take(line); err != nil {
					return err
				}
				watch.Reset(quiet)
			}
			continue
		}
		switch {
		case silent.Load():
			return connectors.Errorf(connectors.Temporary, "X's stream fell silent")
		case ctx.Err() != nil:
			return &connectors.Error{Kind: connectors.Temporary, Message: "the stream was ended", Err: ctx.Err()}
		}
		return connectors.Errorf(connectors.Temporary, "X's stream ended")
	}
}

// nextLine reads up to the next line feed. A line longer than most is read to
// its end, dropped, and told with errLongLine. What stands behind the last line feed is no line.
func nextLine(r *bufio.Reader, most int) (line []byte, err error) {
	long := false
	for {
		part, err := r.ReadSlice('\n')
		if long = long || len(line)+len(part) > most; long {
			line = nil
		} else {
			line = append(line, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil:
			return nil, err
		case long:
			return nil, errLongLine
		}
		return line, nil
	}
}

// awake tells of every byte that is read.
type awake struct {
	io.Reader
	alive func()
}

func (a *awake) Read(b []byte) (int, error) {
	n, err := a.Reader.Read(b)
	if n > 0 {
		a.alive()
	}
	return n, err
}
