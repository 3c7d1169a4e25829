// Package facebook is the connector of kind "facebook": one Page, over the
// Graph API.
//
// In come the comments under the Page's posts, nested ones too, the posts that
// visitors leave on the Page, and the posts that tag it. Out go answers, as
// comments under the comment or post that they answer; they can be edited and
// removed, and customers' comments be hidden.
//
// Polling walks the Page's posts, newest first, and asks for the comments of
// those that changed since the last walk. What a walk begins with is Facebook's
// own clock, and each walk looks a quarter of an hour further back than where
// the last one began, as Facebook shows some comments late. So it may repeat
// and does not skip, with one limit: comments under posts older than 90 days
// are not looked for. Facebook's polls tell neither edits nor deletions.
//
// Facebook leaves out who wrote a comment where the reader's settings or our
// permissions hide it. Such a mention has an author of its own, named after it.
//
// An answer to an answer stands below the comment that both belong to, as on
// Facebook's own screens; its route says so. Facebook knows no idempotency keys:
// a lost outcome is looked up among the Page's own comments in that place, by
// time and text, and told only where exactly one fits that stands for no other
// release; else a person decides. Nothing is ever sent again after a doubt.
package facebook
