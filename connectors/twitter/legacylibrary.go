package twitter

import (
	"context"
	"errors"
	"net/http"

	gotwitter "github.com/dghubble/go-twitter/twitter" //nolint:staticcheck // deprecated with the API that it is for

	"standpunt/connectors"
)

// ask makes one call of the library, and returns the way that it went. Every
// error is a [*connectors.Error]: nothing of what the library or the server wrote
// is in it.
func (l *Legacy) ask(ctx context.Context, call func(x *gotwitter.Client) (*http.Response, error)) (*carrier, error) {
	way := &carrier{ctx: ctx, l: l}
	answer, err := call(gotwitter.NewClient(&http.Client{Transport: way}))
	if answer != nil {
		_ = answer.Body.Close() // the library has read and closed it
	}
	var known *connectors.Error
	switch {
	case err == nil && way.answer != nil:
		return way, nil
	case errors.As(err, &known):
		return nil, known
	case way.answer != nil:
		return nil, way.answer.Nonsense("not what API v1.1 defines")
	}
	return nil, &connectors.Error{Kind: connectors.Temporary, Message: "the request could not be made"}
}

// askForOne makes a call that answers with one post.
func (l *Legacy) askForOne(ctx context.Context, call func(x *gotwitter.Client) (*gotwitter.Tweet, *http.Response, error)) (*post, *carrier, error) {
	var tweet *gotwitter.Tweet
	way, err := l.ask(ctx, func(x *gotwitter.Client) (answer *http.Response, err error) {
		tweet, answer, err = call(x)
		return answer, err
	})
	if err != nil {
		return nil, nil, err
	}
	p := legacyPost(tweet, way.edits)
	return &p, way, nil
}

// askForMany makes a call that answers with posts, and refuses an answer with one
// that has no id.
func (l *Legacy) askForMany(ctx context.Context, call func(x *gotwitter.Client) ([]gotwitter.Tweet, *http.Response, error)) ([]post, *carrier, error) {
	var tweets []gotwitter.Tweet
	way, err := l.ask(ctx, func(x *gotwitter.Client) (answer *http.Response, err error) {
		tweets, answer, err = call(x)
		return answer, err
	})
	if err != nil {
		return nil, nil, err
	}
	posts := make([]post, len(tweets))
	for i := range tweets {
		posts[i] = legacyPost(&tweets[i], way.edits)
		if !isID(posts[i].ID) {
			return nil, nil, way.answer.Nonsense("a page with a post that has no id")
		}
	}
	return posts, way, nil
}

// verify asks whom the credentials belong to.
func (l *Legacy) verify(ctx context.Context) (user, *carrier, error) {
	var got *gotwitter.User
	way, err := l.ask(ctx, func(x *gotwitter.Client) (answer *http.Response, err error) {
		got, answer, err = x.Accounts.VerifyCredentials(&gotwitter.AccountVerifyParams{
			IncludeEntities: gotwitter.Bool(false), SkipStatus: gotwitter.Bool(true),
		})
		return answer, err
	})
	if err != nil {
		return user{}, nil, err
	}
	return legacyUser(got), way, nil
}

// mentions is a page of what mentions the account: above the id Since and up to
// the id Max of a mark, where they are not 0.
func (l *Legacy) mentions(ctx context.Context, at legacyMark) ([]post, *carrier, error) {
	return l.askForMany(ctx, func(x *gotwitter.Client) ([]gotwitter.Tweet, *http.Response, error) {
		return x.Timelines.MentionTimeline(&gotwitter.MentionTimelineParams{
			Count: at.size(), SinceID: at.Since, MaxID: at.Max, TweetMode: "extended",
		})
	})
}

// writtenBy is the list of what the user wrote, with the same bounds.
func (l *Legacy) writtenBy(who string) legacyList {
	return func(ctx context.Context, at legacyMark) ([]post, *carrier, error) {
		return l.askForMany(ctx, func(x *gotwitter.Client) ([]gotwitter.Tweet, *http.Response, error) {
			return x.Timelines.UserTimeline(&gotwitter.UserTimelineParams{
				UserID: number(who), Count: at.size(), SinceID: at.Since, MaxID: at.Max, TweetMode: "extended",
			})
		})
	}
}

// lookup are those of the posts, at most legacyLookupSize, that the server shows; what
// they answer is all that is asked of them.
func (l *Legacy) lookup(ctx context.Context, ids []int64) ([]post, *carrier, error) {
	return l.askForMany(ctx, func(x *gotwitter.Client) ([]gotwitter.Tweet, *http.Response, error) {
		return x.Statuses.Lookup(ids, &gotwitter.StatusLookupParams{
			TrimUser: gotwitter.Bool(true), IncludeEntities: gotwitter.Bool(false),
		})
	})
}

func (l *Legacy) show(ctx context.Context, id string) (*post, *carrier, error) {
	return l.askForOne(ctx, func(x *gotwitter.Client) (*gotwitter.Tweet, *http.Response, error) {
		return x.Statuses.Show(number(id), &gotwitter.StatusShowParams{TweetMode: "extended"})
	})
}

// update posts a text, as a reply to the post above where that is not "". The
// server itself puts the names of those whom a reply answers before it.
func (l *Legacy) update(ctx context.Context, text, above string) (*post, *carrier, error) {
	var params gotwitter.StatusUpdateParams
	if above != "" {
		params.InReplyToStatusID, params.AutoPopulateReplyMetadata = number(above), gotwitter.Bool(true)
	}
	return l.askForOne(ctx, func(x *gotwitter.Client) (*gotwitter.Tweet, *http.Response, error) {
		return x.Statuses.Update(text, &params)
	})
}

func (l *Legacy) destroy(ctx context.Context, id string) (*post, *carrier, error) {
	return l.askForOne(ctx, func(x *gotwitter.Client) (*gotwitter.Tweet, *http.Response, error) {
		return x.Statuses.Destroy(number(id), &gotwitter.StatusDestroyParams{TrimUser: gotwitter.Bool(true)})
	})
}
