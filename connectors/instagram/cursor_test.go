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
	decoder := json.NewDecoder(bytes.NewReader(cursor))
	decoder.UseNumber()
	var w map[string]any
	if err := decoder.Decode(&w); err != nil {
		t.Fatal(err)
	}
	earlier := func(in map[string]any, names ...string) {
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
	earlier(w, "since")
	list, _ := w["known"].([]any)
	for _, each := range list {
		k, ok := each.(map[string]any)
		if !ok {
			t.Fatalf("a known post is %v", each)
		}
		earlier(k, "r", "h")
	}
	aged, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	return aged
}
