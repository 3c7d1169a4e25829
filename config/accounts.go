package config

import (
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// account is one of the file's accounts as it is written.
type account struct {
	Name     string    `yaml:"name" required:"true"`
	Kind     string    `yaml:"kind" required:"true"`
	Backfill *Duration `yaml:"backfill"`
	Settings yaml.Node `yaml:"settings"`
}

var (
	namePattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)
	kindPattern = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,39}$`)
)

const nameRemedy = "Write 1 to 40 lower-case letters, digits and dashes, with no dash at either end."

func (l *loading) accounts(written []account) {
	names := make(taken)
	for i, each := range written {
		key := item("accounts", i)
		a := Account{Name: each.Name, Kind: each.Kind, Backfill: defaultBackfill.Std(), file: l.file, key: key, lines: l.lines}
		l.name(below(key, "name"), each.Name, names)
		if path := below(key, "kind"); l.sound(path) && each.Kind != "" && !kindPattern.MatchString(each.Kind) {
			l.fault(path, each.Kind, "is not a connector kind", "Write a kind such as sandbox, mail or push.")
		}
		if each.Backfill != nil {
			a.Backfill = each.Backfill.Std()
			if *each.Backfill > maxBackfill {
				l.fault(below(key, "backfill"), each.Backfill.String(), "is more than "+maxBackfill.String(), "Write at most "+maxBackfill.String()+" (30 days).")
			}
		}
		a.Settings = l.accountSettings(key, &each.Settings)
		l.config.Accounts = append(l.config.Accounts, a)
	}
}

// vet lets the caller look at every account that has a kind.
func (l *loading) vet(vets []func(Account) error) {
	for _, a := range l.config.Accounts {
		for _, vet := range vets {
			if a.Kind == "" || !kindPattern.MatchString(a.Kind) {
				continue
			}
			if err := vet(a); err != nil {
				found := Problems(err)
				if len(found) == 0 {
					found = []*Problem{a.Problem("", a.Name, err.Error(), "")}
				}
				l.problems = append(l.problems, found...)
			}
		}
	}
}

func (l *loading) accountSettings(key string, n *yaml.Node) Settings {
	path := below(key, "settings")
	from := &settingsSource{file: l.file, line: l.lines[key], key: path, env: l.env}
	switch {
	case n.Kind == 0, n.Kind == yaml.ScalarNode && n.Tag == "!!null":
	case n.Kind != yaml.MappingNode:
		l.wrongType(n, path, "keys and values", "Write one key: value a line below it.")
	default:
		from.node, from.line = n, l.lines[path]
	}
	return Settings{from}
}

// taken is the names that are given, in lower case, and the key of each.
type taken map[string]string

// name checks a name, and that no other differs from it by case alone. An
// empty one was reported before.
func (l *loading) name(key, name string, names taken) {
	if name == "" || !l.sound(key) {
		return
	}
	if first, twice := names[strings.ToLower(name)]; twice {
		l.fault(key, name, fmt.Sprintf("the name is taken by %s on line %d", first, l.lines[first]), "Give each a name of its own; case does not count.")
		return
	}
	names[strings.ToLower(name)] = key
	if !namePattern.MatchString(name) {
		l.fault(key, name, "is not a name", nameRemedy)
	}
}

func (l *loading) api() {
	const least, most = 1 << 10, 64 << 20
	seen := make(map[string]bool)
	for i, login := range l.settings.API.EndorsingPeople {
		key := item("api.endorsing_people", i)
		if name, set := l.from["api.endorsing_people"]; set {
			l.from[key] = name
		}
		folded := strings.ToLower(login)
		switch {
		case !l.sound(key):
		case login == "" || len(login) > 64 || strings.ContainsFunc(login, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }):
			l.fault(key, login, "is not a login", "Write the login of one person.")
		case login == Any:
			l.fault(key, login, "everybody cannot be named at once", "Write each login.")
		case seen[folded]:
			l.fault(key, login, "is named twice; case does not count", "Keep one of them.")
		default:
			seen[folded] = true
			l.config.API.EndorsingPeople = append(l.config.API.EndorsingPeople, folded)
		}
	}
	l.config.API.MaxBody = l.settings.API.MaxBody
	if n := l.config.API.MaxBody; n < least || n > most {
		l.fault("api.max_body", fmt.Sprint(n), "is out of bounds", fmt.Sprintf("Write a number of bytes from %d to %d.", least, most))
	}
}

func (l *loading) log() {
	levels := []string{"debug", "info", "warn", "error"}
	formats := []string{"text", "json"}
	s := l.settings.Log
	if l.oneOf("log.level", s.Level, "levels", levels) {
		// These four names are slog's own.
		if err := l.config.Log.Level.UnmarshalText([]byte(s.Level)); err != nil {
			l.config.Log.Level = slog.LevelInfo
		}
	}
	if l.oneOf("log.format", s.Format, "formats", formats) {
		l.config.Log.Format = s.Format
	}
}

// oneOf checks that value is one of words; what names them in the plural.
func (l *loading) oneOf(key, value, what string, words []string) bool {
	if slices.Contains(words, value) {
		return true
	}
	if l.sound(key) {
		l.fault(key, value, "is none of the "+what+" there are", suggestion(value, what, words))
	}
	return false
}
