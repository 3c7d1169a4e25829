package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"standpunt/approval"
	"standpunt/audit"
	"standpunt/store"
)

func auditVerifyCommand(ctx context.Context, c console, flags *pflag.FlagSet, args []string) error {
	data := flags.String("data", "", "data `DIR`, with the daemon running or stopped")
	backup := flags.String("file", "", "data `FILE` on its own, a backup")
	export := flags.String("export", "", "JSON Lines `FILE` that audit export wrote")
	older := flags.String("older", "", "earlier export `FILE`, which --export must extend")
	key := flags.String("key", "", "public `KEY`, or the file that holds it; with --data by default DIR/keys/audit.pub")
	if err := parse(flags, args); err != nil {
		return err
	}
	given := 0
	for _, s := range []string{*data, *backup, *export} {
		if s != "" {
			given++
		}
	}
	switch {
	case given != 1:
		return fmt.Errorf("%w: name one of --data, --file and --export", errUsage)
	case *key == "" && *data == "":
		return fmt.Errorf("%w: --key is missing: an outsider brings the key, the file cannot vouch for itself", errUsage)
	case *older != "" && *export == "":
		return fmt.Errorf("%w: --older goes with --export", errUsage)
	}
	verifier, err := verifierKey(*key, *data)
	if err != nil {
		return err
	}
	replay := approval.NewReplay()
	var report *audit.Report
	switch {
	case *export != "":
		report, err = verifyExport(*export, *older, verifier, replay)
	case *backup != "":
		report, err = verifyFile(ctx, *backup, verifier, replay)
	default:
		report, err = verifyData(ctx, *data, verifier, replay)
	}
	if err != nil {
		return fmt.Errorf("the record cannot be read: %w", err)
	}
	if err := printReport(c, report, replay); err != nil || *older == "" {
		return err
	}
	_, _ = fmt.Fprintf(c.out, "  extends      %s: all of it stands here unchanged\n", *older)
	return nil
}

// verifierKey is the public key on the command line, in a file, or in the data
// directory.
func verifierKey(key, dir string) (string, error) {
	if key == "" {
		key = filepath.Join(dir, keysDir, "audit.pub")
	}
	if strings.Contains(key, "+") && !exists(key) {
		return key, nil
	}
	b, err := os.ReadFile(key)
	if err != nil {
		return "", fmt.Errorf("read the public key: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}

// verifyData verifies what a directory holds while its daemon goes on, and
// holds the log against the anchor beside it, read first because the daemon
// moves it ahead.
func verifyData(ctx context.Context, dir, key string, replay *approval.Replay) (report *audit.Report, err error) {
	name, err := anchorFile(dir)
	if err != nil {
		return nil, err
	}
	anchor := audit.ReadAnchor(name)
	err = reading(ctx, dir, func(db *store.DB) error {
		if report, err = audit.Verify(ctx, db, key, replay.Step); err != nil {
			return err
		}
		_, err := anchor.Check(ctx, db, key)
		if trouble := (*audit.AnchorError)(nil); errors.As(err, &trouble) {
			report.Problems = append(report.Problems, audit.Problem{Number: audit.NoEntry, What: trouble.Error()})
			return nil
		}
		return err
	})
	return report, err
}

func verifyFile(ctx context.Context, file, key string, replay *approval.Replay) (report *audit.Report, err error) {
	db, err := store.Open(ctx, file, store.Options{Schemas: schemas(), ReadOnly: true})
	if err != nil {
		return nil, err
	}
	report, err = audit.Verify(ctx, db, key, replay.Step)
	return report, errors.Join(err, closeFile(ctx, db))
}

func verifyExport(file, older, key string, replay *approval.Replay) (*audit.Report, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	report, err := audit.VerifyExport(f, key, replay.Step)
	if err != nil || older == "" {
		return report, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	o, err := os.Open(older)
	if err != nil {
		return nil, err
	}
	defer o.Close()
	extends, err := audit.CompareExports(o, f, key)
	if err != nil {
		return nil, err
	}
	report.Problems = append(report.Problems, extends.Problems...)
	return report, nil
}

// mostProblems is how many problems verify prints; one break often breaks all
// that follows.
const mostProblems = 10

// printReport says in words what was proven; what failed is exit status 1.
func printReport(c console, r *audit.Report, replay *approval.Replay) error {
	if bad, found := r.FirstBad(); found {
		_, _ = fmt.Fprintf(c.out, "FAILED. The first bad entry: %s\n", bad)
		shown := r.Problems[:min(len(r.Problems), mostProblems)]
		for _, p := range shown {
			_, _ = fmt.Fprintf(c.out, "  %s\n", p)
		}
		if more := len(r.Problems) - len(shown) + r.Unlisted; more > 0 {
			_, _ = fmt.Fprintf(c.out, "  and %d more, which may follow from these\n", more)
		}
		return errSilent
	}
	_, _ = fmt.Fprintf(c.out, "OK. The record of %s holds.\n", r.Origin)
	_, _ = fmt.Fprintf(c.out, "  entries      %d, from %s to %s\n", r.Size, r.First.Format("2006-01-02 15:04"), r.Last.Format("2006-01-02 15:04"))
	_, _ = fmt.Fprintf(c.out, "  root         %s\n", r.Root)
	_, _ = fmt.Fprintf(c.out, "  checkpoints  %d signed, the newest covers %d entries\n", r.Checkpoints, r.Signed)
	_, _ = fmt.Fprintf(c.out, "  contents     %d match their commitments, %d were erased\n", r.Sealed, r.Erased)
	_, _ = fmt.Fprintf(c.out, "  replayed     %d transitions of proposals; %d approvals, each by as many different people as its policy asked for\n", replay.Transitions, replay.Approvals)
	if r.Signed < r.Size {
		_, _ = fmt.Fprintf(c.out, "  note         the last %d entries are not signed yet\n", r.Size-r.Signed)
	}
	return nil
}

func auditExportCommand(ctx context.Context, c console, flags *pflag.FlagSet, args []string) error {
	data := flags.String("data", "", "data `DIR`, with the daemon running or stopped")
	format := flags.String("format", "jsonl", "jsonl (verifiable), csv or syslog")
	out := flags.String("out", "-", "`FILE` to write, - for standard output")
	if err := parse(flags, args, "data"); err != nil {
		return err
	}
	write, ok := map[string]func(*store.DB, io.Writer) error{
		"jsonl": func(db *store.DB, w io.Writer) error { return audit.ExportJSONL(ctx, db, w) },
		"csv":   func(db *store.DB, w io.Writer) error { return audit.ExportCSV(ctx, db, w, audit.Filter{}) },
		"syslog": func(db *store.DB, w io.Writer) error {
			host, err := os.Hostname()
			if err != nil {
				host = "-"
			}
			return audit.ExportSyslog(ctx, db, w, host, audit.Filter{})
		},
	}[*format]
	if !ok {
		return fmt.Errorf("%w: --format %q is none of jsonl, csv and syslog", errUsage, *format)
	}
	return reading(ctx, *data, func(db *store.DB) error {
		return toFile(c, *out, func(w io.Writer) error { return write(db, w) })
	})
}

func backupCommand(ctx context.Context, c console, flags *pflag.FlagSet, args []string) error {
	data := flags.String("data", "", "data `DIR`, with the daemon running or stopped")
	out := flags.String("out", "", "`FILE` to write; it must not exist")
	if err := parse(flags, args, "data", "out"); err != nil {
		return err
	}
	if err := toFile(c, *out, func(w io.Writer) error { return copyData(ctx, *data, w) }); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(c.err, "The backup is in %s. Keep %s with it, elsewhere than the data.\n"+
		"To restore: put it back as %s; nothing is published until two people release it.\n",
		*out, filepath.Join(*data, keysDir), filepath.Join(*data, dataFile))
	return nil
}

// toFile writes to a new file with mode 0600, or to standard output for "-". A
// file that could not be written whole is removed.
func toFile(c console, name string, write func(io.Writer) error) error {
	if name == "-" {
		return write(c.out)
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists and is never overwritten. Give --out another name", name)
	}
	if err != nil {
		return fmt.Errorf("make the file for --out: %w", err)
	}
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", name, err), os.Remove(name))
	}
	return nil
}
