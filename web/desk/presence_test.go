package desk

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"standpunt/inbox"
	"standpunt/internal/id"
	"standpunt/people"
)

func TestWhoIsReplyingIsForgottenAfterAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPresence()
		anna, bert, paul := id.New[people.Person](), id.New[people.Person](), id.New[people.Person]()
		one, two := id.New[inbox.Conversation](), id.New[inbox.Conversation]()
		there := func(in inbox.ConversationID, want ...people.ID) {
			t.Helper()
			if got := p.replying(paul)[in]; !slices.Equal(got, want) {
				t.Errorf("%v reply, want %v", got, want)
			}
		}
		p.typed(anna, one)
		p.typed(paul, one)
		there(one, anna) // and not paul, who asks
		time.Sleep(40 * time.Second)
		p.typed(bert, one)
		there(one, anna, bert)
		time.Sleep(19 * time.Second)
		there(one, anna, bert)
		time.Sleep(time.Second)
		synctest.Wait()
		there(one, bert)
		if len(p.typing) != 1 {
			t.Errorf("%d are remembered, want bert alone", len(p.typing))
		}
		p.typed(bert, two) // who goes on elsewhere is there
		there(one)
		there(two, bert)
		p.left(bert, one) // a word from the old place changes nothing
		there(two, bert)
		p.left(bert, two)
		there(two)
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		if len(p.typing) != 0 || p.sweep != nil {
			t.Errorf("%d are remembered, and a timer runs: %t", len(p.typing), p.sweep != nil)
		}
	})
}

// A key that was on its way when its text was sent makes nobody type again.
func TestWhoSentIsNotReplyingAnyMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPresence()
		anna, bert := id.New[people.Person](), id.New[people.Person]()
		one, two := id.New[inbox.Conversation](), id.New[inbox.Conversation]()
		there := func(in inbox.ConversationID, want ...people.ID) {
			t.Helper()
			if got := p.replying(people.ID{})[in]; !slices.Equal(got, want) {
				t.Errorf("%v reply, want %v", got, want)
			}
		}
		p.typed(anna, one)
		p.left(anna, one)
		p.left(bert, one) // whose first key comes late
		p.typed(anna, one)
		p.typed(bert, one)
		there(one)
		p.typed(bert, two)
		there(two, bert)
		time.Sleep(lateKeys)
		p.typed(anna, one)
		there(one, anna)
		time.Sleep(2 * presenceLife)
		synctest.Wait()
		if len(p.typing) != 0 {
			t.Errorf("%d are remembered", len(p.typing))
		}
	})
}

func TestWhoIsReplyingIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPresence()
		in := id.New[inbox.Conversation]()
		first := id.New[people.Person]()
		p.typed(first, in)
		for range mostPresent + 10 {
			p.typed(id.New[people.Person](), in)
		}
		if len(p.typing) != mostPresent {
			t.Errorf("%d are remembered", len(p.typing))
		}
		time.Sleep(30 * time.Second)
		p.typed(first, in) // who is known goes on
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if got := p.replying(people.ID{})[in]; !slices.Equal(got, []people.ID{first}) {
			t.Errorf("%d reply, want the first alone", len(got))
		}
		time.Sleep(time.Minute)
		synctest.Wait()
	})
}
