package approval

import (
	"context"
	"fmt"
	"strings"
	"time"

	"standpunt/audit"
	"standpunt/internal/fault"
	"standpunt/people"
	"standpunt/store"
)

// Cause is why publishing is stopped.
type Cause string

// The causes. All are lifted together, by a proposal that takes two people.
const (
	CausePerson   Cause = "person"   // somebody pulled the switch
	CauseRestored Cause = "restored" // the data file is a restored backup
	CauseRecover  Cause = "recover"  // an admin was re-enrolled with the daemon stopped
	CauseLog      Cause = "log"      // the audit log is shorter than, or inconsistent with, its anchor
)

// Stop is one standing stop of all publishing.
type Stop struct {
	Cause  Cause
	By     people.ID // zero where the daemon stopped by itself
	At     time.Time
	Reason string
}

// control is a singleton record of this room.
type control struct {
	Name   string    `cbor:"1,keyasint"` // "stop:<cause>", "watch:<account>"
	By     people.ID `cbor:"2,keyasint,omitzero"`
	At     time.Time `cbor:"3,keyasint"`
	Reason string    `cbor:"4,keyasint,omitempty"`
	Again  int       `cbor:"5,keyasint,omitempty"` // how often it was pulled while it stood
}

const stopPrefix = "stop:"

// publishing is the audit subject of the switch, which is one of two words.
const (
	publishing = audit.Subject("publishing")
	stopped    = "stopped"
	running    = "running"
)

// standingStop is a standing stop, or nil.
func (a *Approvals) standingStop(tx *store.Tx) (*control, error) {
	for c, err := range a.controls.Scan(tx, store.Range{Prefix: []byte(stopPrefix)}, false) {
		return c, err
	}
	return nil, nil //nolint:nilnil // nil is "not stopped"
}

// Stops lists the standing stops; none means that publishing runs.
func (a *Approvals) Stops(ctx context.Context) (list []Stop, err error) {
	err = a.db.View(ctx, func(tx *store.Tx) error {
		list = nil
		for c, err := range a.controls.Scan(tx, store.Range{Prefix: []byte(stopPrefix)}, false) {
			if err != nil {
				return err
			}
			list = append(list, Stop{Cause: Cause(strings.TrimPrefix(c.Name, stopPrefix)), By: c.By, At: c.At, Reason: c.Reason})
		}
		return nil
	})
	return list, err
}

// standingStops names the standing stops, each with when and how often it was
// pulled, so that a proposal to resume lifts those that its endorsers knew.
func (a *Approvals) standingStops(tx *store.Tx) (list []string, err error) {
	for c, err := range a.controls.Scan(tx, store.Range{Prefix: []byte(stopPrefix)}, false) {
		if err != nil {
			return nil, err
		}
		list = append(list, fmt.Sprintf("%s %s %d", strings.TrimPrefix(c.Name, stopPrefix), c.At.Format(time.RFC3339Nano), c.Again))
	}
	return list, nil
}

// StopPublishing stops all publishing at once. Anyone with press or admin may,
// alone. Doing so while publishing is stopped is recorded too, and makes void
// what was proposed before to resume. When it returns, nothing more is claimed; what was being written to a
// platform at that moment is shown as sending.
func (a *Approvals) StopPublishing(ctx context.Context, by people.Principal, reason string) error {
	if err := by.May(people.Write); err != nil {
		return err
	}
	reason = strings.TrimSpace(reason)
	if reason == "" || len(reason) > maxRemark {
		return fault.New(fault.InvalidInput, "say in up to %d bytes why", maxRemark).At("reason", reason).Fix("Write a sentence; colleagues see it on every page.")
	}
	return a.db.Update(ctx, func(tx *store.Tx) error {
		person, err := a.staff.Confirm(tx, by)
		if err != nil {
			return err
		}
		if !person.Has(people.Press, people.Admin) {
			return fault.New(fault.Forbidden, "publishing is stopped by a press officer or an admin").Fix("Call one.")
		}
		return a.stop(tx, CausePerson, person.ID, reason, by.Actor(), by.Via())
	})
}

// StopFor stops publishing by the daemon itself.
func (a *Approvals) StopFor(ctx context.Context, cause Cause, reason string) error {
	return a.db.Update(ctx, func(tx *store.Tx) error {
		return a.stop(tx, cause, people.ID{}, reason, audit.System, "daemon")
	})
}

func (a *Approvals) stop(tx *store.Tx, cause Cause, by people.ID, reason string, actor audit.Actor, via string) error {
	name := stopPrefix + string(cause)
	c, known, err := a.controls.Lookup(tx, store.String(name))
	switch {
	case err != nil || known && cause != CausePerson:
		return err
	case known:
		c.Again++
	default:
		c = &control{Name: name, By: by, At: tx.Now(), Reason: reason}
	}
	standing, err := a.standingStop(tx)
	if err != nil {
		return err
	}
	from := running
	if standing != nil {
		from = stopped
	}
	if err := a.controls.Put(tx, c); err != nil {
		return err
	}
	_, err = a.log.Append(tx, audit.Event{
		Kind: "publishing.stopped", Actor: actor, Via: via, Subject: publishing, From: from, To: stopped,
		Facts: map[string]string{"cause": string(cause)},
	})
	tx.OnCommit(a.wakeAll)
	return err
}

// resume lifts every stop, under a release.
func (a *Approvals) resume(tx *store.Tx, p *Proposal) error {
	var all []*control
	for c, err := range a.controls.Scan(tx, store.Range{Prefix: []byte(stopPrefix)}, false) {
		if err != nil {
			return err
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return nil
	}
	for _, c := range all {
		if err := a.controls.Delete(tx, store.String(c.Name)); err != nil {
			return err
		}
	}
	if err := store.ClearRestored(tx); err != nil {
		return err
	}
	_, err := a.log.Append(tx, audit.Event{
		Kind: "publishing.resumed", Actor: audit.System, Via: "daemon", Subject: publishing, From: stopped, To: running,
		Facts: map[string]string{"proposal": string(p.subject())},
	})
	tx.OnCommit(a.wakeAll)
	return err
}
