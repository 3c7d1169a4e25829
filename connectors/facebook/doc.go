// Package facebook is the connector of kind "facebook": one Page, over the
// Graph API, and its messages in Messenger.
//
// In come the comments under the Page's posts, nested ones too, the posts that
// visitors leave on the Page, the posts that tag it, the comments and posts
// elsewhere that name it, and messages. Out go answers: comments under the
// comment or post that they answer, and messages to whoever wrote one. Comments
// of ours can be edited and removed, customers' comments be hidden, and a
// comment be answered in private, once.
//
// Things arrive in two ways, as one and the same mention. Facebook delivers
// them to a webhook, where the settings have a verify_token ([Pushed]): signed
// over the raw body, out of order and more than once. What a delivery leaves out
// (an author, an attachment, a time) is asked for, at most 50 calls and 10
// seconds for one delivery. And polls walk the Page's posts and dialogues,
// newest first, and ask for the comments and messages of those that changed. A
// walk begins at Facebook's own clock, and each looks a quarter of an hour
// further back than where the last one began, as Facebook shows some things
// late. So polls may repeat and do not skip, with two limits: comments under
// posts older than 90 days and mentions elsewhere come by webhook alone. A post
// whose comments Facebook refuses holds no other up: it is asked for again every
// hour, back to where its comments were last known.
//
// Edits and deletions are told by webhook. Polls see them in the newest comments
// of what was commented lately, one post in each walk: another text is an edit,
// seen when it is seen; a comment that is missing from its list, and that
// Facebook does not show on its own either, is gone.
//
// A message can be answered for 24 hours after it was written, with human_agent
// for seven days; [Connector.Unanswerable] says so to the desk, and
// [Connector.Publish] refuses without a call. Files in messages are named and not
// linked: Facebook signs another address at every look.
//
// Facebook leaves out who wrote a comment where the writer's settings or our
// permissions hide it. Such a mention has an author of its own, named after it.
//
// An answer to an answer stands below the comment that both belong to, as on
// Facebook's own screens; its route says so. Facebook knows no idempotency keys:
// a lost outcome is looked up among the Page's own comments in that place, or
// its messages in that dialogue, by time and text, and told only where exactly
// one fits that stands for no other release; else a person decides. Nothing is
// ever sent again after a doubt.
package facebook
