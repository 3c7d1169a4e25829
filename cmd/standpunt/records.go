package main

import (
	"context"
	"io"

	"standpunt/approval"
	"standpunt/audit"
)

// records lets the desk verify and hand out the whole record, which takes the
// data file.
type records struct{ r *rooms }

// Verify recomputes the log and replays every transition in it.
func (x records) Verify(ctx context.Context) (*audit.Report, *approval.Replay, error) {
	replay := approval.NewReplay()
	report, err := audit.Verify(ctx, x.r.db, x.r.log.VerifierKey(), replay.Step)
	return report, replay, err
}

// ExportJSONL writes the verifiable export, signed to its last entry.
func (x records) ExportJSONL(ctx context.Context, w io.Writer) error {
	if _, err := x.r.log.Checkpoint(ctx); err != nil {
		return err
	}
	return audit.ExportJSONL(ctx, x.r.db, w)
}

// ExportCSV writes the entries that the filter lets through, for spreadsheets.
func (x records) ExportCSV(ctx context.Context, w io.Writer, f audit.Filter) error {
	return audit.ExportCSV(ctx, x.r.db, w, f)
}
