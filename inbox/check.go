package inbox

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"standpunt/audit"
	"standpunt/store"
)

// wordsChecked is how many mentions checkMentions asks for all their terms;
// of more it takes every so many.
const wordsChecked = 5000

// checkMentions proves that every mention is found by its external id, its
// number and its words, belongs to a conversation that counts it, and is what
// its seal commits to.
func checkMentions(tx *store.Tx) error {
	counted := make(map[ConversationID]int)
	total := uint64(0)
	for range tx.Scan(numberBucket, store.Range{}) {
		total++
	}
	segments, err := segmentsIn(tx, live)
	if err != nil {
		return err
	}
	every := total/wordsChecked + 1
	seen := uint64(0)
	for m, err := range mentions.Scan(tx, store.Range{}, false) {
		if err != nil {
			return err
		}
		if err := checkMention(tx, m); err != nil {
			return fmt.Errorf("mention %s: %w", m.ID, err)
		}
		if seen%every == 0 {
			if err := checkWords(tx, m, segments); err != nil {
				return fmt.Errorf("mention %s: %w", m.ID, err)
			}
		}
		counted[m.Conversation]++
		seen++
	}
	if total != seen {
		return fmt.Errorf("inbox: %d mentions have %d numbers", seen, total)
	}
	externals := uint64(0)
	for range tx.Scan(externalBucket, store.Range{}) {
		externals++
	}
	if externals != seen {
		return fmt.Errorf("inbox: %d mentions have %d external ids", seen, externals)
	}
	for c, err := range conversations.Scan(tx, store.Range{}, false) {
		if err != nil {
			return err
		}
		if c.Mentions != counted[c.ID] {
			return fmt.Errorf("conversation %s counts %d mentions and has %d", c.ID, c.Mentions, counted[c.ID])
		}
		delete(counted, c.ID)
	}
	for c := range counted {
		return fmt.Errorf("conversation %s has mentions and does not exist", c)
	}
	return nil
}

func checkMention(tx *store.Tx, m *Mention) error {
	v, _, err := lookupExternal(tx, m.Account, m.ExternalID)
	if err != nil {
		return err
	}
	if v != m.ID {
		return fmt.Errorf("its external id leads to %q", v)
	}
	if at, ok := placeOf(tx, m.Number); !ok || at.mention != m.ID || at.conversation != m.Conversation {
		return fmt.Errorf("number %d leads elsewhere", m.Number)
	}
	if m.Number > metaNumber(tx, lastNumber) {
		return fmt.Errorf("number %d is above the last one given", m.Number)
	}
	seal, err := lastSeal(tx, m.ID)
	if err != nil {
		return err
	}
	if seal != nil {
		if audit.Commit(MentionDomain, seal.Salt, MentionPayload(m)) != seal.Commitment {
			return fmt.Errorf("it is not what audit entry %d commits to", seal.Entry)
		}
		page := splitPage(tx.Get(pageBucket, store.Uint64(seal.Entry).Key()))
		if seal.Leaf >= len(page) || page[seal.Leaf] != seal.Commitment {
			return fmt.Errorf("the page of audit entry %d does not hold its commitment", seal.Entry)
		}
	}
	return nil
}

// checkWords proves that a mention is found by each of its terms.
func checkWords(tx *store.Tx, m *Mention, segments []segment) error {
	for _, term := range termsOf(m.Language, m.Subject, m.Text, m.Author.Handle, m.Author.Name) {
		ok, err := matchesIn(tx, segments, [][]string{{term}}).has(m.Number)
		if err != nil {
			return err
		}
		if !ok {
			return errors.New("a word of it is not found by searching")
		}
	}
	return nil
}

// checkSegments proves that live segments cover different numbers, that every
// list belongs to a segment, and that lists hold what their keys say.
func checkSegments(tx *store.Tx) error {
	all, err := segmentsIn(tx, live)
	if err != nil {
		return err
	}
	for i, s := range all {
		if s.lo > s.hi || i > 0 && s.hi >= all[i-1].lo {
			return fmt.Errorf("inbox: search segments overlap at number %d", s.hi)
		}
	}
	every, err := segmentsIn(tx, live, building, dropped)
	if err != nil {
		return err
	}
	known := make(map[string]segment)
	for _, s := range every {
		known[string(s.key())] = s
	}
	var list []uint64
	var before []byte
	for key, value := range tx.Scan(wordBucket, store.Range{}) {
		seg, lowest, err := splitBlockKey(key)
		if err != nil {
			return fmt.Errorf("words %x: %w", key, err)
		}
		s, ok := known[string(seg)]
		if !ok {
			return fmt.Errorf("words %x belong to no segment", key)
		}
		above := uint64(0) // lowest number of the block before, which is newer
		if len(before) == len(key) && bytes.Equal(before[:len(before)-8], key[:len(key)-8]) {
			above = list[0]
		}
		if list, err = decodeBlock(list[:0], lowest, value); err != nil {
			return fmt.Errorf("words %x: %w", key, err)
		}
		highest := list[len(list)-1]
		if lowest < s.lo || highest > s.hi || above != 0 && highest >= above || !slices.IsSorted(list) {
			return fmt.Errorf("words %x hold numbers %d to %d, outside of their segment or order", key, lowest, highest)
		}
		before = bytes.Clone(key)
	}
	return nil
}

// checkPages proves that every seal's page exists and holds whole commitments.
func checkPages(tx *store.Tx) error {
	for key, value := range tx.Scan(pageBucket, store.Range{}) {
		if len(key) != 8 || len(value) == 0 || len(value)%len(audit.Commitment{}) != 0 {
			return fmt.Errorf("inbox: page %x is malformed", key)
		}
	}
	return nil
}
