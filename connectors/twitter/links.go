package twitter

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// Link is a part of a text that X makes a link of; From and To are offsets in
// bytes.
type Link struct {
	From, To int
	Scheme   bool // it was written with http:// or https://
}

// Links finds the links in a text as twitter-text 3 does: with a scheme or
// without, but only with a known top-level domain, and not directly behind a
// letter, a digit, @, # or $.
func Links(text string) []Link {
	return newScan(text).links()
}

// maxLink is how many bytes a link has at most.
const maxLink = 4096

// scan is one reading of a text. It remembers what stands where, so that a text
// of many dots is read in time that grows with its length alone.
type scan struct {
	text     string
	suffixes map[int]int // where a top-level domain ends, by its beginning
	domains  map[int]int // where the longest domain ends, by the beginning of a label
	label    run         // that was looked at last
	steps    int         // labels and characters of them that were looked at
}

// run is a run of a domain's characters; under is where its last _ stands, -1 for
// none.
type run struct{ from, to, under int }

func newScan(text string) *scan {
	return &scan{text: text, suffixes: make(map[int]int), domains: make(map[int]int)}
}

// links finds them in twitter-text's order: its expression takes a character and
// what stands behind that. So a link never follows another directly, and the
// beginning of a text is looked at only after what its first character is before.
func (s *scan) links() (found []Link) {
	for before := 0; before < len(s.text); {
		_, n := utf8.DecodeRuneInString(s.text[before:])
		from := before + n
		links, end := s.linksAt(from)
		if end == from && before == 0 {
			from = 0
			links, end = s.linksAt(from)
		}
		if end > from {
			found, before = append(found, links...), end
		} else {
			before += n
		}
	}
	return found
}

const accents = `\x{00C0}-\x{00D6}\x{00D8}-\x{00F6}\x{00F8}-\x{00FF}\x{0100}-\x{024F}\x{0253}\x{0254}\x{0256}\x{0257}` +
	`\x{0259}\x{025B}\x{0263}\x{0268}\x{026F}\x{0272}\x{0289}\x{028B}\x{02BB}\x{0300}-\x{036F}\x{1E00}-\x{1EFF}`

const (
	pathChar  = `[a-z\p{Cyrillic}0-9!*';:=+,.$/%#\[\]\-\x{2013}_~@|&` + accents + `]`
	pathEnd   = `[+\-a-z\p{Cyrillic}0-9=_#/` + accents + `]`
	pathParen = `\((?:` + pathChar + `+|` + pathChar + `*\(` + pathChar + `+\)` + pathChar + `*)\)`
	pathPart  = `(?:` + pathChar + `*(?:` + pathParen + pathChar + `*)*(?:` + pathEnd + `|` + pathParen + `)|@` + pathChar + `+/)`
	query     = `\?[a-z0-9!?*'@();:&=+$/%#\[\]\-_.,~|]*[a-z0-9\-_&=#/]`
)

var (
	schemePattern = regexp.MustCompile(`(?i)^https?://`)
	portPattern   = regexp.MustCompile(`^:[0-9]+`)
	pathPattern   = regexp.MustCompile(`(?i)^/` + pathPart + `*`)
	queryPattern  = regexp.MustCompile(`(?i)^` + query)
	shortPattern  = regexp.MustCompile(`(?i)^https?://t\.co/([a-z0-9]+)(?:\?` + query[2:] + `)?`)
	asciiStart    = regexp.MustCompile(`(?i)^[\-a-z0-9` + accents + `]+`)
	asciiLabel    = regexp.MustCompile(`(?i)[\-a-z0-9` + accents + `]+`)
)

// linksAt reads an address that begins at i. It returns where to read on, i
// if there is none. Without a scheme an address holds one link for each ASCII
// domain in it, as for two that a Japanese word joins.
func (s *scan) linksAt(i int) ([]Link, int) {
	text := s.text
	before, _ := utf8.DecodeLastRuneInString(text[:i])
	if i > 0 && !mayPrecede(before) {
		return nil, i
	}
	scheme := len(schemePattern.FindString(text[i:]))
	domain := s.domainEnd(i + scheme)
	if domain == 0 {
		return nil, i
	}
	end := domain + len(portPattern.FindString(text[domain:]))
	path := len(pathPattern.FindString(text[end:]))
	end += path
	end += len(queryPattern.FindString(text[end:]))
	if end-i > maxLink {
		return nil, end
	}
	if scheme > 0 {
		if m := shortPattern.FindStringSubmatch(text[i:end]); m != nil {
			if len(m[1]) > 40 {
				return nil, end
			}
			end = i + len(m[0])
		}
		return []Link{{i, end, true}}, end
	}
	if i > 0 && strings.ContainsRune("-_./", before) {
		return nil, end
	}
	links := s.asciiDomains(i, domain)
	if len(links) > 0 && path > 0 {
		links[len(links)-1].To = end
	}
	return links, end
}

func mayPrecede(r rune) bool {
	switch {
	case r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r)):
		return false
	}
	return !strings.ContainsRune("@＠$#＃\uFFFE\uFEFF\uFFFF", r)
}

// domainEnd is where the longest domain ends that begins at i, 0 if none does.
// Of the labels behind the first one, each is looked at once in a scan.
func (s *scan) domainEnd(i int) int {
	next, first := s.labelAt(i)
	type part struct{ label, suffix int }
	var walked []part
	end := 0
	for next > 0 {
		known, ok := s.domains[next]
		if ok {
			end = known
			break
		}
		after, suffix := s.labelAt(next)
		walked = append(walked, part{next, suffix})
		next = after
	}
	for _, p := range slices.Backward(walked) {
		if end == 0 {
			end = p.suffix
		}
		s.domains[p.label] = end
	}
	if end == 0 {
		end = first
	}
	return end
}

// labelAt reads a domain's part at i and the dot behind it. It returns where the
// next part begins, 0 for nowhere, and where a top-level domain ends that stands there,
// 0 for none.
func (s *scan) labelAt(i int) (next, suffix int) {
	s.steps++
	stop := s.labelEnd(i)
	if stop == i || stop >= len(s.text) || s.text[stop] != '.' || !labelFits(s.text[i:stop]) {
		return 0, 0
	}
	if s.label.under < i { // only subdomains have those
		suffix = s.suffixAt(stop + 1)
	}
	return stop + 1, suffix
}

// labelEnd is where the run of characters of a domain's part ends.
func (s *scan) labelEnd(i int) int {
	if i >= s.label.from && i < s.label.to {
		return s.label.to
	}
	l := run{i, len(s.text), -1}
	for j, r := range s.text[i:] {
		s.steps++
		if r != '-' && r != '_' && !isDomainChar(r) {
			l.to = i + j
			break
		}
		if r == '_' {
			l.under = i + j
		}
	}
	s.label = l
	return l.to
}

// suffixAt is suffixEnd, remembered.
func (s *scan) suffixAt(i int) int {
	end, ok := s.suffixes[i]
	if !ok {
		end = suffixEnd(s.text, i)
		s.suffixes[i] = end
	}
	return end
}

// labelFits reports whether a domain's part begins and ends as one does.
func labelFits(label string) bool {
	const edge = "-_"
	return strings.IndexByte(edge, label[0]) < 0 && strings.IndexByte(edge, label[len(label)-1]) < 0
}

func isDomainChar(r rune) bool {
	switch {
	case r == utf8.RuneError, unicode.IsSpace(r), unicode.IsControl(r):
		return false
	case r >= 0x2000 && r <= 0x200F, r >= 0x2028 && r <= 0x202F, r >= 0x205F && r <= 0x206F, r == 0x061C, r == 0x180E, r == 0x3000:
		return false
	}
	return !strings.ContainsRune("!\"'#%&()*+,\\-./:;<=>?@[]^_{|}~$`\uFFFE\uFEFF\uFFFF", r)
}

// suffixEnd is where a known top-level domain ends that begins at i, 0 if none
// does. An ASCII letter or digit, @, + or - behind it makes it another word.
func suffixEnd(text string, i int) int {
	j := i
	for j < len(text) && isASCIIAlnum(text[j]) {
		j++
	}
	if j > i {
		if strings.EqualFold(text[i:j], "xn") && strings.HasPrefix(text[j:], "--") {
			for j < len(text) && (isASCIIAlnum(text[j]) || text[j] == '-') {
				j++
			}
			return j
		}
		if j < len(text) && strings.IndexByte("@+-", text[j]) >= 0 || !isTopLevel(text[i:j]) {
			return 0
		}
		return j
	}
	// One in another script may have more letters of the same script behind it.
	end, runes := 0, 0
	for k, r := range text[i:] {
		if r < utf8.RuneSelf || !unicode.IsLetter(r) && !unicode.IsMark(r) || runes > 12 {
			break
		}
		runes++
		stop := i + k + utf8.RuneLen(r)
		if (stop == len(text) || !isASCIIAlnum(text[stop]) && strings.IndexByte("@+-", text[stop]) < 0) && isTopLevel(text[i:stop]) {
			end = stop
		}
	}
	return end
}

func isASCIIAlnum(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}

// retired are the top-level domains that twitter-text knows and the public suffix
// list no more. X can still make links of them, at the latest where it is read back.
//
//nolint:misspell // names
var retired = strings.Fields(`
	abarth active adac afamilycompany aigo alfaromeo an avianca bananarepublic bentley bl blanco bnl boots bq budapest bugatti cancerresearch
	cartier caseih cbs ceb chloe chrysler cityeats comcast cookingchannel csc dabur dodge doha doosan duck dunlop duns eh epost esurance etisalat
	everbank fiat flsmidth foodnetwork frontdoor fujixerox glade goodhands guardian hgtv honeywell hoteles htc iinet intel iselect iveco iwc jcp
	jlc kerrylogistics kinder ladbrokes lancaster lancia lancome liaison linde lipsy lixil loft lupin macys maserati mcd mcdonalds meo metlife mf
	mobily montblanc mopar movistar mtpc mutual mutuelle nadex nationwide natura newholland northwesternmutual off oldnavy onyourside orientexpress
	pamperedchef panerai passagens piaget pramerica qvc raid redstone rightathome rmit rocher sapo sca scjohnson scor ses shaw showtime shriram
	spiegel spreadbetting srt starhub statoil swiftcover symantec telecity telefonica tiffany tp travelchannel uconnect um
	vista vistaprint volkswagen vuelos warman xfinity xperia zippo اتصالات موبايلي 大众汽车 工行 手表 珠宝 诺基亚`)

// isTopLevel reports whether a label is a top-level domain of the public
// suffix list, or was one.
func isTopLevel(label string) bool {
	if len(label) < 2 {
		return false
	}
	if slices.Contains(retired, strings.ToLower(label)) {
		return true
	}
	ascii, err := idna.ToASCII(strings.ToLower(label))
	if err != nil || ascii == "" {
		return false
	}
	_, known := publicsuffix.PublicSuffix("x." + ascii)
	return known
}

// asciiDomains finds the ASCII domains from i to the end of a domain.
func (s *scan) asciiDomains(i, domain int) (links []Link) {
	text := s.text[:domain]
	for i < len(text) {
		at := asciiLabel.FindStringIndex(text[i:])
		if at == nil {
			return links
		}
		from, to, end := i+at[0], i+at[1], 0
		for to < len(text) && text[to] == '.' {
			if suffix := s.suffixAt(to + 1); suffix > 0 && suffix <= domain {
				end = suffix
			}
			next := asciiStart.FindStringIndex(text[to+1:])
			if next == nil {
				break
			}
			to += 1 + next[1]
		}
		if end == 0 {
			i = to
			continue
		}
		links = append(links, Link{from, end, false})
		i = end
	}
	return links
}
