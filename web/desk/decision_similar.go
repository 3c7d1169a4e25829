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
	similarWords  = 4
	similarTalks  = 12
	similarShown  = 3
	similarLetter = 5 // shorter words say little
)

// similarAnswers are published answers of the same account to mentions that
// share the longest words of the question.
func (v *visit) similarAnswers(p *approval.View, question *inbox.Mention) ([]similarAnswer, error) {
	if question == nil {
		return nil, nil
	}
	score := make(map[inbox.ConversationID]int)
	var talks []*inbox.Conversation
	words := tellingWords(question.Text)
	for _, word := range words {
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
	if len(words) > 2 { // one word in common is chance
		talks = slices.DeleteFunc(talks, func(talk *inbox.Conversation) bool { return score[talk.ID] < 2 })
	}
	var found []similarAnswer
	for _, talk := range talks[:min(len(talks), similarTalks)] {
		all, err := v.d.Approvals.OfConversation(v.ctx(), talk.ID)
		if err != nil {
			return nil, err
		}
		for _, a := range slices.Backward(all) {
			if a.State == approval.Published && a.Envelope != nil && a.Receipt != nil {
				found = append(found, similarAnswer{a, talk})
				break
			}
		}
		if len(found) == similarShown {
			break
		}
	}
	return found, nil
}

// notTelling are handles and addresses: everybody who writes to us names us.
var notTelling = regexp.MustCompile(`[@#][\p{L}\p{N}_.-]+|https?://\S+`)

// tellingWords are the longest words of a text, each once.
func tellingWords(text string) []string {
	text = notTelling.ReplaceAllString(strings.ToLower(text), " ")
	words := strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	words = slices.DeleteFunc(words, func(w string) bool { return utf8.RuneCountInString(w) < similarLetter })
	slices.SortStableFunc(words, func(a, b string) int {
		return cmp.Or(utf8.RuneCountInString(b)-utf8.RuneCountInString(a), strings.Compare(a, b))
	})
	words = slices.Compact(words)
	return words[:min(len(words), similarWords)]
}
