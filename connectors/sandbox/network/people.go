package network

import (
	"math/rand/v2"
	"slices"
	"strings"
)

// person is one invented customer.
type person struct {
	handle Handle
	name   string
	lang   string // "nl" or "en"
}

// people are the customers who talk about the brand. Nobody of them exists.
var people = []person{
	{"eva_bakker", "Eva Bakker", "nl"},
	{"jan.de.wit", "Jan de Wit", "nl"},
	{"sanne_k", "Sanne Kuipers", "nl"},
	{"moussa_el_amrani", "Moussa el Amrani", "nl"},
	{"tineke1954", "Tineke Verhoeven", "nl"},
	{"bakkerij_zon", "Bakkerij De Zon", "nl"},
	{"fleur.vd.berg", "Fleur van den Berg", "nl"},
	{"henk_uit_assen", "Henk Postma", "nl"},
	{"yasmina_b", "Yasmina Bouzid", "nl"},
	{"daan_fietst", "Daan Mulder", "nl"},
	{"oma_corrie", "Corrie Jansen", "nl"},
	{"studentenhuis_42", "Studentenhuis 42", "nl"},
	{"ruben_ter_horst", "Ruben ter Horst", "nl"},
	{"lieke_schrijft", "Lieke Smeets", "nl"},
	{"vve_de_linde", "VvE De Linde", "nl"},
	{"kees_zonnepaneel", "Kees Hoekstra", "nl"},
	{"olivia_grant", "Olivia Grant", "en"},
	{"tom_in_utrecht", "Tom Whitfield", "en"},
	{"priya_n", "Priya Nair", "en"},
	{"liam_okafor", "Liam Okafor", "en"},
	{"hannah_reads", "Hannah Brooks", "en"},
	{"expat_marco", "Marco Bellini", "en"},
	{"grace_ev", "Grace Sullivan", "en"},
	{"noah_nightshift", "Noah Petersen", "en"},
}

var personOf = func() map[Handle]person {
	m := make(map[Handle]person, len(people))
	for _, p := range people {
		m[p.handle] = p
	}
	return m
}()

func scripted(h Handle) bool { return personOf[h].handle != "" }

// languageOf is the language that somebody writes in; of strangers, Dutch.
func languageOf(h Handle) string {
	if p, ok := personOf[h]; ok {
		return p.lang
	}
	first, _, _ := strings.Cut(string(h), "_")
	if slices.Contains(firstNames["en"], first) {
		return "en"
	}
	return "nl"
}

var firstNames = map[string][]string{
	"nl": {"anouk", "bram", "carlijn", "dirk", "esra", "floor", "gijs", "hatice", "iris", "joost", "karim", "lotte", "maarten",
		"nienke", "otto", "pim", "quinten", "roos", "sem", "tessa", "umut", "vera", "wouter", "xandra", "ying", "zoe"},
	"en": {"alice", "ben", "chloe", "dev", "emma", "finn", "gwen", "harry", "isla", "jack", "kate", "leo", "mia", "nate"},
}

var lastNames = map[string][]string{
	"nl": {"visser", "de_boer", "meijer", "dijkstra", "bos", "vos", "peters", "hendriks", "dekker", "brouwer", "koster", "yilmaz",
		"prins", "blom", "huisman", "kok", "schouten", "willems", "kaya", "postma", "kuiper", "scholten", "maas", "post"},
	"en": {"carter", "hughes", "patel", "murphy", "wright", "evans", "kelly", "reed", "shah", "turner", "cole", "walsh"},
}

// crowd is one of a few thousand people who only speak up during an outage.
func crowd(rng *rand.Rand, lang string) (Handle, string) {
	first := firstNames[lang][rng.IntN(len(firstNames[lang]))]
	last := lastNames[lang][rng.IntN(len(lastNames[lang]))]
	h := first + "_" + last
	if n := rng.IntN(12); n > 8 {
		h += string(rune('0' + n - 8))
	}
	words := strings.Split(last, "_")
	words[len(words)-1] = capital(words[len(words)-1])
	return Handle(h), capital(first) + " " + strings.Join(words, " ")
}

func capital(word string) string { return strings.ToUpper(word[:1]) + word[1:] }

var places = []string{"Groningen", "Assen", "Leeuwarden", "Zwolle", "Emmen", "Hoogeveen", "Drachten", "Meppel", "Winschoten",
	"Stadskanaal", "Heerenveen", "Veendam"}
