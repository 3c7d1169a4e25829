package people

import (
	"standpunt/audit"
	"standpunt/internal/fault"
)

// Mandate is proof that a change of people was decided elsewhere: by two
// people through approval, or by somebody with the data directory through
// init, demo or recover. A test over the import graph keeps everybody else
// from making one. The zero Mandate is refused everywhere.
type Mandate struct {
	why   string
	actor audit.Actor
	via   string
}

// NewMandate makes a mandate. why is a reference for the audit log, such as
// "proposal:<id>" or "init", never a name or free text of a person. An empty
// why gives a Mandate that is refused.
func NewMandate(why string) Mandate {
	return Mandate{why: why, actor: audit.System, via: "daemon"}
}

// By is the mandate with the actor and the way in that its audit events name.
// Without it they name the daemon itself.
func (m Mandate) By(actor audit.Actor, via string) Mandate {
	m.actor, m.via = actor, via
	return m
}

func (m Mandate) check() error {
	if m.why == "" {
		return fault.New(fault.Forbidden, "changing people takes two people").
			Fix("Make a proposal and let a second person approve it.")
	}
	return nil
}

// event is an event under the mandate about p.
func (m Mandate) event(kind string, p *Person) audit.Event {
	return audit.Event{
		Kind: kind, Actor: m.actor, Via: m.via, Subject: p.Subject(),
		Facts: map[string]string{"mandate": audit.Fact(m.why)},
	}
}
