package people

import (
	"container/list"
	"crypto/sha256"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"standpunt/internal/fault"
)

// throttle slows down guessing of passwords. After some failures for one login
// or from one network address, every further one makes the next attempt wait
// twice as long. An attempt that comes too early is not looked at and does not
// prolong the wait, so that hammering on a colleague's login delays that
// colleague at most by loginPace's longest wait. An attempt counts as a
// failure from the moment it begins until it succeeds, so that many at once
// gain nothing.
//
// It lives in memory: a restart forgets it, which an attacker cannot cause, and
// nothing about failed sign-ins reaches the disk. It keeps hashes of logins and
// addresses, at most throttleMost of each, and drops the longest unused.
type throttle struct {
	mu        sync.Mutex
	logins    trail
	addresses trail
}

// pace is how fast attempts become slow.
type pace struct {
	free    int           // failures without a wait
	longest time.Duration // the most that one waits
}

const (
	throttleMost   = 50_000
	throttleForget = time.Hour // without an attempt, after which failures are forgotten
)

var (
	loginPace   = pace{free: 5, longest: 5 * time.Minute}
	addressPace = pace{free: 50, longest: 15 * time.Minute}
)

// wait after so many failures: 1 s, 2 s, 4 s, ... from the first that is not free.
func (p pace) wait(failures int) time.Duration {
	over := failures - p.free
	if over <= 0 {
		return 0
	}
	if over > 20 {
		return p.longest
	}
	return min(p.longest, time.Second<<(over-1))
}

type throttleKey [sha256.Size]byte

func newThrottle() *throttle {
	return &throttle{logins: newTrail(loginPace), addresses: newTrail(addressPace)}
}

// attempt is one try at the password of one login from one address.
type attempt struct{ login, address throttleKey }

func attemptAt(login string, from netip.Addr) attempt {
	return attempt{login: sha256.Sum256([]byte(login)), address: addressKey(from)}
}

// begin lets an attempt in, counted as a failure until succeeded, or gives a
// rate_limited fault that says after how many seconds to come back.
func (t *throttle) begin(a attempt) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	wait := max(t.logins.waits(a.login, now), t.addresses.waits(a.address, now))
	if wait > 0 {
		return slowDown(wait)
	}
	t.logins.fail(a.login, now)
	t.addresses.fail(a.address, now)
	return nil
}

// succeeded forgets the login's failures and takes back the address's one:
// whoever owns one account has not earned guesses at others.
func (t *throttle) succeeded(a attempt) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.logins.forget(a.login)
	t.addresses.takeBack(a.address)
}

func slowDown(wait time.Duration) *fault.Fault {
	seconds := strconv.Itoa(int((wait + time.Second - 1) / time.Second))
	return fault.New(fault.RateLimited, "there were too many failed attempts").
		With("retry_after", seconds).Fix("Try again in %s s.", seconds)
}

// addressKey is the address, or for IPv6 the /64 network, which one attacker
// has whole.
func addressKey(a netip.Addr) throttleKey {
	a = a.Unmap().WithZone("")
	if a.Is6() {
		if network, err := a.Prefix(64); err == nil {
			a = network.Addr()
		}
	}
	return sha256.Sum256(a.AsSlice())
}

// trail is the failures by key, the last used in front.
type trail struct {
	pace  pace
	byKey map[throttleKey]*list.Element
	order *list.List
}

type failures struct {
	key   throttleKey
	count int
	last  time.Time // an attempt was let in
}

func newTrail(p pace) trail {
	return trail{pace: p, byKey: make(map[throttleKey]*list.Element), order: list.New()}
}

func (t *trail) waits(key throttleKey, now time.Time) time.Duration {
	e, ok := t.byKey[key]
	if !ok {
		return 0
	}
	f := e.Value.(*failures)
	if now.Sub(f.last) > throttleForget {
		t.forget(key)
		return 0
	}
	if t.pace.wait(f.count) == 0 {
		return 0
	}
	return f.last.Add(t.pace.wait(f.count)).Sub(now)
}

func (t *trail) fail(key throttleKey, now time.Time) {
	e, ok := t.byKey[key]
	if !ok {
		if t.order.Len() >= throttleMost {
			t.forget(t.order.Back().Value.(*failures).key)
		}
		e = t.order.PushFront(&failures{key: key})
		t.byKey[key] = e
	}
	t.order.MoveToFront(e)
	f := e.Value.(*failures)
	f.count++
	f.last = now
}

func (t *trail) takeBack(key throttleKey) {
	e, ok := t.byKey[key]
	if !ok {
		return
	}
	f := e.Value.(*failures)
	if f.count--; f.count <= 0 {
		t.forget(key)
	}
}

func (t *trail) forget(key throttleKey) {
	if e, ok := t.byKey[key]; ok {
		t.order.Remove(e)
		delete(t.byKey, key)
	}
}

// bucket allows so many at once and one more every so often.
type bucket struct {
	mu    sync.Mutex
	most  int
	every time.Duration
	left  int
	since time.Time
	over  int // refused since the last that was allowed
}

func newBucket(most int, every time.Duration) *bucket {
	return &bucket{most: most, every: every, left: most, since: time.Now()}
}

// take reports whether one more is allowed, and if so how many were refused
// since the last.
func (b *bucket) take() (ok bool, refused int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if gained := int(now.Sub(b.since) / b.every); gained > 0 {
		b.left = min(b.most, b.left+gained)
		b.since = b.since.Add(time.Duration(gained) * b.every)
	}
	if b.left == 0 {
		b.over++
		return false, 0
	}
	b.left--
	refused, b.over = b.over, 0
	return true, refused
}
