package inbox_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"standpunt/inbox"
)

func gone(externalID string) inbox.Inbound {
	return inbox.Inbound{ExternalID: externalID, Deleted: true}
}

func edited(externalID, text string, n, editedAfter int) inbox.Inbound {
	e := post(externalID, text, n)
	e.EditedAt = e.PostedAt.Add(time.Duration(editedAfter) * time.Second)
	return e
}

// Whatever order a platform delivers in, and however often, the newest text
// and the deletion win.
func TestDeliveriesInAnyOrderEndInTheNewestState(t *testing.T) {
	states := []inbox.Inbound{post("1", "first", 0), edited("1", "second", 0, 10), edited("1", "third", 0, 20)}
	for seed := range uint64(8) {
		for _, deleted := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d deleted %v", seed, deleted), func(t *testing.T) {
				random := rand.New(rand.NewPCG(seed, 7))
				r := newRig(t)
				var all []inbox.Inbound
				for range 3 {
					all = append(all, states...)
					if deleted {
						all = append(all, gone("1"))
					}
				}
				random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
				wasGone := false
				for i, each := range all {
					got, err := r.box.Ingest(t.Context(), shop, []inbox.Inbound{each}, nil)
					r.must(err)
					if wasGone && got.New+got.Edited+got.Deleted > 0 {
						t.Fatalf("delivery %d changed a deleted mention: %+v", i, got)
					}
					wasGone = wasGone || each.Deleted
				}
				list := r.all(inbox.Filter{}, 10)
				if all[0].Deleted {
					if len(list) != 0 {
						t.Fatal("a post came in after word that it is gone")
					}
					return
				}
				m := r.mention("1")
				if len(list) != 1 || deleted == m.DeletedAt.IsZero() || !deleted && m.Text != "third" {
					t.Fatalf("after %v the mention is %+v", all, m)
				}
			})
		}
	}
}

// A platform that tells no time of an edit: what was said before an edit does
// not come back by a replay, and a poll, which shows the present, is believed.
func TestReplayedTextWithoutATimeDoesNotComeBack(t *testing.T) {
	r := newRig(t)
	r.ingest("", inbox.Ingested{New: 1}, post("1", "first", 0))
	r.ingest("", inbox.Ingested{Edited: 1}, post("1", "second", 0))
	r.ingest("", inbox.Ingested{Edited: 1}, post("1", "third", 0))
	r.ingest("", inbox.Ingested{Duplicates: 3}, post("1", "first", 0), post("1", "second", 0), post("1", "third", 0))
	if m := r.mention("1"); m.Text != "third" || len(m.Earlier) != 2 {
		t.Fatalf("after the replays the mention is %+v", m)
	}
	r.ingest("polled", inbox.Ingested{Edited: 1}, post("1", "first", 0))
	if m := r.mention("1"); m.Text != "first" {
		t.Fatalf("after the poll the mention says %q", m.Text)
	}
	// Its author may say again what was said before, and a time shows it.
	r.ingest("", inbox.Ingested{Edited: 1}, edited("1", "second", 0, 5))
	if m := r.mention("1"); m.Text != "second" {
		t.Fatalf("after the edit the mention says %q", m.Text)
	}
}

// Word of a deletion can be ahead of the post. It is of its own account alone,
// and not kept for ever.
func TestDeletionAheadOfThePostIsRemembered(t *testing.T) {
	r := newRig(t)
	r.ingest("c1", inbox.Ingested{}, gone("1"), gone("2"))
	r.ingest("", inbox.Ingested{New: 1, Duplicates: 2}, post("1", "one", 0), edited("2", "two", 1, 5), post("3", "three", 2))
	if got, err := r.box.Ingest(t.Context(), "other-account", []inbox.Inbound{post("1", "one", 0)}, nil); err != nil || got.New != 1 {
		t.Fatalf("the other account's post with the same id: %+v, %v", got, err)
	}
	if n := len(r.entries("inbox.ingested")); n != 2 {
		t.Fatalf("%d events where two pages changed something", n)
	}
	r.must(r.db.Check(t.Context()))
}

func TestDeletionAheadOfThePostIsForgottenInTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.ingest("", inbox.Ingested{}, gone("1"), gone("2"), gone("3"))
		time.Sleep(7 * 24 * time.Hour)
		r.ingest("", inbox.Ingested{Duplicates: 1}, post("1", "one", 0))
		time.Sleep(25 * time.Hour)
		r.ingest("", inbox.Ingested{}, gone("4"))
		r.ingest("", inbox.Ingested{New: 1, Duplicates: 1}, post("1", "one", 0), post("4", "four", 0))
	})
}
