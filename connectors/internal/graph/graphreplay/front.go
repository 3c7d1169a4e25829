package graphreplay

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// Fault is an answer in place of the right one; the zero Fault is the right one.
type Fault struct {
	Status int
	Body   string
	Header map[string]string
	// Carried is whether the call is carried out all the same.
	Carried bool
}

// Front takes the calls of a platform: it counts them, and puts faults in place
// of answers. The platform's lock guards it.
type Front struct {
	Account string // whose calls are counted
	UseCase string // what they are counted as: "pages"
	Allowed int    // how many calls are; 0: any number

	calls  int
	faults []Fault
}

// Serve answers a call with the next fault, or with what right makes of it.
func (f *Front) Serve(w http.ResponseWriter, r *http.Request, right func(*http.Request) (any, *Refusal)) {
	f.calls++
	var fault Fault
	if len(f.faults) > 0 {
		fault, f.faults = f.faults[0], f.faults[1:]
	}
	if fault.Status != 0 {
		if fault.Carried {
			_, _ = right(r) // whoever calls does not learn of it
		}
		for name, value := range fault.Header {
			w.Header().Set(name, value)
		}
		w.WriteHeader(fault.Status)
		_, _ = w.Write([]byte(fault.Body))
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	if f.Allowed > 0 {
		regain := 0
		if f.Exhausted() {
			regain = 3
		}
		w.Header().Set("X-Business-Use-Case-Usage", fmt.Sprintf(`{"%s":[{"type":"%s","call_count":%d,"total_cputime":1,"total_time":1,"estimated_time_to_regain_access":%d}]}`,
			f.Account, f.UseCase, min(100, f.calls*100/f.Allowed), regain))
	}
	got, no := right(r)
	if no != nil {
		w.WriteHeader(no.Status)
		got = map[string]any{"error": no}
	}
	_ = json.NewEncoder(w).Encode(got) // a client that hung up learns nothing
}

// Fail puts faults in place of the next answers, one each.
func (f *Front) Fail(faults ...Fault) {
	f.faults = append(f.faults, faults...)
}

// Calls is how many calls came in.
func (f *Front) Calls() int { return f.calls }

// Exhausted reports whether more calls came in than are allowed.
func (f *Front) Exhausted() bool { return f.Allowed > 0 && f.calls > f.Allowed }
