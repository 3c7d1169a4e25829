package desk

import (
	"crypto/rand"
	"sync"
	"time"

	"standpunt/inbox"
	"standpunt/people"
)

// undoLife is how long a triage can be undone from its toast.
const undoLife = 5 * time.Minute

// restored is how one conversation was before a triage, and the version that
// the triage made of it: somebody else's later change is not undone.
type restored struct {
	id     inbox.ConversationID
	change inbox.Change
}

// undoable remembers recent triages, each for the person who made it. It lives
// in memory: after a restart there is nothing to undo.
type undoable struct {
	mu   sync.Mutex
	made map[string]triaged
}

type triaged struct {
	by  people.ID
	at  time.Time
	was []restored
}

func newUndoable() *undoable { return &undoable{made: make(map[string]triaged)} }

// remember keeps what to restore and returns the name to take it by.
func (u *undoable) remember(by people.ID, was []restored) string {
	name := rand.Text()
	u.mu.Lock()
	defer u.mu.Unlock()
	now := time.Now()
	for old, t := range u.made {
		if now.Sub(t.at) > undoLife {
			delete(u.made, old)
		}
	}
	u.made[name] = triaged{by: by, at: now, was: was}
	return name
}

// take gives what the person can restore under the name, once.
func (u *undoable) take(by people.ID, name string) ([]restored, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	t, ok := u.made[name]
	if !ok || t.by != by || time.Since(t.at) > undoLife {
		return nil, false
	}
	delete(u.made, name)
	return t.was, true
}
