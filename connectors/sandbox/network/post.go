package network

import (
	"crypto/sha256"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rivo/uniseg"

	"standpunt/internal/fault"
	"standpunt/internal/id"
)

// MaxLength is how many characters a post may have, counted as a reader
// counts them (grapheme clusters): a family emoji is one.
const MaxLength = 500

// PostID identifies one post. Ids sort by the time of posting.
type PostID = id.ID[Post]

// ProfileID identifies an account for ever, whatever its name becomes.
type ProfileID = id.ID[Profile]

// Handle is an account's name in mentions and links, in lower case and without
// the @.
type Handle string

// Key is the handle as a store key.
func (h Handle) Key() []byte { return []byte(h) }

// Post is one post in its newest state.
type Post struct {
	ID        PostID    `cbor:"1,keyasint"`
	Author    Handle    `cbor:"2,keyasint"`
	Text      string    `cbor:"3,keyasint"` // empty once deleted
	InReplyTo PostID    `cbor:"4,keyasint"` // zero for a post that answers nothing
	Thread    PostID    `cbor:"5,keyasint"` // the post that began the thread, itself if it did
	PostedAt  time.Time `cbor:"6,keyasint"`
	EditedAt  time.Time `cbor:"7,keyasint,omitzero"`
	DeletedAt time.Time `cbor:"8,keyasint,omitzero"`
	// Change is the number of the newest change: a post that is edited or deleted moves to
	// the end of the feed.
	Change uint64 `cbor:"9,keyasint"`
	// Concerns are the accounts that the post is of interest to: its author, whom it mentions
	// and whom the posts concerned that it answers. It only grows.
	Concerns []Handle `cbor:"10,keyasint"`
	// Tag is whatever the posting program wanted to recognise its post by. The network shows
	// it in the API and makes nothing of it: two posts can have the same.
	Tag string `cbor:"11,keyasint,omitempty"`
	// PeopleOnly is the author's wish to be answered by people: the API takes no reply to it
	// from a brand account, the network's own pages do.
	PeopleOnly bool `cbor:"12,keyasint,omitempty"`
}

// Deleted reports whether the post is gone from the public pages.
func (p *Post) Deleted() bool { return !p.DeletedAt.IsZero() }

// Profile is an account: a brand with a token, or a customer without.
type Profile struct {
	Handle    Handle    `cbor:"1,keyasint"`
	ID        ProfileID `cbor:"2,keyasint"`
	Name      string    `cbor:"3,keyasint"`
	Brand     bool      `cbor:"4,keyasint,omitempty"`
	TokenHash []byte    `cbor:"5,keyasint,omitempty"` // SHA-256, of brands alone
	Since     time.Time `cbor:"6,keyasint"`
	// PasswordHash is the SHA-256 of what a person gives to post as the brand on the network's
	// pages; empty where nobody can.
	PasswordHash []byte `cbor:"7,keyasint,omitempty"`
}

// Draft is a post to be made.
type Draft struct {
	Author    Handle
	Text      string
	InReplyTo PostID
	Tag       string    // up to 64 bytes; see [Post]
	At        time.Time // when it was posted; zero means now
	// PeopleOnly asks to be answered by people; see [Post].
	PeopleOnly bool

	name    string // of an author who posts for the first time
	id      PostID // zero: made when it is posted
	trusted bool   // may speak for a brand without its token
	byHand  bool   // comes from the network's own pages
}

var handlePattern = regexp.MustCompile(`^[\p{L}\p{N}_](?:[\p{L}\p{N}_.-]{0,48}[\p{L}\p{N}_])?$`)

// parseHandle folds what somebody typed, with or without the @.
func parseHandle(field, typed string) (Handle, error) {
	folded := strings.ToLower(strings.TrimPrefix(strings.TrimSpace(typed), "@"))
	switch {
	case folded == "":
		return "", fault.New(fault.InvalidInput, "a handle is missing").At(field, typed).
			Fix("Give the name to post as, such as eva_bakker.")
	case !handlePattern.MatchString(folded):
		f := fault.New(fault.InvalidInput, "this is not a handle").At(field, typed)
		return "", f.Fix("Use up to 50 letters, digits, dots, dashes and underscores, such as %s.", suggestHandle(folded))
	}
	return Handle(folded), nil
}

var notInHandle = regexp.MustCompile(`[^\p{L}\p{N}_]+`)

func suggestHandle(typed string) string {
	s := strings.Trim(notInHandle.ReplaceAllString(typed, "_"), "_")
	if r := []rune(s); len(r) > 50 {
		s = string(r[:50])
	}
	if s == "" {
		return "eva_bakker"
	}
	return s
}

// checkText refuses what cannot be posted. It never changes the text.
func checkText(text string) error {
	if !utf8.ValidString(text) {
		return fault.New(fault.InvalidInput, "the text is not valid UTF-8").At("text", "").
			Fix("Send the text as UTF-8.")
	}
	if strings.TrimSpace(text) == "" {
		return fault.New(fault.EmptyText, "the text is empty").At("text", text).Fix("Write something.")
	}
	if n := uniseg.GraphemeClusterCount(text); n > MaxLength {
		return fault.New(fault.TextTooLong, "the text has %d characters and %d are allowed", n, MaxLength).
			At("text", text).Fix("Shorten it by %d characters.", n-MaxLength)
	}
	return nil
}

var mentionPattern = regexp.MustCompile(`(^|[^\p{L}\p{N}_@/.])@([\p{L}\p{N}_](?:[\p{L}\p{N}_.-]*[\p{L}\p{N}_])?)`)

// mentioned lists the handles that text names with an @, folded, each once. An
// address such as care@brand.test names nobody.
func mentioned(text string) []Handle {
	var found []Handle
	for _, m := range mentionPattern.FindAllStringSubmatch(text, -1) {
		if h := Handle(strings.ToLower(m[2])); !slices.Contains(found, h) {
			found = append(found, h)
		}
	}
	return found
}

// concerns is the union of the lists, each handle once.
func concerns(lists ...[]Handle) []Handle {
	all := slices.Concat(lists...)
	slices.Sort(all)
	return slices.Compact(all)
}

func hashToken(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// clickable finds links and mentions: group 2 is the mention's handle.
var clickable = regexp.MustCompile(`https?://[^\s<>"]*[^\s<>".,;:!?)\]'…]|(^|[^\p{L}\p{N}_@/.])@([\p{L}\p{N}_](?:[\p{L}\p{N}_.-]*[\p{L}\p{N}_])?)`)
