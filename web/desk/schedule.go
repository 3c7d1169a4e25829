package desk

import (
	"strconv"
	"time"

	"standpunt/internal/fault"
)

// localMinute is how an input of type datetime-local writes a time.
const localMinute = "2006-01-02T15:04"

// schedule is the field that says when an answer is published at the earliest.
type schedule struct {
	At    time.Time // as the proposal has it, zero for none
	Typed string    // what a refused form held
	Zone  string    // of what was typed
}

// Value is what stands in the field: what was typed, else the time in the
// server's zone, which the modules put into the reader's.
func (s schedule) Value() string {
	if s.Typed != "" || s.At.IsZero() {
		return s.Typed
	}
	return s.At.Local().Format(localMinute)
}

// Instant is the time for the modules, empty where the field holds what
// somebody typed in their own zone.
func (s schedule) Instant() string {
	if s.Typed != "" || s.At.IsZero() {
		return ""
	}
	return s.At.UTC().Format(time.RFC3339)
}

// ServerZone is the zone in which the field is read without the modules.
func (s schedule) ServerZone() string { return time.Now().Format("MST (-07:00)") }

// scheduleOf shows the time of a proposal, if it is still to come.
func scheduleOf(notBefore time.Time) schedule { return schedule{At: upcoming(notBefore)} }

// upcoming is a time that is still to come, else none.
func upcoming(at time.Time) time.Time {
	if at.After(time.Now()) {
		return at
	}
	return time.Time{}
}

// typedSchedule is the field as the form of this request held it; a form
// without one leaves it as it was.
func (v *visit) typedSchedule(was schedule) schedule {
	if !v.r.PostForm.Has("not_before") {
		return was
	}
	return schedule{Typed: v.form("not_before"), Zone: v.form("zone")}
}

// notBefore is the earliest time that the form asks for, zero for none. was is
// the one that the proposal has: a form without the field keeps it, and so does
// one that names its minute. How far ahead it may be is for approval to say.
func (v *visit) notBefore(was time.Time) (time.Time, error) {
	if !v.r.PostForm.Has("not_before") {
		return upcoming(was), nil
	}
	raw := v.form("not_before")
	if raw == "" {
		return time.Time{}, nil
	}
	at, err := time.ParseInLocation(localMinute, raw, zoneOf(v.form("zone")))
	if err != nil {
		return time.Time{}, fault.New(fault.InvalidInput, "this is no time").At("not_before", raw).Fix("Choose a day and a time.")
	}
	if at.Equal(was.Truncate(time.Minute)) {
		at = was
	}
	if upcoming(at).IsZero() {
		return time.Time{}, fault.New(fault.InvalidInput, "this time has passed already").At("not_before", raw).
			Fix("Choose a later one, or leave it empty to publish as soon as it is approved.")
	}
	return at, nil
}

// zoneOf is the zone at a distance from UTC in minutes, the server's where
// there is none.
func zoneOf(minutes string) *time.Location {
	if n, err := strconv.Atoi(minutes); err == nil && n > -16*60 && n < 16*60 {
		return time.FixedZone("", n*60)
	}
	return time.Local
}
