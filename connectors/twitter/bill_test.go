package twitter

import (
	"bytes"
	"log/slog"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"standpunt/approval"
	"standpunt/connectors"
	"standpunt/connectors/connectortest"
)

func newBill(keep connectors.Keep, budget float64) *bill {
	return &bill{keep: keep, prices: listPrices(), owner: true, budget: dollars(budget), log: slog.New(slog.DiscardHandler)}
}

// The log tells a budget that is nearly spent from one that is, each once.
func TestTheLogTellsHowMuchOfTheBudgetIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // all of it in one month
		var said bytes.Buffer
		b := newBill(connectortest.NewKeep(t, "x"), 0.01)
		b.log = slog.New(slog.NewTextHandler(&said, nil))
		for i, want := range []string{"", "nearly used up", "", "is used up;", ""} {
			said.Reset()
			for n := range []int{7, 1, 1, 1, 1}[i] {
				b.read(ownedRead, strconv.Itoa(10*i+n))
			}
			b.save(t.Context())
			if got := said.String(); want == "" && got != "" || !strings.Contains(got, want) || strings.Count(got, "\n") > 1 {
				t.Errorf("step %d: the log says %q, want %q", i, got, want)
			}
		}
	})
}

// What was read is free again until the UTC day ends, and a new month begins
// at nothing.
func TestDaysAndMonthsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // begins on 1 January 2000
		time.Sleep(30*24*time.Hour + 23*time.Hour) // the last hour of January
		keep := connectortest.NewKeep(t, "x")
		b := newBill(keep, 0)
		b.read(ownedRead, "17", "18", "17")
		b.read(userRead, "17")
		b.read(postRead, "18") // free, though it costs otherwise
		spent := func(want approval.Money) {
			t.Helper()
			if s := b.spending(time.Minute); s.ToDate != want {
				t.Errorf("%s: spent %s, want %s", time.Now().UTC(), s.ToDate, want)
			}
		}
		spent(12_000)
		b.save(t.Context())
		b = newBill(keep, 0)
		b.read(ownedRead, "17")
		spent(12_000)
		if s := b.spending(time.Minute); !s.Since.Equal(time.Date(2000, 1, 31, 23, 0, 0, 0, time.UTC)) || !s.Month.Equal(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("%+v", s)
		}

		time.Sleep(2 * time.Hour) // February
		spent(0)
		b.read(ownedRead, "17")
		spent(1_000)
		if s := b.spending(time.Minute); !s.Since.Equal(s.Month) || s.Month.Month() != time.February {
			t.Errorf("%+v", s)
		}
		b.save(t.Context())
		time.Sleep(24 * time.Hour)
		b = newBill(keep, 0)
		spent(1_000)
		b.read(ownedRead, "17")
		spent(2_000)
	})
}

// A poll that brought nothing writes nothing.
func TestNothingReadIsNothingWritten(t *testing.T) {
	keep := connectortest.NewKeep(t, "x")
	b := newBill(keep, 0)
	b.save(t.Context())
	if kept, err := keep.Load(t.Context(), "bill.0"); err != nil || kept.Value != nil {
		t.Errorf("%+v, %v", kept, err)
	}
	b.read(ownedRead, "17")
	b.save(t.Context())
	first, err := keep.Load(t.Context(), "bill.0")
	if err != nil || first.Value == nil {
		t.Fatalf("%+v, %v", first, err)
	}
	b.read(ownedRead, "17")
	b.save(t.Context())
	if second, err := keep.Load(t.Context(), "bill.0"); err != nil || !second.SavedAt.Equal(first.SavedAt) {
		t.Errorf("written again: %+v, %v", second, err)
	}
}

func TestABudgetSlowsPollsDown(t *testing.T) {
	at := func(day, hour int) time.Time { return time.Date(2026, 9, day, hour, 0, 0, 0, time.UTC) } // 30 days
	for _, c := range []struct {
		what          string
		now, since    time.Time
		spent, budget float64
		projection    float64
		pause         time.Duration
	}{
		{"no budget", at(16, 0), at(1, 0), 500, 0, 1000, time.Minute},
		{"it lasts", at(16, 0), at(1, 0), 20, 50, 40, time.Minute},
		{"it lasts exactly", at(16, 0), at(1, 0), 25, 50, 50, time.Minute},
		{"a third too much", at(16, 0), at(1, 0), 40, 60, 80, 2 * time.Minute},
		{"nearly gone", at(16, 0), at(1, 0), 49.5, 50, 99, time.Hour},
		{"gone", at(16, 0), at(1, 0), 60, 50, 120, time.Hour},
		{"the first hour counts as a day", at(1, 1), at(1, 0), 1, 100, 1 + 29.0 + 23.0/24, time.Minute},
		{"counted from the 11th", at(16, 0), at(11, 0), 10, 50, 40, time.Minute},
	} {
		look := foresee(c.now, c.since, dollars(c.spent), dollars(c.budget), time.Minute)
		if math.Abs(float64(look.projection-dollars(c.projection))) > 1 || look.pause != c.pause {
			t.Errorf("%s: %s and %s, want $%.2f and %s", c.what, look.projection, look.pause, c.projection, c.pause)
		}
	}
}

// A process that ends between two pages leaves a full one behind, and the next
// goes on behind it.
func TestAFullPageIsNotWrittenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // all of it in one day
		keep := connectortest.NewKeep(t, "x")
		b := newBill(keep, 0)
		for n := range chunkSize {
			b.read(ownedRead, strconv.Itoa(1+n))
		}
		if err := keep.Save(t.Context(), "bill.0", b.full[0]); err != nil {
			t.Fatal(err)
		}
		for n := range 3 {
			b = newBill(keep, 0)
			b.read(ownedRead, "1", strconv.Itoa(5000+n))
			b.save(t.Context())
			if s := b.spending(time.Minute); s.ToDate != approval.Money(chunkSize+1+n)*1_000 {
				t.Errorf("process %d: %+v", n, s)
			}
		}
	})
}

// What was kept and makes no sense costs the count so far, and no more.
func TestWhatMakesNoSenseBeginsAnew(t *testing.T) {
	keep := connectortest.NewKeep(t, "x")
	if err := keep.Save(t.Context(), "bill.0", []byte("{no JSON")); err != nil {
		t.Fatal(err)
	}
	b := newBill(keep, 0)
	b.read(ownedRead, "17")
	if s := b.spending(time.Minute); s.ToDate != 1_000 {
		t.Errorf("beside what makes no sense: %+v", s)
	}
	b.save(t.Context())
	again := newBill(keep, 0)
	if s := again.spending(time.Minute); s.ToDate != 1_000 {
		t.Errorf("and after a restart: %+v", s)
	}
}

func FuzzWhatWasReadIsKept(f *testing.F) {
	f.Add([]byte{}, uint64(1), uint64(2))
	f.Add([]byte{'p', 2}, uint64(1), uint64(math.MaxInt64))
	f.Add([]byte("p\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), uint64(math.MaxInt64), uint64(0))
	f.Fuzz(func(t *testing.T, raw []byte, one, two uint64) {
		if list, err := unpack(raw); err == nil {
			again, err := unpack(pack(list))
			if err != nil || !slices.Equal(list, again) {
				t.Errorf("%v, %v", again, err)
			}
		}
		list := []resource{{'p', one}, {'u', two}, {'m', one}}
		if again, err := unpack(pack(list)); err != nil || !slices.Equal(list, again) {
			t.Errorf("%v: %v, %v", list, again, err)
		}
	})
}

func TestNamesAreKnownForAWeekAndBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a acquaintances
		a.meet(user{ID: "17", Username: "jan"})
		time.Sleep(6 * 24 * time.Hour)
		if u, ok := a.find("17"); !ok || u.Username != "jan" {
			t.Errorf("after six days: %+v, %v", u, ok)
		}
		time.Sleep(2 * 24 * time.Hour)
		if u, ok := a.find("17"); ok {
			t.Errorf("after eight days: %+v", u)
		}
		a.meet(user{ID: "18", Username: "eva"})
		for i := range 3 * generations {
			a.meet(user{ID: strconv.Itoa(1000 + i)})
			if _, ok := a.find("18"); !ok {
				t.Fatalf("somebody who is seen all the time was forgotten after %d others", i)
			}
		}
		if n := len(a.young) + len(a.old); n > 2*generations {
			t.Errorf("%d are known", n)
		}
		if _, ok := a.find("1000"); ok {
			t.Error("somebody from long ago is known")
		}
	})
}
