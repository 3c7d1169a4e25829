// Package people knows who works here and who is asking.
//
// In come logins with passwords, session and token secrets, enrolment codes,
// and, from the two-person approval of approval and from init, mandates to
// make, change, disable or reset a person. Out go [Person] records and
// [Principal] values: the only form in which the rest of the daemon learns who
// stands behind a request.
//
// One person has one account for life: people are never deleted, only
// disabled, and a login is never given out twice, not even to a login that
// only looks the same. Nobody can widen their own power: every change of
// people, roles and credentials takes a [Mandate], which only approval and the
// daemon's own commands make, and the secret that opens an account for the
// first time comes in two halves for two people.
//
// The package never stores a secret that it hands out: passwords are kept as
// argon2id, everything else as SHA-256. The exception is the two halves of an
// enrolment code, kept until each is picked up, at most [EnrolmentLife]. It never
// writes a name, login or network address to the audit log's leaves or to a
// log line, and it decides nothing about approvals: how many people a proposal
// takes, and with which roles, is approval's.
package people
