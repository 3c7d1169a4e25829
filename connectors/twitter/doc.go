// Package twitter is the connector of kind "twitter": it brings posts that
// mention an account on X in, and publishes released answers there.
//
// It speaks the X API v2 over HTTP, signed as one user with OAuth 1.0a or 2.0,
// and as the app itself for streams and searches; it understands both
// vocabularies of the API, the one with tweets and the one with posts. In come
// mentions, the account's own posts and, where the settings ask for them, what
// keywords find and direct messages: by polls, newest first and page by page,
// and at once by the filtered stream and the X Activity stream. Out go replies,
// posts of our own, answers to direct messages, removals and hidings, each sent
// once.
//
// For enterprise plans and compatible servers a [Legacy] speaks API v1.1
// instead, with the types and calls of go-twitter over a way of our own, and
// brings the same mentions in the same shape.
//
// X knows no idempotency keys and shows its own writes late. So a request
// whose answer got lost is of kind Unknown, and [Connector.Find] never says
// that something is absent merely because it was not seen.
//
// What X does to texts, and what is undone when one is read: &, < and > come
// as HTML entities; links come as t.co addresses, with the address that was
// written beside them; the text of a reply begins with the names of those whom
// it answers. [WeightedLength] counts as X counts.
//
// The package never follows a link, never answers what X would refuse, and
// never tries a publication again. The replay folder holds a server that
// speaks the same wire format, for tests and for trying out by hand.
package twitter
