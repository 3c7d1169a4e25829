package tally_test

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"standpunt/internal/tally"
)

func TestTheFirstIsToldAtOnceAndTheRestOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var events tally.Tally
		var mu sync.Mutex
		var told []int
		say := func(n int) { mu.Lock(); defer mu.Unlock(); told = append(told, n) }
		expect := func(want ...int) {
			t.Helper()
			mu.Lock()
			defer mu.Unlock()
			if !slices.Equal(told, want) {
				t.Fatalf("told %v, want %v", told, want)
			}
		}
		for range 1000 {
			events.Note(say)
		}
		expect(1)
		time.Sleep(time.Minute + time.Second)
		expect(1, 999)
		events.Note(say)
		events.Note(say)
		expect(1, 999)
		time.Sleep(time.Minute)
		expect(1, 999, 2)
		time.Sleep(2 * time.Minute)
		expect(1, 999, 2)
		events.Note(say)
		expect(1, 999, 2, 1)
		time.Sleep(2 * time.Minute)
		expect(1, 999, 2, 1)
	})
}
