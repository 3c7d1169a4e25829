package store_test

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"testing"
	"time"

	"standpunt/internal/id"
	"standpunt/store"
)

func FuzzField(f *testing.F) {
	f.Add([]byte("an"), []byte("anna"), []byte{0}, []byte{0, 1})
	f.Add([]byte{}, []byte{0, 0xff}, []byte{0xff}, []byte{1})
	f.Fuzz(func(t *testing.T, a, b, c, d []byte) {
		one, two := store.Field(a, b), store.Field(c, d)
		if equal := bytes.Equal(a, c) && bytes.Equal(b, d); equal != bytes.Equal(one, two) {
			t.Errorf("%q %q and %q %q give %q and %q", a, b, c, d, one, two)
		} else if !equal && (bytes.HasPrefix(one, two) || bytes.HasPrefix(two, one)) {
			t.Errorf("of %q and %q one begins the other", one, two)
		}
		if want := cmp.Or(bytes.Compare(a, c), bytes.Compare(b, d)); bytes.Compare(one, two) != want {
			t.Errorf("%q %q and %q %q sort otherwise than their keys", a, b, c, d)
		}
		first, rest, err := store.ParseField(append(one, "tail"...))
		if err != nil {
			t.Fatal(err)
		}
		second, rest, err := store.ParseField(rest)
		if err != nil || !bytes.Equal(first, a) || !bytes.Equal(second, b) || string(rest) != "tail" {
			t.Errorf("%q %q come back as %q %q %q, %v", a, b, first, second, rest, err)
		}
	})
}

func TestParseFieldRefuses(t *testing.T) {
	for _, bad := range []string{"", "no end", "end\x00", "other\x00\x02", "\x00\xff"} {
		if v, rest, err := store.ParseField([]byte(bad)); err == nil {
			t.Errorf("%q is %q and %q", bad, v, rest)
		}
	}
}

func TestTimeKeys(t *testing.T) {
	at := time.Date(2026, 11, 23, 5, 36, 1, 789_999_999, time.FixedZone("", 7200))
	times := []time.Time{time.UnixMilli(math.MinInt64 / 2), time.Date(1969, 12, 31, 23, 59, 59, 0, time.UTC), time.Unix(0, 0), at, at.Add(time.Millisecond)}
	var up, down [][]byte
	for _, v := range times {
		up, down = append(up, store.Time(v)), append(down, store.NewestFirst(v))
		back, err := store.ParseTime(store.Time(v))
		if want := v.UTC().Truncate(time.Millisecond); err != nil || v.After(time.Unix(0, 0)) && !back.Equal(want) || back.Location() != time.UTC {
			t.Errorf("%v comes back as %v, %v", v, back, err)
		}
		again, err := store.ParseNewestFirst(append(store.NewestFirst(v), "more"...))
		if err != nil || !again.Equal(back) {
			t.Errorf("%v comes back as %v, %v", v, again, err)
		}
	}
	slices.Reverse(down)
	if !slices.IsSortedFunc(up, bytes.Compare) || !slices.IsSortedFunc(down, bytes.Compare) {
		t.Errorf("not in order: %x, %x", up, down)
	}
	if _, err := store.ParseTime(nil); err == nil {
		t.Error("nothing is a time")
	}
	if _, err := store.ParseNewestFirst([]byte("short")); err == nil {
		t.Error("five bytes are a time")
	}
	if n, err := store.ParseUint64(store.Uint64(1 << 40).Key()); n != 1<<40 || err != nil {
		t.Errorf("got %v, %v", n, err)
	}
}

type kind struct{}

type record struct {
	ID     id.ID[kind]            `cbor:"1,keyasint"`
	None   id.ID[kind]            `cbor:"2,keyasint"`
	At     time.Time              `cbor:"3,keyasint"`
	Never  time.Time              `cbor:"4,keyasint"`
	Text   string                 `cbor:"5,keyasint"`
	List   []string               `cbor:"6,keyasint"`
	Labels map[string]int         `cbor:"7,keyasint"`
	ByID   map[id.ID[kind]]string `cbor:"8,keyasint"`
	Next   *record                `cbor:"9,keyasint,omitempty"`
}

func TestEncodeAndDecode(t *testing.T) {
	own := id.New[kind]()
	in := record{
		ID: own, At: time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("", -3600)),
		Text:   "not UTF-8: \xff\xfe", // as found in the wild, and still to be read again
		Labels: map[string]int{"z": 1, "a": -2, "m": 3},
		ByID:   map[id.ID[kind]]string{own: "x"},
		Next:   &record{Text: "inner"},
	}
	b, err := store.Encode(in)
	if err != nil {
		t.Fatal(err)
	}
	var out record
	if err := store.Decode(b, &out); err != nil {
		t.Fatal(err)
	}
	if out.ID != own || !out.None.IsZero() || !out.At.Equal(in.At) || out.At.Location() != time.UTC || !out.Never.IsZero() ||
		out.Text != in.Text || out.List != nil || out.Labels["a"] != -2 || out.ByID[own] != "x" || out.Next.Text != "inner" {
		t.Errorf("got %+v", out)
	}
	for range 20 {
		if again, err := store.Encode(out); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("the same value has other bytes: %v", err)
		}
	}
	var older struct {
		Text string `cbor:"5,keyasint"`
	}
	if err := store.Decode(b, &older); err != nil || older.Text != in.Text {
		t.Errorf("a record with unknown fields: %v, %+v", err, older)
	}
	if store.Decode([]byte("\xff"), &out) == nil || store.Decode(nil, &out) == nil {
		t.Error("nonsense decodes")
	}
}
