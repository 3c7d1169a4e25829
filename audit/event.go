package audit

import "time"

// Actor names who did something: "person:<id>", "account:<name>" or "system".
// It never holds a name, a handle or an address.
type Actor string

// System is the daemon acting on its own: expiry, ingest, recovery.
const System Actor = "system"

// Subject names what an event is about: "proposal:<id>", "conversation:<id>",
// "person:<id>", "account:<name>", "publishing".
type Subject string

// Commitment is SHA-256 over a domain, a 32-byte random salt and a payload. It
// commits to content without telling anything about it once the salt is erased.
type Commitment [32]byte

// Event is one state change. No field holds personal data, secrets or content:
// content is present as a [Commitment] alone.
type Event struct {
	Kind    string // what happened, "proposal.approved"; lower case, one dot
	Actor   Actor
	Via     string // the way in: "desk", "api", "cli", "connector", "daemon"
	Subject Subject
	From    string     // the state before, empty where there is none
	To      string     // the state after
	Digest  Commitment // of the content concerned; zero where there is none
	// Facts are further machine-readable values: revision numbers, counts,
	// policy names, external ids, ids of other subjects. At most 16, each at most 256 bytes.
	Facts map[string]string
}

// Entry is an event in the log.
type Entry struct {
	Number uint64 // position in the log, from 0; also the change number of live updates
	At     time.Time
	Event
}
