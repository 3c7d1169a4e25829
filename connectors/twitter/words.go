package twitter

import (
	"context"
	"errors"
	"hash/fnv"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"standpunt/connectors"
)

// searchEvery is how far apart searches are on the average: X takes 450 of an
// app in 15 minutes.
const searchEvery = 2200 * time.Millisecond

// searchable is how far back the recent search goes.
const searchable = 7*24*time.Hour - 10*time.Minute

// words reports whether posts are looked for that need not name us.
func (s *WiderSettings) words() bool { return len(s.Keywords)+len(s.Rules) > 0 }

var plainTerm = regexp.MustCompile(`^[#@$]?[\p{L}\p{N}_]+$`)

// term is a keyword in X's language: a word stands as it is, a phrase in
// quotation marks.
func term(keyword string) string {
	keyword = strings.Join(strings.Fields(keyword), " ")
	if plainTerm.MatchString(keyword) && !slices.Contains([]string{"OR", "AND", "NOT"}, strings.ToUpper(keyword)) {
		return keyword
	}
	return `"` + keyword + `"`
}

// filters are the rules of the stream: the keywords, as many in one as the search
// takes too, without reposts, and the rules as they are written.
func (s *Settings) filters() []string {
	tail := ") -is:retweet -from:" + s.Handle
	var all []string
	group := ""
	for _, keyword := range s.Keywords {
		t := term(keyword)
		switch joined := group + " OR " + t; {
		case group == "":
			group = t
		case utf8.RuneCountInString("("+joined+tail) > longestQuery:
			all, group = append(all, "("+group+tail), t
		default:
			group = joined
		}
	}
	if group != "" {
		all = append(all, "("+group+tail)
	}
	for _, rule := range s.Rules {
		if rule = strings.TrimSpace(rule); !slices.Contains(all, rule) {
			all = append(all, rule)
		}
	}
	return all
}

// queries are the filters that the search takes.
func (s *Settings) queries() []string {
	return slices.DeleteFunc(s.filters(), func(q string) bool { return utf8.RuneCountInString(q) > longestQuery })
}

// readWords reads one page of what one of the searches finds. A search that X
// refuses holds the others up no longer than this.
func (c *Connector) readWords(ctx context.Context, self string, at mark, into *connectors.Page) (mark, error) {
	queries := c.s.queries()
	if parts := nameOf(queries); at.Part >= len(queries) || at.Parts != parts { // the keywords were changed
		at = mark{Since: at.Since, Parts: parts}
	}
	if len(queries) == 0 {
		return at, nil
	}
	at.begin(c.onX(time.Now()))
	if at.Token == "" {
		at.Since = max(at.Since, idAt(time.Now().Add(-searchable)))
	}
	q := c.query(&at)
	q.Set("query", queries[at.Part])
	if at.Token != "" {
		q.Set("next_token", at.Token)
	}
	answer, err := c.app.Do(ctx, connectors.Call{Path: "/2/tweets/search/recent", Query: q})
	if at.shrink(err) {
		return c.readWords(ctx, self, at, into)
	}
	var got timeline
	if err == nil {
		got, err = readTimeline(answer, at.Token)
		c.count(postRead, &got)
		defer c.bill.save(ctx)
	}
	if err == nil && c.people.mustExpand(got.Data) {
		return c.readWords(ctx, self, at, into)
	}
	var newest int64
	if err == nil {
		newest, err = c.sort(ctx, &got, self, into)
	}
	switch {
	case err == nil:
		c.noteSearch(at.Part, false)
		at.Newest = max(at.Newest, newest)
		at.Token = got.Meta.Next
	case connectors.KindOf(err) == connectors.Rejected && at.Token != "":
		c.log.Warn("a page of a search can no longer be read; the search begins again")
		at.Token = ""
		return c.readWords(ctx, self, at, into)
	case connectors.KindOf(err) == connectors.Rejected:
		c.noteSearch(at.Part, true)
	default:
		return at, err
	}
	if at.Token == "" {
		if at.Part++; at.Part == len(queries) {
			at = at.through()
		}
	}
	return at, c.refusedSearch()
}

// nameOf tells the searches of a round from others, as far as a hash does.
func nameOf(queries []string) string {
	h := fnv.New64a()
	_, _ = io.WriteString(h, strings.Join(queries, "\n")) // a hash never fails
	return strconv.FormatUint(h.Sum64(), 36)
}

// noteSearch remembers whether X takes one of the searches.
func (c *Connector) noteSearch(part int, refused bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if refused {
		c.unfit[part] = true
	} else {
		delete(c.unfit, part)
	}
}

// refusedSearch is what is wrong while X takes not all of the searches.
func (c *Connector) refusedSearch() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.unfit) == 0 {
		return nil
	}
	return &connectors.Error{
		Kind: connectors.Rejected, Message: "X does not take one of the searches for keywords and rules",
		Remedy: "Correct the rule in the account's settings; `standpunt check` tells which.",
	}
}

// asApp makes the client that speaks as the app itself, nil without its token.
func (c *Connector) asApp() (*connectors.Client, error) {
	token := c.s.BearerToken
	if token.Reveal() == "" {
		return nil, nil //nolint:nilnil // nil is "none"
	}
	app, err := connectors.NewClient(connectors.ClientOptions{
		BaseURL: string(c.s.BaseURL),
		Classify: func(r *connectors.Response) *connectors.Error {
			if r.Status == http.StatusUnauthorized { // which says nothing of the account's own sign-in
				return &connectors.Error{
					Kind: connectors.BadAuth, Message: "X does not accept the app's bearer_token",
					Remedy: "Copy the Bearer Token anew from X's developer console; it changes when it is regenerated.",
					Err:    &refusal{status: r.Status, trouble: readTrouble(r.Body)},
				}
			}
			e := c.answered(r)
			if t := readTrouble(r.Body); t.Issue == "TooManyConnections" {
				e = tooMany(&refusal{status: r.Status, trouble: t})
			}
			if r.Status == http.StatusConflict {
				e.Message, e.Remedy = "X has no rules to stream by", "They are set again before the next connect; if this stays, look whether another program deletes them."
			}
			return e
		},
		Authorize: func(r *http.Request) error {
			r.Header.Set("Authorization", bearerPrefix+token.Reveal())
			return nil
		},
	})
	return app, err
}

// answered is classify with a refusal as the cause: what spaces the connects of
// a stream tells X's answers from trouble of the network.
func (c *Connector) answered(r *connectors.Response) *connectors.Error {
	e := c.classify(r)
	if e == nil {
		host := "X"
		if base, err := url.Parse(string(c.s.BaseURL)); err == nil {
			host = base.Host
		}
		e = connectors.StatusError(r, host)
	}
	e.Err = errors.Join(&refusal{status: r.Status, trouble: readTrouble(r.Body)}, e.Err)
	return e
}

// refusal is what X itself answered, against trouble of the network.
type refusal struct {
	status  int
	trouble trouble
}

func (a *refusal) Error() string { return "status " + http.StatusText(a.status) }

func asError(err error, into **connectors.Error) bool { return errors.As(err, into) }
