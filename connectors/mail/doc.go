// Package mail connects one mailbox: mails that customers write come in over
// IMAP, answers go out over SMTP.
//
// In come an account's settings and, with [Connector.Publish], releases; out
// go mentions, one per mail that stands in the mailbox, receipts and errors of
// the connectors' kinds. It changes nothing in the mailbox: mails are read
// without marking them, and none is moved or deleted. A mail that somebody
// deletes there stays in the inbox.
//
// # What comes in
//
// A mail is one mention: its text is the first readable text of its MIME tree,
// without the history that it quotes, and its files are listed, not kept. Its
// external id is its Message-ID, or a digest where it has none or one that an
// other mail has already. Its thread is the first mail that its References
// name. It is read however broken it is; of a mail that cannot be read at all
// there is still a mention that says so. Mails that a program sent by itself
// (Auto-Submitted, bounces) come in and cannot be answered.
//
// Polls read what stands above the last UID. A new UIDVALIDITY, and an empty
// cursor, mean reading the back-fill window again; the external ids tell what
// was there before. A mail that is moved out of the mailbox before it is polled
// is not seen.
//
// # What goes out
//
// Each release is one mail, text/plain in UTF-8, quoted-printable. Its
// Message-ID is <KEY@DOMAIN>: the release's key at the account's domain. So the
// same release has the same Message-ID however often it is tried. The mail is
// also handed to the account's own address, as a recipient that no header
// names: what the server accepted comes back into the mailbox, is recognised
// by its Message-ID, and is compared with what was approved.
//
// The inverse of what mail does to a text: each line end LF was sent as CRLF,
// and one line end was added at the end; reading back turns CRLF into LF and
// takes the last LF away. Everything else must be equal byte for byte.
//
// [Connector.Find] never answers that a mail is absent. It comes back only some
// time after the server accepted it, and a server may file or drop the copy.
package mail
