// Package logtest keeps what a program under test says, for the test to read. In
// come log lines and output, out goes their text; it judges nothing.
package logtest

import (
	"bytes"
	"sync"
)

// Buffer keeps all that is written to it. The zero Buffer is empty, and it is
// safe for concurrent use.
type Buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write never fails.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// String is all that was written so far.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
