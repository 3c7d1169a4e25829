package approval_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode"

	"standpunt/approval"
	"standpunt/approval/approvaltest"
	"standpunt/internal/fault"
)

// TestHiddenCharactersAreRefused goes through the ranges of the Unicode
// Character Database (version 15) whose characters are shown as nothing, or
// change how others are shown: each is refused between two letters.
func TestHiddenCharactersAreRefused(t *testing.T) {
	ranges := map[string][][2]rune{
		"Default_Ignorable_Code_Point": {
			{0x00AD, 0x00AD}, {0x034F, 0x034F}, {0x061C, 0x061C}, {0x115F, 0x1160}, {0x17B4, 0x17B5}, {0x180B, 0x180F},
			{0x200B, 0x200F}, {0x202A, 0x202E}, {0x2060, 0x206F}, {0x3164, 0x3164}, {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF},
			{0xFFA0, 0xFFA0}, {0xFFF0, 0xFFF8}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
		},
		"Bidi_Control":                 {{0x061C, 0x061C}, {0x200E, 0x200F}, {0x202A, 0x202E}, {0x2066, 0x2069}},
		"interlinear annotation":       {{0xFFF9, 0xFFFB}},
		"object replacement":           {{0xFFFC, 0xFFFC}},
		"line and paragraph separator": {{0x2028, 0x2029}},
		"Egyptian hieroglyph controls": {{0x13430, 0x1343F}},
		"shown as nothing":             {{0x2800, 0x2800}, {0x1107F, 0x1107F}, {0x16FE4, 0x16FE4}, {0x1D159, 0x1D159}},
		"controls":                     {{0x00, 0x08}, {0x0B, 0x0C}, {0x0E, 0x1F}, {0x7F, 0x9F}},
		"private use":                  {{0xE000, 0xE010}, {0xF8FF, 0xF8FF}, {0xF0000, 0xF0010}, {0x10FFFD, 0x10FFFD}},
		"noncharacters":                {{0xFDD0, 0xFDEF}, {0xFFFE, 0xFFFF}, {0x1FFFE, 0x1FFFF}, {0x10FFFE, 0x10FFFF}},
	}
	for property, spans := range ranges {
		for _, span := range spans {
			for c := span[0]; c <= span[1]; c++ {
				for _, around := range [][2]string{{"a", "b"}, {"7", "7"}, {" ", " "}, {"", ""}, {"漢", "字"}} {
					text := around[0] + string(c) + around[1]
					found := approval.Hidden(text)
					if len(found) != 1 || found[0].Rune != c || found[0].Offset != len(around[0]) || found[0].Position != len([]rune(around[0]))+1 {
						t.Fatalf("%s: U+%04X in %q: %v", property, c, text, found)
					}
					if name := found[0].Name(); !strings.HasPrefix(name, fmt.Sprintf("U+%04X ", c)) {
						t.Fatalf("U+%04X is called %q", c, name)
					}
				}
			}
		}
	}
	// What Go's own tables know beyond this list is refused as well.
	for c := rune(0); c <= unicode.MaxRune; c++ {
		invisible := unicode.In(c, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector, unicode.Bidi_Control)
		if invisible && !unicode.Is(unicode.Prepended_Concatenation_Mark, c) && len(approval.Hidden("a"+string(c)+"b")) != 1 {
			t.Errorf("U+%04X passes", c)
		}
	}
}

// TestEmojiAndScriptsPass are sequences that Unicode recommends for general
// interchange (RGI), one of every sort, and spellings that need joiners.
func TestEmojiAndScriptsPass(t *testing.T) {
	for name, text := range map[string]string{
		"keycaps":                 "0\ufe0f\u20e3 9\ufe0f\u20e3 #\ufe0f\u20e3 *\ufe0f\u20e3",
		"flags":                   "🇳🇱🇧🇪🇸🇷",
		"England":                 "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
		"Scotland":                "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
		"Wales":                   "🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f",
		"skin tones":              "👍🏻👍🏿☝🏽✌🏾",
		"hair":                    "👩\u200d🦰 👨🏿\u200d🦱 🧑🏻\u200d🦳 👩🏽\u200d🦲",
		"gender":                  "🏃\u200d♀\ufe0f 🕵🏽\u200d♂\ufe0f 🕵\ufe0f\u200d♀\ufe0f ⛹🏿\u200d♂\ufe0f",
		"roles":                   "👩🏽\u200d🚒 🧑\u200d⚕\ufe0f 👨\u200d⚖\ufe0f 👩\u200d✈\ufe0f 🧑\u200d🎄",
		"families":                "👨\u200d👩\u200d👧\u200d👦 🧑\u200d🧑\u200d🧒\u200d🧒",
		"couples":                 "👩\u200d❤\ufe0f\u200d👨 👨🏻\u200d❤\ufe0f\u200d💋\u200d👨🏿 🧑🏻\u200d🤝\u200d🧑🏿",
		"direction":               "🚶\u200d➡\ufe0f 🏃🏽\u200d♀\ufe0f\u200d➡\ufe0f",
		"objects joined":          "🏳\ufe0f\u200d🌈 🏳\ufe0f\u200d⚧\ufe0f 🏴\u200d☠\ufe0f ❤\ufe0f\u200d🔥 🐻\u200d❄\ufe0f 👁\ufe0f\u200d🗨\ufe0f 🐦\u200d⬛ ⛓\ufe0f\u200d💥 🙂\u200d↔\ufe0f 🍋\u200d🟩",
		"presentation":            "❤\ufe0f ☎\ufe0e ©\ufe0f ®\ufe0f ™\ufe0f ℹ\ufe0f ‼\ufe0f ⁉\ufe0f 〰\ufe0f ㊗\ufe0f ㊙\ufe0f Ⓜ\ufe0f ▪\ufe0f ↩\ufe0f ⬛\ufe0f 🅿\ufe0f",
		"Persian":                 "می\u200cخواهم",
		"Sinhala":                 "ශ්\u200dරී",
		"Bengali":                 "র\u200d্যাব",
		"Malayalam, end of word":  "അവന്\u200d വന്നു",
		"Hindi with a non-joiner": "क्\u200cष",
		"Arabic number sign":      "\u0600\u0661",
		"Dutch":                   "Beste mevrouw, één ‘vraag’… €\u00a05,00 – zó!\nGroet,\tAnna",
	} {
		if found := approval.Hidden(text); len(found) > 0 {
			t.Errorf("%s: %s refused at character %d", name, found[0].Name(), found[0].Position)
		}
	}
}

// TestSequencesThatHideSomething are emoji and scripts with something put in
// that no reader sees.
func TestSequencesThatHideSomething(t *testing.T) {
	for name, text := range map[string]string{
		"a flag of another region":     "🏴\U000e0075\U000e0073\U000e0074\U000e0078\U000e007f",
		"a flag that does not end":     "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067",
		"a flag that goes on":          "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e0061\U000e007f",
		"tags behind a flag":           "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f\U000e0061",
		"tags behind a letter":         "a\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
		"tags behind an emoji":         "🏁\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
		"a selector behind a digit":    "1\ufe0e2",
		"an emoji selector on a digit": "1\ufe0f2",
		"two selectors":                "❤\ufe0f\ufe0f",
		"a selector on its own":        "\ufe0f",
		"a joiner at the end":          "👩\u200d",
		"a joiner at the beginning":    "\u200d👩",
		"two joiners":                  "👩\u200d\u200d🚒",
		"a joiner to a letter":         "👩\u200da",
		"a joiner in a word":           "pak\u200dket",
		"a non-joiner in a word":       "pak\u200cket",
		"a non-joiner in emoji":        "👩\u200c🚒",
		"a non-joiner in Hebrew":       "של\u200cום",
		"two non-joiners in Persian":   "می\u200c\u200cخواهم",
		"a joiner behind Arabic":       "سلام\u200d a",
		"an ideographic selector":      "葛\U000e0100",
		"a Mongolian selector":         "ᠠ\u180b",
		"another selector":             "❤\ufe01",
	} {
		if found := approval.Hidden(text); len(found) == 0 {
			t.Errorf("%s: %+q passes", name, text)
		}
	}
}

func TestTextIsNormalizedOnce(t *testing.T) {
	for in, want := range map[string]string{
		"  Dank u.\r\n\r\nGroet \t\r\nAnna\u00a0\n ": "Dank u.\n\nGroet\nAnna",
		"e\u0301e\u0301n":             "één",
		"oud\rMac":                    "oud\nMac",
		"  ingesprongen\n  regel":     "ingesprongen\n  regel",
		"twee  spaties":               "twee  spaties",
		"\u00a0\u2003\u3000 a \u2003": "a",
	} {
		if got := approval.Normalize(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

// TestNormalizingCanGrowATextPastTheLimit: U+1D15E becomes two characters in
// NFC, so the length counts after normalizing.
func TestCheckTextSaysWhatIsWrong(t *testing.T) {
	grown := approval.Normalize("\U0001d15e")
	if len([]rune(grown)) != 2 {
		t.Fatalf("%+q did not grow", grown)
	}
	limit := func(text string) approval.Measure {
		return approval.Measure{Length: len([]rune(text)), Limit: 1, Unit: "characters"}
	}
	want(t, approval.CheckText(grown, limit(grown)), fault.TextTooLong)
	want(t, approval.CheckText("verloren \ufffd teken", approval.Measure{}), fault.InvalidInput)
	want(t, approval.CheckText(strings.Repeat("a", approval.MaxText), approval.Measure{}), "")
	want(t, approval.CheckText(strings.Repeat("a", approval.MaxText+1), approval.Measure{}), fault.TextTooLong)
	want(t, approval.CheckText("", approval.Measure{}), fault.EmptyText)
}

func TestBadContentIsRefusedWithTheReason(t *testing.T) {
	r := approvaltest.New(t)
	r.Adapt("plein", func(p *approval.Platform) {
		p.Measure = func(s string) approval.Measure {
			return approval.Measure{Length: len([]rune(s)), Limit: 50, Unit: "characters"}
		}
	})
	talk := r.Mention("1", "Vraag")
	for text, code := range map[string]fault.Code{
		" \n\t ":                           fault.EmptyText,
		strings.Repeat("a", 51):            fault.TextTooLong,
		"saldo \u202e001 betaald":          fault.HiddenCharacters,
		"hal\u200blo":                      fault.HiddenCharacters,
		"tag \U000e0041":                   fault.HiddenCharacters,
		"bad \xff":                         fault.InvalidInput,
		"Z" + strings.Repeat("\u0301", 60): fault.InvalidInput,
		"joiner between\u200dletters":      fault.HiddenCharacters,
	} {
		_, err := r.As("anna").Draft(talk, text)
		if got := fault.CodeOf(err); got != code {
			t.Errorf("%q: got %q (%v), want %q", text, got, err, code)
		}
	}
	for _, text := range []string{
		"familie 👨‍👩‍👧‍👦 en ❤️ en 🏴󠁧󠁢󠁳󠁣󠁴󠁿 en 1️⃣", "می\u200cخواهم", "👩🏽‍🚒 op weg", "tab\ten regel\nzo",
	} {
		p, err := r.As("anna").Draft(talk, text)
		if p = ok(t, p, err); p.Envelope.Text != text {
			t.Errorf("%q became %q", text, p.Envelope.Text)
		}
	}
}
