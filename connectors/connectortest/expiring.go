package connectortest

import (
	"context"
	"sync"
)

// Expiring is a context whose time is over when expire is called, or when parent's
// is: its error is then [context.DeadlineExceeded]. A test calls expire once that
// has happened which is to have happened by then, however long it took.
func Expiring(parent context.Context) (ctx context.Context, expire func()) {
	over := make(chan struct{})
	expire = sync.OnceFunc(func() { close(over) })
	context.AfterFunc(parent, expire)
	return expiring{parent, over}, expire
}

type expiring struct {
	context.Context //nolint:containedctx // it is one itself
	over            <-chan struct{}
}

func (e expiring) Done() <-chan struct{} { return e.over }

func (e expiring) Err() error {
	select {
	case <-e.over:
		return context.DeadlineExceeded
	default:
		return nil
	}
}
