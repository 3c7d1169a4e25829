package connectortest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"standpunt/connectors"
	"standpunt/inbox"
)

// incoming are texts as customers write them.
var incoming = []string{
	"Waar blijft mijn pakket?",
	"Twee regels\nen een lege\n\nen \t een tab",
	"Windows\r\nregels",
	"  spaties  vooraan en achteraan  ",
	"familie 👨‍👩‍👧‍👦, vlag 🇳🇱, Engeland 🏴󠁧󠁢󠁥󠁮󠁧󠁿, huidskleur 👍🏽, hart ❤️",
	"vier bytes: 𠜎𠜱𝒳",
	"NFC: café, één; NFD: cafe\u0301",
	"שלום, مرحبا بالعالم, می\u200cخواهم",
	"\u202egespiegeld\u202c en on\u200bzichtbaar",
	`<b>&amp; "aanhaling" 'enkel' \n %s {{.}} <script>alert(1)</script>`,
	"https://voorbeeld.test/pad?a=1&b=%20#deel @merk #vraag",
}

func reading(t *testing.T, h Harness) {
	probe := h(t)
	if _, only := probe.(Deliverer); only {
		play(t, "a delivered mention arrives as it was written", h, (*scene).deliveredTexts)
		return
	}
	play(t, "the first poll brings the back-fill", h, (*scene).firstPoll)
	play(t, "texts arrive as they were written", h, (*scene).incomingTexts)
	play(t, "nothing is skipped over pages and restarts", h, (*scene).nothingSkipped)
	play(t, "a cursor is read by a new process", h, (*scene).cursorSurvives)
	play(t, "a foreign cursor is no panic", h, (*scene).foreignCursor)
	play(t, "polls run side by side", h, (*scene).pollsSideBySide)
	play(t, "a cancelled poll is back at once", h, (*scene).cancelledPoll)
	if can[Reviser](probe) {
		play(t, "an edit upstream comes in", h, (*scene).editComesIn)
	}
	if can[Eraser](probe) {
		play(t, "a deletion upstream comes in", h, (*scene).deletionComesIn)
	}
	if can[connectors.Streamer](probe.Connect(t, connectors.Account{Name: accountName, Backfill: time.Hour, Log: quietLog()})) {
		play(t, "a stream says that it is connected, and delivers", h, (*scene).streamDelivers)
	}
}

func (s *scene) firstPoll() {
	want := []string{s.remote.Post(s, "één"), s.remote.Post(s, "twee"), s.remote.Post(s, "drie")}
	all, _ := s.await(s.connect(), nil, "three posts", has(want...))
	for _, id := range want {
		m := newest(all, id)
		switch {
		case m.Author.ExternalID == "":
			s.Errorf("%s has no author", id)
		case m.Kind == "":
			s.Errorf("%s has no kind", id)
		case m.Visibility != inbox.Public && m.Visibility != inbox.Private:
			s.Errorf("%s has the visibility %q", id, m.Visibility)
		case m.PostedAt.IsZero() || time.Since(m.PostedAt).Abs() > time.Hour:
			s.Errorf("%s was posted just now, and came with the time %v", id, m.PostedAt)
		case m.Deleted || !m.EditedAt.IsZero():
			s.Errorf("%s was neither edited nor deleted: %+v", id, m)
		}
	}
}

func (s *scene) incomingTexts() {
	c := s.connect()
	for _, text := range incoming {
		if got, want := s.mention(c, s.remote.Post(s, text)).Text, s.arrives(text); got != want {
			s.Errorf("a customer's text changed:\n posted %+q\n came   %+q\n want   %+q", text, got, want)
		}
	}
}

func (s *scene) deliveredTexts() {
	s.incomingTexts()
	page := s.poll(s.connect(), nil)
	if len(page.Mentions) > 0 || page.More {
		s.Errorf("a source without a platform polled %+v", page)
	}
}

// nothingSkipped reads a burst page by page while more is being posted, each
// page by a process of its own.
func (s *scene) nothingSkipped() {
	const burst = 64
	var want []string
	for i := range burst {
		want = append(want, s.remote.Post(s, fmt.Sprintf("melding %d", i)))
	}
	var got []inbox.Inbound
	var cursor inbox.Cursor
	for i := range maxPages {
		page := s.poll(s.connect(), cursor)
		got = append(got, page.Mentions...)
		if len(page.Next) > 0 {
			cursor = page.Next
		}
		if i < 3 {
			want = append(want, s.remote.Post(s, fmt.Sprintf("tussendoor %d", i)))
			continue
		}
		if !page.More {
			break
		}
	}
	s.await(s.connect(), cursor, "the whole burst", func(more []inbox.Inbound) bool { return has(want...)(append(slices.Clone(got), more...)) })
}

func (s *scene) cursorSurvives() {
	first := s.remote.Post(s, "vóór de herstart")
	_, cursor := s.await(s.connect(), nil, "the first post", has(first))
	again, _ := s.read(s.connect(), slices.Clone(cursor))
	if n := len(again); n > 1000 {
		s.Errorf("a caught-up cursor brought %d mentions again", n)
	}
	second := s.remote.Post(s, "na de herstart")
	s.await(s.connect(), slices.Clone(cursor), "the post after the restart", has(second))
}

func (s *scene) foreignCursor() {
	c := s.connect()
	for _, cursor := range []inbox.Cursor{inbox.Cursor("\xff\x00 not yours"), inbox.Cursor("{}"), inbox.Cursor("-1"), inbox.Cursor("99999999999999999999")} {
		err := s.call(callLimit, func(ctx context.Context) error {
			_, err := c.Poll(ctx, cursor)
			return err
		})
		if err != nil {
			_ = s.asError("Poll", err) // that it is one is the point
		}
	}
}

func (s *scene) pollsSideBySide() {
	want := s.remote.Post(s, "tegelijk")
	c := s.connect()
	s.await(c, nil, "the post", has(want))
	var polls sync.WaitGroup
	for range 4 {
		polls.Go(func() {
			if err := s.call(callLimit, func(ctx context.Context) error {
				_, err := c.Poll(ctx, nil)
				return err
			}); err != nil {
				s.Errorf("Poll: %v", err)
			}
		})
	}
	polls.Wait()
}

func (s *scene) cancelledPoll() {
	c := s.connect()
	ctx, cancel := context.WithCancel(s.Context())
	cancel()
	began := time.Now()
	_, err := c.Poll(ctx, nil)
	if took := time.Since(began); took > promptly {
		s.Errorf("a cancelled Poll took %v", took)
	}
	_ = s.asError("Poll", err) // that it is one is the point
}

func (s *scene) editComesIn() {
	id := s.remote.Post(s, "mijn pakket is weg")
	c := s.connect()
	_, cursor := s.await(c, nil, "the post", has(id))
	s.remote.(Reviser).Revise(s, id, "mijn pakket is er")
	want := s.arrives("mijn pakket is er")
	all, _ := s.await(c, cursor, "the edit of "+id, func(all []inbox.Inbound) bool {
		m := newest(all, id)
		return m != nil && m.Text == want
	})
	if newest(all, id).EditedAt.IsZero() {
		s.Error("an edited mention has no EditedAt")
	}
}

func (s *scene) deletionComesIn() {
	id := s.remote.Post(s, "dit wil ik toch niet zeggen")
	c := s.connect()
	_, cursor := s.await(c, nil, "the post", has(id))
	s.remote.(Eraser).Erase(s, id)
	s.await(c, cursor, "the deletion of "+id, func(all []inbox.Inbound) bool {
		m := newest(all, id)
		return m != nil && m.Deleted
	})
}

func (s *scene) streamDelivers() {
	streamer := s.connect().(connectors.Streamer)
	ctx, cancel := context.WithCancel(s.Context())
	pages, ended := make(chan connectors.Page, 100), make(chan error, 1)
	go func() {
		ended <- streamer.Stream(ctx, nil, func(p connectors.Page) error {
			select {
			case pages <- p:
			case <-ctx.Done():
			}
			return nil
		})
	}()
	defer func() {
		cancel()
		select {
		case err := <-ended:
			s.Logf("the stream ended: %v", err)
		case <-time.After(promptly):
			s.Errorf("Stream was not back %v after it was cancelled", promptly)
		}
	}()
	deadline := time.After(s.patience())
	select {
	case p := <-pages:
		if len(p.Mentions) > 0 {
			s.Error("the first delivery is no empty page: nobody knows when the stream was connected")
		}
	case err := <-ended:
		s.Fatalf("Stream ended: %v", err)
	case <-deadline:
		s.Fatal("Stream did not connect")
	}
	id := s.remote.Post(s, "gestroomd")
	for {
		select {
		case p := <-pages:
			if newest(p.Mentions, id) != nil {
				return
			}
		case <-deadline:
			s.Fatal("the stream did not deliver the post")
		}
	}
}
