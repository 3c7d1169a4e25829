package twitter

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"standpunt/connectors"
)

// legacyHosts are the hosts that the library's requests name.
var legacyHosts = []string{"api.twitter.com", "stream.twitter.com"}

// carrier is the library's way to the network, for one call. The library takes
// no context, names hosts that cannot be set, reads answers without a limit and
// tells of an error only what the server wrote; so each of its requests becomes a
// [connectors.Call], to the account's own address, signed there, and goes out
// once.
type carrier struct {
	ctx context.Context //nolint:containedctx // of the one call
	l   *Legacy

	answer *connectors.Response // what came back
	edits  map[string][]string  // the ids of all versions of the posts in it that were edited, by id
}

// RoundTrip carries a request out. The answer that the library gets is a 2xx
// answer, stripped of all that is not read here.
func (c *carrier) RoundTrip(r *http.Request) (*http.Response, error) {
	call, err := legacyCall(r)
	if err != nil {
		return nil, err
	}
	if !call.Send && strings.HasPrefix(call.Path, "/statuses/") {
		call.Query.Set("include_ext_edit_control", "true")
	}
	answer, err := c.l.client.Do(c.ctx, call)
	if err != nil {
		return nil, misplaced(err, call.Path)
	}
	if strings.HasSuffix(call.Path, "_timeline.json") { // what every poll asks for
		c.l.quotas.saw(call.Path, answer.Header)
	}
	if t := readTrouble(answer.Body); len(t.Errors) > 0 {
		if e := c.l.coded(answer, &t); e != nil && !answer.Sent {
			return nil, e
		}
		return nil, answer.Nonsense("an error beside a success")
	}
	body, edits, err := strip(answer.Body)
	if err != nil {
		return nil, answer.NotJSON()
	}
	c.answer, c.edits = answer, edits
	return &http.Response{
		Status: http.StatusText(answer.Status), StatusCode: answer.Status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(body)),
		ContentLength: int64(len(body)), Request: r,
	}, nil
}

// legacyCall is a request of the library's as a call to the account's server. All
// that is not GET changes something there, but for a stream's request.
func legacyCall(r *http.Request) (connectors.Call, error) {
	var body []byte
	if r.Body != nil {
		defer r.Body.Close()
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return connectors.Call{}, &connectors.Error{Kind: connectors.Rejected, Message: "the request cannot be encoded", Err: err}
		}
	}
	path, versioned := strings.CutPrefix(r.URL.EscapedPath(), "/"+legacyVersion)
	query, err := url.ParseQuery(r.URL.RawQuery)
	if !versioned || err != nil || !slices.Contains(legacyHosts, r.URL.Host) {
		return connectors.Call{}, &connectors.Error{Kind: connectors.Rejected, Message: "the request is none of API v1.1"}
	}
	call := connectors.Call{Method: r.Method, Path: path, Query: query, Body: body, Send: r.Method != http.MethodGet}
	if kind := r.Header.Get("Content-Type"); kind != "" {
		call.Header = http.Header{"Content-Type": {kind}}
	}
	return call, nil
}

// misplaced tells a path that is not there from a post that is not there.
func misplaced(err error, path string) error {
	if connectors.KindOf(err) == connectors.Gone && !aboutPost(path) {
		return noSuchAPI()
	}
	return err
}

// aboutPost reports whether a call is about one post.
func aboutPost(path string) bool {
	return path == "/statuses/show.json" || path == "/statuses/update.json" || strings.HasPrefix(path, "/statuses/destroy/")
}

// legacyFields are the names that the library gets to see, at any depth. What it
// defines beside them differs from what servers send, and one such field in one
// post would make a whole page unreadable.
var legacyFields = []string{
	"id", "id_str", "created_at", "text", "full_text", "truncated", "extended_tweet", "lang", "user", "screen_name", "name",
	"in_reply_to_status_id", "in_reply_to_status_id_str", "in_reply_to_user_id", "in_reply_to_user_id_str",
	"retweeted_status", "quoted_status_id", "quoted_status_id_str", "entities", "urls", "user_mentions", "url", "expanded_url",
	"extended_entities", "media",
}

// strip leaves of an answer what is read here, and finds the posts in it that
// were edited, which the library knows nothing of.
func strip(body []byte) ([]byte, map[string][]string, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber() // ids are larger than a float64 holds
	var answer any
	if err := d.Decode(&answer); err != nil {
		return nil, nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, nil, errors.New("more than one value")
	}
	switch answer.(type) {
	case map[string]any, []any:
	default:
		return nil, nil, errors.New("neither an object nor a list")
	}
	edits := make(map[string][]string)
	stripped, err := json.Marshal(keepKnown(answer, edits))
	return stripped, edits, err
}

func keepKnown(v any, edits map[string][]string) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = keepKnown(v[i], edits)
		}
	case map[string]any:
		if id, ok := v["id_str"].(string); ok {
			if versions := versionsOf(v); len(versions) > 1 {
				edits[id] = versions
			}
		}
		for name := range v {
			if !slices.Contains(legacyFields, name) {
				delete(v, name)
				continue
			}
			v[name] = keepKnown(v[name], edits)
		}
	}
	return v
}

// versionsOf are the ids of a post's versions in the order of their making, as
// X documents it for API v1.1 and for enterprise plans.
func versionsOf(post map[string]any) (ids []string) {
	at := func(v any, names ...string) any {
		for _, name := range names {
			fields, ok := v.(map[string]any)
			if !ok {
				return nil
			}
			v = fields[name]
		}
		return v
	}
	for _, names := range [][]string{
		{"edit_history", "edit_tweet_ids"}, {"ext_edit_control", "initial", "edit_tweet_ids"},
		{"ext_edit_control", "edit", "edit_control_initial", "edit_tweet_ids"},
	} {
		list, ok := at(post, names...).([]any)
		if !ok {
			continue
		}
		for _, each := range list {
			if id, ok := each.(string); ok && isID(id) {
				ids = append(ids, id)
			}
		}
		return ids
	}
	return nil
}
