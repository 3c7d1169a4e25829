package desktest

import (
	"context"
	"io"

	"standpunt/approval"
	"standpunt/approval/approvaltest"
	"standpunt/audit"
)

// records reads the whole record of a rig, as the daemon's wiring does.
type records struct{ r *approvaltest.Rig }

func (x records) Verify(ctx context.Context) (*audit.Report, *approval.Replay, error) {
	replay := approval.NewReplay()
	report, err := audit.Verify(ctx, x.r.DB, x.r.Log.VerifierKey(), replay.Step)
	return report, replay, err
}

func (x records) ExportJSONL(ctx context.Context, w io.Writer) error {
	return audit.ExportJSONL(ctx, x.r.DB, w)
}

func (x records) ExportCSV(ctx context.Context, w io.Writer, f audit.Filter) error {
	return audit.ExportCSV(ctx, x.r.DB, w, f)
}
