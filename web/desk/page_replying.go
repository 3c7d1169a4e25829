package desk

import (
	"encoding/json"

	"standpunt/inbox"
	"standpunt/people"
)

// answerReplying tells open inboxes who is typing where: an object with a
// sentence for each conversation in which a colleague is.
func (v *visit) answerReplying() error {
	all, err := v.replying()
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(v.w).Encode(all)
}

// replying are the sentences that say who of the visitor's colleagues is
// typing an answer, by conversation.
func (v *visit) replying() (map[inbox.ConversationID]string, error) {
	all := v.presence.replying(v.who.ID())
	if len(all) == 0 {
		return map[inbox.ConversationID]string{}, nil
	}
	staff, err := v.d.Staff.List(v.ctx())
	if err != nil {
		return nil, err
	}
	names := make(map[people.ID]string, len(staff))
	for _, p := range staff {
		names[p.ID] = p.Name
	}
	sentences := make(map[inbox.ConversationID]string, len(all))
	for c, who := range all {
		switch len(who) {
		case 1:
			sentences[c] = v.t("replying.one", "name", names[who[0]])
		case 2:
			sentences[c] = v.t("replying.two", "name", names[who[0]], "other", names[who[1]])
		default:
			sentences[c] = v.t("replying.more", "name", names[who[0]], "count", len(who)-1)
		}
	}
	return sentences, nil
}

// noteTyping keeps the register of who is replying in step with the composer:
// an empty one, or one that its browser has only restored, is nobody's reply.
func (v *visit) noteTyping(c inbox.ConversationID) {
	switch {
	case !v.who.Has(writers...):
	case v.form("text") == "":
		v.presence.left(v.who.ID(), c)
	case v.form("typing") == "yes":
		v.presence.typed(v.who.ID(), c)
	}
}
