package desk

import (
	"bytes"
	"fmt"
	"net/http"
)

func (k *desk) newsPages() []page {
	return []page{{method: "GET", path: "/waiting", handle: (*visit).waiting}}
}

// waiting answers open pages that ask for what stands around them: the badges
// and the bars, and nothing else. Many desks ask for it at each change, so
// it reads little.
func (v *visit) waiting() error {
	me := v.who.Person()
	f := &frame{Language: v.lang, Who: &me}
	if err := v.news(f); err != nil {
		return err
	}
	if len(f.Stops) > 0 {
		if err := v.name(f); err != nil {
			return err
		}
	}
	var body bytes.Buffer
	if err := v.sets[v.lang]["waiting"].ExecuteTemplate(&body, "main", shown{Frame: f}); err != nil {
		return fmt.Errorf("desk: render waiting: %w", err)
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(http.StatusOK)
	_, _ = v.w.Write(body.Bytes()) // the client is gone, or it is not
	return nil
}
