package people

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"standpunt/internal/fault"
	"standpunt/store"
)

func TestNormalLogin(t *testing.T) {
	for raw, want := range map[string]string{
		"anna":                   "anna",
		" Anna ":                 "anna",
		"ANNA.de-Vries_2@x+y":    "anna.de-vries_2@x+y",
		"Straße":                 "strasse",
		"ﬁona":                   "fiona",
		"\u212Aees":              "kees", // the Kelvin sign
		"Ｂｅｒｔ":                   "bert",
		"Zoe\u0308":              "zoë",
		"Σωκράτης":               "σωκράτησ",
		"Борис":                  "борис",
		"田中さん":                   "田中さん",
		"7even":                  "7even",
		strings.Repeat("é", 64):  strings.Repeat("é", 64),
		strings.Repeat("ＡＢ", 30): strings.Repeat("ab", 30),
	} {
		if got, err := NormalLogin(raw); err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", raw, got, err, want)
		}
	}
	for _, raw := range []string{
		"", " ", "a b", "-a", "@a", "a!", "a:b", "a\tb", "\u0301a", "٣anna", "anna٣", "a\u034fb", "a\u200db",
		"pаypal", "Αnna", "한あ", strings.Repeat("a", 65), strings.Repeat("a", 10_000), "a\xffb", "🙂", "a\u00a0b",
	} {
		got, err := NormalLogin(raw)
		if !fault.Is(err, fault.InvalidInput) {
			t.Errorf("%q: got %q, %v, want a refusal", raw, got, err)
		}
	}
}

func TestLooks(t *testing.T) {
	same := [][2]string{{"copac", "сорас"}, {"ivo", "іvо"}, {"anna", "аnnа"}, {"ivo", "ıvo"}, {"ovo", "ονο"}}
	for _, pair := range same {
		if look(pair[0]) != look(pair[1]) {
			t.Errorf("%q and %q look different", pair[0], pair[1])
		}
	}
	for _, pair := range [][2]string{{"anna", "annя"}, {"andre", "andré"}, {"bert", "berta"}, {"jan1", "janl"}} {
		if look(pair[0]) == look(pair[1]) {
			t.Errorf("%q and %q look the same", pair[0], pair[1])
		}
	}
}

// Check finds what must never be: each of these records is one that only a
// fault of this package or somebody with the disk could have written.
func TestCheckFindsBrokenRecords(t *testing.T) {
	for name, breakIt := range map[string]func(tx *store.Tx, p *Person) error{
		"two people with one look": func(tx *store.Tx, p *Person) error {
			twin := p.clone()
			twin.ID[15] ^= 1
			twin.Login = "сорас"
			return persons.Put(tx, twin)
		},
		"a login that is not normal": func(tx *store.Tx, p *Person) error {
			p.Login = "Copac"
			return persons.Put(tx, p)
		},
		"a role that is none": func(tx *store.Tx, p *Person) error {
			p.Roles = []Role{"root"}
			return persons.Put(tx, p)
		},
		"enrolled without a password": func(tx *store.Tx, p *Person) error { return credentials.Delete(tx, p.ID) },
		"a password hash that is none": func(tx *store.Tx, p *Person) error {
			return credentials.Put(tx, &credential{Person: p.ID, Hash: "demo"})
		},
		"a session of nobody": func(tx *store.Tx, _ *Person) error {
			return sessions.Put(tx, &Session{Secret: hashSecret("x"), Person: ID{1}})
		},
		"a token of a person and a service": func(tx *store.Tx, p *Person) error {
			return tokens.Put(tx, &Token{Secret: hashSecret("x"), Person: p.ID, Account: "push"})
		},
	} {
		s := staffFor(t, CheapHashing())
		p := enrolled(t, s, "copac", "vier losse woorden samen")
		ran := false
		err := s.db.Update(t.Context(), func(tx *store.Tx) error {
			if err := breakIt(tx, p); err != nil {
				return err
			}
			ran = true
			for _, check := range Schema.Checks {
				if err := check(tx); err != nil {
					return err
				}
			}
			return nil
		})
		if !ran || err == nil {
			t.Errorf("%s: not found (%t, %v)", name, ran, err)
		}
		if err == nil { // leave a sound file to the check at the end of the test
			t.FailNow()
		}
	}
}

func FuzzNormalLogin(f *testing.F) {
	for _, s := range []string{"anna", " Anna ", "Straße", "ﬁona", "Ｂｅｒｔ", "Σωκράτης", "\uab70", "ǰ", "İstanbul", "сорас", "a\u0345b", "\u1e9e"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		login, err := NormalLogin(raw)
		if err != nil {
			if !fault.Is(err, fault.InvalidInput) {
				t.Fatalf("%q: %v is no fault for people", raw, err)
			}
			return
		}
		again, err := NormalLogin(login)
		if err != nil || again != login {
			t.Fatalf("%q gives %q, and that gives %q (%v)", raw, login, again, err)
		}
		if strings.ContainsFunc(login, func(r rune) bool {
			return !unicode.IsGraphic(r) || unicode.IsSpace(r) || unicode.IsUpper(r) && unicode.ToLower(r) != r && unicode.Is(unicode.Latin, r)
		}) || utf8.RuneCountInString(login) > loginMost {
			t.Fatalf("%q gives %q", raw, login)
		}
		for _, variant := range []string{strings.ToUpper(login), " " + login + "\n"} {
			if v, err := NormalLogin(variant); err == nil && v != login && strings.ToLower(variant) == login {
				t.Fatalf("%q and %q are two logins", login, v)
			}
		}
	})
}
