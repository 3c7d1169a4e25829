package audit_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"standpunt/audit"
	"standpunt/store"
)

func TestEntriesComeInPages(t *testing.T) {
	r := newRoom(t)
	for i := range audit.MaxPage + 5 {
		r.append(event(i))
	}
	after, total := audit.NoneBefore, 0
	for {
		page, err := r.log.Entries(t.Context(), after, 300)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page {
			if e.Number != uint64(total) {
				t.Fatalf("entry %d where %d was expected", e.Number, total)
			}
			total++
		}
		if len(page) == 0 {
			break
		}
		after = page[len(page)-1].Number
	}
	if total != audit.MaxPage+5 {
		t.Errorf("%d entries", total)
	}
	if page, err := r.log.Entries(t.Context(), audit.NoneBefore, 1<<30); err != nil || len(page) != audit.MaxPage {
		t.Errorf("a page of %d entries, %v", len(page), err)
	}
}

// Search gives what a walk over all entries gives, for every combination of
// the filter's fields and in pages of any size.
func TestSearchAgreesWithAWalk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom(t)
		chance := rand.New(rand.NewPCG(1, 2))
		kinds := []string{"proposal.approved", "proposal.approved_late", "proposal.rejected", "person.created", "publishing.stopped"}
		begin := time.Now()
		for i := range 200 {
			e := event(i)
			e.Kind = kinds[chance.IntN(len(kinds))]
			e.Actor = []audit.Actor{"person:a", "person:ab", "system"}[chance.IntN(3)]
			e.Subject = audit.Subject(fmt.Sprintf("proposal:%d", chance.IntN(4)))
			r.append(e)
			time.Sleep(time.Duration(chance.IntN(3)) * time.Second)
		}
		all, err := r.log.Entries(t.Context(), audit.NoneBefore, 0)
		if err != nil {
			t.Fatal(err)
		}
		slices.Reverse(all)
		for _, actor := range []audit.Actor{"", "person:a", "person:none"} {
			for _, subject := range []audit.Subject{"", "proposal:2"} {
				for _, kind := range []string{"", "proposal.", "proposal.approved", "p", "person.created", "none.at_all"} {
					for _, span := range [][2]time.Duration{{0, 0}, {50 * time.Second, 0}, {0, 100 * time.Second}, {40 * time.Second, 90 * time.Second}, {90 * time.Second, 40 * time.Second}, {time.Hour, 0}} {
						f := audit.Filter{Actor: actor, Subject: subject, Kind: kind}
						if span[0] > 0 {
							f.From = begin.Add(span[0])
						}
						if span[1] > 0 {
							f.To = begin.Add(span[1])
						}
						want := walk(all, f)
						if got := r.searchAll(f, 1+chance.IntN(60)); fmt.Sprint(got) != fmt.Sprint(want) {
							t.Errorf("%+v: got %v, want %v", f, got, want)
						}
					}
				}
			}
		}
	})
}

func walk(newestFirst []audit.Entry, f audit.Filter) (numbers []uint64) {
	for _, e := range newestFirst {
		if (f.Actor == "" || e.Actor == f.Actor) && (f.Subject == "" || e.Subject == f.Subject) && strings.HasPrefix(e.Kind, f.Kind) &&
			(f.From.IsZero() || !e.At.Before(f.From)) && (f.To.IsZero() || e.At.Before(f.To)) {
			numbers = append(numbers, e.Number)
		}
	}
	return numbers
}

func (r *room) searchAll(f audit.Filter, page int) (numbers []uint64) {
	r.t.Helper()
	before := audit.NoneBefore
	for {
		found, err := r.log.Search(r.t.Context(), f, before, page)
		if err != nil {
			r.t.Fatal(err)
		}
		for _, e := range found {
			numbers = append(numbers, e.Number)
			before = e.Number
		}
		if len(found) < page {
			return numbers
		}
	}
}

func TestBySubjectIsOldestFirst(t *testing.T) {
	r := newRoom(t)
	r.fill(12)
	var numbers []uint64
	r.view(func(tx *store.Tx) error {
		for e, err := range r.log.BySubject(tx, "proposal:2") {
			if err != nil {
				return err
			}
			numbers = append(numbers, e.Number)
		}
		return nil
	})
	if fmt.Sprint(numbers) != "[2 7]" {
		t.Errorf("entries %v", numbers)
	}
}

func TestSearchStopsWithItsContext(t *testing.T) {
	r := newRoom(t)
	r.fill(3)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.log.Search(ctx, audit.Filter{}, audit.NoneBefore, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
