// Package approval is the heart of Standpunt: nothing leaves the daemon except
// as a [Release], and a Release exists only while two different people stand
// behind one exact text for one exact destination.
//
// In comes what people write: drafts, revisions, endorsements, decisions. Out
// go releases, one at a time and each at most once, to the connectors'
// dispatcher, which settles every one of them with a receipt, a definite
// failure or an unknown outcome. Every step is a [State] transition; each
// commits together with its entry in the audit log.
//
// A proposal's content is an [Envelope]: everything that decides what is sent,
// and where. Its [Digest] commits to it with a salt; the envelope itself is
// kept in the audit room's erasable bucket under that digest, so that there is
// one copy of the words and erasing it leaves the record verifiable. The
// format is written down byte for byte in docs/envelope.md.
//
// What takes two people besides answers (people, roles, policies, lifting a
// stop, accounts, restored backups) goes through the same states; see
// [Governance] for the kinds.
//
// This package never talks to a network, never sends, and never lets an API
// caller, a role, a setting or an error stand in for the second person.
package approval
