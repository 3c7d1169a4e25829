package instagram_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"standpunt/config"
	"standpunt/connectors"
	"standpunt/connectors/instagram"
	"standpunt/connectors/instagram/replay/platform"
	"standpunt/connectors/internal/graph/graphreplay"
)

func TestSettingsAreStrict(t *testing.T) {
	for name, c := range map[string]struct {
		given map[string]any
		want  []string
	}{
		"everything at once": {
			map[string]any{"login": "meta", "base_url": "ftp://x", "ig_user_id": "noordlicht", "version": "26", "acces_token": goodToken, "poll_every": "1s", "page_id": "p", "verify_token": verify},
			[]string{"acces_token", "access_token", "app_secret", "base_url", "ig_user_id", "login", "page_id", "poll_every", "version"},
		},
		"nothing":                            {map[string]any{}, []string{"access_token", "ig_user_id", "login"}},
		"messages without a Page":            {map[string]any{"login": "facebook", "ig_user_id": "1", "access_token": goodToken}, []string{"page_id"}},
		"a Page where there is none":         {map[string]any{"login": "instagram", "ig_user_id": "1", "access_token": goodToken, "page_id": "2"}, []string{"page_id"}},
		"a secret that nothing is done with": {map[string]any{"login": "instagram", "ig_user_id": "1", "access_token": goodToken, "app_secret": secret}, []string{"verify_token"}},
		"no messages, no Page":               {map[string]any{"login": "facebook", "ig_user_id": "1", "access_token": goodToken, "messages": false}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := instagram.New(connectors.Account{Settings: config.NewSettings(c.given)})
			var keys []string
			for _, p := range config.Problems(err) {
				keys = append(keys, strings.TrimPrefix(p.Key, "settings."))
				if p.Remedy == "" || strings.Contains(p.Error(), goodToken) || strings.Contains(p.Error(), secret) || strings.Contains(p.Error(), verify) {
					t.Errorf("%v", p)
				}
			}
			slices.Sort(keys)
			if !slices.Equal(keys, c.want) || (err == nil) != (len(c.want) == 0) {
				t.Errorf("faults at %v, want %v: %v", keys, c.want, err)
			}
		})
	}
}

func TestWhatTheSettingsTell(t *testing.T) {
	r := newRemote(t, platform.Options{})
	c := r.connect(t, connectors.Account{}, r.settings(goodToken))
	if c.PollEvery() != time.Minute || c.Endpoint() != r.URL {
		t.Errorf("%v, %s", c.PollEvery(), c.Endpoint())
	}
	if m := c.Measure("𠜎é!"); m.Length != 4 || m.Limit != 2200 {
		t.Errorf("a comment measures %+v", m)
	}
	if m := c.MeasurePrivate("𠜎é!"); m.Length != 7 || m.Limit != 1000 || m.Unit != "bytes" {
		t.Errorf("a message measures %+v", m)
	}
	for login, host := range map[string]string{"facebook": "https://graph.facebook.com", "instagram": "https://graph.instagram.com"} {
		made, err := instagram.New(connectors.Account{Settings: config.NewSettings(map[string]any{"login": login, "ig_user_id": "1", "access_token": "x", "messages": false})})
		if at, ok := made.(connectors.Located); err != nil || !ok || at.Endpoint() != host {
			t.Errorf("%s: %v", login, err)
		}
	}
}

// The page of the documentation says how the account is subscribed.
func TestSubscribingAsTheDocumentationSays(t *testing.T) {
	for login, c := range map[string]struct{ which, fields string }{
		platform.InstagramLogin: {userID, "comments,live_comments,messages"}, platform.FacebookLogin: {pageID, "feed"},
	} {
		r, conn := play(t, platform.Options{Login: login, Subscribed: []string{}})
		for _, fields := range []string{c.fields, "coments"} {
			form := url.Values{"subscribed_fields": {fields}, "access_token": {goodToken}}
			if login == platform.FacebookLogin {
				form.Set("appsecret_proof", strings.TrimPrefix(graphreplay.Sign(secret, []byte(goodToken)), "sha256="))
			}
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.URL+"/v26.0/"+c.which+"/subscribed_apps", strings.NewReader(form.Encode()))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			answer, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			_ = answer.Body.Close()
			if (answer.StatusCode == http.StatusOK) != (fields == c.fields) {
				t.Errorf("%s, %s: %s", login, fields, answer.Status)
			}
		}
		if who, err := conn.Identity(t.Context()); err != nil || who.Note != "" {
			t.Errorf("%s: %+v, %v", login, who, err)
		}
	}
}

func TestIdentityTellsTheTokensHealth(t *testing.T) {
	all := permissions[platform.FacebookLogin]
	for _, c := range []struct {
		name    string
		o       platform.Options
		canSend bool
		note    string
	}{
		{"well", platform.Options{}, true, ""},
		{"a permission for answers is lost", platform.Options{Permissions: all[1:]}, false, "instagram_manage_comments"},
		{"a permission for messages is lost", platform.Options{Permissions: all[:3]}, true, "instagram_manage_messages"},
		{"it ends soon", platform.Options{TokenEnds: time.Now().Add(72 * time.Hour)}, true, "The token ends on"},
		{"it ends later", platform.Options{TokenEnds: time.Now().Add(50 * 24 * time.Hour)}, true, ""},
		{"it is of another Page", platform.Options{PageID: "100200301"}, false, "page_id"},
		{"nothing is delivered", platform.Options{Subscribed: []string{}}, true, "Page delivers nothing"},
		{"over Instagram Login", platform.Options{Login: platform.InstagramLogin}, true, ""},
		{"messages are not delivered", platform.Options{Login: platform.InstagramLogin, Subscribed: []string{"comments"}}, true, "deliver messages."},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, conn := play(t, c.o)
			who, err := conn.Identity(t.Context())
			if err != nil || who.RemoteID != userID || who.Handle != "@"+username || who.CanSend != c.canSend {
				t.Errorf("%+v, %v", who, err)
			}
			if (c.note == "") != (who.Note == "") || !strings.Contains(who.Note, c.note) {
				t.Errorf("the note is %q", who.Note)
			}
		})
	}
}
