package instagram

import (
	"testing"
	"time"
)

func TestACaptionNamesTheAccountAsAWordOfItsOwn(t *testing.T) {
	for caption, want := range map[string]bool{
		"noordlicht": true, "@noordlicht!": true, "dank Noordlicht, top": true, "noordlicht.": true, "(noordlicht)": true,
		"": false, "noordlichten": false, "hetnoordlicht": false, "noordlicht_nl": false, "noord licht": false, "xnoordlicht noordlicht": true,
	} {
		if names(caption, "noordlicht") != want {
			t.Errorf("%q: %v", caption, !want)
		}
	}
}

func TestPostsThatAreNotListedAnyMoreAreForgotten(t *testing.T) {
	now := time.Now().Unix()
	w := walk{Began: now, Known: []known{{ID: "1", Read: now - seconds(25*time.Hour)}, {ID: "2", Read: now - seconds(23*time.Hour)}}}
	if next := w.home(); len(next.Known) != 1 || next.Known[0].ID != "2" || next.Since != now-seconds(overlap) {
		t.Errorf("%+v", next)
	}
	for i := range 3 * mostPosts {
		w.Known = append(w.Known, known{ID: string(rune(i)), Read: now})
	}
	if next := w.home(); len(next.Known) != mostPosts {
		t.Errorf("%d posts are remembered", len(next.Known))
	}
}
