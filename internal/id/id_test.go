package id_test

import (
	"bytes"
	"testing"
	"time"

	"standpunt/internal/id"
)

type thing struct{}

func TestIDsOfOneMillisecondSortAsTheyWereMade(t *testing.T) {
	at := time.Now().Add(time.Hour)
	last := id.At[thing](at)
	for i := range 4000 {
		next := id.At[thing](at)
		if bytes.Compare(last.Key(), next.Key()) >= 0 {
			t.Fatalf("id %d, %s, does not sort behind %s", i, next, last)
		}
		last = next
	}
	if earlier := id.At[thing](at.Add(-time.Minute)); bytes.Compare(earlier.Key(), last.Key()) >= 0 || !earlier.Time().Equal(at.Add(-time.Minute).Truncate(time.Millisecond)) {
		t.Fatalf("an earlier id is %s of %s", earlier, earlier.Time())
	}
	if later := id.At[thing](at.Add(time.Millisecond)); bytes.Compare(later.Key(), last.Key()) <= 0 {
		t.Fatalf("a later id is %s", later)
	}
}

func TestTextAndBytesReadBack(t *testing.T) {
	v := id.New[thing]()
	if parsed, err := id.Parse[thing](v.String()); err != nil || parsed != v {
		t.Errorf("parsed %s as %s, %v", v, parsed, err)
	}
	if read, err := id.FromBytes[thing](v.Key()); err != nil || read != v {
		t.Errorf("read %s as %s, %v", v, read, err)
	}
	for _, bad := range []string{"", "x", v.String() + "0", "{" + v.String() + "}"} {
		if _, err := id.Parse[thing](bad); err == nil {
			t.Errorf("%q was parsed", bad)
		}
	}
	var none id.ID[thing]
	if text, err := none.MarshalText(); err != nil || len(text) != 0 || !none.IsZero() {
		t.Errorf("the zero id is written %q, %v", text, err)
	}
	if err := none.UnmarshalText([]byte(v.String())); err != nil || none != v {
		t.Errorf("unmarshalled %s, %v", none, err)
	}
}
