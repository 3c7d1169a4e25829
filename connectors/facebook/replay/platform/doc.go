// Package platform is a stand-in for Facebook that speaks the Graph API's wire
// format, for tests and for trying out by hand.
//
// It is one Page with posts and comments that exist: what is published appears
// in the lists, what is deleted is gone, the share of calls that is used up
// grows. It is strict where Facebook is: about versions, tokens, proofs, ids,
// and fields and parameters that it does not know. Customers write through
// [Platform.Visit], [Platform.Comment] and [Platform.Tag], or over HTTP at
// /customer. It keeps everything in memory, and its paging links name another
// host, as a client must not follow them.
package platform
