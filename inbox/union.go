package inbox

import (
	"bytes"

	"standpunt/store"
)

// union is the ordered stream of what any of several streams has.
type union struct {
	streams []store.Cursor
	heads   [][]byte // where each stream stands; nil at its end
}

// Seek goes to the first entry that is not less than suffix.
func (u *union) Seek(suffix []byte) []byte {
	u.heads = make([][]byte, len(u.streams))
	for i, s := range u.streams {
		u.heads[i] = s.Seek(suffix)
	}
	return u.least()
}

// Next goes one entry on.
func (u *union) Next() []byte {
	at := u.least()
	if at == nil {
		return nil
	}
	at = bytes.Clone(at)
	for i, s := range u.streams {
		if bytes.Equal(u.heads[i], at) {
			u.heads[i] = s.Next()
		}
	}
	return u.least()
}

func (u *union) least() []byte {
	var least []byte
	for _, h := range u.heads {
		if h != nil && (least == nil || bytes.Compare(h, least) < 0) {
			least = h
		}
	}
	return least
}
