// Package instagram is the connector of kind "instagram": one professional
// account, over the Graph API by Facebook Login or by Instagram Login.
//
// In come the comments under the account's posts and the answers to them, its
// private messages, mentions in the posts and comments of others, and, over
// Facebook Login, the posts that tag it. Out go answers: below comments, to
// mentions, and as messages; the one private answer that a comment may get;
// removals of our comments, and hidings of customers'. Instagram knows no
// editing.
//
// Polling walks the account's posts of the last 90 days, newest first. Nothing
// tells when a post was last commented on, only how many comments there are:
// those of a post whose count is another than before are read, newest first
// and on until as many new ones came as the count grew by, since answers stand
// below comments of any age. A post that changed is read on each walk for a
// quarter of an hour more, as comments may be shown late; one that gave less
// than its count told, again after five minutes and to the end; any other, to the
// end, every six hours, as one comment less and one more leave the count alone. At
// most 2,000 comments of a post are read in one walk. What is read begins where the
// last reading did, less a quarter of an hour: it may repeat and does not skip.
// Of a dialogue Instagram tells the 20 newest messages. One whose messages it refuses
// holds nothing else up: it is asked for again every hour, back to where they were
// last known.
//
// Mentions in captions and comments of others reach us by delivery alone, as
// ids; polling cannot find them. Everything delivered is looked up, so that it
// comes in as polling would bring it. Where Instagram does not show a comment
// (those on adverts) or asks for fewer calls, the delivery's own words have to
// do. Attachments are listed without an address: Instagram gives another one at
// each reading, which would look like an edit.
//
// Instagram leaves out who wrote a comment where our permissions hide it. Such
// a mention has an author of its own, named after it.
//
// An answer to an answer stands below the top-level comment of both, as on
// Instagram's own screens; its route says so. Instagram knows no idempotency
// keys: a lost outcome is looked up among the account's own comments or
// messages in that place, by time and text, and told only where exactly one
// fits that stands for no other release; else a person decides, as always for
// answers below others' posts, which Instagram does not list. Nothing is ever
// sent again after a doubt.
package instagram
