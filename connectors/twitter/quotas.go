package twitter

import (
	"net/http"
	"strconv"
	"sync"
	"time"
)

const (
	// quotaWindow is how long a limit of X's lasts.
	quotaWindow = 15 * time.Minute
	// quotaReserve is how many calls of a limit polls leave: for standpunt check, and because
	// no poll comes to the second.
	quotaReserve = 2
)

// quotas are what an API still takes of the calls that polls are made of, as it
// says in its answers. The zero value knows of no limit. They are safe for
// concurrent use.
type quotas struct {
	mu   sync.Mutex
	left map[string]quota // by path
}

// quota is how many calls are left until a time.
type quota struct {
	calls int
	reset time.Time
}

// saw takes down what an answer says about the calls to its path. One that says
// nothing, or no number, tells of no limit.
func (q *quotas) saw(path string, header http.Header) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.left, path)
	calls, err := strconv.Atoi(header.Get("X-Rate-Limit-Remaining"))
	reset, malformed := strconv.ParseInt(header.Get("X-Rate-Limit-Reset"), 10, 64)
	if err != nil || malformed != nil {
		return
	}
	if q.left == nil {
		q.left = make(map[string]quota)
	}
	q.left[path] = quota{calls: calls, reset: time.Unix(reset, 0)}
}

// pause is how far apart polls have to be from now on so that the calls that are
// left last until there are more; 0 where they do anyhow.
func (q *quotas) pause(now time.Time) (longest time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, each := range q.left {
		over := min(each.reset.Sub(now), quotaWindow)
		longest = max(longest, over/time.Duration(max(each.calls-quotaReserve, 1)))
	}
	return longest
}
