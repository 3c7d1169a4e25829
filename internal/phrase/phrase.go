// Package phrase names the sentences about accounts and answers that staff read
// in their own language.
//
// A room that writes such a sentence keeps the English, for programs and the log,
// and beside it the [Phrase]: a code that does not change, and what stands in the
// sentence. The desk has words for every code. Sentences without a code, such as
// those of one connector alone, are shown in English.
package phrase

import (
	"maps"
	"strings"
)

// Code names one sentence, or a part of one.
type Code string

// Codes are all codes with their English. {name} in a sentence stands for a value
// of the phrase, {why} for the sentence of another code.
func Codes() map[Code]string {
	return maps.Clone(english)
}

// Phrase is one sentence. The zero Phrase is none.
type Phrase struct {
	Code Code              `cbor:"1,keyasint"`
	With map[string]string `cbor:"2,keyasint,omitempty"` // by name; the same in every language
	Why  Code              `cbor:"3,keyasint,omitempty"` // what stands for {why}
}

// Of is the phrase of a code; names and their values alternate in with.
func Of(code Code, with ...string) Phrase {
	p := Phrase{Code: code}
	for i := 0; i+1 < len(with); i += 2 {
		if p.With == nil {
			p.With = make(map[string]string, len(with)/2)
		}
		p.With[with[i]] = with[i+1]
	}
	return p
}

// Because is the phrase with the sentence of a code for {why}.
func (p Phrase) Because(why Code) Phrase {
	p.Why = why
	return p
}

// English is the sentence; empty for a code that is not known.
func (p Phrase) English() string {
	return p.In(func(code Code) string { return english[code] })
}

// In is the sentence in the words that sentence has for the codes.
func (p Phrase) In(sentence func(Code) string) string {
	text := sentence(p.Code)
	if p.Why != "" {
		text = strings.ReplaceAll(text, "{why}", sentence(p.Why))
	}
	pairs := make([]string, 0, 2*len(p.With))
	for name, value := range p.With {
		pairs = append(pairs, "{"+name+"}", value)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}
