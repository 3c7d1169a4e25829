package platform

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"standpunt/connectors/internal/graph/graphreplay"
)

const (
	longestComment = 2200
	longestMessage = 1000 // bytes
	window         = 24 * time.Hour
	privateWindow  = 7 * 24 * time.Hour
)

// text is the parameter message, as long as Instagram takes it.
func text(form url.Values) (string, *refusal) {
	said := form.Get("message")
	if said == "" || len(utf16.Encode([]rune(said))) > longestComment {
		return "", graphreplay.Refuse(http.StatusBadRequest, 100, 0, "The parameter message is required, and of 2200 characters at most")
	}
	return said, nil
}

// own is a comment by the account; the caller places it.
func (p *Platform) own(said string) *node {
	return &node{kind: comment, fromID: p.o.UserID, username: p.o.Username, text: said}
}

// lives is for how long a renewed token of Instagram Login lives.
const lives = 60 * 24 * time.Hour

// renew makes a new token of one that is at least a day old. The old one
// lives on as long as it would have.
func (p *Platform) renew(form url.Values) (any, *refusal) {
	if no := graphreplay.Only(form, "grant_type"); no != nil {
		return nil, no
	}
	if form.Get("grant_type") != "ig_refresh_token" || form.Get("access_token") == "" {
		return nil, graphreplay.Refuse(http.StatusBadRequest, 100, 0, "Missing or invalid parameter")
	}
	if time.Since(p.tokenMade) < 24*time.Hour {
		return nil, graphreplay.Refuse(http.StatusBadRequest, 10, 0, "The token is too young to be renewed")
	}
	p.last++
	p.tokenMade = time.Now()
	renewed := p.o.Token + strconv.FormatInt(p.last, 10)
	p.older, p.o.Token = append(p.older, p.o.Token), renewed
	return map[string]any{"access_token": renewed, "token_type": "bearer", "expires_in": int64(lives / time.Second)}, nil
}

func (p *Platform) reply(at *node, form url.Values) (any, *refusal) {
	if no := graphreplay.Only(form, "message"); no != nil {
		return nil, no
	}
	if no := p.mayModerate(); no != nil {
		return nil, no
	}
	said, no := text(form)
	switch {
	case no != nil:
		return nil, no
	case at.hidden:
		return nil, graphreplay.Refuse(http.StatusBadRequest, 100, 0, "You cannot reply to a hidden comment")
	case at.live:
		return nil, graphreplay.Refuse(http.StatusBadRequest, 100, 0, "You cannot reply to comments on a live video")
	}
	n := p.own(said)
	p.under(n, at.id)
	p.put(n)
	p.tell(n)
	return map[string]any{"id": n.id}, nil
}

func (p *Platform) hide(n *node, form url.Values) (any, *refusal) {
	if no := graphreplay.Only(form, "hide"); no != nil {
		return nil, no
	}
	if no := p.mayModerate(); no != nil {
		return nil, no
	}
	if n.fromID == p.o.UserID {
		return nil, graphreplay.Refuse(http.StatusBadRequest, 100, 0, "Comments by the owner of the media are always shown")
	}
	n.hidden = form.Get("hide") == "true"
	return map[string]any{"success": true}, nil
}

func (p *Platform) remove(n *node, form url.Values) (any, *refusal) {
	if no := graphreplay.Only(form); no != nil {
		return nil, no
	}
	if no := p.mayModerate(); no != nil {
		return nil, no
	}
	p.erase(n.id)
	return map[string]any{"success": true}, nil
}

func (p *Platform) answerMention(form url.Values) (any, *refusal) {
	if no := graphreplay.Only(form, "media_id", "comment_id", "message"); no != nil {
		return nil, no
	}
	if no := p.mayModerate(); no != nil {
		return nil, no
	}
	said, no := text(form)
	if no != nil {
		return nil, no
	}
	at := p.nodes[form.Get("media_id")]
	if which := form.Get("comment_id"); which != "" {
		if c := p.nodes[which]; c == nil || c.media != form.Get("media_id") {
			return nil, graphreplay.Gone()
		}
		at = p.nodes[which]
	}
	if at == nil || !at.mentions {
		return nil, graphreplay.Refuse(http.StatusBadRequest, 100, 0, "The account is not mentioned there")
	}
	n := p.own(said)
	p.under(n, at.id)
	return map[string]any{"id": p.put(n).id}, nil
}

// send is a private message, or the one private answer to a comment.
func (p *Platform) send(form url.Values) (any, *refusal) {
	if no := graphreplay.Only(form, "recipient", "message", "messaging_type", "tag"); no != nil {
		return nil, no
	}
	if no := p.mayMessage(); no != nil {
		return nil, no
	}
	var to struct {
		ID      string `json:"id"`
		Comment string `json:"comment_id"`
	}
	var said struct {
		Text string `json:"text"`
	}
	if strict(form.Get("recipient"), &to) != nil || strict(form.Get("message"), &said) != nil || (to.ID == "") == (to.Comment == "") {
		return nil, graphreplay.Refuse(http.StatusBadRequest, 100, 0, "recipient and message must be objects")
	}
	if said.Text == "" || len(said.Text) > longestMessage {
		return nil, graphreplay.Refuse(http.StatusBadRequest, 100, 2534014, "Length of param message[text] must be less than or equal to 1000")
	}
	if to.Comment != "" {
		c := p.nodes[to.Comment]
		switch {
		case c == nil || c.kind != comment || c.foreign || c.nameless:
			return nil, graphreplay.Gone()
		case p.private[c.id]:
			return nil, graphreplay.Refuse(http.StatusBadRequest, 10900, 0, "Activity already replied to")
		case time.Since(c.created) > privateWindow:
			return nil, graphreplay.Refuse(http.StatusBadRequest, 10903, 0, "This user cannot reply to this activity")
		}
		p.private[c.id] = true
		to.ID = c.fromID
	} else if at := p.newestFrom(to.ID); at.IsZero() || time.Since(at) > p.window(form) {
		return nil, graphreplay.Refuse(http.StatusBadRequest, 10, 2534022, "This message is sent outside of allowed window.")
	}
	n := p.put(&node{kind: message, with: to.ID, fromID: p.o.UserID, username: p.o.Username, text: said.Text})
	p.tell(n)
	return map[string]any{"recipient_id": to.ID, "message_id": n.id}, nil
}

// window is for how long messages are answered: longer for people who say so
// where Meta allows the app that.
func (p *Platform) window(form url.Values) time.Duration {
	if form.Get("tag") == "HUMAN_AGENT" && form.Get("messaging_type") == "MESSAGE_TAG" && slices.Contains(p.o.Permissions, "human_agent") {
		return privateWindow
	}
	return window
}

func strict(text string, v any) error {
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode(v)
}
