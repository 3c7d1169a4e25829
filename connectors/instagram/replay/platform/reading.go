package platform

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"standpunt/connectors/internal/graph/graphreplay"
)

const (
	layout             = "2006-01-02T15:04:05-0700"
	conversationPrefix = "aWdfZAG06"
	inDetail           = 20 // of a conversation's messages, the newest
)

func (p *Platform) inspect(form url.Values) (any, *refusal) {
	return graphreplay.Token{
		Text: p.o.Token, AppID: appID, Type: cmp.Or(p.o.TokenType, "PAGE"), PageID: cmp.Or(p.o.TokenOf, p.o.PageID),
		Permissions: p.o.Permissions, Ends: p.o.TokenEnds,
	}.Inspect(form)
}

// appID is that of the app that the token is of.
const appID = "1230001230001"

// subscriptions are what is delivered to the app. Over Facebook Login it is the
// linked Page that is subscribed, to anything.
func (p *Platform) subscriptions(form url.Values) (any, *refusal) {
	if no := graphreplay.Only(form, "limit"); no != nil {
		return nil, no
	}
	if len(p.o.Subscribed) == 0 {
		return map[string]any{"data": []any{}}, nil
	}
	return map[string]any{"data": []any{map[string]any{"id": appID, "name": "Standpunt", "subscribed_fields": p.o.Subscribed}}}, nil
}

// accountFields and pageFields are what an account, and a Page, can be subscribed
// to, as far as it concerns what people write.
var (
	accountFields = []string{
		"comments", "live_comments", "mentions", "messages", "message_edit", "messaging_postbacks", "message_reactions", "messaging_seen",
		"messaging_referral", "messaging_optins", "messaging_handover", "standby", "story_insights",
	}
	pageFields = []string{
		"feed", "mention", "messages", "message_echoes", "message_edits", "messaging_postbacks", "message_deliveries", "message_reads",
		"message_reactions", "messaging_optins", "messaging_referrals", "standby", "ratings", "live_videos", "videos", "leadgen",
	}
)

// subscribe installs the app on the account, or on the Page that it is linked to.
func (p *Platform) subscribe(form url.Values, page bool) (any, *refusal) {
	known := accountFields
	if page {
		known = pageFields
	}
	fields, no := graphreplay.Subscribe(form, known)
	if no != nil {
		return nil, no
	}
	p.o.Subscribed = fields
	return map[string]any{"success": true}, nil
}

// linked is the Page that the account is linked to.
func (p *Platform) linked(form url.Values) (any, *refusal) {
	if no := graphreplay.Only(form, "fields"); no != nil {
		return nil, no
	}
	return graphreplay.Asked(map[string]any{"id": p.o.PageID, "name": p.o.Username, "instagram_business_account": map[string]any{"id": p.o.UserID}}, form)
}

// user is the account; only "me" tells the id that its app knows it by.
func (p *Platform) user(form url.Values, me bool) (any, *refusal) {
	if no := graphreplay.Only(form, "fields"); no != nil {
		return nil, no
	}
	view := map[string]any{
		"id": p.o.UserID, "username": p.o.Username, "mentioned_comment": graphreplay.Expansion(p.mentionedComment), "mentioned_media": graphreplay.Expansion(p.mentionedMedia),
	}
	if me {
		view["id"], view["user_id"], view["account_type"] = "9"+p.o.UserID[1:], p.o.UserID, "BUSINESS"
	}
	return graphreplay.Asked(view, form)
}

func (p *Platform) mentionedComment(f graphreplay.Field) (any, *refusal) {
	n := p.nodes[f.Arg]
	if no := p.mayModerate(); no != nil {
		return nil, no
	}
	if f.Key != "comment_id" || n == nil || n.kind != comment || !n.foreign || !n.mentions {
		return nil, graphreplay.Gone()
	}
	view := p.view(n)
	for _, name := range []string{"from", "hidden", "parent_id", "replies"} {
		delete(view, name)
	}
	return graphreplay.Pick(view, f.Sub)
}

func (p *Platform) mentionedMedia(f graphreplay.Field) (any, *refusal) {
	n := p.nodes[f.Arg]
	if no := p.mayModerate(); no != nil {
		return nil, no
	}
	if f.Key != "media_id" || n == nil || n.kind != media || !n.mentions {
		return nil, graphreplay.Gone()
	}
	return graphreplay.Pick(p.view(n), f.Sub)
}

// view is everything that a node can tell.
func (p *Platform) view(n *node) map[string]any {
	from := map[string]any{"id": n.fromID, "username": n.username}
	var username any = n.username
	if n.nameless {
		from, username = nil, nil
	}
	switch n.kind {
	case message:
		v := map[string]any{"id": n.id, "created_time": n.created.Format(layout), "from": from, "message": n.text, "attachments": nil,
			"to": map[string]any{"data": []any{map[string]any{"id": p.o.UserID, "username": p.o.Username}}}}
		if n.fromID == p.o.UserID {
			v["to"] = map[string]any{"data": []any{map[string]any{"id": n.with}}}
		}
		if n.attachment == "image" || n.attachment == "video" { // of shared posts and stories the API tells nothing
			v["attachments"] = map[string]any{"data": []any{map[string]any{n.attachment + "_data": map[string]any{"url": p.cdn(n)}}}}
		}
		return v
	case media:
		caption := n.text
		if n.foreign {
			caption = strings.ReplaceAll(caption, "@", "") // as Instagram does on others' posts
		}
		return map[string]any{
			"id": n.id, "caption": caption, "timestamp": n.created.Format(layout), "username": username, "permalink": permalink(n.id),
			"comments_count": p.count(n),
		}
	default:
		v := map[string]any{
			"id": n.id, "text": n.text, "timestamp": n.created.Format(layout), "username": username, "hidden": n.hidden, "from": nil, "parent_id": nil,
			"media":   graphreplay.Expansion(func(f graphreplay.Field) (any, *refusal) { return graphreplay.Pick(p.view(p.nodes[n.media]), f.Sub) }),
			"replies": graphreplay.Expansion(func(f graphreplay.Field) (any, *refusal) { return p.expandReplies(n, f) }),
		}
		if from != nil {
			v["from"] = from
		}
		if n.parent != "" {
			v["parent_id"] = n.parent
		}
		return v
	}
}

// cdn is an address that is another one each time, as those of Instagram are.
func (p *Platform) cdn(n *node) string {
	p.last++
	return "https://lookaside.example/" + n.id + "?signature=" + strconv.FormatInt(p.last, 10)
}

func permalink(id string) string { return "https://www.instagram.com/p/" + id + "/" }

// count is how many comments stand below a post, answers and hidden ones too.
func (p *Platform) count(at *node) (count int) {
	for _, n := range p.order {
		if n.kind == comment && n.media == at.id {
			count++
		}
	}
	return count
}

func (p *Platform) show(n *node, form url.Values) (any, *refusal) {
	if no := graphreplay.Only(form, "fields"); no != nil {
		return nil, no
	}
	if n.kind == message && !p.detailed(n) {
		return nil, graphreplay.Gone()
	}
	return graphreplay.Asked(p.view(n), form)
}

// detailed reports whether a message is new enough to be told about.
func (p *Platform) detailed(n *node) bool {
	newer := 0
	for _, other := range slices.Backward(p.order) {
		if other == n {
			return newer < inDetail
		}
		if other.kind == message && other.with == n.with {
			newer++
		}
	}
	return false
}

func (p *Platform) posts(form url.Values) (any, *refusal) {
	if no := p.may("instagram_basic", "instagram_business_basic"); no != nil {
		return nil, no
	}
	return p.newest(form, func(n *node) bool { return n.kind == media && !n.foreign && !n.live })
}

// tags are the posts that tag the account, the last tagged first.
func (p *Platform) tags(form url.Values) (any, *refusal) {
	if no := p.mayModerate(); no != nil {
		return nil, no
	}
	if no := graphreplay.Only(form, "fields", "limit", "after"); no != nil {
		return nil, no
	}
	var list []*node
	for _, n := range p.order {
		if n.kind == media && n.tagged {
			list = append(list, n)
		}
	}
	slices.SortFunc(list, func(a, b *node) int { return cmp.Compare(b.id, a.id) })
	return p.list(list, form)
}

// comments are the top-level ones that are not hidden.
func (p *Platform) comments(at *node, form url.Values) (any, *refusal) {
	if no := p.mayModerate(); no != nil {
		return nil, no
	}
	return p.newest(form, func(n *node) bool { return n.kind == comment && n.media == at.id && n.parent == "" && !n.hidden })
}

func (p *Platform) below(at *node) (list []*node) {
	for _, n := range p.order {
		if n.kind == comment && n.parent == at.id && !n.hidden {
			list = append(list, n)
		}
	}
	return list
}

func (p *Platform) replies(at *node, form url.Values) (any, *refusal) {
	if no := graphreplay.Only(form, "fields", "limit", "after"); no != nil {
		return nil, no
	}
	return p.list(p.below(at), form)
}

func (p *Platform) expandReplies(at *node, f graphreplay.Field) (any, *refusal) {
	list := p.below(at)
	if len(list) == 0 {
		return nil, nil
	}
	limit := "25"
	if f.Key == "limit" {
		limit = f.Arg
	}
	return p.page(list, limit, "", 0, func(n *node) (any, *refusal) { return graphreplay.Pick(p.view(n), f.Sub) })
}

// newest is a list, newest first.
func (p *Platform) newest(form url.Values, belongs func(*node) bool) (any, *refusal) {
	if no := graphreplay.Only(form, "fields", "limit", "after"); no != nil {
		return nil, no
	}
	var list []*node
	for _, n := range slices.Backward(p.order) {
		if belongs(n) {
			list = append(list, n)
		}
	}
	return p.list(list, form)
}

func (p *Platform) list(all []*node, form url.Values) (any, *refusal) {
	return p.page(all, form.Get("limit"), form.Get("after"), p.o.Heavy, func(n *node) (any, *refusal) { return graphreplay.Asked(p.view(n), form) })
}

// page is one of a list, of 25 where the call does not say how many.
func (p *Platform) page(all []*node, size, after string, heavy int, show func(*node) (any, *refusal)) (any, *refusal) {
	edge := graphreplay.Edge[*node]{Most: 50, Heavy: heavy, Token: p.o.Token, ID: func(n *node) string { return n.id }, Show: show}
	return edge.Page(all, cmp.Or(size, "25"), after)
}

// conversations are the dialogues, the most recently used first.
func (p *Platform) conversations(form url.Values) (any, *refusal) {
	if no := graphreplay.Only(form, "fields", "limit", "after", "platform", "user_id"); no != nil {
		return nil, no
	}
	if no := p.mayMessage(); no != nil {
		return nil, no
	}
	if form.Get("platform") != "instagram" {
		return nil, graphreplay.Refuse(http.StatusBadRequest, 100, 0, "platform must be instagram")
	}
	var list []*node
	seen := make(map[string]bool)
	for _, n := range slices.Backward(p.order) {
		if n.kind == message && !seen[n.with] && (form.Get("user_id") == "" || form.Get("user_id") == n.with) {
			seen[n.with] = true
			list = append(list, n)
		}
	}
	slices.SortStableFunc(list, func(a, b *node) int { return b.created.Compare(a.created) })
	return p.page(list, form.Get("limit"), form.Get("after"), p.o.Heavy, func(n *node) (any, *refusal) {
		return graphreplay.Asked(map[string]any{"id": conversationPrefix + n.with + "ZD", "updated_time": n.created.Format(layout)}, form)
	})
}

// messages are those of a dialogue, newest first. Of the older ones there is
// nothing but the id and the time.
func (p *Platform) messages(which string, form url.Values) (any, *refusal) {
	if no := graphreplay.Only(form, "fields", "limit", "after"); no != nil {
		return nil, no
	}
	if no := p.mayMessage(); no != nil {
		return nil, no
	}
	with := strings.TrimSuffix(strings.TrimPrefix(which, conversationPrefix), "ZD")
	var list []*node
	for _, n := range slices.Backward(p.order) {
		if n.kind == message && n.with == with {
			list = append(list, n)
		}
	}
	if len(list) == 0 {
		return nil, graphreplay.Gone()
	}
	return p.page(list, form.Get("limit"), form.Get("after"), p.o.Heavy, func(n *node) (any, *refusal) {
		if !p.detailed(n) {
			return map[string]any{"id": n.id, "created_time": n.created.Format(layout)}, nil
		}
		return graphreplay.Asked(p.view(n), form)
	})
}

// newestFrom is when the customer last wrote; zero: never.
func (p *Platform) newestFrom(with string) (at time.Time) {
	for _, n := range p.order {
		if n.kind == message && n.with == with && n.fromID == with && n.created.After(at) {
			at = n.created
		}
	}
	return at
}
