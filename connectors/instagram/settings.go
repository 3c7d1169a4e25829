package instagram

import (
	"errors"
	"regexp"
	"time"

	"standpunt/config"
	"standpunt/connectors/internal/graph"
)

// The ways in which an account is reached.
const (
	overFacebook  = "facebook"  // Facebook Login: by the Page that the account is linked to
	overInstagram = "instagram" // Instagram Login: by the account itself
)

// Settings are an account's settings of kind instagram.
type Settings struct {
	Login       string        `yaml:"login" required:"true"`        // facebook or instagram
	UserID      string        `yaml:"ig_user_id" required:"true"`   // of the professional account; digits, in quotes
	PageID      string        `yaml:"page_id"`                      // of the linked Page; for messages over Facebook Login
	AccessToken config.Secret `yaml:"access_token" required:"true"` // the Page's, or the account's own
	// AppSecret proves deliveries and, over Facebook Login, that calls are the app's own.
	AppSecret   config.Secret   `yaml:"app_secret"`
	VerifyToken config.Secret   `yaml:"verify_token"` // what Meta's console was told
	Messages    bool            `yaml:"messages"`     // whether private messages are read and answered
	HumanAgent  bool            `yaml:"human_agent"`  // whether Meta allowed the app to answer them for seven days, not one
	BaseURL     config.URL      `yaml:"base_url"`     // the Graph API's address
	Version     string          `yaml:"version"`      // of the Graph API
	PollEvery   config.Duration `yaml:"poll_every"`
}

// hosts are where each login's calls go.
var hosts = map[string]config.URL{overFacebook: "https://graph.facebook.com", overInstagram: "https://graph.instagram.com"}

var (
	idPattern     = regexp.MustCompile(`^[0-9]{1,25}$`)
	verifyPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{16,200}$`)
)

// decode reads the settings and reports every fault at once.
func decode(from config.Settings) (Settings, error) {
	s := Settings{Version: "v26.0", PollEvery: config.Duration(time.Minute), Messages: true}
	faults := []error{from.Decode(&s)}
	if len(config.Problems(faults[0])) == 0 && faults[0] != nil {
		return s, faults[0]
	}
	fault := func(key, value, message, remedy string) {
		faults = append(faults, from.Problem(key, value, message, remedy))
	}
	host, known := hosts[s.Login]
	if !known && s.Login != "" {
		fault("login", s.Login, "is none of Instagram's two", "Write facebook where the access token is a Page's, instagram where it is the account's own.")
	}
	if s.BaseURL == "" {
		s.BaseURL = host
	}
	faults = append(faults, from.Encrypted("base_url", s.BaseURL), from.Token("access_token", s.AccessToken), from.Token("app_secret", s.AppSecret))
	if s.UserID != "" && !idPattern.MatchString(s.UserID) {
		fault("ig_user_id", s.UserID, "is not a professional account's id", "Write its digits, in quotes; docs/platforms/instagram.md tells where they stand.")
	}
	switch {
	case s.Login == overInstagram && s.PageID != "":
		fault("page_id", s.PageID, "has no meaning with the login instagram", "Leave it out.")
	case s.PageID != "" && !idPattern.MatchString(s.PageID):
		fault("page_id", s.PageID, "is not a Page's id", "Write the digits of the Page that the account is linked to, in quotes.")
	case s.Login == overFacebook && s.PageID == "" && s.Messages:
		fault("page_id", "", "is missing: over Facebook Login, messages go by the Page", "Write the linked Page's id, or messages: false.")
	}
	if token := s.VerifyToken.Reveal(); token != "" && !verifyPattern.MatchString(token) {
		fault("verify_token", "", "is shorter than 16 characters, or holds others than letters, digits, - and _",
			"Make one with: openssl rand -hex 32. Write the same into Meta's console.")
	}
	if s.HumanAgent && !s.Messages {
		fault("human_agent", "true", "is given without messages", "Leave it out, or messages: false.")
	}
	switch {
	case s.VerifyToken.Reveal() != "" && s.AppSecret.Reveal() == "":
		fault("app_secret", "", "is missing: without it nobody can tell who delivers", "Set it to the app's secret, or leave verify_token out.")
	case s.Login == overInstagram && s.AppSecret.Reveal() != "" && s.VerifyToken.Reveal() == "":
		fault("verify_token", "", "is missing: with the login instagram, app_secret serves deliveries alone", "Set both, or leave both out.")
	}
	if graph.OfApp(s.AccessToken.Reveal()) {
		fault("access_token", "", "is an app's own token", "Set the linked Page's or the account's, as docs/platforms/instagram.md tells.")
	}
	if !graph.ValidVersion(s.Version) {
		fault("version", s.Version, "is not a version of the Graph API", "Write one such as v26.0.")
	}
	if d := s.PollEvery.Std(); d < 5*time.Second || d > 24*time.Hour {
		fault("poll_every", s.PollEvery.String(), "is out of range", "Write a duration from 5s to 24h.")
	}
	return s, errors.Join(faults...)
}
