package instagram

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"standpunt/connectors"
	"standpunt/connectors/internal/graph"
	"standpunt/inbox"
)

// Poll takes one step of a walk over the account's posts and their comments,
// the posts that tag it, and its messages.
func (c *Connector) Poll(ctx context.Context, after inbox.Cursor) (connectors.Page, error) {
	w, err := c.walkOf(after)
	if err != nil {
		return connectors.Page{}, err
	}
	if w.Began == 0 {
		c.api.tokens.renew(ctx, time.Now())
	}
	if _, err := c.handle(ctx); err != nil {
		return connectors.Page{}, err
	}
	c.skip(&w)
	var page connectors.Page
	switch {
	case len(w.Tasks) > 0 && w.Tasks[0].Kind == readComments:
		err = c.comments(ctx, &w, &page)
	case len(w.Tasks) > 0 && w.Tasks[0].Kind == readReplies:
		err = c.replies(ctx, &w, &page)
	case len(w.Tasks) > 0:
		err = c.messages(ctx, &w, &page)
	case w.Stage == stagePosts:
		err = c.posts(ctx, &w, &page)
	case w.Stage == stageTags:
		err = c.tags(ctx, &w, &page)
	case w.Stage == stageTalks:
		err = c.talks(ctx, &w)
	}
	if err != nil {
		return connectors.Page{}, err
	}
	page.More, page.Trouble = w.trouble == nil, w.trouble
	if page.Trouble == nil {
		page.Trouble = w.refusals()
	}
	if w.done() {
		page.More = false
		w = w.home()
	}
	page.Next, err = json.Marshal(w)
	if err != nil {
		return connectors.Page{}, connectors.Errorf(connectors.Garbage, "the cursor cannot be written: %w", err)
	}
	return page, nil
}

// edge is the page of a stage's list where the walk stands. ok is false where
// Instagram forgot our cursor, and the list begins once more, or where fewer items are to
// be asked for.
func edge[T whole](ctx context.Context, c *Connector, w *walk, path string, params graph.Params) (page graph.List[T], ok bool, err error) {
	params["limit"] = strconv.Itoa(w.Fewer.Of(listPage))
	page, err = list[T](ctx, c.api, path, params, w.After)
	if err != nil && w.After != "" && connectors.KindOf(err) == connectors.Rejected {
		w.After = ""
		w.anew(&w.Anew, err)
		return page, false, nil
	}
	if w.Fewer.After(err, listPage) {
		return page, false, nil
	}
	if err != nil {
		return page, false, err
	}
	if w.Began == 0 {
		w.Began = time.Now().Unix()
		if at := page.Answer.At; !at.IsZero() {
			w.Began = min(w.Began, at.Unix())
		}
		for _, r := range w.Withheld.Rested(w.Began) {
			w.add(task{Kind: readMessages, ID: r.ID, Since: r.Since})
		}
	}
	w.After = page.After
	return page, true, nil
}

// posts reads a page of the account's own posts, and notes whose comments to read.
func (c *Connector) posts(ctx context.Context, w *walk, page *connectors.Page) error {
	got, ok, err := edge[post](ctx, c, w, c.s.UserID+"/media", graph.Params{"fields": postFields})
	if !ok {
		return err
	}
	horizon := w.Began - seconds(graph.Followed)
	older := len(got.Items) > 0
	for i := range got.Items {
		p := &got.Items[i]
		if p.At.Unix() >= w.Since {
			page.Own = append(page.Own, p.own())
		}
		if p.At.Unix() >= horizon {
			older = false
			w.look(p)
		}
	}
	if w.After == "" || older || len(w.Known)+len(w.Tasks) >= mostPosts+mostTasks/2 {
		c.nextStage(w)
	}
	return nil
}

// tags reads a page of the posts that tag the account. They come in the order
// in which they were tagged, which nothing tells the time of: an old post can be new here.
func (c *Connector) tags(ctx context.Context, w *walk, page *connectors.Page) error {
	got, ok, err := edge[post](ctx, c, w, c.s.UserID+"/tags", graph.Params{"fields": "id,caption,timestamp,username,permalink"})
	if !ok {
		return err
	}
	username, err := c.handle(ctx)
	if err != nil {
		return err
	}
	met, older := false, true
	for i := range got.Items {
		p := &got.Items[i]
		id, at := string(p.ID), p.At.Unix()
		met = met || slices.Contains(w.Tags, id)
		late := w.TagsRead && !met && at >= w.Began-seconds(graph.Followed)
		older = older && at < w.Since
		if len(w.NewTags) < mostTags && !slices.Contains(w.NewTags, id) {
			w.NewTags = append(w.NewTags, id)
		}
		if (late || at >= w.Since) && !c.isOurs(id, "", p.Username) {
			page.Mentions = append(page.Mentions, p.inbound(c.s.Login, username, false))
		}
	}
	if w.After == "" || met || older && !w.TagsRead {
		for _, id := range w.Tags {
			if len(w.NewTags) < mostTags && !slices.Contains(w.NewTags, id) {
				w.NewTags = append(w.NewTags, id)
			}
		}
		w.Tags, w.NewTags, w.TagsRead = w.NewTags, nil, true
		c.nextStage(w)
	}
	return nil
}

// talks reads a page of the dialogues, the last used first, and notes which
// ones to read.
func (c *Connector) talks(ctx context.Context, w *walk) error {
	got, ok, err := edge[talk](ctx, c, w, c.messenger()+"/conversations",
		graph.Params{"platform": "instagram", "fields": talkFields})
	if !ok {
		return err
	}
	older := len(got.Items) > 0
	for _, t := range got.Items {
		if !t.At.IsZero() && t.At.Unix() < w.Since {
			continue
		}
		if older = false; !w.Withheld.Has(string(t.ID)) { // else it rests, or is in line
			w.add(task{Kind: readMessages, ID: string(t.ID), Since: w.Since})
		}
	}
	if w.After == "" || older {
		c.nextStage(w)
	}
	return nil
}

// step is the page of the first task's list where it stands, of so many items at
// most. ok is false where there is nothing to take from it: Instagram forgot our cursor and the
// list begins once more, fewer items are to be asked for, what it belongs to is gone and so is
// the task, or it is a dialogue that Instagram refuses to show.
func step[T whole](ctx context.Context, c *Connector, w *walk, path string, params graph.Params, most int) (page graph.List[T], ok bool, err error) {
	t := &w.Tasks[0]
	params["limit"] = strconv.Itoa(w.Fewer.Of(most))
	page, err = list[T](ctx, c.api, path, params, t.In)
	kind := connectors.KindOf(err)
	switch {
	case err == nil:
		t.In = page.After
		t.Pages++
		w.Withheld.Drop(t.ID)
		return page, true, nil
	case w.Fewer.After(err, most):
		return page, false, nil
	case kind == connectors.Rejected && t.In != "":
		t.In, t.Found, t.Pages, t.More = "", 0, 0, nil
		if w.anew(&w.AnewIn, err); w.AnewIn <= mostAnew {
			return page, false, nil
		}
		if t.Kind == readComments { // they are short of what the count told, so the next walks look again
			w.read(t)
		}
		w.nextTask()
		return page, false, nil
	case w.refuse(err):
		return page, false, nil
	case kind == connectors.Gone, kind == connectors.Rejected && t.Kind != readMessages:
		w.Withheld.Drop(t.ID)
		if t.Kind == readComments {
			t.Found = t.Expect
			w.read(t)
		}
		w.nextTask()
		return page, false, nil
	}
	return page, false, err
}

// comments reads a page of the comments under a post, newest first, with their
// answers. An answer can be newer than any comment, so it goes on until as many came as
// the post's count told, to the end where need be.
func (c *Connector) comments(ctx context.Context, w *walk, page *connectors.Page) error {
	got, ok, err := step[comment](ctx, c, w, w.Tasks[0].ID+"/comments", graph.Params{"fields": listFields}, listPage)
	if !ok {
		return err
	}
	t := &w.Tasks[0]
	older := true
	for i := range got.Items {
		n := &got.Items[i]
		older = older && n.At.Unix() < t.Since
		c.take(page, t, n, "")
		for k := range n.Replies.Data {
			c.take(page, t, &n.Replies.Data[k], n.ID)
		}
		if n.Replies.Paging.Next != "" {
			t.More = append(t.More, string(n.ID))
		}
	}
	if t.In != "" && !w.deep(t) && (t.Full || !older || t.Found < t.Expect) {
		return nil
	}
	w.read(t)
	finished := *t
	w.nextTask()
	if finished.Full || finished.Found < finished.Expect {
		for _, id := range finished.More {
			w.add(task{Kind: readReplies, ID: id, Media: finished.Media, Link: finished.Link, Since: finished.Since})
		}
	}
	return nil
}

// replies reads a page of the answers to a comment.
func (c *Connector) replies(ctx context.Context, w *walk, page *connectors.Page) error {
	got, ok, err := step[comment](ctx, c, w, w.Tasks[0].ID+"/replies", graph.Params{"fields": plainFields}, listPage)
	if !ok {
		return err
	}
	t := &w.Tasks[0]
	for i := range got.Items {
		c.take(page, t, &got.Items[i], graph.ID(t.ID))
	}
	if t.In == "" || w.deep(t) {
		w.nextTask()
	}
	return nil
}

// take puts a comment where it belongs: our own, a mention, or nowhere as it
// is known.
func (c *Connector) take(page *connectors.Page, t *task, n *comment, parent graph.ID) {
	if n.At.Unix() >= t.Fresh {
		t.Found++
	}
	if n.At.Unix() < t.Since {
		return
	}
	n.Media.ID, n.Media.Link = graph.ID(t.Media), t.Link
	if parent != "" {
		n.Parent = parent
	}
	c.sort(page, n)
}

func (c *Connector) sort(page *connectors.Page, n *comment) {
	who := n.writer()
	if c.isOurs(string(n.ID), string(who.ID), who.Username) {
		page.Own = append(page.Own, n.own())
		return
	}
	page.Mentions = append(page.Mentions, n.inbound())
}

// messages reads a page of a dialogue, newest first, as far as Instagram tells
// more than ids.
func (c *Connector) messages(ctx context.Context, w *walk, page *connectors.Page) error {
	got, ok, err := step[message](ctx, c, w, w.Tasks[0].ID+"/messages", graph.Params{"fields": messageFields}, newestTalk)
	if !ok {
		return err
	}
	t := &w.Tasks[0]
	older, told := false, false
	for i := range got.Items {
		m := &got.Items[i]
		older = older || m.At.Unix() < t.Since
		told = told || m.told()
		if m.told() && m.At.Unix() >= t.Since {
			c.sortMessage(page, m)
		}
	}
	if t.In == "" || older || !told || w.deep(t) {
		w.nextTask()
	}
	return nil
}

func (c *Connector) sortMessage(page *connectors.Page, m *message) {
	if c.isOurs(string(m.ID), string(m.From.ID), m.From.Username) {
		page.Own = append(page.Own, m.own())
		return
	}
	page.Mentions = append(page.Mentions, m.inbound())
}
