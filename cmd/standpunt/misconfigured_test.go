package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	facebook "standpunt/connectors/facebook/replay/platform"
	instagram "standpunt/connectors/instagram/replay/platform"
	twitter "standpunt/connectors/twitter/replay/platform"
)

// plight is a configuration and what the platforms think of it, before something
// goes wrong with them.
type plight struct {
	t     *testing.T
	top   map[string]string // keys of the file beside accounts
	x     twitter.Options
	fb    facebook.Options
	ig    instagram.Options
	sets  map[string]string // settings in place of the right ones
	drop  bool              // the account's own server answers no more
	html  bool              // something else stands at base_url
	tls   bool              // base_url says https
	more  string            // further accounts
	oauth map[string]any    // the account of kind twitter signs in with OAuth 2.0, and this is kept of it
	env   []string
}

// misconfigurations are what people get wrong, and the sentence that `standpunt
// check` has for it. docs/operations.md shows them.
var misconfigurations = []struct {
	kind, wrong, says string
	make              func(p *plight)
}{
	{"twitter", "wrong `consumer_secret`", "Copy consumer_key and consumer_secret anew from X's developer console: X does not know the app by these.",
		func(p *plight) { p.sets["consumer_secret"] = "another" }},
	{"twitter", "wrong `access_token_secret`, or a token that was regenerated", "Copy access_token and access_token_secret anew from X's developer console: X knows the app by its keys and refuses the account's tokens.",
		func(p *plight) { p.sets["access_token_secret"] = "another" }},
	{"twitter", "tokens of another account than `handle`", "Write handle as @brand, or set tokens made while signed in to X as @noordlicht: these belong to @brand.",
		func(p *plight) { p.sets["handle"] = "noordlicht" }},
	{"twitter", "an app that may read only", "Set the app's permissions to Read and write in X's developer console, then regenerate access_token and access_token_secret: with these the app may read only.",
		func(p *plight) { p.x.ReadOnly = true }},
	{"twitter", "this machine's clock is wrong", "Set the clock, and keep it right with NTP: this machine's clock is off by 1h0m0s, so X refuses the signature.",
		func(p *plight) { p.x.Ahead = time.Hour }},
	{"twitter", "this machine's clock is nearly wrong", "Set this machine's clock, and keep it right with NTP: it is off by 3m0s, and X soon refuses the signatures.",
		func(p *plight) { p.x.Ahead = 3 * time.Minute }},
	{"twitter", "the API took a new vocabulary", "Set vocabulary to post: X does not know a parameter of the request.",
		func(p *plight) { p.x.Vocabulary = "post" }},
	{"twitter", "`base_url` with a path that is not there", "Set base_url to https://api.x.com, or leave it out: what answers at the one that is set is not X's API.",
		func(p *plight) { p.sets["base_url"] = "SERVER/v2" }},
	{"twitter", "`base_url` of a web page", "Set base_url to https://api.x.com, or leave it out: what answers at the one that is set is not X's API.",
		func(p *plight) { p.html = true }},
	{"twitter", "nothing runs at `base_url`", "Check that it runs and that base_url is right: HOST cannot be reached (connection refused).",
		func(p *plight) { p.drop = true }},
	{"twitter", "a host that does not exist", "Correct the host in base_url, or this machine's DNS: api.x.invalid cannot be reached (the host name is not known).",
		func(p *plight) { p.sets["base_url"] = "https://api.x.invalid" }},
	{"twitter", "https to a port without TLS", "Write http in place of https in base_url, or the port that speaks TLS: HOST cannot be reached (it does not speak TLS).",
		func(p *plight) { p.tls = true }},
	{"twitter", "an app without a project", "Attach the app to a project in X's developer console: the app belongs to no project with access to the API v2.",
		func(p *plight) { p.x.Refuses = twitter.NoProject }},
	{"twitter", "credits used up", "Buy credits in X's developer console, or raise the spending limit there: the app's credits at X are used up.",
		func(p *plight) { p.x.Refuses = twitter.NoCredits }},
	{"twitter", "access level too low (453)", "Use the API v2, or buy the access level in X's developer console: the app's access level does not include this call.",
		func(p *plight) { p.x.Refuses = twitter.NoAccess }},
	{"twitter", "`standpunt login`: a sign-in that was revoked", "Run standpunt login tried: X no longer accepts the account's sign-in: it was revoked, or its refresh token was used before.",
		func(p *plight) { p.signedIn(time.Now().Add(-time.Hour)) }},
	{"twitter", "`standpunt login`: a sign-in that has expired", "Run standpunt login tried: X no longer accepts the account's sign-in: it was revoked, or its refresh token was used before.",
		func(p *plight) { p.signedIn(time.Now().Add(-3 * time.Hour)) }},
	{"twitter", "`standpunt login`: nobody has signed in yet", "Run standpunt login tried: nobody has signed this account in on X yet.",
		func(p *plight) { p.signedIn(time.Time{}) }},
	{"twitter", "`activity` with the four keys: nothing is delivered at once", "Set client_id and run standpunt login tried, or set activity to false: X's documentation asks for a sign-in with OAuth 2.0 to subscribe to mentions, and until then they come by poll.",
		func(p *plight) { p.sets["activity"], p.sets["bearer_token"] = "true", "bearer" }},
	{"twitter", "`direct_messages` with an app that may only read and write: no message is delivered", "Set the app's permissions to Read and write and Direct message in X's developer console, then regenerate access_token and access_token_secret: with these it may not touch direct messages.",
		func(p *plight) { p.sets["direct_messages"], p.x.NoMessages = "true", true }},
	{"twitter", "the account is suspended or locked", "Sign in on x.com as the brand and follow what it says there: X has suspended or locked the account.",
		func(p *plight) { p.x.Refuses = twitter.Suspended }},

	{"twitter", "`api: \"1.1\"`: an access level without API v1.1 (453)", `Set api to "2", or get an enterprise plan that includes it: your access level has no API v1.1.`,
		func(p *plight) { p.legacy(); p.x.NoLegacy = true }},
	{"twitter", "`api: \"1.1\"`: wrong `consumer_secret` (32)", "Copy consumer_key and consumer_secret anew from X's developer console: X does not know the app by these.",
		func(p *plight) { p.legacy(); p.sets["consumer_secret"] = "another" }},
	{"twitter", "`api: \"1.1\"`: wrong `access_token_secret` (32)", "Copy access_token and access_token_secret anew from X's developer console: X knows the app by its keys and refuses the account's tokens.",
		func(p *plight) { p.legacy(); p.sets["access_token_secret"] = "another" }},
	{"twitter", "`api: \"1.1\"`: a token that was revoked (89)", "Copy access_token and access_token_secret anew from X's developer console; each changes when it is regenerated: the server takes the account's tokens for invalid or revoked.",
		func(p *plight) { p.legacy(); p.sets["access_token"] = "another" }},
	{"twitter", "`api: \"1.1\"`: tokens of another account than `handle`", "Write handle as @brand, or set tokens made while signed in to X as @noordlicht: these belong to @brand.",
		func(p *plight) { p.legacy(); p.sets["handle"] = "noordlicht" }},
	{"twitter", "`api: \"1.1\"`: an app that may read only", "Set the app's permissions to Read and write in X's developer console, then regenerate access_token and access_token_secret: with these the app may read only.",
		func(p *plight) { p.legacy(); p.x.ReadOnly = true }},
	{"twitter", "`api: \"1.1\"`: this machine's clock is wrong (135)", "Set the clock, and keep it right with NTP: this machine's clock is off by 1h0m0s, so X refuses the signature.",
		func(p *plight) { p.legacy(); p.x.Ahead = -time.Hour }},
	{"twitter", "`api: \"1.1\"`: this machine's clock is nearly wrong", "Set this machine's clock, and keep it right with NTP: it is off by 3m0s, and X soon refuses the signatures.",
		func(p *plight) { p.legacy(); p.x.Ahead = -3 * time.Minute }},
	{"twitter", "`api: \"1.1\"`: the account is suspended or locked (64, 326)", "Sign in on x.com as the brand and follow what it says there: X has suspended or locked the account.",
		func(p *plight) { p.legacy(); p.x.Refuses = twitter.Locked }},
	{"twitter", "`api: \"1.1\"`: nothing runs at `base_url`", "Check that it runs and that base_url is right: HOST cannot be reached (connection refused).",
		func(p *plight) { p.legacy(); p.drop = true }},
	{"twitter", "`api: \"1.1\"`: a server without API v1.1, or a web page", `Correct base_url, or set api to "2": there is no API v1.1 at the account's address.`,
		func(p *plight) { p.legacy(); p.html = true }},

	{"facebook", "expired token", "Make a new Page access token and set it as access_token: the token has expired (HOST, code 190).",
		func(p *plight) { p.fb.TokenEnds = time.Now().Add(-time.Hour) }},
	{"facebook", "revoked or mistyped token", "Make a new Page access token and set it as access_token: Facebook does not accept the token (HOST, code 190).",
		func(p *plight) { p.sets["access_token"] = "another" }},
	{"facebook", "the token of a person", "Set the Page's own token, which GET /me/accounts gives, as access_token: this one is of type USER.",
		func(p *plight) { p.fb.TokenType = "USER" }},
	{"facebook", "the token of another Page", "Set page_id to 555, or make the token for Page 100200300: this one belongs to the former.",
		func(p *plight) { p.fb.TokenOf = "555" }},
	{"facebook", "`page_id` of no Page", "Set page_id to 100200300, or make the token for Page 100200301: this one belongs to the former.",
		func(p *plight) { p.sets["page_id"] = "100200301" }},
	{"facebook", "may not answer", "Make the Page token anew and grant pages_manage_engagement: it lacks what the account works with.",
		func(p *plight) { p.fb.Permissions = p.fb.Permissions[1:] }},
	{"facebook", "may not read", "Make the Page token anew and grant pages_read_engagement, pages_read_user_content: it lacks what the account works with.",
		func(p *plight) { p.fb.Permissions = p.fb.Permissions[:1] }},
	{"facebook", "wrong `app_secret`", "Set app_secret to the secret of the app that the token was made with: Facebook does not accept the proof that the call is the app's own (HOST, code 100).",
		func(p *plight) { p.sets["app_secret"] = "another" }},
	{"facebook", "a `version` that is switched off", "Set version to a current one, such as v26.0: this version of the Graph API no longer offers the call (HOST, code 2635).",
		func(p *plight) { p.sets["version"] = "v18.0" }},
	{"facebook", "a token that ends soon", "Make a new Page token before DAY: the token ends on that day.",
		func(p *plight) { p.fb.TokenEnds = time.Now().Add(72 * time.Hour) }},
	{"facebook", "`base_url` of a web page", "Set base_url to https://graph.facebook.com, or leave it out: what answers at the one that is set is not the Graph API.",
		func(p *plight) { p.html = true }},
	{"facebook", "a `page_id` that is a name", `page_id: is not a Page's id (got "noordlicht"). Write the digits that the Page shows under About, Page transparency, in quotes.`,
		func(p *plight) { p.sets["page_id"] = "noordlicht" }},

	{"instagram", "expired token", "Make a new Page access token and set it as access_token: the token has expired (HOST, code 190).",
		func(p *plight) { p.ig.TokenEnds = time.Now().Add(-time.Hour) }},
	{"instagram", "revoked or mistyped token", "Make a new Page access token and set it as access_token: Instagram does not accept the token (HOST, code 190).",
		func(p *plight) { p.sets["access_token"] = "another" }},
	{"instagram", "`login: facebook` with a token of Instagram Login", "Set login to instagram, or set the token of the linked Page: Facebook refuses this one, which looks like one of Instagram Login.",
		func(p *plight) { p.sets["access_token"] = "IGAA-page-token-19fe" }},
	{"instagram", "`login: instagram` with the token of a Page", "Set login to facebook, or make a token with Instagram Login: Instagram refuses this one, which looks like a Page's.",
		func(p *plight) { p.byItself(); p.sets["access_token"] = "EAA-page-token-19fe" }},
	{"instagram", "the token of a person", "Set the Page's own token, which GET /me/accounts gives, as access_token, or messages: false: this one is of type USER.",
		func(p *plight) { p.ig.TokenType = "USER" }},
	{"instagram", "the token of another Page", "Set page_id to 555, or make the token for Page 100200300: this one belongs to the former.",
		func(p *plight) { p.ig.TokenOf = "555" }},
	{"instagram", "`page_id` of another Page", "Set page_id to 100200300, or make the token for Page 100200301: this one belongs to the former.",
		func(p *plight) { p.sets["page_id"] = "100200301" }},
	{"instagram", "messages without `page_id`", "page_id: is missing: over Facebook Login, messages go by the Page. Write the linked Page's id, or messages: false.",
		func(p *plight) { p.sets["page_id"] = "" }},
	{"instagram", "wrong `ig_user_id`", "Set ig_user_id to 17841400000000001, to which the token's Page 100200300 is linked: Instagram shows this token no account 17841400000000002.",
		func(p *plight) { p.sets["ig_user_id"] = "17841400000000002" }},
	{"instagram", "`login: instagram` with another account's `ig_user_id`", "Set ig_user_id to 17841400000000001, or make the token signed in as the account that has the id 17841400000000002: this one belongs to @brand.",
		func(p *plight) { p.byItself(); p.sets["ig_user_id"] = "17841400000000002" }},
	{"instagram", "permissions that are missing", "Make the token anew and allow instagram_manage_comments, instagram_manage_messages: it lacks what the account works with.",
		func(p *plight) {
			p.ig.Permissions = []string{"instagram_basic", "pages_read_engagement", "pages_manage_metadata"}
		}},
	{"instagram", "`login: instagram` with permissions that are missing", "Make the token anew and allow instagram_business_manage_comments, instagram_business_manage_messages: it lacks what the account works with.",
		func(p *plight) { p.byItself(); p.ig.Permissions = p.ig.Permissions[:1] }},
	{"instagram", "wrong `app_secret`", "Set app_secret to the secret of the app that the token was made with: Instagram does not accept the proof that the call is the app's own (HOST, code 100).",
		func(p *plight) { p.sets["app_secret"] = "another" }},
	{"instagram", "a `version` that is switched off", "Set version to a current one, such as v26.0: this version of the Graph API no longer offers the call (HOST, code 2635).",
		func(p *plight) { p.sets["version"] = "v18.0" }},
	{"instagram", "a token that ends soon", "Make a new Page token before DAY: the token ends on that day.",
		func(p *plight) { p.ig.TokenEnds = time.Now().Add(72 * time.Hour) }},
	{"instagram", "nothing is delivered", "Subscribe the linked Page to the app, as docs/platforms/instagram.md tells: it delivers nothing to it, and polls alone bring in what they can.",
		func(p *plight) { p.ig.Subscribed = nil }},
	{"instagram", "`login: instagram`, and messages are not delivered", "Subscribe the account to messages, as docs/platforms/instagram.md tells: Instagram does not deliver that, and polls alone bring in what they can.",
		func(p *plight) { p.byItself(); p.ig.Subscribed = []string{"comments"} }},
	{"instagram", "`base_url` of a web page", "Set base_url to https://graph.facebook.com, or leave it out: what answers at the one that is set is not the Graph API.",
		func(p *plight) { p.html = true }},
	{"instagram", "nothing runs at `base_url`", "Check the daemon's way to the internet and the account's base_url: HOST cannot be reached (connection refused).",
		func(p *plight) { p.drop = true }},

	{"twitter", "an environment variable that is not set", `consumer_secret: the environment variable is not set (got "X_SECRET"). Set it where the daemon is started, or write {file: PATH}.`,
		func(p *plight) { p.sets["consumer_secret"] = "{env: X_SECRET}" }},
	{"twitter", "an environment variable that is empty", `consumer_secret: the environment variable is empty (got "X_SECRET"). Give it the secret's value.`,
		func(p *plight) { p.sets["consumer_secret"] = "{env: X_SECRET}"; p.env = []string{"X_SECRET="} }},
	{"facebook", "a secret's file that is not there", `access_token: the file does not exist (got "DIR/token").`,
		func(p *plight) { p.sets["access_token"] = "{file: DIR/token}" }},
	{"facebook", "a secret's file that others can open", `access_token: others can open the file (mode 0644) (got "DIR/open"). Run: chmod 600 DIR/open.`,
		func(p *plight) { p.sets["access_token"] = "{file: DIR/open}" }},
	{"twitter", "a `consumer_secret` with a space at its end", `consumer_secret: begins or ends with a space or a line end. Take that away, and look that nothing else is missing.`,
		func(p *plight) {
			p.sets["consumer_secret"] = "{env: X_SECRET}"
			p.env = []string{"X_SECRET=consumer-secret-4be1 "}
		}},
	{"twitter", "an `access_token` in quotes", `access_token: has quotes that are part of it. Take them away: around a value in this file one pair is enough, in a variable or a file there is none.`,
		func(p *plight) { p.sets["access_token"] = "{env: X_TOKEN}"; p.env = []string{`X_TOKEN="at-77aa"`} }},
	{"facebook", "an `access_token` with the word Bearer", `access_token: begins with the word Bearer, which is not part of it. Write what stands behind it alone.`,
		func(p *plight) { p.sets["access_token"] = "Bearer page-token-19fe" }},
	{"facebook", "an app's own token", `access_token: is an app's own token. Set the Page's, which GET /me/accounts gives.`,
		func(p *plight) { p.sets["access_token"] = "123|page-token-19fe" }},
	{"instagram", "an `app_secret` in two lines", `app_secret: holds a space, a line end or a character that none has. Copy it again, in one piece and nothing else.`,
		func(p *plight) {
			p.sets["app_secret"] = "{env: X_SECRET}"
			p.env = []string{"X_SECRET=app-secret-8d02\nverify-token"}
		}},
	{"twitter", "a misspelt key", `consumer_kye: unknown key. Did you mean "consumer_key"?`,
		func(p *plight) { p.sets["consumer_kye"] = "ck" }},
	{"twiter", "a misspelt kind", `kind: unknown kind (got "twiter"). Did you mean "twitter"?`,
		func(*plight) {}},
	{"twitter", "the same account twice", "Delete tried or again from accounts: both are @brand, and every mention would come in twice.",
		func(p *plight) { p.more = "twin" }},
	{"twitter", "plain HTTP for everybody", `public_url: is plain HTTP to another machine (got "http://desk.example.com"). Write https://desk.example.com.`,
		func(p *plight) { p.top["public_url"] = "http://desk.example.com" }},
	{"twitter", "`data` is a file", "Set data to a directory: DIR/open is a file.",
		func(p *plight) { p.top["data"] = "DIR/open" }},
	{"twitter", "`data` cannot be made", "Let the daemon's user write to DIR/open, or set data to another directory: DIR/open/data cannot be made there.",
		func(p *plight) { p.top["data"] = "DIR/open/data" }},
	{"twitter", "another program has the port", "Set listen to another port, or end the program that has this one: TAKEN is taken.",
		func(p *plight) { p.top["listen"] = "TAKEN" }},
}

// TestCheckExplainsMisconfigurations.
func TestCheckExplainsMisconfigurations(t *testing.T) {
	t.Parallel()
	for i, each := range misconfigurations {
		t.Run(fmt.Sprint(i+1), func(t *testing.T) {
			p := newPlight(t)
			each.make(p)
			code, said := p.check(each.kind)
			if !strings.Contains(said, each.says) {
				t.Errorf("%s: it says\n%swhich lacks\n%s", each.wrong, said, each.says)
			}
			later := strings.Contains(each.wrong, "nearly") || strings.Contains(each.wrong, "soon") || strings.Contains(each.wrong, "may not answer") || strings.Contains(each.wrong, "read only") ||
				strings.Contains(each.wrong, "delivered")
			if later == (code == exitFailed) {
				t.Errorf("%s: exit %d", each.wrong, code)
			}
			for _, secret := range []string{"consumer-secret-4be1", "token-secret-77aa", "page-token-19fe", "app-secret-8d02", "client-secret-20c7", "access-5d10", "refresh-93ab"} {
				if strings.Contains(said, secret) {
					t.Errorf("it tells the secret %s:\n%s", secret, said)
				}
			}
		})
	}
}

// TestCheckTellsAllAtOnce has three things wrong with one account, and none
// with another.
func TestCheckTellsAllAtOnce(t *testing.T) {
	t.Parallel()
	p := newPlight(t)
	p.x.ReadOnly, p.x.Ahead, p.x.Vocabulary = true, 3*time.Minute, "post"
	code, said := p.check("twitter")
	for _, want := range []string{"Read and write", "clock", "Set vocabulary to post"} {
		if code != exitFailed || !strings.Contains(said, want) {
			t.Errorf("exit %d, and it does not tell of %q:\n%s", code, want, said)
		}
	}
	p = newPlight(t)
	p.legacy()
	p.x.ReadOnly, p.x.Ahead, p.sets["handle"] = true, 3*time.Minute, "noordlicht"
	code, said = p.check("twitter")
	for _, want := range []string{"Read and write", "clock", "Write handle as @brand"} {
		if code != exitFailed || !strings.Contains(said, want) {
			t.Errorf("exit %d, and over API 1.1 it does not tell of %q:\n%s", code, want, said)
		}
	}
	p = newPlight(t)
	p.ig.TokenEnds, p.ig.Permissions, p.ig.Subscribed = time.Now().Add(72*time.Hour), []string{"instagram_basic"}, nil
	p.sets["ig_user_id"] = "17841400000000002"
	code, said = p.check("instagram")
	for _, want := range []string{"Make a new Page token before DAY", "pages_read_engagement", "Set ig_user_id to 17841400000000001"} {
		if code != exitFailed || !strings.Contains(said, want) {
			t.Errorf("exit %d, and it does not tell of %q:\n%s", code, want, said)
		}
	}
	p = newPlight(t)
	p.byItself()
	if code, said := p.check("instagram"); code != exitOK || !strings.Contains(said, " yes ") {
		t.Errorf("a good account over Instagram Login: exit %d\n%s", code, said)
	}
	for _, kind := range []string{"twitter", "facebook", "instagram"} {
		if code, said := newPlight(t).check(kind); code != exitOK || !strings.Contains(said, " yes ") {
			t.Errorf("a good account of kind %s: exit %d\n%s", kind, code, said)
		}
	}
}

// TestOperationsPageShowsMisconfigurations.
func TestOperationsPageShowsMisconfigurations(t *testing.T) {
	t.Parallel()
	var table strings.Builder
	for _, each := range misconfigurations {
		fmt.Fprintf(&table, "| %s | %s | %s |\n", each.kind, each.wrong, each.says)
	}
	page, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), "\n| kind | what is wrong | what it says |\n|---|---|---|\n"+table.String()+"\n") {
		t.Errorf("the table of docs/operations.md should be\n%s", &table)
	}
}

func newPlight(t *testing.T) *plight {
	t.Helper()
	return &plight{
		t: t, sets: make(map[string]string), top: make(map[string]string),
		x: twitter.Options{
			Handle: "brand", Name: "Brand", ConsumerKey: "ck", ConsumerSecret: "consumer-secret-4be1", AccessToken: "at", AccessSecret: "token-secret-77aa",
		},
		ig: instagram.Options{
			Login: instagram.FacebookLogin, UserID: "17841400000000001", Username: "brand", PageID: "100200300", Token: "EAA-page-token-19fe",
			AppSecret: "app-secret-8d02", Version: "v26.0", Subscribed: []string{"comments", "messages"},
			Permissions: []string{"instagram_manage_comments", "instagram_basic", "pages_read_engagement", "instagram_manage_messages", "pages_manage_metadata"},
		},
		fb: facebook.Options{
			PageID: "100200300", PageName: "Brand", Token: "page-token-19fe", AppSecret: "app-secret-8d02", Version: "v26.0",
			Permissions: []string{"pages_manage_engagement", "pages_read_engagement", "pages_read_user_content"},
		},
	}
}

// byItself takes the account of kind instagram to Instagram Login.
func (p *plight) byItself() {
	p.ig.Login, p.ig.PageID, p.ig.Token = instagram.InstagramLogin, "", "IGAA-page-token-19fe"
	p.ig.Permissions = []string{"instagram_business_basic", "instagram_business_manage_comments", "instagram_business_manage_messages"}
	p.sets["login"], p.sets["page_id"], p.sets["access_token"] = "instagram", "", p.ig.Token
}

// signedIn takes the account of kind twitter to OAuth 2.0, with a sign-in of that
// time that X no longer takes; of no time: with none.
func (p *plight) signedIn(made time.Time) {
	p.x.ClientID, p.x.ClientSecret, p.x.RedirectURL = "app", "client-secret-20c7", "http://127.0.0.1:8421/callback"
	p.oauth = map[string]any{}
	if !made.IsZero() {
		p.oauth = map[string]any{"client_id": "app", "user_id": "1", "access": "access-5d10", "refresh": "refresh-93ab", "made": made, "expires": made.Add(2 * time.Hour)}
	}
}

// keeps founds the data directory of the configuration, with what is kept of the
// sign-in.
func (p *plight) keeps(file, data string) {
	t := p.t
	t.Helper()
	if code, out, errs := runOnce(t, "init", "--config", file, "--person", "ada:admin,manager", "--person", "otto:admin"); code != exitOK {
		t.Fatalf("init: %d\n%s%s", code, out, errs)
	}
	if len(p.oauth) == 0 {
		return
	}
	kept, done, err := openKeeping(t.Context(), data, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(p.oauth)
	if err == nil {
		err = kept("tried").Save(t.Context(), "oauth2", encoded)
	}
	if err := errors.Join(err, done()); err != nil {
		t.Fatal(err)
	}
}

// legacy takes the account to API 1.1.
func (p *plight) legacy() { p.sets["api"] = "1.1" }

// check runs `standpunt check` on an account of the kind, and gives what it
// said with everything that differs from run to run under a fixed name.
func (p *plight) check(kind string) (code int, said string) {
	t := p.t
	t.Helper()
	var platform http.Handler
	settings := map[string]string{"base_url": "SERVER"}
	switch kind {
	case "facebook":
		platform, _ = facebook.New(p.fb)
		settings["page_id"], settings["access_token"], settings["app_secret"] = "100200300", "page-token-19fe", "app-secret-8d02"
	case "instagram":
		platform, _ = instagram.New(p.ig)
		settings["login"], settings["ig_user_id"], settings["page_id"] = "facebook", "17841400000000001", "100200300"
		settings["access_token"], settings["app_secret"], settings["verify_token"] = "EAA-page-token-19fe", "app-secret-8d02", "verify-token-5b1c77"
	default:
		platform = twitter.New(p.x)
		settings["handle"] = "brand"
		if p.oauth != nil {
			settings["client_id"], settings["client_secret"] = p.x.ClientID, p.x.ClientSecret
			break
		}
		settings["consumer_key"], settings["consumer_secret"] = "ck", "consumer-secret-4be1"
		settings["access_token"], settings["access_token_secret"] = "at", "token-secret-77aa"
	}
	if p.html {
		platform = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "<!doctype html><p>Welcome") })
	}
	server := httptest.NewServer(platform)
	defer server.Close()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "open"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	host := server.Listener.Addr().String()
	if p.drop {
		host = freeAddr(t)
	}
	base := "http://" + host
	if p.tls {
		base = "https://" + host
	}
	for key, value := range p.sets {
		settings[key] = value
	}
	account := func(name string) string {
		text := "  - name: " + name + "\n    kind: " + kind + "\n    settings:\n"
		for key, value := range settings {
			if !strings.HasPrefix(value, "{") && value != "true" {
				value = fmt.Sprintf("%q", value)
			}
			text += "      " + key + ": " + value + "\n"
		}
		return text
	}
	top := map[string]string{"data": "DIR/data", "listen": freeAddr(t)}
	for key, value := range p.top {
		top[key] = value
	}
	text := ""
	for key, value := range top {
		text += key + ": " + value + "\n"
	}
	text += "accounts:\n" + account("tried")
	if p.more != "" {
		text += account("again")
	}
	text = strings.NewReplacer("SERVER", base, "DIR", dir, "TAKEN", taken.Addr().String()).Replace(text)
	file := filepath.Join(dir, "standpunt.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if p.oauth != nil {
		p.keeps(file, filepath.Join(dir, "data"))
	}
	code, out, errs := runOnceWith(t, p.env, "check", "--config", file)
	return code, strings.NewReplacer(host, "HOST", dir, "DIR", taken.Addr().String(), "TAKEN",
		p.fb.TokenEnds.UTC().Format("2 January 2006"), "DAY", p.ig.TokenEnds.UTC().Format("2 January 2006"), "DAY").Replace(out + errs)
}
