package twitter

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	gotwitter "github.com/dghubble/go-twitter/twitter" //nolint:staticcheck // deprecated with the API that it is for

	"standpunt/inbox"
)

// legacyID is an id as text: the string that the server sent, or else the number.
func legacyID(text string, number int64) string {
	if text != "" || number <= 0 {
		return text
	}
	return strconv.FormatInt(number, 10)
}

func legacyUser(u *gotwitter.User) user {
	if u == nil {
		return user{}
	}
	return user{ID: legacyID(u.IDStr, u.ID), Username: u.ScreenName, Name: u.Name}
}

// legacyPost is a tweet in the shape of API v2, so that both APIs read texts,
// links and relations alike. edits are the versions of the posts that were edited.
// Its conversation is known here only where it begins with the post itself.
func legacyPost(t *gotwitter.Tweet, edits map[string][]string) post {
	p := post{ID: legacyID(t.IDStr, t.ID), Language: t.Lang, TweetHistory: edits[legacyID(t.IDStr, t.ID)]}
	if u := legacyUser(t.User); u.ID != "" {
		p.AuthorID, p.Author = u.ID, &u
	}
	p.CreatedAt = legacyTime(t, p.ID)
	p.ToUser = legacyID(t.InReplyToUserIDStr, t.InReplyToUserID)
	p.Text, p.Entities = cmp.Or(t.FullText, t.Text), legacyEntities(t.Entities)
	if x := t.ExtendedTweet; x != nil && x.FullText != "" {
		p.Text, p.Entities = x.FullText, legacyEntities(x.Entities)
	}
	for _, r := range []reference{
		{"replied_to", legacyID(t.InReplyToStatusIDStr, t.InReplyToStatusID)},
		{"quoted", legacyID(t.QuotedStatusIDStr, t.QuotedStatusID)},
	} {
		if isID(r.ID) {
			p.ReferencedTweets = append(p.ReferencedTweets, r)
		}
	}
	if of := t.RetweetedStatus; of != nil {
		p.ReferencedTweets = append(p.ReferencedTweets, reference{"retweeted", legacyID(of.IDStr, of.ID)})
	}
	if p.refers("replied_to") == "" {
		p.Conversation = p.first()
	}
	return p
}

func legacyEntities(e *gotwitter.Entities) (found entities) {
	if e == nil {
		return found
	}
	found.URLs = slices.Grow(found.URLs, len(e.Urls))[:len(e.Urls)]
	for i, u := range e.Urls {
		found.URLs[i].URL, found.URLs[i].Expanded = u.URL, u.ExpandedURL
	}
	found.Mentions = slices.Grow(found.Mentions, len(e.UserMentions))[:len(e.UserMentions)]
	for i, m := range e.UserMentions {
		found.Mentions[i].Username, found.Mentions[i].ID = m.ScreenName, legacyID(m.IDStr, m.ID)
	}
	return found
}

// legacyTime is when the tweet with the id was made. X's ids hold the
// milliseconds that created_at lacks; other servers' ids hold no time.
func legacyTime(t *gotwitter.Tweet, id string) time.Time {
	told, err := t.CreatedAtTime()
	if err != nil {
		if told, err = time.Parse(time.RFC3339, t.CreatedAt); err != nil {
			return time.Time{}
		}
	}
	if exact := timeOf(id); exact.Truncate(time.Second).Equal(told) {
		return exact
	}
	return told.UTC()
}

// inbound is the post as a mention. The rule that X takes answers only
// under posts that mention or quote us is one of plans without API v1.1.
func (l *Legacy) inbound(p *post, self string) inbox.Inbound {
	in := l.c.inbound(p, new(includes), self, false)
	if p.refers("retweeted") == "" {
		in.Unanswerable = ""
	}
	return in
}
