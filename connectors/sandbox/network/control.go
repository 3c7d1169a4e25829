package network

import (
	"fmt"
	"net/http"
	"time"

	"standpunt/internal/fault"
)

// FaultsJSON lists the faults that are on.
type FaultsJSON struct {
	Items []Fault `json:"items"`
}

func (n *Network) answerFaults(w http.ResponseWriter) {
	answer(w, http.StatusOK, FaultsJSON{Items: n.faults.all()})
}

func (n *Network) apiFaults(w http.ResponseWriter, _ *http.Request) { n.answerFaults(w) }

func (n *Network) apiSetFault(w http.ResponseWriter, r *http.Request) {
	f := Fault{Count: 1}
	err := receive(w, r, &f)
	if err == nil {
		err = checkFault(&f)
	}
	if err != nil {
		n.fail(w, r, err)
		return
	}
	n.faults.set(f)
	n.answerFaults(w)
}

func (n *Network) apiClearFaults(w http.ResponseWriter, _ *http.Request) {
	n.faults.clear()
	n.answerFaults(w)
}

func (n *Network) apiBurst(w http.ResponseWriter, r *http.Request) {
	in := struct {
		Count       int `json:"count"`
		OverSeconds int `json:"over_seconds"`
	}{Count: 60, OverSeconds: 30}
	err := receive(w, r, &in)
	if err == nil {
		err = n.burst(in.Count, in.OverSeconds)
	}
	if err != nil {
		n.fail(w, r, err)
		return
	}
	answer(w, http.StatusAccepted, in)
}

// burst lets an outage break out.
func (n *Network) burst(count, overSeconds int) error {
	if count < 1 || count > 100_000 {
		return intFault("count", fmt.Sprint(count), 1, 100_000)
	}
	if overSeconds < 0 || overSeconds > 3600 {
		return intFault("over_seconds", fmt.Sprint(overSeconds), 0, 3600)
	}
	return n.cast.outage(count, time.Duration(overSeconds)*time.Second)
}

// TrickleJSON is how often a scripted customer does something, on average; 0
// is never.
type TrickleJSON struct {
	EverySeconds float64 `json:"every_seconds"`
}

func (n *Network) apiTrickle(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, TrickleJSON{EverySeconds: n.cast.pace().Seconds()})
}

func (n *Network) apiSetTrickle(w http.ResponseWriter, r *http.Request) {
	var in TrickleJSON
	err := receive(w, r, &in)
	if err == nil {
		err = n.setTrickle(in.EverySeconds)
	}
	if err != nil {
		n.fail(w, r, err)
		return
	}
	answer(w, http.StatusOK, in)
}

func (n *Network) setTrickle(seconds float64) error {
	if seconds != 0 && (seconds < 0.01 || seconds > 86_400) {
		return fault.New(fault.InvalidInput, "this is not a number in range").At("every_seconds", fmt.Sprint(seconds)).
			Fix("Use 0.01 to 86400, or 0 for silence.")
	}
	n.cast.setPace(time.Duration(seconds * float64(time.Second)))
	return nil
}

func (n *Network) apiSetAccount(w http.ResponseWriter, r *http.Request) {
	var a Account
	by, err := n.authenticate(r)
	if err == nil {
		err = receive(w, r, &a)
	}
	if err == nil {
		err = checkAccount(&a)
	}
	if err != nil {
		n.fail(w, r, err)
		return
	}
	made, created, err := n.board.setBrand(r.Context(), a, by, false)
	if err != nil {
		n.fail(w, r, err)
		return
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	answer(w, status, n.presentAccount(made))
}

func (n *Network) apiAccount(w http.ResponseWriter, r *http.Request) {
	h, err := parseHandle("handle", r.PathValue("handle"))
	if err != nil {
		n.fail(w, r, err)
		return
	}
	p, err := n.board.profile(r.Context(), h)
	if err != nil {
		n.fail(w, r, err)
		return
	}
	answer(w, http.StatusOK, n.presentAccount(p))
}

// apiOwnAccount tells whose the token is.
func (n *Network) apiOwnAccount(w http.ResponseWriter, r *http.Request) {
	by, err := n.authenticate(r)
	if err == nil && by == "" {
		err = fault.New(fault.Unauthenticated, "the request has no token").At("Authorization", "").
			Fix("Send Authorization: Bearer and the brand account's token.")
	}
	if err != nil {
		n.fail(w, r, err)
		return
	}
	p, err := n.board.profile(r.Context(), by)
	if err != nil {
		n.fail(w, r, err)
		return
	}
	answer(w, http.StatusOK, n.presentAccount(p))
}

func (n *Network) presentAccount(p *Profile) AccountJSON {
	return AccountJSON{ID: p.ID.String(), Handle: p.Handle, Name: p.Name, Brand: p.Brand, URL: n.url + "/@" + string(p.Handle)}
}
