package desk

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"standpunt/approval"
	"standpunt/audit"
	"standpunt/internal/fault"
)

// Records is the record as a whole, which takes the data file: the wiring joins
// audit's verification with approval's replay of what was allowed.
type Records interface {
	// Verify recomputes the whole record and replays every transition in it.
	Verify(ctx context.Context) (*audit.Report, *approval.Replay, error)
	// ExportJSONL writes everything, as outsiders verify it.
	ExportJSONL(ctx context.Context, w io.Writer) error
	// ExportCSV writes what the filter lets through, for reading.
	ExportCSV(ctx context.Context, w io.Writer, f audit.Filter) error
}

// recordPages verifies the record, one verification at a time: each reads all
// of it.
type recordPages struct{ running sync.Mutex }

// verifiedPage says what a verification looked at and found.
type verifiedPage struct {
	Report   *audit.Report
	Replay   *approval.Replay
	Key      string
	Unsigned uint64
	Anchor   string // how the log contradicts the anchor outside the data directory
}

// OK reports that nothing is wrong.
func (p verifiedPage) OK() bool { return p.Report.OK() && p.Anchor == "" }

func (r *recordPages) verify(v *visit) error {
	if v.d.Records == nil {
		return fault.New(fault.Unavailable, "this desk does not reach the whole record").Fix("Run standpunt audit verify.")
	}
	if !r.running.TryLock() {
		return fault.New(fault.RateLimited, "a colleague verifies the record at this moment").Fix("Try again in a minute.")
	}
	defer r.running.Unlock()
	if err := http.NewResponseController(v.w).SetWriteDeadline(time.Now().Add(exportTime)); err != nil {
		return err
	}
	p := verifiedPage{Key: v.d.Log.VerifierKey()}
	var contradiction *audit.AnchorError
	if _, err := v.d.Log.Checkpoint(v.ctx()); errors.As(err, &contradiction) {
		p.Anchor = contradiction.Error()
	} else if err != nil {
		return err
	}
	report, replay, err := v.d.Records.Verify(v.ctx())
	if err != nil {
		return err
	}
	p.Report, p.Replay = report, replay
	if report.Signed < report.Size {
		p.Unsigned = report.Size - report.Signed
	}
	return v.show("verified", v.t("audit.verify.title"), p)
}

func (v *visit) exportCSV() error {
	filter, err := v.auditFilter()
	if err != nil {
		return err
	}
	return v.download("audit", "csv", "text/csv; charset=utf-8", func(w io.Writer) error {
		return v.d.Records.ExportCSV(v.ctx(), w, filter)
	})
}

func (v *visit) exportJSONL() error {
	return v.download("audit", "jsonl", "application/jsonl; charset=utf-8", func(w io.Writer) error {
		return v.d.Records.ExportJSONL(v.ctx(), w)
	})
}

// exportTime bounds one download or verification; a log of a million entries
// takes seconds.
const exportTime = 30 * time.Minute

// download streams a file. One that cannot be finished is cut off, so that
// nobody takes a part for the whole.
func (v *visit) download(name, ending, media string, write func(io.Writer) error) error {
	if v.d.Records == nil {
		return fault.New(fault.Unavailable, "this desk does not reach the whole record").Fix("Run standpunt audit export.")
	}
	if err := http.NewResponseController(v.w).SetWriteDeadline(time.Now().Add(exportTime)); err != nil {
		return err
	}
	v.attach(name+"-"+time.Now().Format("2006-01-02")+"."+ending, media)
	if err := write(v.w); err != nil {
		v.logFault(err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

func (v *visit) attach(file, media string) {
	v.w.Header().Set("Content-Type", media)
	v.w.Header().Set("Content-Disposition", `attachment; filename="standpunt-`+file+`"`)
}
