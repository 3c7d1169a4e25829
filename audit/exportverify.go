package audit

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// maxLine is the longest line of an export, in bytes. An entry within the
// limits of an event stays far below it.
const maxLine = 256 << 10

// VerifyExport verifies what [ExportJSONL] wrote, with the public key alone and
// nothing else: every line's form, every leaf against its readable fields,
// numbers and times, and every checkpoint against the recomputed root. A tail
// that is missing shows against the header's size and the checkpoints. each is
// as in [Verify]. An error means that the file could not be read, or is no
// export.
func VerifyExport(r io.Reader, verifierKey string, each func(Entry) error) (*Report, error) {
	return verifyExport(r, verifierKey, each, nil)
}

// verifyExport calls placed with every leaf's hash and the tree with that leaf.
func verifyExport(r io.Reader, verifierKey string, each func(Entry) error, placed func(uint64, tlog.Hash, *tree)) (*Report, error) {
	verifier, err := note.NewVerifier(verifierKey)
	if err != nil {
		return nil, fmt.Errorf("audit: read the public key: %w", err)
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	lines.Split(wholeLines)
	header, err := readHeader(lines)
	if err != nil {
		return nil, err
	}
	report := &Report{Origin: verifier.Name(), Problems: []Problem{}}
	if header.Key != verifierKey || header.Origin != verifier.Name() {
		report.add(NoEntry, "the export names another public key or origin than it is verified with")
	}
	x := exportRun{seq: &sequence{report: report, verifier: verifier, each: each}, placed: placed}
	for number := 2; lines.Scan(); number++ {
		if what := x.line(lines.Bytes()); what != "" {
			report.add(x.seq.tree.size, "line %d: %s", number, what)
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong) || errors.Is(err, errTornLine):
		report.add(x.seq.tree.size, "the file ends within a line, or has one of more than %d bytes", maxLine)
	case err != nil:
		return nil, fmt.Errorf("audit: read the export: %w", err)
	}
	if report.Size != header.Size {
		report.add(min(report.Size, header.Size), "the export holds %d entries, its header says %d", report.Size, header.Size)
	}
	x.seq.end()
	return report, nil
}

// exportRun is one reading of an export.
type exportRun struct {
	seq    *sequence
	placed func(uint64, tlog.Hash, *tree)
	signed uint64 // the size of the checkpoint before, and 1
}

// line takes one line behind the header and says what is wrong with its form.
// Only what verifies is taken from the line; the rest of it must be what an
// export writes for that, byte for byte.
func (x *exportRun) line(data []byte) string {
	var found struct {
		Leaf       []byte `json:"leaf"`
		Size       uint64 `json:"size"`
		Checkpoint string `json:"checkpoint"`
	}
	if err := json.Unmarshal(data, &found); err != nil {
		return "it is neither an entry nor a checkpoint"
	}
	switch {
	case found.Leaf != nil && found.Checkpoint == "":
		return x.entry(data, found.Leaf)
	case found.Checkpoint != "" && found.Leaf == nil:
		return x.checkpoint(data, exportCheckpoint{found.Size, found.Checkpoint})
	default:
		return "it is neither an entry nor a checkpoint"
	}
}

func (x *exportRun) entry(data, leaf []byte) string {
	// Entries stand in order; one that does not is refused by its own number.
	number := x.seq.tree.size
	h, e, ok := x.seq.entry(number, leaf)
	if x.placed != nil {
		x.placed(number, h, &x.seq.tree)
	}
	if !ok {
		return "" // reported with its entry
	}
	if written, err := line(readable(e, leaf)); err != nil || !bytes.Equal(written, data) {
		return "the readable fields are not what the leaf says"
	}
	return ""
}

func (x *exportRun) checkpoint(data []byte, found exportCheckpoint) string {
	if written, err := line(found); err != nil || !bytes.Equal(written, data) {
		return "the checkpoint's line has another form than an export's"
	}
	if found.Size+1 <= x.signed {
		return "a checkpoint stands twice, or out of order"
	}
	x.signed = found.Size + 1
	if found.Size < x.seq.tree.size {
		return "a checkpoint stands behind entries that it does not cover"
	}
	x.seq.checkpoint(found.Size, []byte(found.Checkpoint))
	return ""
}

// ErrNoExport is what a file answers that does not begin like an export.
var ErrNoExport = errors.New("audit: this is not an export of an audit log in a format that this program knows")

func readHeader(lines *bufio.Scanner) (exportHeader, error) {
	var header exportHeader
	if !lines.Scan() {
		if err := lines.Err(); err != nil && !errors.Is(err, errTornLine) && !errors.Is(err, bufio.ErrTooLong) {
			return header, fmt.Errorf("audit: read the export: %w", err)
		}
		return header, ErrNoExport
	}
	if json.Unmarshal(lines.Bytes(), &header) != nil || header.Format != exportName || header.Ver != exportFormat {
		return header, ErrNoExport
	}
	if written, err := line(header); err != nil || !bytes.Equal(written, lines.Bytes()) {
		return header, ErrNoExport
	}
	return header, nil
}

var errTornLine = errors.New("audit: the last line does not end")

// wholeLines splits into lines with their ends, and refuses a last one without.
func wholeLines(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i+1], nil
	}
	if atEOF && len(data) > 0 {
		return 0, nil, errTornLine
	}
	return 0, nil, nil
}

// CompareExports verifies both exports and proves that the newer extends the
// older: its first entries are the older's, byte for byte. The report is about
// the newer; where its entries differ from the older's, the first that does is
// a problem. It keeps 8 bytes for each entry of the older in memory.
func CompareExports(older, newer io.Reader, verifierKey string) (*Report, error) {
	var marks []uint64 // the first 8 bytes of each leaf's hash, to find the place
	before, err := verifyExport(older, verifierKey, nil, func(_ uint64, h tlog.Hash, _ *tree) {
		marks = append(marks, binary.BigEndian.Uint64(h[:]))
	})
	if err != nil {
		return nil, fmt.Errorf("audit: the older export: %w", err)
	}
	differs := NoEntry
	var root string // of the newer at the older's size
	after, err := verifyExport(newer, verifierKey, nil, func(n uint64, h tlog.Hash, t *tree) {
		if n < uint64(len(marks)) && marks[n] != binary.BigEndian.Uint64(h[:]) {
			differs = min(differs, n)
		}
		if t.size == before.Size {
			root = t.root().String()
		}
	})
	if err != nil {
		return nil, fmt.Errorf("audit: the newer export: %w", err)
	}
	if p, bad := before.FirstBad(); bad {
		after.add(p.Number, "the older export does not verify: %s", p.What)
	}
	switch {
	case after.Size < before.Size:
		after.add(after.Size, "the newer export holds %d entries, the older %d: it is not an extension", after.Size, before.Size)
	case differs != NoEntry:
		after.add(differs, "the entry is not the one in the older export")
	case before.Size > 0 && root != before.Root:
		after.add(NoEntry, "the first %d entries are not those of the older export", before.Size)
	}
	return after, nil
}
