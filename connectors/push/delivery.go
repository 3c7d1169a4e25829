package push

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/text/language"

	"standpunt/inbox"
	"standpunt/internal/fault"
)

// The limits of one delivery.
const (
	MaxMentions    = 500
	maxID          = 512     // bytes of an id, name or handle
	maxText        = 1 << 16 // bytes
	maxURL         = 2048    // bytes
	maxAttachments = 32
	maxAhead       = time.Hour // that a program's clock may be wrong
	maxFaults      = 20        // that are told at once
)

var kinds = []string{"post", "comment", "review", "message", "chat", "mail"}

// Delivery is what a program delivers.
type Delivery struct {
	Mentions []Mention `json:"mentions"`
}

// Mention is one item of a delivery: a new post, a newer state of one delivered before,
// or, with deleted, word that it is gone; that needs external_id and author alone.
type Mention struct {
	ExternalID  string       `json:"external_id"` // unique within the account
	Thread      string       `json:"thread"`
	InReplyTo   string       `json:"in_reply_to"`
	Author      Author       `json:"author"`
	Kind        string       `json:"kind"`       // post (if not given), comment, review, message, chat or mail
	Visibility  string       `json:"visibility"` // public or private
	Subject     string       `json:"subject"`
	Text        string       `json:"text"`
	Language    string       `json:"language"` // BCP 47; detected if not given
	URL         string       `json:"url"`
	PostedAt    time.Time    `json:"posted_at"` // RFC 3339
	EditedAt    time.Time    `json:"edited_at"`
	Deleted     bool         `json:"deleted"`
	Attachments []Attachment `json:"attachments"`
}

// Author is who wrote it.
type Author struct {
	ExternalID string `json:"external_id"` // stable: not the handle where that can change
	Handle     string `json:"handle"`
	Name       string `json:"name"`
	URL        string `json:"url"`
}

// Attachment is a file that came with it. It is listed, never fetched.
type Attachment struct {
	Name      string `json:"name"`
	MediaType string `json:"media_type"`
	Size      int64  `json:"size"` // bytes
	URL       string `json:"url"`
	AltText   string `json:"alt_text"`
}

// decode reads a delivery. The error is a fault that is about the first thing wrong; its
// details hold what else is, by place.
func decode(body []byte) ([]inbox.Inbound, error) {
	var d Delivery
	if err := json.Unmarshal(body, &d, json.RejectUnknownMembers(true)); err != nil {
		return nil, malformed(err)
	}
	var v verdict
	switch n := len(d.Mentions); {
	case n == 0:
		v.add("mentions", "", "there is no mention in the delivery", `Write {"mentions": [{...}]}.`)
	case n > MaxMentions:
		v.add("mentions", strconv.Itoa(n), "there are too many mentions", fmt.Sprintf("Deliver at most %d at once.", MaxMentions))
	}
	if v.first != nil {
		return nil, v.first
	}
	items := make([]inbox.Inbound, len(d.Mentions))
	for i := range d.Mentions {
		v.place = fmt.Sprintf("mentions[%d].", i)
		v.mention(&d.Mentions[i])
		items[i] = d.Mentions[i].inbound()
	}
	if v.first != nil {
		return nil, v.first
	}
	return items, nil
}

func (m *Mention) inbound() inbox.Inbound {
	in := inbox.Inbound{
		ExternalID: m.ExternalID, Thread: m.Thread, InReplyTo: m.InReplyTo,
		Author: inbox.Author{ExternalID: m.Author.ExternalID, Handle: m.Author.Handle, Name: m.Author.Name, URL: m.Author.URL},
		Kind:   m.Kind, Visibility: inbox.Visibility(m.Visibility), Subject: m.Subject, Text: m.Text, Language: m.Language, URL: m.URL,
		PostedAt: m.PostedAt.UTC(), EditedAt: m.EditedAt.UTC(), Deleted: m.Deleted,
	}
	if in.Kind == "" {
		in.Kind = "post"
	}
	for _, a := range m.Attachments {
		in.Attachments = append(in.Attachments, inbox.Attachment{Name: a.Name, MediaType: a.MediaType, Size: a.Size, URL: a.URL, AltText: a.AltText})
	}
	return in
}

// malformed is a JSON error with its place in our notation. The error's own
// text is left out: it may quote what a customer wrote.
func malformed(err error) *fault.Fault {
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		f := fault.New(fault.MalformedJSON, "the delivery is not well-formed JSON, at byte %d", syntax.ByteOffset).
			Fix("Send one object, UTF-8, no name twice in one object.").Because(err)
		f.Field = place(syntax.JSONPointer)
		return f
	}
	var semantic *json.SemanticError
	if !errors.As(err, &semantic) {
		return fault.New(fault.MalformedJSON, "the delivery cannot be read").Because(err)
	}
	at := place(semantic.JSONPointer)
	if errors.Is(err, json.ErrUnknownName) {
		return fault.New(fault.InvalidInput, "there is no such field").At(at, "").Fix("Remove it, or check its spelling.").Because(err)
	}
	remedy := "Look up the field's type in the API's description."
	if strings.HasSuffix(at, "_at") {
		remedy = "Write a time as RFC 3339 has it, such as 2026-03-01T14:05:00Z."
	}
	return fault.New(fault.InvalidInput, "the field has a value of the wrong type").At(at, "").Fix("%s", remedy).Because(err)
}

// place is a JSON pointer as we write it: mentions[2].author.external_id.
func place(pointer jsontext.Pointer) string {
	var b strings.Builder
	for token := range pointer.Tokens() {
		if n, err := strconv.Atoi(token); err == nil && n >= 0 {
			fmt.Fprintf(&b, "[%d]", n)
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(token)
	}
	return b.String()
}

// verdict collects what is wrong with a delivery.
type verdict struct {
	place string // "mentions[2]."
	first *fault.Fault
}

func (v *verdict) add(field, value, message, remedy string) {
	field = v.place + field
	if v.first == nil {
		v.first = fault.New(fault.InvalidInput, "%s", message).At(field, value).Fix("%s", remedy)
	} else if len(v.first.Details) < maxFaults {
		v.first = v.first.With(field, message)
	}
}

func (v *verdict) mention(m *Mention) {
	v.id("external_id", m.ExternalID, true)
	v.id("thread", m.Thread, false)
	v.id("in_reply_to", m.InReplyTo, false)
	v.id("author.external_id", m.Author.ExternalID, true)
	v.id("author.handle", m.Author.Handle, false)
	v.id("author.name", m.Author.Name, false)
	v.address("author.url", m.Author.URL)
	v.address("url", m.URL)
	v.words(m)
	v.times(m)
	if n := len(m.Attachments); n > maxAttachments {
		v.add("attachments", strconv.Itoa(n), "there are too many attachments", fmt.Sprintf("List at most %d.", maxAttachments))
		return
	}
	for i, a := range m.Attachments {
		at := fmt.Sprintf("attachments[%d].", i)
		v.id(at+"name", a.Name, false)
		v.id(at+"media_type", a.MediaType, false)
		v.address(at+"url", a.URL)
		v.length(at+"alt_text", a.AltText, maxText)
		if a.Size < 0 {
			v.add(at+"size", strconv.FormatInt(a.Size, 10), "is negative", "Write the size in bytes, or leave it out.")
		}
	}
}

func (v *verdict) words(m *Mention) {
	if m.Kind != "" && !slices.Contains(kinds, m.Kind) {
		v.add("kind", m.Kind, "is none of the kinds there are", "Write one of "+strings.Join(kinds, ", ")+".")
	}
	if m.Visibility != string(inbox.Public) && m.Visibility != string(inbox.Private) && (m.Visibility != "" || !m.Deleted) {
		v.add("visibility", m.Visibility, "says neither public nor private", "Write public where anybody can read it, else private.")
	}
	if m.Text == "" && !m.Deleted && len(m.Attachments) == 0 {
		v.add("text", "", "is empty", "Write the text as its readers see it, or set deleted.")
	}
	v.length("text", m.Text, maxText)
	v.length("subject", m.Subject, maxURL)
	if _, err := language.Parse(m.Language); err != nil && m.Language != "" {
		v.add("language", m.Language, "is not a language", "Write it as BCP 47 has it, such as nl or en-GB, or leave it out.")
	}
}

func (v *verdict) times(m *Mention) {
	latest := time.Now().Add(maxAhead)
	switch {
	case m.PostedAt.IsZero() && !m.Deleted:
		v.add("posted_at", "", "is missing", "Write when it was posted, such as 2026-03-01T14:05:00Z.")
	case m.PostedAt.After(latest):
		v.add("posted_at", m.PostedAt.Format(time.RFC3339), "lies in the future", "Check the program's clock and its time zone.")
	case !m.PostedAt.IsZero() && m.PostedAt.Year() < 1990:
		v.add("posted_at", m.PostedAt.Format(time.RFC3339), "lies before 1990", "Write when it was posted.")
	}
	switch {
	case m.EditedAt.IsZero():
	case m.EditedAt.After(latest):
		v.add("edited_at", m.EditedAt.Format(time.RFC3339), "lies in the future", "Check the program's clock and its time zone.")
	case m.EditedAt.Before(m.PostedAt):
		v.add("edited_at", m.EditedAt.Format(time.RFC3339), "lies before posted_at", "Leave it out where nothing was edited.")
	}
}

func (v *verdict) id(field, value string, needed bool) {
	switch {
	case value == "" && needed:
		v.add(field, "", "is missing", "Write the stable id that the platform uses.")
	case value != "" && !isWord(value, maxID):
		v.add(field, value, "is too long or has control characters", fmt.Sprintf("Write at most %d bytes of printable text.", maxID))
	}
}

func (v *verdict) length(field, value string, most int) {
	if len(value) > most {
		v.add(field, "", fmt.Sprintf("is %d bytes long", len(value)), fmt.Sprintf("Write at most %d bytes.", most))
	}
}

func (v *verdict) address(field, value string) {
	if value == "" {
		return
	}
	u, err := url.Parse(value)
	if err != nil || len(value) > maxURL || u.Host == "" || u.User != nil || (u.Scheme != "https" && u.Scheme != "http") {
		v.add(field, value, "is not a web address", "Write an absolute http or https address, or leave it out.")
	}
}

// isWord reports whether s is printable UTF-8 of at most so many bytes.
func isWord(s string, most int) bool {
	return s != "" && len(s) <= most && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}
