// Package platform is a stand-in for Instagram that speaks the Graph API's wire
// format, for tests and for trying out by hand.
//
// It is one professional account with media, comments, answers, messages, tags
// and mentions that exist: what is published appears in the lists, what is
// deleted is gone, the share of calls that is used up grows. It is reached as
// over Facebook Login or as over Instagram Login, and is strict where Instagram
// is: about versions, tokens, proofs, permissions, ids, fields and parameters
// that it does not know, whom a message may be sent to and until when, and what
// takes no answer. What customers do is delivered too, signed, in the shape of
// the login. Customers write through the methods of [Platform], or over HTTP at
// /customer. It keeps everything in memory, and its paging links name another
// host, as a client must not follow them.
package platform
