// Package inbox keeps what customers said and how far we are with it.
//
// In come pages of [Inbound] items from connectors, with the [Cursor] that
// covers them, and the triage of staff; out come lists, threads and the
// mentions that answers are approved for. A page, its cursor and one audit
// event commit together, so a crash at any moment neither loses nor doubles a
// mention. The package never speaks to a platform, never publishes, and never
// decides what may be said.
//
// # Order
//
// A list shows the conversation first of which we learned something last:
// [Conversation.Rank] follows our clock and never the platform's, because a
// post that was delayed or back-dated would otherwise be buried. Within one
// page of items the platform's times decide. A conversation that moves up while
// somebody pages through a list is not seen again further down.
//
// # The bucket tree
//
//	inbox.accounts                 AccountName -> AccountRecord
//	inbox.cursors                  AccountName -> Cursor
//	inbox.conversations            ConversationID -> Conversation
//	  .by                          Field(one byte, value) ‖ inverted rank: every way of narrowing a list
//	  .thread                      Field(account, thread, customer, visibility)
//	  .urgent                      priority ‖ waiting since; open and unassigned ones alone
//	  .snoozed                     snoozed until
//	inbox.mentions                 MentionID -> Mention
//	  .conversation                ConversationID ‖ posted at ‖ number
//	inbox.external                 Field(account) ‖ external id -> MentionID
//	inbox.numbers                  number -> MentionID ‖ ConversationID
//	inbox.notes                    NoteID -> Note
//	  .conversation                ConversationID
//	inbox.segments                 inverted last number ‖ level -> first number, count, state
//	inbox.words                    segment ‖ term ‖ 0 ‖ inverted lowest number -> delta-coded numbers
//	inbox.seals                    MentionID ‖ version -> salt, commitment, place in its page
//	inbox.pages                    audit entry number -> the page's commitments in order
//	inbox.quarantine               QuarantineID -> Quarantined
//	  .account                     Field(account) ‖ newest first
//	  .digest                      SHA-256 of account and item
//	inbox.gone                     Field(account) ‖ external id -> when we learned that an item we do not have is gone
//	  .at                          that time
//	inbox.meta                     "number", "rank": the last one given, 8 bytes
//
// # Finding a mention again
//
// A mention is known by account and external id, whatever time the platform
// tells, so inbox.external has no time in its key: an item can come again with
// another one or, when it is deleted, with none. Most platforms give ids that grow
// with time, and then new keys fall together as a time in front would make them.
// For random ids a key with the time would have to stand beside this one and
// save nothing. Measured with a million ids in the file, in pages of 100,
// each with its fsync: growing ids 0.6 ms and 35 KB a page, random ids 6 ms and
// 849 KB, random ids with a second, time-ordered key 10 ms and 880 KB.
//
// # Words
//
// Each page writes one segment: for each term the numbers of the mentions that
// have it, in blocks. [Inbox.MergeSegments] turns runs of small segments into
// bigger ones off the write path. A segment's key begins with its inverted last
// number, so a query walks from the newest to the oldest and stops when its
// page is full. An edit gives its mention a new number; what the old number
// still stands for in a list is passed over and goes with the next merge.
//
// # Erasing a customer
//
// The layout is ready for it: the conversations of a customer are those under
// their author entry in inbox.conversations.by, the mentions those under each
// conversation, and everything that holds content hangs on a mention's id
// (inbox.mentions, inbox.seals, inbox.external), its number (inbox.numbers),
// its conversation (inbox.notes; the commitments named by the audit entries on
// "conversation:<id>") or its author (inbox.quarantine). inbox.pages keeps
// commitments alone, so the log stays verifiable without the salts. Terms go
// when the segment that holds the number is written again, which a merge of that
// segment alone does.
//
// # What the audit log tells of a page
//
// The event "inbox.ingested" names account and counts; its digest is the root
// that [PageRoot] computes over the salted commitments of the page's new, edited
// and deleted mentions. [Inbox.Seals] gives the salts and payloads back, for as
// long as they are not erased.
package inbox
