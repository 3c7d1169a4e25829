package instagram_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"standpunt/inbox"
)

// age makes a cursor as it were had its last walk been d earlier.
func age(t *testing.T, cursor inbox.Cursor, d time.Duration) inbox.Cursor {
	t.Helper()
	return changed(t, cursor, func(w map[string]any) {
		earlier(t, w, d, "since")
		inEach(t, w, "known", func(k map[string]any) { earlier(t, k, d, "r", "h") })
	})
}

// rested makes a cursor as it were had what is withheld been asked for an hour earlier.
func rested(t *testing.T, cursor inbox.Cursor) inbox.Cursor {
	t.Helper()
	return changed(t, cursor, func(w map[string]any) {
		inEach(t, w, "withheld", func(r map[string]any) { earlier(t, r, time.Hour, "at") })
	})
}

func changed(t *testing.T, cursor inbox.Cursor, change func(w map[string]any)) inbox.Cursor {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(cursor))
	decoder.UseNumber()
	var w map[string]any
	if err := decoder.Decode(&w); err != nil {
		t.Fatal(err)
	}
	change(w)
	made, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func inEach(t *testing.T, w map[string]any, name string, change func(map[string]any)) {
	t.Helper()
	list, _ := w[name].([]any)
	for _, each := range list {
		k, ok := each.(map[string]any)
		if !ok {
			t.Fatalf("%s holds %v", name, each)
		}
		change(k)
	}
}

func earlier(t *testing.T, in map[string]any, d time.Duration, names ...string) {
	t.Helper()
	for _, name := range names {
		n, ok := in[name].(json.Number)
		if !ok {
			continue
		}
		at, err := n.Int64()
		if err != nil {
			t.Fatal(err)
		}
		in[name] = at - int64(d/time.Second)
	}
}
