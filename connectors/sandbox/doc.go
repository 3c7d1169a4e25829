// Package sandbox is the connector of kind "sandbox": it brings mentions in
// from Plein, the simulated network in the folder network, and publishes
// released answers there.
//
// It speaks to the network over HTTP as to any platform and knows nothing of its
// insides. A mention is a post that names the account with an @, answers one
// of its posts, or stands below either. Answers are sent once: the network
// knows no idempotency keys, so a request whose answer got lost is of kind
// Unknown, and [Connector.Find] reads back what became of it: each post carries
// its release's key as a tag. The network shows its own writes at once and
// changes no text: what is read back is compared byte for byte.
package sandbox
