package network

import (
	"fmt"
	"net/http"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"standpunt/internal/fault"
)

// languages are those that the pages are written in, the default first.
var languages = []string{"en", "nl"}

var matcher = language.NewMatcher([]language.Tag{language.English, language.Dutch})

// languageFor is the visitor's language as the browser tells it.
func languageFor(r *http.Request) string {
	_, index := language.MatchStrings(matcher, r.Header.Get("Accept-Language"))
	return languages[index]
}

// say is a word of the pages; a key without words is a mistake that the test
// of the templates finds.
func say(lang, key string) string {
	w, ok := words[key]
	if !ok {
		return "?" + key + "?"
	}
	if lang == "nl" {
		return w[1]
	}
	return w[0]
}

// words are what the pages say, in English and Dutch.
var words = map[string][2]string{
	"simulated":              {"a simulated network", "een nagebootst netwerk"},
	"skip":                   {"Skip to the posts", "Naar de berichten"},
	"timeline":               {"Timeline", "Tijdlijn"},
	"compose":                {"What's going on?", "Wat speelt er?"},
	"compose_as":             {"Post as", "Plaats als"},
	"compose_hint":           {"any name, also a new one", "elke naam, ook een nieuwe"},
	"post":                   {"Post", "Plaatsen"},
	"reply":                  {"Reply", "Reageren"},
	"reply_to":               {"Your reply", "Je reactie"},
	"edit":                   {"Edit", "Bewerken"},
	"people_only":            {"Answered by people only, by no program", "Alleen door mensen te beantwoorden, niet door een programma"},
	"people_only_ask":        {"Let people answer, and no program", "Laat mensen antwoorden, en geen programma"},
	"brand_password":         {"Password of the brand account", "Wachtwoord van het merkaccount"},
	"save":                   {"Save", "Opslaan"},
	"delete":                 {"Delete", "Verwijderen"},
	"more":                   {"More", "Meer"},
	"edited":                 {"edited", "bewerkt"},
	"deleted":                {"This post was deleted.", "Dit bericht is verwijderd."},
	"brand":                  {"Brand account", "Merkaccount"},
	"older":                  {"Older posts", "Oudere berichten"},
	"all":                    {"All posts", "Alle berichten"},
	"empty":                  {"It is quiet here. Write the first post, or let the director start the trickle.", "Het is hier stil. Schrijf het eerste bericht, of laat de regie de klanten beginnen."},
	"fresh":                  {"new posts", "nieuwe berichten"},
	"live":                   {"live", "live"},
	"offline":                {"not live: reconnecting", "niet live: verbinding wordt hersteld"},
	"left":                   {"characters left", "tekens over"},
	"refused":                {"That did not work", "Dat lukte niet"},
	"back":                   {"Back to the timeline", "Terug naar de tijdlijn"},
	"since":                  {"On Plein since", "Op Plein sinds"},
	"about_title":            {"About Plein", "Over Plein"},
	"about":                  {"Nobody here exists. Plein is a simulated network for demos and drills: you can post as any customer, and brands answer through their own desk.", "Niemand hier bestaat echt. Plein is een nagebootst netwerk voor demo's en oefeningen: je plaatst berichten als elke klant, en merken antwoorden vanuit hun eigen desk."},
	"director":               {"Director", "Regie"},
	"burst":                  {"Outage", "Storing"},
	"burst_go":               {"Let it break out", "Laat uitbreken"},
	"burst_count":            {"Posts", "Berichten"},
	"burst_over":             {"Over seconds", "In seconden"},
	"trickle":                {"Pace", "Tempo"},
	"trickle_go":             {"Set", "Instellen"},
	"trickle_hint":           {"Seconds between posts; 0 is silence", "Seconden tussen berichten; 0 is stilte"},
	"fault":                  {"Faults of the API", "Fouten van de API"},
	"fault_kind":             {"Kind", "Soort"},
	"fault_count":            {"Requests", "Verzoeken"},
	"fault_on":               {"Concerning", "Bij"},
	"on_all":                 {"reading and writing", "lezen en schrijven"},
	"on_reads":               {"reading", "lezen"},
	"on_writes":              {"writing", "schrijven"},
	"fault_go":               {"Switch on", "Aanzetten"},
	"fault_clear":            {"Lift all", "Alles opheffen"},
	"fault_none":             {"None: the API works.", "Geen: de API werkt."},
	"fault_left":             {"left", "te gaan"},
	"k_429":                  {"429: too many requests", "429: te veel verzoeken"},
	"k_500":                  {"500: server error", "500: serverfout"},
	"k_timeout_after_accept": {"Accepts, then never answers", "Neemt aan, antwoordt nooit"},
	"k_slow":                 {"Slow answers", "Trage antwoorden"},
	"k_duplicate_deliveries": {"Delivers everything twice", "Levert alles dubbel"},
	"k_garbage":              {"Answers nonsense", "Antwoordt onzin"},
}

// refusals are what went wrong, by code, for those who read Dutch; in English
// the problem says it itself.
var refusals = map[fault.Code]string{
	fault.EmptyText:       "De tekst is leeg. Schrijf iets.",
	fault.TextTooLong:     "De tekst is langer dan 500 tekens. Kort hem in.",
	fault.InvalidInput:    "Dit veld is niet goed ingevuld. Namen hebben letters, cijfers, punten, streepjes en lage streepjes; aantallen zijn hele getallen.",
	fault.Unauthenticated: "Dit is een merkaccount. Alleen het merk zelf plaatst, wijzigt en verwijdert daar berichten.",
	fault.Forbidden:       "Dit is niet het wachtwoord van het merk.",
	fault.NotFound:        "Dit bestaat niet (meer). Controleer de link.",
	gone:                  "Dit bericht is verwijderd.",
	peopleOnly:            "De auteur laat zich door mensen antwoorden, niet door een programma.",
	fault.BodyTooLarge:    "Dit is te veel in één keer. Stuur minder tekst.",
	fault.RateLimited:     "Er staan al te veel berichten klaar. Wacht tot ze geplaatst zijn.",
	fault.Internal:        "Er ging hier iets mis. Probeer het nog eens.",
}

// excuse is what a visitor reads of a problem.
func excuse(lang string, p *problem) string {
	if lang == "nl" && refusals[p.Code] != "" {
		return refusals[p.Code]
	}
	first, size := utf8.DecodeRuneInString(p.Detail)
	text := string(unicode.ToUpper(first)) + p.Detail[size:] + "."
	if p.Remedy != "" {
		text += " " + p.Remedy
	}
	return text
}

var months = map[string][]string{
	"en": {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"},
	"nl": {"jan", "feb", "mrt", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec"},
}

// ago is how long ago something was, as short as a timeline wants it.
func ago(lang string, now, at time.Time) string {
	units := map[string][3]string{"en": {"now", "h", "d"}, "nl": {"nu", "u", "d"}}[lang]
	switch d := now.Sub(at); {
	case d < time.Minute:
		return units[0]
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 24*time.Hour:
		return fmt.Sprintf("%d %s", int(d.Hours()), units[1])
	case d < 7*24*time.Hour:
		return fmt.Sprintf("%d %s", int(d.Hours())/24, units[2])
	}
	local := at.Local()
	return fmt.Sprintf("%d %s", local.Day(), months[lang][local.Month()-1])
}

// exactly is a time to the minute.
func exactly(lang string, at time.Time) string {
	local := at.Local()
	return fmt.Sprintf("%d %s %d, %s", local.Day(), months[lang][local.Month()-1], local.Year(), local.Format("15:04:05"))
}
