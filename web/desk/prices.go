package desk

import (
	"standpunt/approval"
	"standpunt/inbox"
)

// price says what the account's platform charges for an answer, and what makes
// it dear; "" where it charges nothing or nobody knows.
func (v *visit) price(account inbox.AccountName, action approval.Action, visibility inbox.Visibility, text string) string {
	p := v.d.Approvals.Price(account, action, visibility, text)
	write := (&scribe{lang: v.lang, words: v.words}).money
	switch {
	case p.Cost == 0:
		return ""
	case p.Link:
		return v.t("price.link", "cost", write(p.Cost), "without", write(p.WithoutLink))
	}
	return v.t("price.plain", "cost", write(p.Cost))
}
