package desk

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// pairs are the inks and the grounds that they stand on, with the least
// contrast of WCAG 2.2: 4.5 for text, 3 for what is no text.
var pairs = []struct {
	ink, ground string
	least       float64
}{
	{"text", "surface", 4.5}, {"text", "ground", 4.5}, {"text", "raised", 4.5}, {"text", "sunken", 4.5}, {"text", "accent-soft", 4.5},
	{"text", "near-soft", 4.5}, {"surface", "text", 4.5}, {"surface", "near", 4.5},
	{"soft", "surface", 4.5}, {"soft", "ground", 4.5}, {"soft", "sunken", 4.5}, {"soft", "raised", 4.5}, {"soft", "accent-soft", 4.5},
	{"accent-ink", "surface", 4.5}, {"accent-ink", "ground", 4.5}, {"accent-ink", "accent-soft", 4.5}, {"accent-ink", "sunken", 4.5}, {"accent-ink", "raised", 4.5},
	{"accent-text", "accent", 4.5}, {"bad-text", "bad", 4.5},
	{"good", "surface", 4.5}, {"good", "good-soft", 4.5}, {"good", "accent-soft", 4.5},
	{"near", "surface", 4.5}, {"near", "near-soft", 4.5}, {"near", "accent-soft", 4.5}, {"near", "ground", 4.5},
	{"bad", "surface", 4.5}, {"bad", "bad-soft", 4.5}, {"bad", "accent-soft", 4.5}, {"bad", "ground", 4.5},
	{"note-text", "note", 4.5}, {"mark-text", "mark", 4.5},
	{"line-strong", "surface", 3}, {"line-strong", "ground", 3}, {"accent", "surface", 3}, {"accent", "ground", 3},
	{"white", "tint-0", 4.5}, {"white", "tint-1", 4.5}, {"white", "tint-2", 4.5}, {"white", "tint-3", 4.5}, {"white", "tint-4", 4.5}, {"white", "tint-5", 4.5},
}

func TestColoursCanBeRead(t *testing.T) {
	css, err := staticFiles.ReadFile("static/10-tokens.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark, ok := strings.Cut(string(css), "@media (prefers-color-scheme: dark)")
	if !ok {
		t.Fatal("there is no dark scheme")
	}
	for scheme, tokens := range map[string]map[string]string{"light": tokensOf(light), "dark": tokensOf(dark)} {
		tokens["white"] = "#ffffff"
		for _, p := range pairs {
			got, err := contrast(tokens[p.ink], tokens[p.ground])
			if err != nil {
				t.Errorf("%s: %s on %s: %v", scheme, p.ink, p.ground, err)
			} else if got < p.least {
				t.Errorf("%s: %s on %s has a contrast of %.2f, less than %.1f", scheme, p.ink, p.ground, got, p.least)
			}
		}
	}
}

func TestContrastIsComputedAsWCAGDoes(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want float64
	}{{"#000000", "#ffffff", 21}, {"#ffffff", "#ffffff", 1}, {"#777777", "#ffffff", 4.48}} {
		if got, err := contrast(c.a, c.b); err != nil || math.Abs(got-c.want) > 0.01 {
			t.Errorf("%s on %s: %.2f, %v; want %.2f", c.a, c.b, got, err, c.want)
		}
	}
}

// No style sheet has a colour of its own: both schemes come from the tokens.
func TestColoursComeFromTheTokens(t *testing.T) {
	colour := regexp.MustCompile(`#[0-9a-fA-F]{3,8}\b`)
	for _, file := range glob(t, staticFiles, "static/*.css") {
		if strings.HasSuffix(file, "10-tokens.css") {
			continue
		}
		css, err := staticFiles.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		onScreen, _, _ := strings.Cut(string(css), "@media print") // paper has a scheme of its own
		for i, line := range strings.Split(onScreen, "\n") {
			_, declarations, _ := strings.Cut(line, "{")
			for _, c := range colour.FindAllString(declarations, -1) {
				if c != "#fff" {
					t.Errorf("%s:%d has the colour %s", file, i+1, c)
				}
			}
		}
	}
}

var tokenPattern = regexp.MustCompile(`--([a-z0-9-]+): (#[0-9a-f]{6})`)

func tokensOf(css string) map[string]string {
	tokens := make(map[string]string)
	for _, m := range tokenPattern.FindAllStringSubmatch(css, -1) {
		tokens[m[1]] = m[2]
	}
	return tokens
}

// contrast is the ratio of WCAG 2.2, 1 to 21.
func contrast(a, b string) (float64, error) {
	la, err := luminance(a)
	if err != nil {
		return 0, err
	}
	lb, err := luminance(b)
	if err != nil {
		return 0, err
	}
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05), nil
}

func luminance(hex string) (float64, error) {
	n, err := strconv.ParseUint(strings.TrimPrefix(hex, "#"), 16, 32)
	if err != nil || len(hex) != 7 {
		return 0, fmt.Errorf("%q is no colour", hex)
	}
	linear := func(shift uint) float64 {
		c := float64(n>>shift&255) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(16) + 0.7152*linear(8) + 0.0722*linear(0), nil
}
