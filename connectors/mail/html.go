package mail

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// htmlText is an HTML text as plain text: blocks on lines of their own, lists
// with dashes, quotations with ">", links with their target where the text
// does not show it, pictures as their alternative text. What the reader of
// the mail would not see is left out.
func htmlText(source string) string {
	z := html.NewTokenizer(strings.NewReader(source))
	z.SetMaxBuf(1 << 20)
	w := &htmlWriter{}
	for {
		switch z.Next() {
		case html.ErrorToken:
			return w.String()
		case html.TextToken:
			w.text(string(z.Text()))
		case html.StartTagToken, html.SelfClosingTagToken:
			w.start(z.Token())
		case html.EndTagToken:
			name, _ := z.TagName()
			w.end(atom.Lookup(name))
		default: // comments and doctypes
		}
	}
}

// htmlWriter collects lines.
type htmlWriter struct {
	out    strings.Builder
	line   strings.Builder
	hidden atom.Atom // the element whose content is skipped; 0: none
	quote  int
	empty  int // empty lines in a row
	pre    int
	link   anchor // the one that is open: links do not nest
}

type anchor struct {
	target string
	from   int // where its text begins in the line
}

func (w *htmlWriter) text(raw string) {
	if w.hidden != 0 {
		return
	}
	s := strings.ReplaceAll(html.UnescapeString(raw), "\u00a0", " ")
	if w.pre > 0 {
		for i, line := range strings.Split(normalLines(s), "\n") {
			if i > 0 {
				w.newLine(true)
			}
			w.line.WriteString(line)
		}
		return
	}
	words := strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == '\f' })
	if len(s) > 0 && strings.ContainsRune(" \t\r\n\f", rune(s[0])) {
		w.space()
	}
	w.line.WriteString(strings.Join(words, " "))
	if len(words) > 0 && strings.ContainsRune(" \t\r\n\f", rune(s[len(s)-1])) {
		w.space()
	}
}

func (w *htmlWriter) space() {
	if l := w.line.String(); l != "" && !strings.HasSuffix(l, " ") {
		w.line.WriteByte(' ')
	}
}

func (w *htmlWriter) start(t html.Token) {
	if w.hidden != 0 {
		return
	}
	switch t.DataAtom {
	case atom.Script, atom.Style, atom.Head, atom.Title, atom.Template, atom.Noscript, atom.Object, atom.Svg:
		if t.Type != html.SelfClosingTagToken {
			w.hidden = t.DataAtom
		}
	case atom.Body:
		w.hidden = 0
	case atom.Br:
		w.newLine(true)
	case atom.Hr:
		w.newLine(false)
		w.line.WriteString("---")
		w.newLine(false)
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Table, atom.Ul, atom.Ol:
		w.newLine(false)
		w.gap()
	case atom.Div, atom.Tr, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Dl, atom.Dt, atom.Dd:
		w.newLine(false)
	case atom.Li:
		w.newLine(false)
		w.line.WriteString("- ")
	case atom.Td, atom.Th:
		w.space()
	case atom.Blockquote:
		w.newLine(false)
		w.quote++
	case atom.Pre:
		w.newLine(false)
		w.pre++
	case atom.Img:
		if alt := attribute(t, "alt"); alt != "" {
			w.line.WriteString("[" + oneLine(alt) + "]")
		}
	case atom.A:
		w.link = anchor{attribute(t, "href"), w.line.Len()}
	default:
	}
}

func (w *htmlWriter) end(tag atom.Atom) {
	if w.hidden != 0 {
		if tag == w.hidden {
			w.hidden = 0
		}
		return
	}
	switch tag {
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Table, atom.Ul, atom.Ol:
		w.newLine(false)
		w.gap()
	case atom.Div, atom.Tr, atom.Li, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Dl, atom.Dt, atom.Dd:
		w.newLine(false)
	case atom.Blockquote:
		w.newLine(false)
		w.quote = max(0, w.quote-1)
	case atom.Pre:
		w.newLine(false)
		w.pre = max(0, w.pre-1)
	case atom.A:
		w.endLink()
	default:
	}
}

// endLink shows where a link leads, unless its text says so itself.
func (w *htmlWriter) endLink() {
	last := w.link
	w.link = anchor{}
	if !strings.HasPrefix(last.target, "http://") && !strings.HasPrefix(last.target, "https://") {
		return
	}
	shown := w.line.String()[min(last.from, w.line.Len()):]
	bare := func(s string) string {
		s = strings.TrimPrefix(strings.TrimPrefix(s, "https://"), "http://")
		return strings.TrimRight(strings.TrimPrefix(s, "www."), "/ ")
	}
	if target := oneLine(last.target); bare(shown) != bare(target) && shown != "" {
		w.line.WriteString(" <" + shortened(target, 500) + ">")
	}
}

// newLine ends the line; an empty one only counts where it is meant (br, pre).
func (w *htmlWriter) newLine(meant bool) {
	line := strings.TrimRight(w.line.String(), " ")
	w.line.Reset()
	w.link.from = 0
	switch {
	case line == "" && !meant:
		return
	case line == "":
		w.empty++
		if w.empty > 2 {
			return
		}
	default:
		w.empty = 0
	}
	w.out.WriteString(strings.Repeat(">", min(w.quote, 10)))
	if w.quote > 0 && line != "" {
		w.out.WriteByte(' ')
	}
	w.out.WriteString(line)
	w.out.WriteByte('\n')
}

// gap puts one empty line between blocks.
func (w *htmlWriter) gap() {
	if w.out.Len() > 0 && w.empty == 0 {
		w.newLine(true)
	}
}

// String is everything so far.
func (w *htmlWriter) String() string {
	w.newLine(false)
	return w.out.String()
}

func attribute(t html.Token, key string) string {
	for _, a := range t.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}
