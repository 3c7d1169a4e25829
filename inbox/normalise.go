package inbox

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The bounds of an item. What is longer is cut and noted in
// [Mention.Repairs]; an identifier is never cut, the item is quarantined.
const (
	longestID       = 512       // bytes
	longestText     = 256 << 10 // bytes, of text and of quoted history each
	longestSubject  = 1 << 10
	longestName     = 256
	longestURL      = 2 << 10
	longestRoute    = 16 << 10 // bytes, of one value
	mostAttachments = 64
	mostRoute       = 64
	cutMark         = " […]"
	furthestAhead   = 24 * time.Hour
)

// earliest is the first time that a platform can mean.
var earliest = time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)

// repair is one item on its way to a mention.
type repair struct {
	in    Inbound
	notes []string
}

// normalise makes an item fit to keep. An error says, without content, why it
// cannot be kept at all.
func normalise(in Inbound, now time.Time) (Inbound, []string, error) {
	in.Attachments, in.Route = slices.Clone(in.Attachments), slices.Clone(in.Route)
	r := &repair{in: in}
	if err := r.identifiers(); err != nil {
		return in, nil, err
	}
	if r.in.Deleted {
		return r.in, nil, nil
	}
	if err := r.kinds(); err != nil {
		return in, nil, err
	}
	r.texts()
	r.lists()
	r.times(now)
	return r.in, r.notes, nil
}

func (r *repair) note(format string, args ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

func (r *repair) identifiers() error {
	for _, f := range []struct {
		name, value string
		required    bool
	}{
		{"external id", r.in.ExternalID, true},
		{"author's external id", r.in.Author.ExternalID, !r.in.Deleted},
		{"thread", r.in.Thread, false},
		{"id of the post it answers", r.in.InReplyTo, false},
	} {
		switch {
		case f.value == "" && f.required:
			return fmt.Errorf("the %s is empty", f.name)
		case len(f.value) > longestID:
			return fmt.Errorf("the %s has %d bytes, more than %d", f.name, len(f.value), longestID)
		case strings.ToValidUTF8(f.value, "") != f.value:
			return fmt.Errorf("the %s is not UTF-8", f.name)
		}
	}
	return nil
}

func (r *repair) kinds() error {
	switch r.in.Visibility {
	case Public, Private:
	case "":
		return errors.New("it does not say whether it is public or private")
	default:
		return errors.New("its visibility is neither public nor private")
	}
	if r.in.Kind == "" {
		r.in.Kind = "post"
	}
	r.in.Kind = r.line("kind", r.in.Kind, longestName)
	return nil
}

func (r *repair) texts() {
	r.in.Text = r.text("text", r.in.Text, longestText)
	r.in.Quoted = r.text("quoted history", r.in.Quoted, longestText)
	r.in.Subject = r.line("subject", r.in.Subject, longestSubject)
	r.in.Author.Handle = r.line("author's handle", r.in.Author.Handle, longestName)
	r.in.Author.Name = r.line("author's name", r.in.Author.Name, longestName)
	r.in.Unanswerable = r.line("reason why it cannot be answered", r.in.Unanswerable, longestSubject)
	r.in.Author.URL = r.url("author's address", r.in.Author.URL)
	r.in.URL = r.url("address", r.in.URL)
	r.in.Author.Followers = max(r.in.Author.Followers, 0)
	r.in.Language = baseLanguage(r.in.Language)
	if r.in.Language == "" {
		r.in.Language = detectLanguage(r.in.Subject + " " + r.in.Text)
	}
}

func (r *repair) lists() {
	if n := len(r.in.Attachments); n > mostAttachments {
		r.note("Of %d attachments the first %d are listed.", n, mostAttachments)
		r.in.Attachments = r.in.Attachments[:mostAttachments]
	}
	for i := range r.in.Attachments {
		a := &r.in.Attachments[i]
		a.Name = r.line("attachment's name", a.Name, longestName)
		a.MediaType = r.line("attachment's type", a.MediaType, longestName)
		a.AltText = r.text("attachment's description", a.AltText, longestSubject)
		a.URL = r.url("attachment's address", a.URL)
		a.Size = max(a.Size, 0)
	}
	if len(r.in.Route) > mostRoute || slices.ContainsFunc(r.in.Route, func(f Field) bool {
		return len(f.Name) > longestName || len(f.Value) > longestRoute ||
			strings.ToValidUTF8(f.Name+f.Value, "") != f.Name+f.Value
	}) {
		r.in.Route = nil
		r.note("What the connector needs to answer it was too long or not text, and is left out.")
		if r.in.Unanswerable == "" {
			r.in.Unanswerable = UnansweredNoWayBack.English()
		}
	}
}

// times brings the platform's times to UTC milliseconds and within reason.
func (r *repair) times(now time.Time) {
	switch posted := r.in.PostedAt; {
	case posted.IsZero():
		r.in.PostedAt = now
		r.note("The platform did not tell when it was posted; this is when it came in.")
	case posted.Before(earliest), posted.After(now.Add(furthestAhead)):
		r.in.PostedAt = now
		r.note("The platform's time, %s, cannot be right; this is when it came in.", posted.UTC().Format(time.RFC3339))
	}
	if e := r.in.EditedAt; !e.IsZero() && (e.Before(earliest) || e.After(now.Add(furthestAhead))) {
		r.in.EditedAt = now
		r.note("The platform's time of the edit, %s, cannot be right; this is when it came in.", e.UTC().Format(time.RFC3339))
	}
	r.in.PostedAt = r.in.PostedAt.UTC().Truncate(time.Millisecond)
	if !r.in.EditedAt.IsZero() {
		r.in.EditedAt = r.in.EditedAt.UTC().Truncate(time.Millisecond)
	}
}

// text repairs what may have several lines.
func (r *repair) text(what, s string, most int) string {
	if valid := strings.ToValidUTF8(s, "\uFFFD"); valid != s {
		r.note("The %s was not UTF-8; what could not be read is shown as \uFFFD.", what)
		s = valid
	}
	if len(s) > most {
		r.note("The %s had %d bytes and is cut.", what, len(s))
		s = clip(s, most-len(cutMark)) + cutMark
	}
	return s
}

// line repairs what has one line.
func (r *repair) line(what, s string, most int) string {
	if strings.ContainsAny(s, "\r\n\x00") {
		s = strings.Join(strings.FieldsFunc(s, func(c rune) bool { return c == '\r' || c == '\n' || c == 0 }), " ")
	}
	return r.text(what, s, most)
}

// url drops what is too long or not text: half an address leads elsewhere.
func (r *repair) url(what, s string) string {
	if len(s) > longestURL || strings.ToValidUTF8(s, "") != s {
		r.note("The %s was too long or not text, and is left out.", what)
		return ""
	}
	return s
}

// excerpt is the beginning of a text on one line, at most 280 characters.
func excerpt(text string) string {
	const most = 280
	text = strings.Join(strings.Fields(clip(text, 8*most)), " ")
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}
