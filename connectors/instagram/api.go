package instagram

import (
	"context"
	"errors"
	"strings"

	"standpunt/connectors"
	"standpunt/connectors/internal/graph"
)

// api is the Graph API's client, whose errors speak of Facebook and Pages, in
// words for people who look after an Instagram account.
type api struct {
	tokens *tokens
	words  *strings.Replacer
}

func newAPI(tokens *tokens, login string) api {
	pairs := []string{
		"docs/platforms/facebook.md", "docs/platforms/instagram.md",
		"the Facebook account that made the token", "the account that made the token",
		"the Page's support inbox on Facebook", "the account's status in the Instagram app",
		"Facebook blocks the Page", "Instagram blocks the account",
		"page_id", "ig_user_id",
	}
	if login == overInstagram {
		pairs = append(pairs,
			"a new Page access token", "a new access token",
			"the Page token", "the token",
			"no role on the Page", "no role on the account",
			"https://graph.facebook.com", "https://graph.instagram.com")
	} else {
		pairs = append(pairs, "https://graph.facebook.com", "https://graph.facebook.com") // an address stays what it is
	}
	return api{tokens, strings.NewReplacer(append(pairs, "Facebook", "Instagram")...)}
}

func (a api) reword(err error) error {
	var e *connectors.Error
	if !errors.As(err, &e) {
		return err
	}
	said := *e
	said.Message, said.Remedy = a.words.Replace(e.Message), a.words.Replace(e.Remedy)
	return &said
}

func (a api) get(ctx context.Context, path string, params graph.Params, v any) (graph.Answer, error) {
	client, err := a.tokens.now(ctx)
	if err != nil {
		return graph.Answer{}, err
	}
	answer, err := client.Get(ctx, path, params, v)
	return answer, a.reword(err)
}

func (a api) inspect(ctx context.Context) (graph.Token, error) {
	client, err := a.tokens.now(ctx)
	if err != nil {
		return graph.Token{}, err
	}
	t, err := client.Inspect(ctx)
	return t, a.reword(err)
}

func (a api) post(ctx context.Context, path string, params graph.Params, v any) (graph.Answer, error) {
	client, err := a.tokens.now(ctx)
	if err != nil {
		return graph.Answer{}, err
	}
	answer, err := client.Post(ctx, path, params, v)
	return answer, a.reword(err)
}

func (a api) delete(ctx context.Context, path string, v any) (graph.Answer, error) {
	client, err := a.tokens.now(ctx)
	if err != nil {
		return graph.Answer{}, err
	}
	answer, err := client.Delete(ctx, path, v)
	return answer, a.reword(err)
}

// whole is what a list's items must be to be kept.
type whole interface{ whole() bool }

// list is the page of an edge that follows after; it refuses one with an item
// that cannot be kept.
func list[T whole](ctx context.Context, a api, path string, params graph.Params, after string) (graph.List[T], error) {
	client, err := a.tokens.now(ctx)
	if err != nil {
		return graph.List[T]{}, err
	}
	page, err := graph.Page[T](ctx, client, path, params, after)
	if err != nil {
		return page, a.reword(err)
	}
	for _, item := range page.Items {
		if !item.whole() {
			return page, page.Answer.Nonsense("a list with an item that lacks its id or time")
		}
	}
	return page, nil
}
