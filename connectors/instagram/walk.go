package instagram

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"standpunt/connectors"
	"standpunt/connectors/internal/graph"
	"standpunt/inbox"
)

const (
	overlap    = 15 * time.Minute   // how late Instagram may show what was written
	recheck    = 6 * time.Hour      // after this a post's comments are read though their count stands still
	shortly    = 5 * time.Minute    // and after this where fewer came than the count told
	lookBack   = 7 * 24 * time.Hour // how far such a reading goes
	rechecks   = 10                 // how many of them one walk makes
	forgotten  = 24 * time.Hour     // after this a post that is not listed any more is not remembered
	mostPosts  = 1000               // how many posts are remembered, the newest
	mostTags   = 200                // how many tagged posts are told apart
	mostTasks  = 2000               // of a walk
	listPage   = 50                 // the most that Instagram gives at once
	deepest    = 40                 // full pages of one list in one walk
	mostAnew   = 8                  // how often in a row the list of a task is begun anew
	newestTalk = 20                 // of how many messages of a dialogue Instagram tells more than the id
)

// The stages of a walk.
const (
	stagePosts = iota
	stageTags
	stageTalks
	stages
)

// walk is what a cursor says: from when on things count, what is known of the
// posts, and while a walk is under way, where it stands. One poll is one call
// and one step of it. Times are seconds.
type walk struct {
	Start int64  `json:"start"` // what was written before the account's first poll is of no interest
	Since int64  `json:"since"` // what was written before is known
	Began int64  `json:"began,omitempty"`
	Stage int    `json:"stage,omitempty"`
	After string `json:"after,omitempty"` // where in the stage's list
	// Fewer is how often fewer items were asked for, as Instagram did not give so many.
	Fewer graph.Halvings `json:"fewer,omitempty"`
	// Anew is how often the stage's list, and AnewIn that of the first task, was begun anew
	// because Instagram forgot our cursor.
	Anew     int      `json:"anew,omitempty"`
	AnewIn   int      `json:"anew_in,omitempty"`
	Tasks    []task   `json:"tasks,omitempty"` // what comes next, before the list goes on
	Checked  int      `json:"checked,omitempty"`
	Known    []known  `json:"known,omitempty"`
	Tags     []string `json:"tags,omitempty"` // the posts that tag the account, newest tag first
	TagsRead bool     `json:"tags_read,omitempty"`
	NewTags  []string `json:"new_tags,omitempty"`
	// Withheld are dialogues that are left out meanwhile.
	Withheld graph.Withheld `json:"withheld,omitempty"`
	// trouble is why this step begins a list yet once more; that waits for the next round.
	trouble error
}

// known is what is known of a post's comments.
type known struct {
	ID      string `json:"i"`
	At      int64  `json:"t,omitempty"` // when it was posted
	Count   int64  `json:"c"`
	Read    int64  `json:"r"`           // when its comments were last read
	Changed int64  `json:"h,omitempty"` // when its count last was another
	Short   bool   `json:"s,omitempty"` // fewer came than the count told
}

// The kinds of a task.
const (
	readComments = "c" // of the post ID
	readReplies  = "r" // to the comment ID under the post Media
	readMessages = "m" // of the dialogue ID
)

// task is a list to read.
type task struct {
	Kind  string `json:"k"`
	ID    string `json:"i"`
	Media string `json:"m,omitempty"`
	Link  string `json:"l,omitempty"`
	At    int64  `json:"t,omitempty"` // when the post was made
	Since int64  `json:"s"`           // what was written before is left out
	In    string `json:"a,omitempty"` // where in the list
	Pages int    `json:"p,omitempty"`
	// Of comments: the post's count, how many more than before that is, how many came that
	// were written since the last reading, and whether all is read whatever comes.
	Count  int64 `json:"c,omitempty"`
	Expect int64 `json:"e,omitempty"`
	Fresh  int64 `json:"f,omitempty"` // from when on a comment counts as come since
	Found  int64 `json:"n,omitempty"`
	Full   bool  `json:"u,omitempty"`
	// More are comments with more answers than came along.
	More []string `json:"o,omitempty"`
}

func (c *Connector) walkOf(cursor inbox.Cursor) (walk, error) {
	var w walk
	if len(cursor) == 0 {
		start := time.Now().Add(-c.backfill).Unix()
		return walk{Start: start, Since: start}, nil
	}
	err := json.Unmarshal(cursor, &w)
	if err != nil || w.Stage < 0 || w.Stage > stages || w.done() {
		return w, &connectors.Error{Kind: connectors.Garbage, Message: "the account's cursor cannot be read", Err: err}
	}
	for _, r := range w.Withheld {
		if !nodePattern.MatchString(r.ID) {
			return w, &connectors.Error{Kind: connectors.Garbage, Message: "the account's cursor cannot be read"}
		}
	}
	for _, t := range w.Tasks {
		if !nodePattern.MatchString(t.ID) || t.Kind != readComments && t.Kind != readReplies && t.Kind != readMessages {
			return w, &connectors.Error{Kind: connectors.Garbage, Message: "the account's cursor cannot be read"}
		}
	}
	return w, nil
}

// skip goes past what the account has not, or has no longer since its settings
// were changed in the middle of a walk.
func (c *Connector) skip(w *walk) {
	if !c.s.Messages {
		w.Tasks = slices.DeleteFunc(w.Tasks, func(t task) bool { return t.Kind == readMessages })
		w.Withheld = nil
	}
	for w.Stage == stageTags && c.s.Login != overFacebook || w.Stage == stageTalks && !c.s.Messages {
		w.Stage++
	}
}

// nextStage goes on to the next list.
func (c *Connector) nextStage(w *walk) {
	w.Stage, w.After, w.Anew = w.Stage+1, "", 0
	c.skip(w)
}

// done reports whether the walk is over.
func (w *walk) done() bool { return w.Stage >= stages && len(w.Tasks) == 0 }

// home is the walk's end: what the next one begins with.
func (w *walk) home() walk {
	next := walk{Start: w.Start, Since: max(w.Since, w.Began-int64(overlap/time.Second)), Tags: w.Tags, TagsRead: w.TagsRead, Withheld: w.Withheld}
	slices.SortStableFunc(w.Known, func(a, b known) int { return cmp.Compare(b.At, a.At) })
	for _, k := range w.Known {
		if len(next.Known) < mostPosts && w.Began-k.Read < int64(forgotten/time.Second) {
			next.Known = append(next.Known, k)
		}
	}
	return next
}

// anew begins a list once more whose place Instagram forgot, as it did so many times:
// at once the first time, with the next round of polls after that.
func (w *walk) anew(times *int, err error) {
	if *times++; *times > 1 {
		w.trouble = err
	}
}

// deep reports whether a task's list was followed as far as one walk does.
func (w *walk) deep(t *task) bool { return t.Pages >= deepest<<w.Fewer }

// nextTask goes on to the next task.
func (w *walk) nextTask() { w.Tasks, w.AnewIn = w.Tasks[1:], 0 }

func (w *walk) add(t task) {
	if len(w.Tasks) < mostTasks {
		w.Tasks = append(w.Tasks, t)
	}
}

func (w *walk) knownAt(id string) int {
	return slices.IndexFunc(w.Known, func(k known) bool { return k.ID == id })
}

// note remembers a post, in place of what was known of it.
func (w *walk) note(k known) {
	if i := w.knownAt(k.ID); i >= 0 {
		w.Known[i] = k
		return
	}
	w.Known = append(w.Known, k)
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }

// look decides whether the comments of a listed post are to be read. Instagram
// tells no time of the last one, only how many there are.
func (w *walk) look(p *post) {
	id, at := string(p.ID), p.At.Unix()
	t := task{Kind: readComments, ID: id, Media: id, Link: p.Link, At: at}
	count := int64(-1) // not told: look every time
	if p.Comments != nil {
		count = *p.Comments
	}
	t.Count = count
	i := w.knownAt(id)
	switch {
	case i < 0 && at >= w.Start:
		t.Since, t.Fresh, t.Expect = at-seconds(overlap), at-seconds(overlap), count
	case i < 0:
		t.Since, t.Fresh = w.Start, w.Start
	default:
		k := w.Known[i]
		t.Since, t.Fresh = max(w.Start, k.Read-seconds(overlap)), k.Read
		idle := w.Began - k.Read
		switch {
		case count < 0 || count != k.Count:
			t.Expect = count - k.Count
		case k.Changed > 0 && w.Began-k.Changed < seconds(overlap) && !k.Short:
		case idle >= seconds(recheck) || k.Short && idle >= seconds(shortly):
			if w.Checked >= rechecks && count > 0 {
				return
			}
			t.Full, t.Since = true, max(w.Start, k.Read-seconds(lookBack))
			if count > 0 {
				w.Checked++
			}
		default:
			return
		}
	}
	if count == 0 {
		w.note(known{ID: id, At: at, Read: w.Began})
		return
	}
	w.add(t)
}

// read notes that a post's comments were read.
func (w *walk) read(t *task) {
	k := known{ID: t.ID, At: t.At, Count: max(t.Count, 0), Read: w.Began}
	i := w.knownAt(t.ID)
	switch {
	case i < 0 || w.Known[i].Count != k.Count:
		k.Changed = w.Began
	default:
		k.Changed = w.Known[i].Changed
	}
	k.Short = t.Found < t.Expect && !t.Full
	w.note(k)
}
