package inbox

import "strings"

// dutchWords and englishWords are frequent words that the other language does not
// have. Words of both ("in", "is", "was", "we") would tell nothing.
var (
	dutchWords = wordSet(`de het een en van ik je dat die niet zijn op aan met voor er maar om hem dan zou wat mijn
		dit zo door over bij ook tot jullie mij uit der daar haar naar heb hoe heeft hebben deze u nog zal zij zich kan
		kunt geen wel waar waarom wanneer moet veel iets al omdat worden werd wordt dus nu jij hij goed graag mag toch
		hallo beste groet groeten bedankt alvast klopt sinds gisteren vandaag mijn onze ons`)
	englishWords = wordSet(`the and of to it that you for are with his they be at have this from had by but what all
		were when your can said there use an each which she do how their if up out many then them these so some her would
		make like him into has two more no way could my than been call who its now find get may i not why please thanks
		hello since yesterday today our us will just don't can't isn't does did`)
)

func wordSet(words string) map[string]bool {
	set := make(map[string]bool)
	for _, w := range strings.Fields(words) {
		set[w] = true
	}
	return set
}

// detectLanguage is "nl" or "en" where the frequent words of one are clearly
// more than those of the other, else empty.
func detectLanguage(text string) string {
	const enough = 200 // words
	var dutch, english, seen int
	for w := range strings.FieldsSeq(clip(text, 4000)) {
		w = strings.ToLower(strings.Trim(w, ".,;:!?\"'()[]…“”‘’-–—#@"))
		if dutchWords[w] {
			dutch++
		}
		if englishWords[w] {
			english++
		}
		if seen++; seen == enough {
			break
		}
	}
	switch {
	case dutch > 2*english:
		return "nl"
	case english > 2*dutch:
		return "en"
	default:
		return ""
	}
}

// baseLanguage is the language of a BCP 47 tag, without script and region.
func baseLanguage(tag string) string {
	base, _, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(strings.TrimSpace(tag), "_", "-")), "-")
	if len(base) < 2 || len(base) > 8 || strings.Trim(base, "abcdefghijklmnopqrstuvwxyz") != "" || base == "und" {
		return ""
	}
	return base
}
