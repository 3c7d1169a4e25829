package store

import (
	"bytes"
	"iter"
)

// intersect leaps: whichever stream is behind seeks to the furthest candidate,
// and a candidate that survives a round of all streams is common to all.
func intersect(from []byte, streams []Cursor) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		if len(streams) == 0 {
			return
		}
		key := streams[0].Seek(from)
		var candidate []byte
		for key != nil {
			candidate = append(candidate[:0], key...)
			agreed := 1
			for i := 1; agreed < len(streams); i = (i + 1) % len(streams) {
				key = streams[i].Seek(candidate)
				if key == nil {
					return
				}
				if bytes.Equal(key, candidate) {
					agreed++
					continue
				}
				candidate = append(candidate[:0], key...)
				agreed = 1
			}
			if !yield(candidate) {
				return
			}
			key = streams[0].Seek(append(candidate, 0))
		}
	}
}
