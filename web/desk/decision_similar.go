package desk

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"standpunt/approval"
	"standpunt/inbox"
)

// similarAnswer is an earlier public answer to a question with the same words.
type similarAnswer struct {
	*approval.View
	Talk *inbox.Conversation
}

// The bounds of looking for similar answers: it costs a few searches a page.
const (
	similarWords  = 6
	similarTalks  = 12
	similarShown  = 3
	similarLetter = 4 // shorter words say little
	similarShared = 2 // one stem in common is chance
	similarStem   = 6 // letters in which forms of one word agree
)

// similarAnswers are published answers of the same account to mentions that
// share enough stems with the question, the most alike first.
func (v *visit) similarAnswers(p *approval.View, question *inbox.Mention) ([]similarAnswer, error) {
	if question == nil {
		return nil, nil
	}
	words := tellingWords(question.Text)
	talks, err := v.talksWith(words, p)
	if err != nil {
		return nil, err
	}
	asked := stems(words)
	type ranked struct {
		similarAnswer
		shared int
	}
	var all []ranked
	for _, talk := range talks {
		answer, mention, err := v.lastAnswered(talk.ID)
		if err != nil {
			return nil, err
		}
		if answer == nil || mention == nil {
			continue
		}
		if shared := alike(asked, stems(tellingWords(mention.Text))); shared > 0 {
			all = append(all, ranked{similarAnswer{answer, talk}, shared})
		}
	}
	slices.SortStableFunc(all, func(a, b ranked) int {
		return cmp.Or(b.shared-a.shared, b.Receipt.PostedAt.Compare(a.Receipt.PostedAt))
	})
	var found []similarAnswer
	for _, one := range all[:min(len(all), similarShown)] {
		found = append(found, one.similarAnswer)
	}
	return found, nil
}

// talksWith are conversations of the proposal's account in which one of the
// words stands, those with the most of them first.
func (v *visit) talksWith(words []string, p *approval.View) ([]*inbox.Conversation, error) {
	score := make(map[inbox.ConversationID]int)
	var talks []*inbox.Conversation
	for _, word := range words[:min(len(words), similarWords)] {
		list, err := v.d.Box.List(v.ctx(), inbox.Filter{Account: p.Account, Words: word}, "", similarTalks)
		if err != nil {
			return nil, err
		}
		for _, talk := range list.Items {
			if talk.ID == p.Conversation {
				continue
			}
			if score[talk.ID] == 0 {
				talks = append(talks, talk)
			}
			score[talk.ID]++
		}
	}
	slices.SortStableFunc(talks, func(a, b *inbox.Conversation) int {
		return cmp.Or(score[b.ID]-score[a.ID], cmp.Compare(b.Rank, a.Rank))
	})
	return talks[:min(len(talks), similarTalks)], nil
}

// lastAnswered is the newest published answer in a conversation and the mention
// that it answers; nil where there is none.
func (v *visit) lastAnswered(talk inbox.ConversationID) (*approval.View, *inbox.Mention, error) {
	all, err := v.d.Approvals.OfConversation(v.ctx(), talk)
	if err != nil {
		return nil, nil, err
	}
	for _, a := range slices.Backward(all) {
		if a.State != approval.Published || a.Envelope == nil || a.Receipt == nil {
			continue
		}
		thread, err := v.d.Box.Thread(v.ctx(), talk)
		if err != nil {
			return nil, nil, err
		}
		return a, mentionIn(thread, a.Mention), nil
	}
	return nil, nil, nil
}

// alike is how many stems two texts share; 0 where that is chance. Two shared
// stems are enough, or all that the shorter of two very short texts has.
func alike(a, b map[string]bool) int {
	shared := 0
	for stem := range a {
		if b[stem] {
			shared++
		}
	}
	if shared >= similarShared || shared > 0 && shared == max(len(a), len(b)) {
		return shared
	}
	return 0
}

// stems are the beginnings of words, in which their forms agree.
func stems(words []string) map[string]bool {
	all := make(map[string]bool, len(words))
	for _, w := range words {
		r := []rune(w)
		all[string(r[:min(len(r), similarStem)])] = true
	}
	return all
}

// notTelling are handles and addresses: everybody who writes to us names us.
var notTelling = regexp.MustCompile(`[@#][\p{L}\p{N}_.@-]+|https?://\S+|www\.\S+`)

// common are words of four letters or more that any message can have.
var common = func() map[string]bool {
	all := make(map[string]bool)
	for word := range strings.FieldsSeq(`
		alle alleen alles alsof altijd ander andere anders bent beste bedankt daar daarom dank dankjewel deze dezelfde
		doen doet door drie echt eens eerst even geen gaan gaat gewoon goed goede graag groet groeten haar hallo hebben hebt
		heeft heel helaas hele help hier hoeveel iemand iets ieder iedereen inmiddels jaar jullie kunnen kunt kreeg krijg
		laat later maar maand mensen mevrouw meer meneer mijn misschien moet moeten morgen naar niemand niet niets nieuwe
		nieuws nodig nooit omdat onder onze ooit over staan staat steeds straks terug tijd toch tijdens toen twee
		uren vaak vanaf vandaag vanuit veel vind verder volgens voor vraag vragen waar waarom wanneer want waren wacht wachten
		week weer weet welke weken werd werken werkt weten willen wilt worden wordt zeggen zelf zich zijn zitten zoals zonder
		zomaar zouden zeer zegt zien
		able about after again against also always another answer anyone anything around back because been before being
		between both cannot come could customer days dear does doing done down each else even ever every everyone find from
		getting give going good great have having hello help here into just keep know last later like long made make many
		maybe more most much must need never next nobody nothing only other over people please question really right said same
		says sent should since some someone something soon still such sure take tell than thank thanks that their them then
		there these they thing things think this those though through time today tomorrow under until very want wait waiting
		week weeks well were what when where which while will with without would year years yesterday your yours`) {
		all[word] = true
	}
	return all
}()

// tellingWords are the words of a text that say what it is about, the longest
// first, each once.
func tellingWords(text string) []string {
	text = notTelling.ReplaceAllString(strings.ToLower(text), " ")
	words := strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	words = slices.DeleteFunc(words, func(w string) bool { return utf8.RuneCountInString(w) < similarLetter || common[w] })
	slices.SortStableFunc(words, func(a, b string) int {
		return cmp.Or(utf8.RuneCountInString(b)-utf8.RuneCountInString(a), strings.Compare(a, b))
	})
	return slices.Compact(words)
}
