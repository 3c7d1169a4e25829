package twitter

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"standpunt/connectors"
)

// doubtful is from when on a clock that is off is told of before X refuses it.
const doubtful = time.Minute

// Check asks who we are and for mentions of the last seconds, which X bills
// only if there are any.
func (c *Connector) Check(ctx context.Context) (who connectors.Identity, todo []connectors.Advice) {
	whoami := connectors.Call{Path: "/2/users/me", Query: url.Values{"user.fields": {"username"}}}
	answer, err := c.client.Do(ctx, whoami)
	if errors.Is(err, errSpoiled) { // nobody else asks for a new token, which shows whether the sign-in still stands
		answer, err = c.client.Do(ctx, whoami)
	}
	if err != nil {
		return who, []connectors.Advice{c.explain(ctx, err)}
	}
	var got struct {
		Data user `json:"data"`
	}
	if answer.JSON(&got) != nil || !isID(got.Data.ID) || !handlePattern.MatchString(got.Data.Username) {
		return who, []connectors.Advice{notX()}
	}
	who = connectors.Identity{
		RemoteID: got.Data.ID, Handle: "@" + got.Data.Username, URL: "https://x.com/" + got.Data.Username, CanSend: true,
	}
	todo = append(c.judge(got.Data.Username, answer.Header), c.judgeWider(ctx)...)
	_, err = c.page(ctx, "/2/users/"+got.Data.ID+"/mentions", &mark{Since: idAt(time.Now().Add(-5 * time.Second))})
	if err != nil {
		todo = append(todo, c.explain(ctx, err))
	}
	return who, todo
}

// judge is what is wrong with the account, its app and this machine's clock by
// X's answer about who we are.
func (c *Connector) judge(username string, header http.Header) (todo []connectors.Advice) {
	tell := func(harm connectors.Harm, text string, args ...any) {
		todo = append(todo, connectors.Advice{Text: fmt.Sprintf(text, args...), Harm: harm})
	}
	if !strings.EqualFold(username, c.s.Handle) {
		tell(connectors.HarmsAll, "Write handle as @%s, or set tokens made while signed in to X as @%s: these belong to @%s.",
			username, c.s.Handle, username)
	}
	switch level := header.Get(accessLevel); {
	case level == "read":
		tell(connectors.HarmsAnswers, "Set the app's permissions to %s in X's developer console, then regenerate "+
			"access_token and access_token_secret: with these the app may read only.", c.s.permissions())
	case level == withoutMessages && c.s.DirectMessages && c.tokens == nil:
		tell(connectors.HarmsLater, "Set the app's permissions to %s in X's developer console, then regenerate "+
			"access_token and access_token_secret: with these it may not touch direct messages.", c.s.permissions())
	}
	if at, err := http.ParseTime(header.Get("Date")); err == nil {
		if off := time.Since(at).Round(time.Minute).Abs(); off > doubtful {
			tell(connectors.HarmsLater, "Set this machine's clock, and keep it right with NTP: it is off by %s, and X soon refuses the signatures.", off)
		}
	}
	return todo
}

// judgeWider is what is wrong with the sign-in's scopes, with its kind, with the
// app's own token and with the rules of the stream.
func (c *Connector) judgeWider(ctx context.Context) (todo []connectors.Advice) {
	if c.tokens != nil {
		granted := c.tokens.granted(ctx)
		if list := lacking(granted); granted != nil && len(list) > 0 {
			harm := connectors.HarmsLater
			if !slices.Contains(granted, "tweet.write") {
				harm = connectors.HarmsAnswers
			}
			todo = append(todo, connectors.Advice{Text: lacks(list, string(c.account)), Harm: harm})
		}
	}
	if c.s.Activity && c.tokens == nil {
		todo = append(todo, connectors.Advice{Text: "Set client_id and run standpunt login " + string(c.account) + ", or set activity to false: X's documentation asks " +
			"for a sign-in with OAuth 2.0 to subscribe to mentions, and until then they come by poll.", Harm: connectors.HarmsLater})
	}
	switch {
	case c.s.words():
		if wrong := c.tryRules(ctx); wrong != "" {
			todo = append(todo, connectors.Advice{Text: wrong, Harm: connectors.HarmsLater})
		}
	case c.s.Activity:
		if _, err := c.app.Do(ctx, connectors.Call{Path: subscriptionsPath}); err != nil {
			todo = append(todo, connectors.AdviceOf(err, connectors.HarmsLater))
		}
	}
	return todo
}

// What X tells of the app's permissions, with every answer.
const (
	accessLevel     = "X-Access-Level"
	withoutMessages = "read-write"
)

// permissions are those that the settings need, as X's developer console calls them.
func (s *Settings) permissions() string {
	if s.DirectMessages {
		return "Read and write and Direct message"
	}
	return "Read and write"
}

// notX is the advice where something answers that is not X's API.
func notX() connectors.Advice {
	return connectors.Advice{
		Text: "Set base_url to " + defaultBaseURL + ", or leave it out: what answers at the one that is set is not X's API.", Harm: connectors.HarmsAll,
	}
}

// explain is what to do about an error. X has one answer for wrong keys of the
// app and wrong tokens of the account; asking as the app alone tells which.
func (c *Connector) explain(ctx context.Context, err error) connectors.Advice {
	advice := connectors.AdviceOf(err, connectors.HarmsAll)
	var e *connectors.Error
	switch {
	case !errors.As(err, &e):
	case e.Kind == connectors.Garbage, e.Kind == connectors.Gone, e.Kind == connectors.Rejected && e.Remedy == "":
		return notX()
	case e.Kind == connectors.BadAuth && strings.Contains(e.Remedy, "consumer_key"):
		switch known, told := c.knowsApp(ctx); {
		case told && known:
			advice.Text = "Copy access_token and access_token_secret anew from X's developer console: X knows the app by its keys and refuses the account's tokens."
		case told:
			advice.Text = "Copy consumer_key and consumer_secret anew from X's developer console: X does not know the app by these."
		}
	}
	return advice
}

// knowsApp asks X for a token of the app alone, which it gives for the app's
// keys and which is not used. told is whether there was an answer to go by.
func (c *Connector) knowsApp(ctx context.Context) (known, told bool) {
	client, err := connectors.NewClient(connectors.ClientOptions{
		BaseURL: string(c.s.BaseURL), Authorize: func(r *http.Request) error {
			r.SetBasicAuth(url.QueryEscape(c.s.ConsumerKey.Reveal()), url.QueryEscape(c.s.ConsumerSecret.Reveal()))
			return nil
		},
	})
	if err != nil {
		return false, false
	}
	_, err = client.Do(ctx, connectors.Call{
		Method: http.MethodPost, Path: "/oauth2/token", Body: []byte("grant_type=client_credentials"),
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded;charset=UTF-8"}},
	})
	kind := connectors.KindOf(err)
	return err == nil, err == nil || kind == connectors.BadAuth || kind == connectors.NotAllowed
}
