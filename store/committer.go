package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"go.etcd.io/bbolt"

	"standpunt/internal/fault"
)

// mostPerCommit bounds the functions that share one commit, and so how long
// the first of them waits for the last.
const mostPerCommit = 256

// committer gives waiting Updates one bbolt transaction and one fsync.
//
// Its goroutine owns the transaction and lends it to one caller at a time;
// each function runs in its caller's own goroutine, so a panic or a
// runtime.Goexit ends that caller and nobody else. There is no timer: a lone
// writer commits at once, and while one commit runs, the callers of the next
// one gather at the queue.
type committer struct {
	queue     chan *request
	exclusive chan *job
	closing   chan struct{} // closed by the engine: take no more
	done      chan struct{} // closed when the goroutine has ended
}

// request is one Update on its way.
type request struct {
	ctx      context.Context
	turn     chan *Tx      // the committer lends the transaction
	back     chan bool     // the caller returns it: true if fn's writes stand
	callback chan struct{} // the commit is durable: run what OnCommit collected
	done     chan error    // the outcome; buffered, so the committer never waits here
	tx       *Tx
	kv       *boltKV
}

// job runs while no Update does.
type job struct {
	fn   func() error
	done chan error
}

func newCommitter() *committer {
	return &committer{
		queue:     make(chan *request),
		exclusive: make(chan *job),
		closing:   make(chan struct{}),
		done:      make(chan struct{}),
	}
}

// update is the caller's half.
func (c *committer) update(ctx context.Context, fn func(*Tx) error) error {
	r := &request{
		ctx:  ctx,
		turn: make(chan *Tx),
		back: make(chan bool),
		done: make(chan error, 1),

		callback: make(chan struct{}),
	}
	select {
	case c.queue <- r:
	case <-ctx.Done():
		return ctx.Err()
	case <-c.closing:
		return closedFault()
	}
	select {
	case tx := <-r.turn:
		if err := r.run(tx, fn); err != nil {
			// It may speak of what others in the batch wrote, so it is told once that is durable.
			if failed := <-r.done; failed != nil {
				return failed
			}
			return err
		}
	case err := <-r.done:
		if err == nil { // the rest of the batch was committed without fn: ctx ended before its turn
			return ctx.Err()
		}
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-r.done:
		return err
	case <-r.callback:
		r.runCallbacks()
		return <-r.done
	}
}

// run lends the transaction to fn and returns it however fn ends.
func (r *request) run(tx *Tx, fn func(*Tx) error) (err error) {
	stands := false
	defer func() { r.back <- stands }()
	if err := r.ctx.Err(); err != nil {
		return err
	}
	if err := fn(tx); err != nil {
		return err
	}
	stands = true
	return nil
}

func (r *request) runCallbacks() {
	defer func() { r.back <- true }()
	for _, f := range r.tx.onCommit {
		f()
	}
}

// alone runs fn while no Update runs.
func (c *committer) alone(ctx context.Context, fn func() error) error {
	j := &job{fn: fn, done: make(chan error, 1)}
	select {
	case c.exclusive <- j:
		return <-j.done
	case <-ctx.Done():
		return ctx.Err()
	case <-c.closing:
		return closedFault()
	}
}

// serve is the committer's goroutine.
func (c *committer) serve(e *boltEngine) {
	defer close(c.done)
	for {
		select {
		case r := <-c.queue:
			c.commit(e, r)
		case j := <-c.exclusive:
			j.done <- j.fn()
		case <-c.closing:
			return
		}
	}
}

// commit runs first and whoever waits behind it, and answers them together.
func (c *committer) commit(e *boltEngine, first *request) {
	btx, err := e.beginWrite()
	if err != nil {
		first.done <- err
		return
	}
	now := e.now()
	var batch, refused []*request
	written := false
	for r, n := first, 1; r != nil; r, n = c.next(n), n+1 {
		stands, err := r.lend(e, btx, now)
		if err != nil {
			e.abandon(btx, append(append(batch, refused...), r), err)
			return
		}
		if stands {
			batch = append(batch, r)
			written = written || len(r.kv.journal.steps) > 0
		} else {
			refused = append(refused, r)
		}
	}
	err = e.finish(btx, now, written)
	e.answer(refused, err)
	if err != nil {
		e.answer(batch, err)
		return
	}
	for _, r := range batch {
		if len(r.tx.onCommit) > 0 {
			r.callback <- struct{}{}
			<-r.back
		}
	}
	e.answer(batch, nil)
}

// next is a caller that waits already, nil if there is none or the batch of n
// is full. Callers that the commit before has just answered get the processor
// a few times, since they are about to come again: that doubles the batches
// of busy writers and costs a lone one nothing that can be measured.
func (c *committer) next(n int) *request {
	const yields = 3
	if n >= mostPerCommit {
		return nil
	}
	for range yields {
		select {
		case r := <-c.queue:
			return r
		default:
			runtime.Gosched()
		}
	}
	return nil
}

// lend runs one caller's function on the batch's transaction and undoes its
// writes if it failed. The error is one of undoing, which spoils the batch.
func (r *request) lend(e *boltEngine, btx *bbolt.Tx, now time.Time) (stands bool, err error) {
	r.kv = newBoltKV(btx, e.declared)
	r.kv.journal = &journal{}
	r.tx = &Tx{now: now, kv: r.kv}
	select {
	case r.turn <- r.tx:
		stands = <-r.back
	case <-r.ctx.Done():
	}
	if !stands {
		err = r.kv.undo()
	}
	r.kv.ended = true
	return stands, err
}

// answer tells every caller of a batch the outcome.
func (e *boltEngine) answer(batch []*request, err error) {
	for _, r := range batch {
		r.done <- err
	}
}

// abandon gives a batch up whose transaction can no longer be trusted.
func (e *boltEngine) abandon(btx *bbolt.Tx, batch []*request, err error) {
	if rollback := btx.Rollback(); rollback != nil {
		err = fmt.Errorf("%w; and the roll-back failed: %w", err, rollback)
	}
	e.answer(batch, fmt.Errorf("store: the batch was given up: %w", err))
}

// ErrClosed is in the chain of what every call returns after [DB.Close].
var ErrClosed = errors.New("store: closed")

func closedFault() error {
	return fault.New(fault.Unavailable, "the data file is closed").
		Fix("Try again when the daemon has started").Because(ErrClosed)
}
