package facebook

import (
	"errors"
	"regexp"
	"time"

	"standpunt/config"
	"standpunt/connectors/internal/graph"
)

// Settings are an account's settings of kind facebook.
type Settings struct {
	BaseURL     config.URL    `yaml:"base_url"`                     // the Graph API's address
	Version     string        `yaml:"version"`                      // of the Graph API
	PageID      string        `yaml:"page_id" required:"true"`      // digits, in quotes
	AccessToken config.Secret `yaml:"access_token" required:"true"` // the Page's
	// AppSecret proves to Facebook that calls are the app's own.
	AppSecret config.Secret   `yaml:"app_secret"`
	PollEvery config.Duration `yaml:"poll_every"`
	// VerifyToken lets Facebook deliver by itself; needs app_secret, which signs deliveries.
	VerifyToken config.Secret `yaml:"verify_token"`
	Messenger   bool          `yaml:"messenger"` // messages to the Page come in and are answered
	// HumanAgent is whether Meta allowed the app to answer messages for seven days, not one.
	HumanAgent bool `yaml:"human_agent"`
}

var (
	idPattern   = regexp.MustCompile(`^[0-9]{1,25}$`)
	nodePattern = regexp.MustCompile(`^[0-9]{1,25}(?:_[0-9]{1,25}){0,2}$`)
	// threadPattern is what ids of Messenger's dialogues consist of.
	threadPattern = regexp.MustCompile(`^t_[A-Za-z0-9_.$:=-]{1,200}$`)
	verifyPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,200}$`)
)

const minVerifyToken = 16 // characters

// decode reads the settings and reports every fault at once.
func decode(from config.Settings) (Settings, error) {
	s := Settings{BaseURL: "https://graph.facebook.com", Version: "v26.0", PollEvery: config.Duration(time.Minute)}
	faults := []error{from.Decode(&s)}
	if len(config.Problems(faults[0])) == 0 && faults[0] != nil {
		return s, faults[0]
	}
	faults = append(faults, from.Encrypted("base_url", s.BaseURL), from.Token("access_token", s.AccessToken), from.Token("app_secret", s.AppSecret))
	if s.PageID != "" && !idPattern.MatchString(s.PageID) {
		faults = append(faults, from.Problem("page_id", s.PageID, "is not a Page's id",
			"Write the digits that the Page shows under About, Page transparency, in quotes."))
	}
	if graph.OfApp(s.AccessToken.Reveal()) {
		faults = append(faults, from.Problem("access_token", "", "is an app's own token", "Set the Page's, which GET /me/accounts gives."))
	}
	if !graph.ValidVersion(s.Version) {
		faults = append(faults, from.Problem("version", s.Version, "is not a version of the Graph API", "Write one such as v26.0."))
	}
	if token := s.VerifyToken.Reveal(); token != "" && (len(token) < minVerifyToken || !verifyPattern.MatchString(token)) {
		faults = append(faults, from.Problem("verify_token", "", "is shorter than 16 characters, or holds others than letters, digits, - and _",
			"Make one with: openssl rand -hex 32. Write the same into Facebook's console."))
	}
	if s.VerifyToken.Reveal() != "" && s.AppSecret.Reveal() == "" {
		faults = append(faults, from.Problem("app_secret", "", "is missing, and Facebook signs what it delivers with it",
			"Copy it from the app's settings in Facebook's console, under Basic; or leave out verify_token."))
	}
	if s.HumanAgent && !s.Messenger {
		faults = append(faults, from.Problem("human_agent", "true", "is given without messenger", "Set messenger to true, or leave it out."))
	}
	if d := s.PollEvery.Std(); d < 5*time.Second || d > 24*time.Hour {
		faults = append(faults, from.Problem("poll_every", s.PollEvery.String(), "is out of range", "Write a duration from 5s to 24h."))
	}
	return s, errors.Join(faults...)
}
