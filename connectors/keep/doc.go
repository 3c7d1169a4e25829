// Package keep keeps, per account, the small values that a connector cannot do
// without after a restart, such as a refresh token: it is what stands behind
// connectors.Keep.
//
// In come and out go bytes under a name. On disk each is one record of the data
// file, sealed with AES-256-GCM under the key in keys/keep.key, bound to its
// account and name. The key lies beside the data file and not in it, so a
// backup, which is the data file, holds no token that its finder could use. The
// key is made, for its owner alone, when something is kept for the first time.
//
// Where the key is missing or another one, what it sealed cannot be opened, and
// the error says what to do: sign in on the platform again. Saving works: it
// seals with the key that is there, or with a new one.
//
// A file that [store.DB.Backup] copied, or whose record its anchor contradicts,
// may be older than what the platform has seen since. What it kept is handed
// out marked as restored, until it is saved anew. The package knows no platform,
// never opens the network, and lets no value or key into an error or the log.
package keep
