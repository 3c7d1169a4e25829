package facebook

import (
	"crypto/sha256"
	"time"
)

// sight is what became known of a post, comment or message.
type sight struct {
	read time.Time // when a poll showed how it stands, on Facebook's clock; zero: never
	text [sha256.Size]byte
	// edited is when the text became what it is, as far as anything told.
	edited time.Time
	gone   bool
}

// lateness is how far Facebook's own servers may be behind each other: what a
// call showed is newer than what was told of an earlier moment than that.
const lateness = time.Minute

// sawRead notes that a poll showed how something stands, and returns when it
// was last edited. Of an edit that nobody told of, that is when it was seen:
// Facebook's answers have no time for it. What a delivery asked for is not noted
// here: where that cannot be kept, the delivery comes again, and is not old then.
func (c *Connector) sawRead(id, text string, at time.Time) (edited time.Time) {
	if at.IsZero() {
		at = time.Now().Add(-clockSkew)
	}
	s, known := c.sights.Get(id)
	sum := sha256.Sum256([]byte(text))
	if known && s.text != sum {
		s.edited = at.UTC().Truncate(time.Second)
	}
	s.read, s.text = latest(s.read, at), sum
	c.sights.Put(id, s)
	return s.edited
}

// sawTold notes how a delivery told, or learned, that something stands.
func (c *Connector) sawTold(id, text string, edited time.Time) {
	s, _ := c.sights.Get(id)
	s.text, s.edited = sha256.Sum256([]byte(text)), latest(s.edited, edited)
	c.sights.Put(id, s)
}

// sawGone notes that something was deleted.
func (c *Connector) sawGone(id string) { c.sights.Put(id, sight{gone: true}) }

// outdated reports whether how something stood at a moment, since it was last
// edited then, is known to be old. As it was before it was ever edited (zero) it
// is from its first edit on, whatever the moment: Facebook's count in seconds.
func (c *Connector) outdated(id string, stood, edited time.Time) bool {
	s, known := c.sights.Get(id)
	return known && (s.gone || stood.Before(s.edited) || edited.IsZero() && !s.edited.IsZero() || stood.Add(lateness).Before(s.read))
}
