package connectors

import (
	"context"
	"time"
)

// MaxKept is how large one value in a [Keep] can be, in bytes.
const MaxKept = 64 << 10

// Keep holds the few small things of one account that must outlast the
// process and that only its connector understands: a refresh token, what was
// spent this month. They are sealed at rest, and gone from the disk's copies
// only with the key that sealed them. What belongs to the cursor goes there,
// and nothing of a customer goes here. Errors are of type [*Error]: of kind
// BadAuth where a value is there and can no longer be opened. A Keep is safe
// for concurrent use.
type Keep interface {
	// Load is what was saved under the name last; its Value is nil where nothing was.
	Load(ctx context.Context, name string) (Kept, error)
	// Save keeps value under the name, at most [MaxKept] bytes; it is durable when Save
	// returns. A nil value forgets what was there. Names are of a-z, 0-9, "." and "-", at most 64.
	Save(ctx context.Context, name string, value []byte) error
}

// Kept is one value of a [Keep].
type Kept struct {
	Value   []byte
	SavedAt time.Time
	// Restored says that the value came with a backup and may have been replaced
	// since on the platform's side. A token that works once is not to be tried then.
	Restored bool
}

// Renewer is a connector that may keep a credential which took the place of a
// configured one: whoever works beside the daemon needs the account's [Keep] too.
type Renewer interface {
	// Renews reports whether the settings ask for it. It calls nobody.
	Renews() bool
}
