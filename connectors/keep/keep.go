package keep

import (
	"context"
	"errors"
	"log/slog"
	"regexp"
	"sync"
	"time"

	"standpunt/connectors"
	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/store"
)

// record is one kept value.
type record struct {
	Account inbox.AccountName `cbor:"1,keyasint"`
	Name    string            `cbor:"2,keyasint"`
	Key     []byte            `cbor:"3,keyasint"` // of which key it needs; see sealingKey.name
	Sealed  []byte            `cbor:"4,keyasint"`
	SavedAt time.Time         `cbor:"5,keyasint"`
}

type recordKey []byte

// Key is the bytes themselves.
func (k recordKey) Key() []byte { return k }

func keyOf(account inbox.AccountName, name string) recordKey {
	return append(store.Field([]byte(account)), name...)
}

const meta store.Bucket = "keep.meta"

// metaRestored holds the time up to which values count as restored.
var metaRestored = []byte("restored")

var values = store.NewTable("keep.values", func(r *record) recordKey { return keyOf(r.Account, r.Name) })

// Schema is what the room keeps in the store.
var Schema = store.Schema{
	Room: "keep", Buckets: append(values.Buckets(), meta), Checks: []func(*store.Tx) error{values.Check},
}

// Options are the settings of [Open].
type Options struct {
	KeyDir string // holds keep.key; made where it is missing
	Logger *slog.Logger
}

// Keeper keeps the values of every account of one data directory.
type Keeper struct {
	db  *store.DB
	dir string
	log *slog.Logger

	mu  sync.Mutex
	key *sealingKey // nil until it was read or made
}

// Open reads the key, where there is one. A data file that is a backup has all
// that it keeps marked as restored, for good. It writes nothing else.
func Open(ctx context.Context, db *store.DB, o Options) (*Keeper, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	k := &Keeper{db: db, dir: o.KeyDir, log: o.Logger}
	var err error
	if k.key, err = readKey(k.dir); err != nil {
		return nil, err
	}
	copied, err := db.Restored(ctx)
	if err == nil && !copied.IsZero() {
		err = k.Distrust(ctx, copied)
	}
	return k, err
}

// Distrust marks all that was saved up to the time as restored; the zero time
// is now.
func (k *Keeper) Distrust(ctx context.Context, until time.Time) error {
	return k.db.Update(ctx, func(tx *store.Tx) error {
		known, err := restoredIn(tx)
		mark := until
		if mark.IsZero() {
			mark = tx.Now()
		}
		if err != nil || !mark.After(known) {
			return err
		}
		return tx.Put(meta, metaRestored, store.Time(mark))
	})
}

func restoredIn(tx *store.Tx) (time.Time, error) {
	raw := tx.Get(meta, metaRestored)
	if raw == nil {
		return time.Time{}, nil
	}
	return store.ParseTime(raw)
}

// Of is the account's own Keep.
func (k *Keeper) Of(account inbox.AccountName) connectors.Keep { return accountKeep{k, account} }

// accountKeep is one account's part.
type accountKeep struct {
	k       *Keeper
	account inbox.AccountName
}

var namePattern = regexp.MustCompile(`^[a-z0-9.-]{1,64}$`)

// Load opens what was saved under the name.
func (a accountKeep) Load(ctx context.Context, name string) (connectors.Kept, error) {
	if !namePattern.MatchString(name) {
		return connectors.Kept{}, misused("a kept value has no such name")
	}
	var r *record
	var until time.Time
	err := a.k.db.View(ctx, func(tx *store.Tx) (err error) {
		if until, err = restoredIn(tx); err == nil {
			r, _, err = values.Lookup(tx, keyOf(a.account, name))
		}
		return err
	})
	if err != nil {
		return connectors.Kept{}, unavailable("what the account keeps cannot be read", err)
	}
	if r == nil {
		return connectors.Kept{}, nil
	}
	value, err := a.k.unseal(r)
	if err != nil {
		return connectors.Kept{}, &connectors.Error{
			Kind: connectors.BadAuth, Message: "what the account keeps was sealed with another key than keys/" + keyFile,
			Remedy: "Put the data directory's own keys back, or run standpunt login " + string(a.account) + ".", Err: err,
		}
	}
	return connectors.Kept{Value: value, SavedAt: r.SavedAt, Restored: !r.SavedAt.After(until)}, nil
}

// Save seals the value and makes it durable.
func (a accountKeep) Save(ctx context.Context, name string, value []byte) error {
	switch {
	case !namePattern.MatchString(name):
		return misused("a kept value has no such name")
	case len(value) > connectors.MaxKept:
		return misused("a kept value is too large")
	}
	r := &record{Account: a.account, Name: name}
	if value != nil {
		key, err := a.k.sealingKey()
		if err != nil {
			return unavailable("the key that seals what accounts keep cannot be used", err)
		}
		r.Key, r.Sealed = key.name, key.seal(value, keyOf(a.account, name))
	}
	err := a.k.db.Update(ctx, func(tx *store.Tx) error {
		if value == nil {
			return values.Delete(tx, keyOf(a.account, name))
		}
		r.SavedAt = tx.Now()
		return values.Put(tx, r)
	})
	if err != nil {
		return unavailable("what the account keeps cannot be written", err)
	}
	return nil
}

var errOtherKey = errors.New("sealed with another key")

func (k *Keeper) unseal(r *record) ([]byte, error) {
	k.mu.Lock()
	key := k.key
	k.mu.Unlock()
	if key == nil || string(key.name) != string(r.Key) {
		return nil, errOtherKey
	}
	return key.unseal(r.Sealed, keyOf(r.Account, r.Name))
}

// sealingKey is the key, made where there is none.
func (k *Keeper) sealingKey() (*sealingKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.key != nil {
		return k.key, nil
	}
	key, err := makeKey(k.dir)
	if err != nil {
		return nil, err
	}
	k.key = key
	k.log.Info("made the key that seals what accounts keep", slog.String("file", keyFile))
	return key, nil
}

// unavailable is trouble with the disk, whose own remedy is the store's.
func unavailable(message string, err error) *connectors.Error {
	e := &connectors.Error{Kind: connectors.Temporary, Message: message, Remedy: "See the daemon's log.", Err: err}
	var f *fault.Fault
	if errors.As(err, &f) && f.Remedy != "" {
		e.Remedy = f.Remedy
	}
	return e
}

func misused(message string) *connectors.Error {
	return &connectors.Error{Kind: connectors.Rejected, Message: message, Remedy: "Report it: the connector and the daemon do not agree."}
}
