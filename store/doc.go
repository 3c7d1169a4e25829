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
// The rooms' buckets, each drawn in its room's own documentation: people,
// audit, inbox, approval.
package store
