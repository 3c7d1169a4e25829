package audit

import (
	"fmt"
	"time"
)

// MaxProblems is the most problems that a report lists.
const MaxProblems = 100

// NoEntry is the number of a problem that belongs to no entry.
const NoEntry = ^uint64(0)

// MaxSilence is the longest time between entries that the same checkpoint
// first covers; a log that is signed less often had its checkpoints removed,
// or its daemon kept from signing.
const MaxSilence = 26 * time.Hour

// Problem is one thing that does not verify. Number is the first entry
// concerned, or [NoEntry].
type Problem struct {
	Number uint64 `json:"number"`
	What   string `json:"what"`
}

func (p Problem) String() string {
	if p.Number == NoEntry {
		return p.What
	}
	return fmt.Sprintf("entry %d: %s", p.Number, p.What)
}

// Report says what a verification looked at and found.
type Report struct {
	Origin      string    `json:"origin"`
	Size        uint64    `json:"size"`   // entries read
	Root        string    `json:"root"`   // recomputed over all of them, base64
	Signed      uint64    `json:"signed"` // size of the newest checkpoint that verifies; entries behind it are not covered yet
	Checkpoints int       `json:"checkpoints"`
	Sealed      int       `json:"sealed"` // contents present that match their commitments
	Erased      int       `json:"erased"` // contents erased
	First       time.Time `json:"first"`
	Last        time.Time `json:"last"`
	Problems    []Problem `json:"problems"` // in the order in which they were found, at most MaxProblems
	Unlisted    int       `json:"unlisted"` // further problems
}

// OK reports that nothing is wrong.
func (r *Report) OK() bool { return len(r.Problems) == 0 }

// FirstBad is the problem with the lowest entry number, one without a number
// if there is no other, and false if nothing is wrong.
func (r *Report) FirstBad() (Problem, bool) {
	if len(r.Problems) == 0 {
		return Problem{}, false
	}
	first := r.Problems[0]
	for _, p := range r.Problems[1:] {
		if p.Number < first.Number { // NoEntry is the highest number
			first = p
		}
	}
	return first, true
}

func (r *Report) add(number uint64, format string, args ...any) {
	if len(r.Problems) >= MaxProblems {
		r.Unlisted++
		return
	}
	r.Problems = append(r.Problems, Problem{Number: number, What: fmt.Sprintf(format, args...)})
}
