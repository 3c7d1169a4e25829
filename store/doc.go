// Package store keeps Standpunt's records in one file: ordered buckets of
// bytes, read through [DB.View] and written through [DB.Update], and a typed
// layer, [Table], that keeps every index entry in step with its record.
//
// In come functions that run on a transaction; out come their effects, all of
// them durable or none. Many small Updates share one fsync. The engine is
// go.etcd.io/bbolt and none of its types leaves the package, so that another
// engine can stand behind the suite in storetest. The package knows nothing of
// what the records mean, never opens the network and never writes to a file
// that it does not recognise as its own.
//
// # Files
//
//	standpunt.db             the records; mode 0600
//	standpunt.db.lock        who has them open: process, program, host, since; locked meanwhile
//	standpunt.db.before-N    the file as it was before migration N changed it; an
//	                         administrator removes it, and should after an erasure
//	standpunt.db.tmp-*       a copy being written; removed by the next Open after a crash
//
// # The bucket tree
//
// All buckets lie at the top level. A room names its own in a [Schema]; [Open]
// makes the missing ones and refuses two rooms that name the same.
//
//	meta                     this package's own
//	  application            "standpunt"
//	  schema                 number of the newest migration, 8 bytes big-endian
//	  last_commit            Time of the last Update, below which Now never falls
//	  copied                 Time of the Backup; in a copy, until ClearRestored
//
//	NAME                     one bucket per Table
//	  record key             record in CBOR with integer keys; see Encode
//	NAME.INDEX               one bucket per Index of the Table
//	  entry key ‖ record key length of the entry key, as a varint
//
// An entry key narrows first and sorts then. The values by which it narrows are
// built with [Field], which ends each of them, so that the entries of "an" are
// never among those of "anna"; what sorts follows in a fixed number of bytes:
//
//	Field(value) ‖ NewestFirst(time) ‖ record key
//
// Every index of that shape yields, under the prefix Field(value), suffixes
// that compare with those of any other such index, so [Intersect] answers any
// combination of narrowings a page at a time.
//
// # The rooms' buckets
//
// What is said of a key here stands in full in its room's own documentation.
//
//	audit.entries            number -> leaf: one entry of the log
//	audit.hashes             index -> the tree's stored hashes
//	audit.by_actor, audit.by_subject, audit.by_kind
//	audit.checkpoints        size -> signed checkpoint
//	audit.sealed             commitment -> salt and content; what erasing erases
//	audit.meta               origin, key, anchor
//
//	people.person            id -> person; .login
//	people.credential        person -> password hash
//	people.enrolment         person -> open enrolment, by the hash of its code
//	people.session           hash of the secret -> session; .person
//	people.token             hash of the secret -> API token; .id, .person
//
//	inbox.accounts           name -> account
//	inbox.cursors            account -> how far its source was read
//	inbox.mentions           id -> mention; .conversation
//	inbox.external           account, external id -> mention: what drops duplicates
//	inbox.numbers            number -> mention and conversation: what posting lists lead to
//	inbox.conversations      id -> conversation; .thread and one index for each way of narrowing
//	inbox.notes              id -> note
//	inbox.words, inbox.segments   posting lists of words, and which segments there are
//	inbox.seals, inbox.pages      salted digests of mentions, and the entry that covers each page of them
//	inbox.quarantine         id -> a delivered item that could not become a mention
//	inbox.meta               last number, last rank
//
//	approval.proposals       id -> proposal; .state .conversation .account .work .deadline .endorser .receipt .target
//	approval.revisions       proposal, number -> revision
//	approval.policies        "current" -> the list in force
//	approval.controls        "stop:CAUSE" -> a standing stop, "watch:ACCOUNT" -> since when own posts are watched
//	approval.rejected        account, target, fingerprint -> a rejected text
//	approval.sightings       account, external id -> an own post that no receipt explained; .pending .outside
//
//	keep.values              account, name -> a connector's value, sealed with the key in keys/keep.key
//	keep.meta                "restored" -> the time up to which values may be older than the platform's
package store
