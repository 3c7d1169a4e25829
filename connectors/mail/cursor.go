package mail

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/emersion/go-imap/v2"

	"standpunt/inbox"
)

const cursorVersion = 1

// cursor is how far a mailbox has been read, kept as JSON. UIDs mean something
// only together with the UIDVALIDITY that they were given under.
type cursor struct {
	Version  int       `json:"v"`
	Validity uint32    `json:"uidvalidity"`
	Last     imap.UID  `json:"uid"`               // every mail up to it was read
	FillTo   imap.UID  `json:"fill_to,omitempty"` // up to it, mails that came before From are passed over
	From     time.Time `json:"from,omitzero"`     // where the back-fill window begins
	Newest   time.Time `json:"newest,omitzero"`   // when the newest mail that was read came
}

// parseCursor reads what encode wrote. An empty cursor is the zero cursor.
func parseCursor(b inbox.Cursor) (cursor, error) {
	var at cursor
	if len(b) == 0 {
		return at, nil
	}
	if err := json.Unmarshal(b, &at); err != nil || at.Version != cursorVersion {
		return cursor{}, fmt.Errorf("mail: a cursor that is not of version %d", cursorVersion)
	}
	return at, nil
}

func (at cursor) encode() (inbox.Cursor, error) {
	at.Version = cursorVersion
	b, err := json.Marshal(at)
	if err != nil {
		return nil, fmt.Errorf("mail: cursor: %w", err)
	}
	return b, nil
}

// under is the cursor for a mailbox whose UIDs are given under validity and
// stay below next. If validity has changed, or the server has fewer UIDs than
// were read (a restored backup), the window is read again: from where a first
// poll would begin, or from a day before the newest mail that was read,
// whichever is earlier.
func (at cursor) under(validity uint32, next imap.UID, now time.Time, backfill time.Duration) cursor {
	if at.Version != 0 && at.Validity == validity && at.Last < max(next, 1) {
		return at
	}
	from := now.Add(-backfill)
	if seen := at.Newest.Add(-24 * time.Hour); !at.Newest.IsZero() && seen.Before(from) {
		from = seen
	}
	return cursor{Validity: validity, FillTo: max(next, 1) - 1, From: from.UTC().Truncate(time.Second), Newest: at.Newest}
}
