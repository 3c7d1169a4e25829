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

// Refresher renews the sign-in of an account whose platform gives refresh tokens
// that work once: two processes that use the same one end the sign-in. So only the
// process that has the data open renews, by its connector, which is a Refresher; the
// [Keep] of a process beside it is one too, and the connector there renews nothing
// itself, but asks that, and loads what is kept then.
type Refresher interface {
	// Refresh returns once the sign-in that is kept is good for now: renewed where it is time,
	// or where its access token is the refused one, which the platform took no longer; "" where
	// it refused none. Calls that come together renew once. Errors are of type [*Error].
	Refresh(ctx context.Context, refused string) error
}
