package twitter_test

import (
	"slices"
	"strings"
	"testing"

	"standpunt/connectors/twitter"
)

// What X's own library twitter-text 3 finds and counts, by its published cases of
// conformance and by what its expressions say; written out anew.

func linksIn(text string) (links []string) {
	for _, l := range twitter.Links(text) {
		links = append(links, text[l.From:l.To])
	}
	return links
}

func TestAddressesThatAreLinks(t *testing.T) {
	for _, link := range []string{
		// Domains.
		"http://example.com", "https://example.com", "HTTP://EXAMPLE.COM", "www.foobar.com", "WWW.FOOBAR.COM", "example.com", "a.b.cd", "MLB.tv",
		"http://a.b.cd", "http://x.com/has/one/char/domain", "http://www.foobar.co.jp", "http://t.co", "http://tell.me/why", "http://longtlds.info",
		"http://mrs.domain-dash.biz", "http://twitter-dash.com", "http://a-b.b.com", "http://a_b.c-d.com", "http://sub_domain-dash.twitter.com",
		"http://sub-domain_sub-domain.twitter.com", "http://word-and-a-number-8-ftw.domain.com/", "http://123.com", "http://1.2.3.com",
		"http://✪df.ws/ejp", "http://日本.com", "http://пример.рф", "https://twitter.みんな", "https://twitter.한국", "https://twitter.xn--3e0b707e",
		"https://bücher.de", "https://xn--bcher-kva.de/", "http://somehost.com:3000", "example.com:8080/pad", "http://twitter.jp", "s.co",
		// Paths.
		"http://example.com/", "http://somedomain.com/index.php?path=/abc/def/", "http://www.boingboing.net/2007/02/14/katamari_damacy_phon.html",
		"http://xo.com/~matthew+%-x", "http://en.wikipedia.org/wiki/Primer_(film)", "http://en.wikipedia.org/wiki/Burr–Hamilton_duel",
		"http://www.ams.org/bookstore-getitem/item=mbk-59", "http://msdn.microsoft.com/ja-jp/library/system.net.httpwebrequest(v=VS.100).aspx",
		"http://www.amazon.co.jp/ToHeart2-XRATED-%E5%88%9D%E5%9B%9E/dp/B000", "http://example.com/test&@chasesechrist",
		"http://twitter.com/Русские_слова", "http://example.com/café/naïef", "http://example.com/a/(b)/c", "http://example.com/(a(b)c)",
		"http://www.example.com/a_(b)_c", "http://example.com/@user/status/1", "http://example.com/a,b;c=d", "http://example.com/a'b", "http://example.com/a|b",
		"http://example.com/[x]y", "http://example.com/-", "http://example.com/a=", "http://example.com/_", "http://example.com/#",
		// Queries and fragments.
		"http://foobar.com/#", "http://google.com/#foo", "http://google.com/#search?q=iphone%20-filter%3Alinks", "http://chilp.it/?77e8fd",
		"http://search.twitter.com/search?q=avro&lang=en", "http://example.com?foo=bar", "http://example.com/?a=b/", "http://example.com/?q[]=1&b=a~b",
		"http://www.facebook.com/foo#!/bar", "http://example.com/a?b=c#d",
		// t.co.
		"http://t.co/nwcLTFF", "https://t.co/nwcLTFF?amp=1", "t.co/nwcLTFF",
	} {
		for _, around := range []string{"%", "zie %", "zie % daar", "(%)", "«%»", "“%”", "日本語 % 日本語", "%\n%", "\u202a%\u202c", "❤️%", ":%", "%…", "“%", "…%"} {
			text := strings.ReplaceAll(around, "%", link)
			for i, got := range linksIn(text) {
				if got != link {
					t.Errorf("%+q: link %d is %+q, want %+q", text, i, got, link)
				}
			}
			if got := len(twitter.Links(text)); got != strings.Count(around, "%") {
				t.Errorf("%+q has %d links", text, got)
			}
		}
	}
}

func TestTextsThatHoldNoLink(t *testing.T) {
	for _, text := range []string{
		"", ".", "http://", "https://", "http:// example", "http://no-tld", "http://tld-too-short.x", "http://localhost", "http://192.168.0.1",
		"http://-domain_dash.com", "http://_leadingunderscore.twitter.x", "http://no_underscores.com", "http://test.c_o_m", "http://test.c-o-m",
		"http://-leadingdash.com", "http://trailingdash-.com", "http://domain_.com", "http://user:PASSW0RD@example.com", "http://user@example.com",
		"jan@example.com", "jan.jansen@example.nl", "contact.us@example.com", "@example.com", "#example.com", "$example.com",
		"einde.Nieuwe zin", "bijv.dit", "z.o.z.", "3.14", "1.000,00", "index.html", "example.notatld", "example.commerce", "examplecom",
		"日本語.jp", "пример.рф", "bücher", "e.g", "v1.2.3", "ftp://nergens", "mailto:", "example .com", "example. com", "example,com", "...", "a..b",
		"éxample", "http://.com", "http://..com", ".com", "http://example", "http://example.", "http:///example.com/", "example.com@twitter", "example.com+x", "example.com-x",
	} {
		if got := linksIn(text); got != nil {
			t.Errorf("%+q has the links %+q", text, got)
		}
	}
}

func TestWhereLinksEnd(t *testing.T) {
	for text, want := range map[string][]string{
		"http://example.com.":                   {"http://example.com"},
		"http://example.com, en":                {"http://example.com"},
		"http://example.com! http://example.nl": {"http://example.com", "http://example.nl"},
		"http://example.com/?":                  {"http://example.com/"},
		"http://example.com/foo?":               {"http://example.com/foo"},
		"http://example.com/foo.":               {"http://example.com/foo"},
		"http://example.com/foo...":             {"http://example.com/foo"},
		"http://example.com/foo's":              {"http://example.com/foo's"},
		"http://example.com/a)b":                {"http://example.com/a"},
		"(http://example.com/a)":                {"http://example.com/a"},
		"(http://example.com/a_(b))":            {"http://example.com/a_(b)"},
		"http://example.com/(unbalanced":        {"http://example.com/"},
		`"http://example.com/a"`:                {"http://example.com/a"},
		"<http://example.com/a>":                {"http://example.com/a"},
		"http://example.com/日本":                 {"http://example.com/"},
		"http://example.com/path/こんにちは":         {"http://example.com/path/"},
		"http://twitter.comこれは日本語です。example.com中国語": {"http://twitter.comこれは日本語です。example.com"},
		"foo.bar_baz":  {"foo.bar"},     // behind a top-level domain only letters, digits, @, + and - matter
		"＠example.com": {"example.com"}, // a wide @ can be part of a domain as far as the expression goes
		"これは日本語です。example.com/path/index.html中国語": {"example.com/path/index.html"},
		"t.co/abcde bit.ly/abcde":                         {"t.co/abcde", "bit.ly/abcde"},
		"MLB.tv vine.co twitch.tv t.co":                   {"MLB.tv", "vine.co", "twitch.tv", "t.co"},
		"www.example.com/foo/bar/ en verder":              {"www.example.com/foo/bar/"},
		"I really like http://t.co/pbY2NfTZ's website":    {"http://t.co/pbY2NfTZ"},
		"Check this site out http://t.co/FNkPfmii- it's":  {"http://t.co/FNkPfmii"},
		"According to http://t.co/ulYGBYSo: the internet": {"http://t.co/ulYGBYSo"},
		"http://t.co/" + strings.Repeat("x", 40):          {"http://t.co/" + strings.Repeat("x", 40)},
		"http://t.co/" + strings.Repeat("x", 41):          nil,
		"http://a.com http://b.com\nhttp://c.com":         {"http://a.com", "http://b.com", "http://c.com"},
		"http://a.com,http://b.com":                       {"http://a.com", "http://b.com"},
		"see: http://example.com/path;a=b":                {"http://example.com/path;a=b"},
		"foo.com bar.co.uk/baz #qux.com jan@quux.com":     {"foo.com", "bar.co.uk/baz"},
		"twitter.comこれは日本語です。example.com中国語t.co/abcde한국twitter.com example2.comテストtwitter.com/abcde": {
			"twitter.com", "example.com", "t.co/abcde", "twitter.com", "example2.com", "twitter.com/abcde",
		},
		// The expression takes a character and what stands behind it, so the first of a text is no part of a link if it can stand before one.
		"één.nl":             {"én.nl"},
		"zie één.nl":         {"één.nl"},
		"b.to/https://…t.co": {"b.to/https://", "t.co"},
	} {
		if got := linksIn(text); !slices.Equal(got, want) {
			t.Errorf("%+q has the links %+q, want %+q", text, got, want)
		}
	}
}

func TestTextsWeighWhatXSays(t *testing.T) {
	for _, c := range []struct {
		what, text string
		want       int
	}{
		{"a link in a text", "Hi http://test.co", 26},
		{"a long link", "http://test.co/" + strings.Repeat("x", 400), 23},
		{"two links", "http://test.co en http://test.nl", 50},
		{"emoji of four bytes", "😷👾😡🔥💩", 10},
		{"letters, signs and emoji", "H🐱☺👨‍👩‍👧‍👦", 7},
		{"skin and profession", "🙋🏽👨‍🎤", 4},
		{"newer emoji", "🤪; 🧕; 🧕🏾; 🏴󠁧󠁢󠁥󠁮󠁧󠁿", 14},
		{"every skin", "👍👍🏻👍🏼👍🏽👍🏾👍🏿", 12},
		{"a couple with skins", "👩🏽‍❤️‍💋‍👨🏿", 2},
		{"the rainbow flag", "🏳️‍🌈", 2},
		{"the pirates' flag", "🏴‍☠️", 2},
		{"flags in a row", "🇳🇱🇧🇪🇩🇪", 6},
		{"keycaps", "0️⃣9️⃣#️⃣*️⃣", 8},
		{"a digit with emoji style alone", "1\ufe0f", 3},
		{"a heart in either style", "❤️❤", 4},
		{"copyright and registered", "©®™", 1 + 1 + 2},
		{"an eye in a speech bubble", "👁️‍🗨️", 2},
		{"a joiner at the end", "👩\u200d", 3},
		{"a lone skin", "🏽", 2},
		{"general punctuation that is light", "‐‑‒–—―‖‗‘’‚‛“”„‟′″‴‵‶‷", 22},
		{"general punctuation that is heavy", "†‡•…‰‹›‼⁇", 18},
		{"spaces of U+2000 to U+200D", "\u2000\u2005\u200a\u200b\u200d", 5},
		{"marks of direction", "\u200e\u200f\u202a\u202b\u202c\u202d\u202e", 14},
		{"Latin with marks", "āčęġįķłńōřşţūýž", 15},
		{"composed and decomposed", "éée\u0301", 3},
		{"marks that do not compose", "x\u0301\u0302", 3},
		{"Greek, Cyrillic, Armenian, Georgian", "αβ жщ Աբ აბ", 11},
		{"Hebrew and Arabic", "שלום مرحبا", 10},
		{"Devanagari, Thai, Tibetan", "नमस्ते สวัสดี བོད", 6 + 1 + 6 + 1 + 3},
		{"the last light code point and the first heavy one", "\u10ff\u1100", 3},
		{"Hangul, composed by NFC", "한국 \u1112\u1161\u11ab", 7},
		{"Japanese", "日本語とカナ", 12},
		{"half-width kana", "ｶﾅ", 4},
		{"full-width letters", "ＡＢ", 4},
		{"CJK beyond the BMP", "𠜎𠜱", 4},
		{"mathematical letters", "𝒳𝒴", 4},
		{"the euro and the pound", "€£", 3},
		{"a byte order mark", "\ufeffa", 3},
		{"Vietnamese, whose double accents are heavy", "Tiếng Việt", 12},
		{"two hundred and eighty letters", strings.Repeat("a", 280), 280},
		{"a hundred and forty characters of Chinese", strings.Repeat("故", 140), 280},
		{"mixed to the limit", strings.Repeat("故", 100) + strings.Repeat("a", 56) + " http://t.co", 280},
		{"a mention and a hashtag", "@noordlicht #storing", 20},
		{"line ends", "a\nb\r\nc", 6},
		{"spaces at both ends", "  a  ", 5},
		{"an address in Cyrillic", "https://пример.рф/путь", 23},
		{"a link without scheme behind Japanese", "日本example.com", 27},
		{"an address of mail", "jan@example.com", 15},
		{"top-level domains that were given up since", "http://loja.sapo/x en korting.off en 商店.手表 en https://商店.手表", 23 + 4 + 23 + 4 + 9 + 4 + 23},
	} {
		if got := twitter.WeightedLength(c.text); got != c.want {
			t.Errorf("%s: %+q weighs %d, want %d", c.what, c.text, got, c.want)
		}
	}
}
