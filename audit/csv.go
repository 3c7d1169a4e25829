package audit

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"standpunt/store"
)

// ExportCSV writes the entries that match the filter, newest first, as CSV with
// a header row. A cell that a spreadsheet could take for a formula gets a
// leading apostrophe. The file is for reading; what verifies is [ExportJSONL].
func ExportCSV(ctx context.Context, db *store.DB, w io.Writer, f Filter) error {
	out := csv.NewWriter(w)
	if err := out.Write([]string{"number", "at", "kind", "actor", "via", "subject", "from", "to", "digest", "facts"}); err != nil {
		return fmt.Errorf("audit: write CSV: %w", err)
	}
	err := pages(ctx, db, f, func(e Entry) error {
		facts, err := factsJSON(e.Facts)
		if err != nil {
			return err
		}
		row := []string{
			strconv.FormatUint(e.Number, 10), formatTime(e.At), e.Kind, string(e.Actor), e.Via,
			string(e.Subject), e.From, e.To, e.Digest.String(), facts,
		}
		for i := range row {
			row[i] = neutral(row[i])
		}
		if err := out.Write(row); err != nil {
			return fmt.Errorf("audit: write CSV: %w", err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("audit: write CSV: %w", err)
	}
	return nil
}

// formulaStarts are the characters with which spreadsheets begin a formula, in
// both widths, those that they skip before one, and the apostrophe itself, so
// that leaving out one leading apostrophe always gives the value back.
const formulaStarts = "=+-@\t\r\n＝＋－＠|%'"

// neutral is the cell as text that no spreadsheet evaluates.
func neutral(cell string) string {
	if strings.ContainsAny(firstRune(strings.TrimLeft(cell, " \u00a0")), formulaStarts) {
		return "'" + cell
	}
	return cell
}

func firstRune(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}

// factsJSON is the facts as a JSON object with sorted names, empty for none.
func factsJSON(facts map[string]string) (string, error) {
	if len(facts) == 0 {
		return "", nil
	}
	b, err := line(facts)
	return strings.TrimSuffix(string(b), "\n"), err
}
