package mail

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"runtime/debug"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"

	"standpunt/inbox"
)

// The fields of a mention's route: the headers of its answer, as they are
// sent. listField is shown to approvers alone.
const (
	toField         = "To"
	subjectField    = "Subject"
	inReplyToField  = "In-Reply-To"
	referencesField = "References"
	listField       = "List-Id"
)

const (
	maxSubject    = 300 // characters
	maxReferences = 20  // ids in an answer: the first and the newest
)

// parsed is a mail that was read.
type parsed struct {
	header
	contents
	id string // Message-ID; empty where it has none
}

// parse reads a stored mail. ok is false where that fails by a fault of ours:
// one mail never stops the others.
func (c *Connector) parse(m stored) (p parsed, body []byte, ok bool) {
	defer func() {
		if r := recover(); r != nil {
			c.log.Error("mail could not be read", "uid", m.uid, "panic", fmt.Sprintf("%T", r), "stack", string(debug.Stack()))
			ok = false
		}
	}()
	p.header, body = splitHeader(m.raw)
	p.contents = readParts(p.header, body)
	p.id = first(p.header.ids("Message-ID"))
	if bare := strings.TrimSpace(p.get("Message-ID")); p.id == "" && strings.Contains(bare, "@") && validID(bare) {
		p.id = bare
	}
	return p, body, true
}

// isOwn reports whether a mail is our own copy of something we sent, and its
// Message-ID: made of a release's key at our domain, and from our address.
func (c *Connector) isOwn(h header) (id string, own bool) {
	id = first(h.ids("Message-ID"))
	if _, ok := c.ownKey(id); !ok {
		return "", false
	}
	from := h.mailboxes("From")
	return id, len(from) == 1 && strings.EqualFold(from[0].address, c.s.Address)
}

// mention is a mail as the inbox takes it in. Its ids are settled afterwards.
func (c *Connector) mention(p parsed, m stored) inbox.Inbound {
	in := inbox.Inbound{
		ExternalID: p.id, Kind: "mail", Visibility: inbox.Private, Author: p.author(),
		Subject: shortened(p.header.text("Subject"), maxSubject), PostedAt: postedAt(p.date(), m.came), Attachments: p.attachments,
		Unanswerable: p.unanswerable(),
	}
	in.Text, in.Quoted = foldQuoted(p.contents.text)
	if m.size > int64(len(m.raw)) {
		in.Text += fmt.Sprintf("\n\n[This mail has %d bytes; only the first %d were read.]", m.size, len(m.raw))
	}
	to, ok := p.replyTo(c.s.Address)
	switch {
	case in.Unanswerable != "":
	case !ok && p.fromUs(c.s.Address):
		in.Unanswerable = inbox.UnansweredOwnMail.English()
	case !ok:
		in.Unanswerable = inbox.UnansweredNoAddress.English()
	}
	if ok {
		in.Route = p.route(to)
	}
	return in
}

// unreadable stands for a mail that the server does not hand out, or that we
// cannot read.
func (s *session) unreadable(m stored) inbox.Inbound {
	return inbox.Inbound{
		ExternalID: fmt.Sprintf("uid:%d:%d", s.validity, m.uid), Kind: "mail", Visibility: inbox.Private,
		Author: inbox.Author{ExternalID: unknownSender}, Text: "[This mail could not be read. Look at it in the mailbox.]",
		PostedAt: m.came, Unanswerable: inbox.UnansweredUnreadable.English(),
	}
}

const unknownSender = "unknown"

// author is who wrote the mail, by its own word: the sender of a mail is not
// proven.
func (p parsed) author() inbox.Author {
	for _, name := range []string{"From", "Sender", "Reply-To", "Return-Path"} {
		if all := p.mailboxes(name); len(all) > 0 {
			return inbox.Author{ExternalID: strings.ToLower(all[0].address), Handle: all[0].address, Name: shortened(all[0].name, 100)}
		}
	}
	return inbox.Author{ExternalID: unknownSender, Name: shortened(p.header.text("From"), 100)}
}

// postedAt is the mail's own date where that is likely, else when it came.
func postedAt(date, came time.Time) time.Time {
	if date.Before(came.Add(-7*24*time.Hour)) || date.After(came.Add(10*time.Minute)) {
		return came
	}
	return date
}

// replyTo is where an answer goes: the first address of Reply-To, else of From,
// that is not our own.
func (p parsed) replyTo(ours string) (string, bool) {
	for _, name := range []string{"Reply-To", "From"} {
		for _, each := range p.mailboxes(name) {
			if !strings.EqualFold(each.address, ours) {
				return each.address, true
			}
		}
	}
	return "", false
}

func (p parsed) fromUs(ours string) bool {
	from := p.mailboxes("From")
	return len(from) > 0 && strings.EqualFold(from[0].address, ours)
}

// route is what answering takes.
func (p parsed) route(to string) []inbox.Field {
	route := []inbox.Field{{Name: toField, Value: to}, {Name: subjectField, Value: replySubject(p.header.text("Subject"))}}
	if p.id != "" {
		references := p.header.ids("References")
		if len(references) == 0 {
			references = p.header.ids("In-Reply-To")[:min(1, len(p.header.ids("In-Reply-To")))]
		}
		references = append(without(references, p.id), p.id)
		if extra := len(references) - maxReferences; extra > 0 {
			references = append(references[:1], references[1+extra:]...)
		}
		route = append(route, inbox.Field{Name: inReplyToField, Value: "<" + p.id + ">"},
			inbox.Field{Name: referencesField, Value: "<" + strings.Join(references, "> <") + ">"})
	}
	if list := p.header.text(listField); list != "" {
		route = append(route, inbox.Field{Name: listField, Value: shortened(list, 200)})
	}
	return route
}

func without(ids []string, id string) []string {
	var rest []string
	for _, each := range ids {
		if each != id {
			rest = append(rest, each)
		}
	}
	return rest
}

// What mail programs put before the subject of an answer, in the languages that
// they are sold in, numbered or not: "Re:", "RE[2]:", "Antw:", "AW:", "SV:".
var replyPrefix = regexp.MustCompile(`(?i)^((re|antw|antwoord|betr|aw|sv|vs|res|rif|odp|ynt)\s?(\[\d{1,3}\]|\(\d{1,3}\))?\s?:\s*)+`)

// replySubject is the subject of an answer: one "Re: ", however many there were.
func replySubject(subject string) string {
	bare := strings.TrimSpace(replyPrefix.ReplaceAllString(subject, ""))
	return strings.TrimSpace("Re: " + shortened(bare, maxSubject))
}

// unanswerable says why a mail is not to be answered: answers to programs
// make loops.
func (p parsed) unanswerable() string {
	kind, params := p.parameters("Content-Type")
	auto, _, _ := strings.Cut(strings.ToLower(p.get("Auto-Submitted")), ";")
	switch auto = strings.TrimSpace(auto); {
	case kind == "multipart/report" || kind == "message/delivery-status" || strings.Contains(params["report-type"], "delivery-status"):
		return inbox.UnansweredReport.English()
	case auto != "" && auto != "no":
		return inbox.UnansweredAutoSubmitted.English()
	case p.has("Return-Path") && strings.Trim(p.get("Return-Path"), " \t") == "<>":
		return inbox.UnansweredNoReturn.English()
	case p.has("X-Autoreply"), p.has("X-Autorespond"), strings.EqualFold(p.get("Precedence"), "auto_reply"):
		return inbox.UnansweredAutoReply.English()
	}
	return ""
}

// settleID gives the mention an id that no other mail of the mailbox has: its
// Message-ID, unless it has none or an earlier mail that says something else
// bears it.
func (s *session) settleID(in *inbox.Inbound, p parsed, m stored) error {
	if p.id == "" {
		in.ExternalID = fingerprint(m.raw)
		return nil
	}
	found, err := s.withID(p.id)
	if connectionLost(err) {
		return err
	}
	for _, uid := range found {
		if uid >= m.uid {
			break
		}
		earlier, err := s.load([]imap.UID{uid})
		if err != nil {
			return err
		}
		if len(earlier) == 0 || earlier[0].refused {
			continue
		}
		other, _, ok := s.c.parse(earlier[0])
		if !ok || other.id != p.id {
			continue
		}
		if fingerprint(earlier[0].raw) != fingerprint(m.raw) {
			in.ExternalID = fingerprint(m.raw)
		}
		return nil
	}
	return nil
}

// settleThread finds the first mail of the thread. Programs that name only the
// mail that they answer (In-Reply-To) are helped by that mail, if it is here.
func (s *session) settleThread(in *inbox.Inbound, p parsed) error {
	parents, references := p.header.ids("In-Reply-To"), p.header.ids("References")
	in.InReplyTo = first(parents)
	if in.InReplyTo == "" && len(references) > 0 {
		in.InReplyTo = references[len(references)-1]
	}
	if len(references) > 0 {
		in.Thread = references[0]
		return nil
	}
	if len(parents) == 0 {
		return nil
	}
	in.Thread = parents[0]
	found, err := s.withID(parents[0])
	if connectionLost(err) {
		return err
	}
	if len(found) == 0 {
		return nil
	}
	mails, err := s.load(found[:1])
	if err != nil || len(mails) == 0 {
		return err
	}
	parent, _, ok := s.c.parse(mails[0])
	if !ok || parent.id != parents[0] {
		return nil
	}
	if root := first(parent.header.ids("References")); root != "" {
		in.Thread = root
	} else if root := first(parent.header.ids("In-Reply-To")); root != "" {
		in.Thread = root
	}
	return nil
}

// fingerprint is a digest of what makes a mail itself: not of the lines that
// servers add on its way.
func fingerprint(raw []byte) string {
	h, body := splitHeader(raw)
	sum := sha256.New()
	for _, name := range []string{"From", "To", "Date", "Subject", "Message-ID", "References", "In-Reply-To"} {
		fmt.Fprintf(sum, "%d:%s\n", len(h.get(name)), h.get(name))
	}
	sum.Write([]byte(strings.TrimRight(normalLines(string(body)), "\n")))
	return "sha256:" + hex.EncodeToString(sum.Sum(nil))
}

func first(all []string) string {
	if len(all) == 0 {
		return ""
	}
	return all[0]
}
