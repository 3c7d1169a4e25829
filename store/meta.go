package store

import (
	"context"
	"time"

	"go.etcd.io/bbolt"
)

// metaBucket says whose file this is. Rooms do not declare it.
const metaBucket Bucket = "meta"

// application is the mark that tells this program's files from other bbolt files.
const application = "standpunt"

// The keys of the meta bucket.
var (
	metaApplication = []byte("application") // [application]
	metaSchema      = []byte("schema")      // number of the newest migration applied, a [Uint64]
	metaLastCommit  = []byte("last_commit") // a [Time]
	metaCopied      = []byte("copied")      // a [Time]; only in what [DB.Backup] wrote
)

// facts are the meta bucket's content.
type facts struct {
	application string
	schema      uint64
	lastCommit  int64 // milliseconds since 1970
}

func readFacts(tx *bbolt.Tx) facts {
	var f facts
	b := tx.Bucket([]byte(metaBucket))
	if b == nil {
		return f
	}
	f.application = string(b.Get(metaApplication))
	if n, err := ParseUint64(b.Get(metaSchema)); err == nil {
		f.schema = uint64(n)
	}
	if t, err := ParseTime(b.Get(metaLastCommit)); err == nil {
		f.lastCommit = t.UnixMilli()
	}
	return f
}

// ClearRestored lifts the mark that [DB.Backup] set in the copy, in a
// transaction of its caller, who decides whether two people agreed.
func ClearRestored(tx *Tx) error { return tx.Delete(metaBucket, metaCopied) }

func (e *boltEngine) restored(ctx context.Context) (time.Time, error) {
	var at time.Time
	err := e.view(ctx, func(tx *Tx) error {
		mark := tx.Get(metaBucket, metaCopied)
		if mark == nil {
			return nil
		}
		var err error
		at, err = ParseTime(mark)
		return err
	})
	return at, err
}
