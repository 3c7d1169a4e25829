// Package network is Plein, a small simulated public network: a town square on
// which invented customers talk about an invented brand.
//
// In come posts, from the web page, from the HTTP API below /api and from
// scripted customers; out go the public timeline, the API's answers and a feed
// of changes. The demo, crisis drills, tests and load runs use it as they would
// use a real network: it listens on an address of its own, asks brand accounts
// for a token, can be told to misbehave ([Faults]) and remembers everything in
// one data file across crashes.
//
// The network deliberately knows no idempotency keys: sending a post twice
// makes two posts, so that a connector has to read back what became of a
// request whose answer it never saw. A post can carry a tag to be recognised by
// then. The network always shows its own writes.
//
// A customer can ask to be answered by people and by no program: the API then
// refuses a brand's reply, and the network's own page takes one from whoever
// knows the brand's password. So answers by hand can be played here as on
// networks that refuse some answers from programs.
//
// It knows nothing about Standpunt, and never contacts anything by itself. Nobody
// signs in: whoever reaches its address can post as any customer. It belongs on
// a loopback or test address, not on the internet.
//
// The data file is plein.db in [Options].Dir:
//
//	posts              post id -> Post
//	posts.changes      number of the newest change
//	posts.concerning   handle, 0, number of the newest change
//	posts.replies      id of the post that is answered
//	posts.threads      id of the post that began the thread
//	posts.roots        (one group) posts that answer nothing
//	posts.authors      handle, 0
//	profiles           handle -> Profile
//	profiles.tokens    SHA-256 of a brand account's token
//	plein              "change" -> last change number, "epoch" -> id of this network
package network
