package twitter

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"standpunt/connectors"
)

// rule is one of the app's rules of the filtered stream.
type rule struct {
	ID    string `json:"id,omitempty"`
	Value string `json:"value"`
	Tag   string `json:"tag,omitempty"`
}

// tag marks the rules and subscriptions that are this account's, among those
// that others made with the same app.
func (c *Connector) tag() string { return "standpunt:" + string(c.account) }

const rulesPath = "/2/tweets/search/stream/rules"

// rules lists all of the app's rules.
func (c *Connector) rules(ctx context.Context) (all []rule, err error) {
	q := url.Values{"max_results": {"1000"}}
	for range 10 {
		answer, err := c.app.Do(ctx, connectors.Call{Path: rulesPath, Query: q})
		if err != nil {
			return nil, err
		}
		var got struct {
			Data []rule `json:"data"`
			Meta struct {
				Next string `json:"next_token"`
			} `json:"meta"`
		}
		if err := answer.JSON(&got); err != nil {
			return nil, err
		}
		if all = append(all, got.Data...); got.Meta.Next == "" {
			return all, nil
		}
		q.Set("pagination_token", got.Meta.Next)
	}
	return nil, connectors.Errorf(connectors.Garbage, "X's list of rules has no end")
}

// syncRules makes our rules at X those of the settings. Rules without our tag
// stay as they are.
func (c *Connector) syncRules(ctx context.Context) error {
	have, err := c.rules(ctx)
	if err != nil {
		return err
	}
	wanted := c.s.filters()
	var stale []string
	for _, r := range have {
		if r.Tag != c.tag() {
			continue
		}
		if i := slices.Index(wanted, r.Value); i >= 0 {
			wanted = slices.Delete(wanted, i, i+1)
		} else {
			stale = append(stale, r.ID)
		}
	}
	if len(stale) > 0 { // first, so that there is room
		body := map[string]any{"delete": map[string]any{"ids": stale}}
		if _, err := c.app.Do(ctx, connectors.Call{Method: http.MethodPost, Path: rulesPath, JSON: body, Send: true}); err != nil {
			return err
		}
	}
	refused, err := c.addRules(ctx, wanted, false)
	switch {
	case err != nil || len(refused) == 0:
		return err
	case len(refused) == len(c.s.filters()):
		return &connectors.Error{
			Kind: connectors.Rejected, Message: "X takes none of the account's keywords and rules",
			Remedy: "Run `standpunt check`: it names the rule. Correct it in the account's settings.",
		}
	}
	c.log.Warn("X does not take one of the keywords or rules; the others are streamed", "refused", len(refused))
	return nil
}

// addRules adds rules, or with dryRun only has them checked. It returns those
// that X refuses, of which the others take no harm: X adds all or none, so the rest are added anew.
func (c *Connector) addRules(ctx context.Context, values []string, dryRun bool) (refused []string, err error) {
	for len(values) > 0 {
		var add []rule
		for _, v := range values {
			add = append(add, rule{Value: v, Tag: c.tag()})
		}
		call := connectors.Call{Method: http.MethodPost, Path: rulesPath, JSON: map[string]any{"add": add}, Send: true}
		if dryRun {
			call.Query = url.Values{"dry_run": {"true"}}
		}
		answer, err := c.app.Do(ctx, call)
		wrong := invalidRules(answer, err)
		left := slices.DeleteFunc(slices.Clone(values), func(v string) bool { return slices.Contains(wrong, v) })
		refused = append(refused, wrong...)
		switch {
		case len(left) < len(values) && len(left) > 0:
			values = left
		case err != nil && len(wrong) == 0:
			return refused, err
		default:
			values = nil
		}
	}
	return refused, nil
}

// invalidRules are the rules that X names as wrong, in an answer of either status.
func invalidRules(answer *connectors.Response, err error) (values []string) {
	var t trouble
	var told *refusal
	if answer != nil {
		t = readTrouble(answer.Body)
	} else if errors.As(err, &told) {
		t = told.trouble
	}
	for _, e := range t.Errors {
		if e.Value != "" && !strings.Contains(strings.ToLower(e.Type+e.Title), "duplicate") {
			values = append(values, e.Value)
		}
	}
	return values
}

// tryRules has X check the rules without adding them, and says what is wrong
// with one; empty: nothing is.
func (c *Connector) tryRules(ctx context.Context) string {
	refused, err := c.addRules(ctx, c.s.filters(), true)
	switch {
	case len(refused) > 0:
		shown := refused[0]
		if runes := []rune(shown); len(runes) > 80 {
			shown = string(runes[:80]) + "…"
		}
		return "X does not take the rule " + shown + ". Correct it under keywords or rules."
	case err != nil:
		return "The keywords could not be checked with X: " + err.Error()
	}
	return ""
}
