package twitter

import (
	"context"
	"errors"
	"strings"
	"time"

	"standpunt/connectors"
)

// Check asks who we are, for mentions of the last seconds, and whether the
// server shows our own posts.
func (l *Legacy) Check(ctx context.Context) (who connectors.Identity, todo []connectors.Advice) {
	u, way, err := l.verify(ctx)
	if err != nil {
		return who, []connectors.Advice{l.explain(ctx, err)}
	}
	if !isID(u.ID) || !handlePattern.MatchString(u.Username) {
		return who, []connectors.Advice{connectors.AdviceOf(noSuchAPI(), connectors.HarmsAll)}
	}
	who = connectors.Identity{RemoteID: u.ID, Handle: "@" + u.Username, URL: "https://x.com/" + u.Username, CanSend: true}
	todo = l.c.judge(u.Username, way.answer.Header)
	since := legacyMark{Since: idAt(time.Now().Add(-5 * time.Second))}
	if _, _, err = l.mentions(ctx, since); err != nil {
		return who, append(todo, l.explain(ctx, err))
	}
	switch _, _, err = l.writtenBy(u.ID)(ctx, since); {
	case connectors.KindOf(err) == connectors.NotAllowed:
		todo = append(todo, connectors.AdviceOf(noOwnList(err), connectors.HarmsLater))
	case err != nil:
		todo = append(todo, l.explain(ctx, err))
	}
	return who, todo
}

// explain is what to do about an error, as [Connector.explain] says it.
func (l *Legacy) explain(ctx context.Context, err error) connectors.Advice {
	var e *connectors.Error
	switch {
	case !errors.As(err, &e):
	case e.Kind == connectors.Garbage, e.Kind == connectors.Gone, e.Kind == connectors.Rejected && e.Remedy == "":
		return connectors.AdviceOf(noSuchAPI(), connectors.HarmsAll)
	case e.Kind == connectors.BadAuth && strings.Contains(e.Remedy, "consumer_key"):
		return l.c.explain(ctx, err)
	}
	return connectors.AdviceOf(err, connectors.HarmsAll)
}
