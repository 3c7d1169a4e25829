// Package audit keeps the record that an outsider can verify.
//
// In come events: who did what, on which subject, from which state to which,
// with a commitment to the content concerned. [Log.Append] writes each as the
// next leaf of a Merkle tree in the transaction of the change that it records,
// so that both are durable or neither is. Contents go into a separate bucket
// ([Log.Seal]) from which they can be erased ([Log.Erase]) while the tree stays
// as it is.
//
// Out come pages of entries, wake-ups for live views, signed checkpoints,
// exports (JSON Lines, CSV, syslog), evidence bundles, and the verification of
// all of these with the public key alone. docs/audit-format.md describes every
// byte that a verifier reads.
//
// The room never changes or removes an entry, never holds content, personal
// data or secrets in a leaf, and never signs a head that contradicts the last
// anchor outside the data directory. It does not know which transitions are
// allowed: approval replays them over the entries that [Verify] hands out.
//
// Buckets, all keys big-endian:
//
//	audit.entries      number                          -> leaf
//	audit.hashes       index in the stored-hash order  -> hash of 32 bytes
//	audit.by_actor     actor 0x00 inverted number      -> nothing
//	audit.by_subject   subject 0x00 inverted number    -> nothing
//	audit.by_kind      kind 0x00 inverted number       -> nothing
//	audit.checkpoints  size                            -> signed note
//	audit.sealed       commitment                      -> domain, salt and payload, or when they were erased
//	audit.meta         name                            -> value: origin, key, anchored
package audit
