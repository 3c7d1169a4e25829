package instagram_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"standpunt/connectors"
	"standpunt/connectors/connectortest"
	"standpunt/connectors/instagram/replay/platform"
)

// TestCheckOfAGoodAccountSaysNothing holds for both logins, and where there is no
// post to try the comments of.
func TestCheckOfAGoodAccountSaysNothing(t *testing.T) {
	logins(t, func(t *testing.T, login string) {
		r, c := play(t, platform.Options{Login: login})
		for range 2 {
			who, todo := c.Check(t.Context())
			if who.RemoteID != userID || who.Handle != "@"+username || len(todo) > 0 {
				t.Errorf("%+v, %+v", who, todo)
			}
			r.p.Erase(r.post)
		}
	})
}

// TestCheckTriesWhatFacebookDoesNotTell: debug_token is refused, and the lists
// themselves show which permissions are missing.
func TestCheckTriesWhatFacebookDoesNotTell(t *testing.T) {
	r, c := play(t, platform.Options{Permissions: []string{"instagram_basic"}})
	r.p.Fail(platform.Fault{Status: 400, Body: `{"error":{"message":"(#100) You must provide an app access token","code":100}}`})
	_, todo := c.Check(t.Context())
	if len(todo) != 2 || !strings.Contains(todo[0].Text, "access token debugger") || todo[0].Harm != connectors.HarmsLater ||
		!strings.Contains(todo[1].Text, "allow instagram_manage_comments, instagram_manage_messages:") || todo[1].Harm != connectors.HarmsAll {
		t.Errorf("%+v", todo)
	}
}

// TestCheckTellsWhatIsGrave: a lost pages_manage_metadata stops deliveries alone.
func TestCheckTellsWhatIsGrave(t *testing.T) {
	for _, lost := range permissions[platform.FacebookLogin] {
		left := slices.DeleteFunc(slices.Clone(permissions[platform.FacebookLogin]), func(p string) bool { return p == lost })
		_, c := play(t, platform.Options{Permissions: left})
		want := connectors.HarmsAll
		if lost == "pages_manage_metadata" {
			want = connectors.HarmsLater
		}
		if _, todo := c.Check(t.Context()); len(todo) != 1 || !strings.Contains(todo[0].Text, "allow "+lost+":") || todo[0].Harm != want {
			t.Errorf("without %s: %+v", lost, todo)
		}
	}
}

// TestCheckUsesTheRenewedToken also tells of one that Instagram no longer renews.
func TestCheckUsesTheRenewedToken(t *testing.T) {
	const renewed = "IGAA-renewed-2c9f"
	for name, c := range map[string]struct {
		ends time.Time
		says string
	}{
		"for long":      {time.Now().Add(50 * 24 * time.Hour), ""},
		"for some days": {time.Now().Add(5 * 24 * time.Hour), "Instagram does not renew it"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRemoteWith(t, platform.Options{Login: platform.InstagramLogin}, renewed)
			keep := connectortest.NewKeep(t, "ig")
			of := sha256.Sum256([]byte(goodToken))
			value, err := json.Marshal(map[string]any{"of": hex.EncodeToString(of[:]), "token": renewed, "ends": c.ends.Unix(), "next": c.ends.Unix()})
			if err != nil || keep.Save(t.Context(), "access-token", value) != nil {
				t.Fatal(err)
			}
			conn, log := keeping(t, r, keep, goodToken)
			who, todo := conn.Check(t.Context())
			if who.RemoteID != userID || (c.says == "") != (len(todo) == 0) || len(todo) > 0 && (!strings.Contains(todo[0].Text, c.says) || todo[0].Harm != connectors.HarmsLater) {
				t.Errorf("%+v, %+v", who, todo)
			}
			if log.String() != "" {
				t.Errorf("the log has %s", log.String())
			}
		})
	}
}

// TestCheckChangesNothing: no call of a check is one that writes, and no token is renewed.
func TestCheckChangesNothing(t *testing.T) {
	r := newRemote(t, platform.Options{Login: platform.InstagramLogin, TokenMade: time.Now().Add(-40 * 24 * time.Hour)})
	keep := connectortest.NewKeep(t, "ig")
	c, _ := keeping(t, r, keep, goodToken)
	if _, todo := c.Check(t.Context()); len(todo) > 0 {
		t.Errorf("%+v", todo)
	}
	if kept, err := keep.Load(t.Context(), "access-token"); err != nil || kept.Value != nil {
		t.Errorf("a token was kept: %v", err)
	}
	r.p.Forget()
	if _, todo := c.Check(t.Context()); len(todo) > 0 {
		t.Errorf("the configured token was taken away: %+v", todo)
	}
}

func TestCheckOfATokenThatEnded(t *testing.T) {
	_, c := play(t, platform.Options{Login: platform.InstagramLogin, TokenMade: time.Now().Add(-61 * 24 * time.Hour)})
	_, todo := c.Check(t.Context())
	if len(todo) != 1 || !strings.HasPrefix(todo[0].Text, "Make a new access token and set it as access_token: the token has expired") || todo[0].Harm != connectors.HarmsAll {
		t.Errorf("%+v", todo)
	}
}
