package inbox

import (
	"encoding/binary"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"standpunt/audit"
)

// payloadVersion begins every payload, so that another layout is another payload.
const payloadVersion = "standpunt/mention/v1"

// MentionPayload is the mention as it is shown, in deterministic bytes: what
// its digest covers. A text is 8 bytes of length, big-endian, and its UTF-8; a
// time is 8 bytes of milliseconds since 1970, 0 for none; a list is 8 bytes of
// count and its items. In order: "standpunt/mention/v1", account, external id,
// thread, in reply to, the author's external id, handle and name, kind,
// visibility, subject, text, quoted, posted, edited, deleted, the attachments (name,
// media type, size in 8 bytes, URL, alternative text), the route (name, value)
// and why it cannot be answered.
func MentionPayload(m *Mention) []byte {
	p := make(payload, 0, 256+len(m.Text)+len(m.Quoted))
	p.text(payloadVersion)
	p.text(string(m.Account))
	p.text(m.ExternalID)
	p.text(m.Thread)
	p.text(m.InReplyTo)
	p.text(m.Author.ExternalID)
	p.text(m.Author.Handle)
	p.text(m.Author.Name)
	p.text(m.Kind)
	p.text(string(m.Visibility))
	p.text(m.Subject)
	p.text(m.Text)
	p.text(m.Quoted)
	p.time(m.PostedAt)
	p.time(m.EditedAt)
	p.time(m.DeletedAt)
	p.number(int64(len(m.Attachments)))
	for _, a := range m.Attachments {
		p.text(a.Name)
		p.text(a.MediaType)
		p.number(a.Size)
		p.text(a.URL)
		p.text(a.AltText)
	}
	p.number(int64(len(m.Route)))
	for _, f := range m.Route {
		p.text(f.Name)
		p.text(f.Value)
	}
	p.text(m.Unanswerable)
	return p
}

type payload []byte

func (p *payload) number(n int64) {
	*p = binary.BigEndian.AppendUint64(*p, uint64(n))
}

func (p *payload) text(s string) {
	p.number(int64(len(s)))
	*p = append(*p, s...)
}

func (p *payload) time(t time.Time) {
	if t.IsZero() {
		p.number(0)
		return
	}
	p.number(t.UnixMilli())
}

// PageRoot is the Merkle root (RFC 6962, section 2.1) over the commitments of
// one page's mentions, in their order: what the event "inbox.ingested" carries
// as its digest. No commitments have the zero root.
func PageRoot(leaves []audit.Commitment) audit.Commitment {
	if len(leaves) == 0 {
		return audit.Commitment{}
	}
	return audit.Commitment(merkle(leaves))
}

func merkle(leaves []audit.Commitment) tlog.Hash {
	if len(leaves) == 1 {
		return tlog.RecordHash(leaves[0][:])
	}
	left := 1
	for left*2 < len(leaves) {
		left *= 2
	}
	return tlog.NodeHash(merkle(leaves[:left]), merkle(leaves[left:]))
}
