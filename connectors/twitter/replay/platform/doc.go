// Package platform is a small X on loopback: it speaks the wire format of the
// API v2 for one brand account, with what the public documentation of August
// 2026 says about it. It is for tests and for trying out by hand.
//
// It keeps state: posts exist, replies appear, rate limits count down. It is
// strict where X is: unknown parameters and body fields are refused, each
// request's OAuth 1.0a signature is computed again, a nonce counts once, texts
// are weighed, a second post with the same text is refused, and so is a reply
// to somebody who neither mentioned nor quoted the brand. It answers in the
// vocabulary in which it was asked, tweets or posts, and its errors come in
// X's three shapes.
//
// The same posts stand in API v1.1: mentions and own posts by since_id and
// max_id, one post and many, posting, deleting, and the stream of statuses/filter,
// with the errors of that API.
// OAuth 2.0 is there as well: a page that consents at once, codes for half a
// minute with PKCE, access tokens for two hours with their scopes, and refresh
// tokens that work once; one that comes back ends the permission.
//
// It keeps the bill as X would: what was read is free again for the rest of the
// UTC day, empty and failed answers cost nothing. GET /control/bill shows it.
//
// It streams what meets the rules and what was subscribed to, one connection to
// each, with a sign of life every 20 seconds, and searches with the commonest
// operators, lang: and has: among them, and refuses all others; it takes direct messages in and out. [Platform.Upset] stalls,
// doubles, mixes up and cuts the streams.
//
// What it keeps is in memory and gone with it, but for the ids of accounts, which
// come from their handles. It calls nobody.
package platform
