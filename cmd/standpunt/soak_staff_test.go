//go:build slow

package main

import (
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// staff is anna and bert, who answer customers: she writes, he approves.
type staff struct {
	s     *soak
	quota int             // answers for each account
	taken map[string]bool // conversations that were answered, by id

	mu    sync.Mutex
	count map[string]int // answers by account
}

func newStaff(s *soak, answers int) *staff {
	return &staff{s: s, quota: answers / len(s.sides), taken: make(map[string]bool), count: make(map[string]int)}
}

// work answers until the quota of every account is reached.
func (f *staff) work() {
	anna := f.s.site.people["anna"]
	for left := true; left; {
		left = false
		for _, side := range f.s.sides {
			done, now := f.given(side, 0), f.due()
			left = left || done < f.quota
			if done >= now {
				continue
			}
			_, list := f.s.insist(anna, "GET", "/conversations?state=open&limit=20&account="+side.name, nil)
			for _, c := range items(list) {
				if id := str(c, "id"); !f.taken[id] && done < now {
					f.taken[id] = true
					f.answer(side, id, done)
					done = f.given(side, 1)
				}
			}
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-f.s.ended:
			return
		}
	}
}

// due is how many answers each account may have by now.
func (f *staff) due() int { return f.quota * int(f.s.stage.Load()) / 100 }

// upToDate reports whether all answers are given that may be by now.
func (f *staff) upToDate() bool {
	for _, side := range f.s.sides {
		if f.given(side, 0) < f.due() {
			return false
		}
	}
	return true
}

// given counts answers on a side, and tells how many there are.
func (f *staff) given(on *side, more int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count[on.name] += more
	return f.count[on.name]
}

// answer drafts, submits and approves one answer. Where the daemon ends in the
// middle, the conversation tells how far it came.
func (f *staff) answer(on *side, conversation string, n int) {
	anna, bert := f.s.site.people["anna"], f.s.site.people["bert"]
	text := fmt.Sprintf("Wij kijken het voor u na en komen erop terug, kenmerk %d. 📦", n)
	if n%5 == 0 && on.bill == nil { // X refuses the same words to the same customer
		text = "Dank u wel, wij zoeken het uit."
	}
	for range 1000 {
		status, thread := f.s.insist(anna, "GET", "/conversations/"+conversation, nil)
		if status != http.StatusOK {
			f.s.t.Errorf("conversation %s: %d %v", conversation, status, thread)
			return
		}
		var p map[string]any
		if list, ok := thread["proposals"].([]any); ok && len(list) > 0 {
			p, _ = list[0].(map[string]any)
		}
		digest := map[string]string{"digest": str(p, "revision", "digest")}
		switch str(p, "state") {
		case "":
			status, p = anna.try("POST", "/conversations/"+conversation+"/proposals", map[string]any{"kind": "reply", "text": text})
		case "draft":
			status, p = anna.try("POST", "/proposals/"+str(p, "id")+"/submit", digest)
		case "in_review":
			digest["verdict"] = "approve"
			status, p = bert.try("POST", "/proposals/"+str(p, "id")+"/decisions", digest)
		default:
			return
		}
		if status/100 == 4 && p["code"] != "conflict" && p["code"] != "wrong_state" {
			f.s.t.Errorf("the staff is refused: %d %v", status, p)
			return
		}
	}
	f.s.t.Errorf("conversation %s cannot be answered", conversation)
}

// all lists every answer.
func (f *staff) all() (list []map[string]any) {
	f.s.pages("/proposals?kind=reply", func(p map[string]any) { list = append(list, p) })
	return list
}

// settle waits until the outcome of every answer is known that reading back can
// tell, and every published one was read back.
func (f *staff) settle() {
	for _, side := range f.s.sides {
		f.s.progress("all answers are written on "+side.name, func() bool { return f.given(side, 0) == f.quota })
	}
	sides := f.s.bySide()
	f.s.progress("every answer is settled", func() bool {
		open := make(map[string]int)
		for _, p := range f.all() {
			state := str(p, "state")
			switch {
			case state == "published" && str(p, "receipt", "read_back") == "equal", state == "failed":
			case state == "unknown" && len(sides[str(p, "account")].answers(str(p, "target", "external_id"))) == 0:
			default:
				open[state]++
			}
		}
		if len(open) > 0 && time.Now().Unix()%30 == 0 {
			f.s.t.Logf("not settled yet: %v", open)
		}
		return len(open) == 0
	})
}

// everyAnswerOnce compares what the record says of each answer with what stands
// on the platform.
func (f *staff) everyAnswerOnce() {
	t, sides, states := f.s.t, f.s.bySide(), make(map[string]int)
	for _, p := range f.all() {
		state, target := str(p, "state"), str(p, "target", "external_id")
		states[state]++
		stand := sides[str(p, "account")].answers(target)
		want := 0
		if state == "published" {
			want = 1
		}
		if len(stand) != want || want == 1 && stand[0] != str(p, "revision", "text") {
			t.Errorf("an answer that is %s stands as %q", state, stand)
		}
	}
	for _, side := range f.s.sides {
		for _, n := range side.gauntlet.carried {
			if n != 1 {
				t.Errorf("%s: a write was carried out %d times", side.name, n)
			}
		}
		if side.gauntlet.twice > 0 {
			t.Errorf("%s: the platform had to refuse %d writes since their text stood there already", side.name, side.gauntlet.twice)
		}
	}
	if want := f.quota * len(f.s.sides); len(f.taken) != want || states["published"] < want*8/10 {
		t.Errorf("of %d answers: %v", want, states)
	}
	t.Logf("answers by state: %v", states)
}

func (s *soak) bySide() map[string]*side {
	sides := make(map[string]*side)
	for _, side := range s.sides {
		sides[side.name] = side
	}
	return sides
}

// pages goes through all pages of a list.
func (s *soak) pages(path string, each func(map[string]any)) {
	for cursor := ""; ; {
		status, answer := s.insist(s.site.people["anna"], "GET", path+"&limit=200&cursor="+url.QueryEscape(cursor), nil)
		if status != http.StatusOK {
			s.t.Fatalf("%s: %d %v", path, status, answer)
		}
		for _, item := range items(answer) {
			each(item)
		}
		if cursor = str(answer, "next"); cursor == "" {
			return
		}
	}
}
