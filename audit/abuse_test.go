package audit_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"standpunt/audit"
	"standpunt/store"
)

// leaves are the leaves as stored.
func (r *room) leaves() (all [][]byte) {
	r.t.Helper()
	for _, rec := range r.records(entries) {
		all = append(all, rec.value)
	}
	return all
}

// changed is the leaf with one state exchanged, in its one form.
func changed(t *testing.T, leaf []byte) []byte {
	t.Helper()
	e, err := audit.ParseLeaf(leaf)
	if err != nil {
		t.Fatal(err)
	}
	e.To = "rejected"
	leaf, err = e.Leaf()
	if err != nil {
		t.Fatal(err)
	}
	return leaf
}

func TestAbuse37_TailTruncated(t *testing.T) {
	r := damageRoom(t)
	r.fill(12)
	older := r.export()
	r.cutTail(7)
	r.wantTrouble(audit.AnchorLonger)
	if _, err := r.log.Checkpoint(t.Context()); err == nil {
		t.Error("the shorter log was signed")
	}
	report, err := audit.CompareExports(bytes.NewReader(older), bytes.NewReader(r.export()), r.log.VerifierKey())
	if err != nil {
		t.Fatal(err)
	}
	wantProblem(t, report, 7, "it is not an extension")
}

func TestAbuse37_TailTruncatedButCheckpointsLeft(t *testing.T) {
	r := damageRoom(t)
	r.fill(12)
	kept := r.records(checkpoints)
	r.cutTail(7)
	for _, rec := range kept {
		r.put(checkpoints, rec.key, rec.value)
	}
	wantProblem(t, r.verify(), 7, "the tail is missing")
}

func TestAbuse37_MiddleRewritten(t *testing.T) {
	r := damageRoom(t)
	r.fill(12)
	rec := r.records(entries)[5]
	r.put(entries, rec.key, changed(t, rec.value))
	report := r.verify()
	wantProblem(t, report, 5, "the entry or the stored hash was changed")
	if first, _ := report.FirstBad(); first.Number != 5 {
		t.Errorf("the first bad entry is %v", first)
	}
}

func TestAbuse37_MiddleRewrittenAndTreeRecomputed(t *testing.T) {
	r := damageRoom(t)
	r.fill(12)
	signed := r.records(checkpoints)
	leaves := r.leaves()
	leaves[5] = changed(t, leaves[5])
	r.rewrite(leaves)
	for _, rec := range signed {
		r.put(checkpoints, rec.key, rec.value)
	}
	wantProblem(t, r.verify(), audit.NoEntry, "the checkpoint of size 6 was signed over other entries")
	r.wantTrouble(audit.AnchorInconsistent)
}

// With the disk and the key everything inside the data directory can be made
// consistent; what lies outside tells.
func TestAbuse37_MiddleRewrittenAndSignedWithTheRealKey(t *testing.T) {
	r := damageRoom(t)
	r.fill(12)
	older := r.export()
	leaves := r.leaves()
	leaves[5] = changed(t, leaves[5])
	r.rewrite(leaves)
	wantOK(t, r.verify())
	r.wantTrouble(audit.AnchorInconsistent)
	if _, err := r.log.Checkpoint(t.Context()); err == nil {
		t.Error("the daemon signed a head that contradicts its anchor")
	}
	report, err := audit.CompareExports(bytes.NewReader(older), bytes.NewReader(r.export()), r.log.VerifierKey())
	if err != nil {
		t.Fatal(err)
	}
	wantProblem(t, report, 5, "not the one in the older export")
}

func TestAbuse37_ForkShownToTwoAuditors(t *testing.T) {
	r := damageRoom(t)
	r.fill(9)
	honest := r.leaves()
	first := r.export()
	forked := slices.Clone(honest)
	forked[8] = changed(t, forked[8])
	r.rewrite(forked)
	second := r.export()
	for name, export := range map[string][]byte{"first": first, "second": second} {
		report, err := audit.VerifyExport(bytes.NewReader(export), r.log.VerifierKey(), nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Log(name)
		wantOK(t, report)
	}
	report, err := audit.CompareExports(bytes.NewReader(first), bytes.NewReader(second), r.log.VerifierKey())
	if err != nil {
		t.Fatal(err)
	}
	wantProblem(t, report, 8, "not the one in the older export")
}

func TestAbuse37_EntriesReordered(t *testing.T) {
	r := damageRoom(t)
	r.fill(9)
	all := r.records(entries)
	r.put(entries, all[3].key, all[4].value)
	r.put(entries, all[4].key, all[3].value)
	report := r.verify()
	wantProblem(t, report, 3, "says that it is entry 4")
	wantProblem(t, report, 4, "says that it is entry 3")
}

func TestAbuse37_EntryTwice(t *testing.T) {
	r := damageRoom(t)
	r.fill(9)
	all := r.records(entries)
	r.put(entries, all[4].key, all[3].value)
	wantProblem(t, r.verify(), 4, "says that it is entry 3")
}

func TestAbuse37_EntryTakenOut(t *testing.T) {
	r := damageRoom(t)
	r.fill(9)
	all := r.records(entries)
	r.delete(entries, all[4].key)
	wantProblem(t, r.verify(), 4, "entries 4 to 4 are missing")
	r.rewrite(r.leaves()) // the others move up
	wantProblem(t, r.verify(), 4, "says that it is entry 5")
}

func TestAbuse37_CheckpointsDeleted(t *testing.T) {
	r := damageRoom(t)
	r.fill(9)
	for _, rec := range r.records(checkpoints) {
		r.delete(checkpoints, rec.key)
	}
	wantProblem(t, r.verify(), audit.NoEntry, "there is no checkpoint")
}

func TestAbuse37_CheckpointsDeletedExceptTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := damageRoom(t)
		for i := range 60 {
			r.append(event(i))
			r.checkpoint()
			time.Sleep(time.Hour)
		}
		wantOK(t, r.verify())
		for _, rec := range r.records(checkpoints)[1:] {
			r.delete(checkpoints, rec.key)
		}
		wantProblem(t, r.verify(), 27, "no checkpoint was signed in the 27 hours before it")
	})
}

func TestAbuse37_AnchorSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom(t)
		r.append(event(0))
		r.checkpoint()
		time.Sleep(300 * time.Hour) // nothing happens, so there is nothing to sign
		r.append(event(1))
		time.Sleep(26 * time.Hour)
		r.append(event(2))
		wantOK(t, r.verify())
		time.Sleep(time.Second)
		r.append(event(3))
		wantProblem(t, r.verify(), 3, "no checkpoint was signed")
	})
}

func TestAbuse37_SignedWithAnotherKey(t *testing.T) {
	r, other := damageRoom(t), newRoom(t)
	r.fill(6)
	other.fill(6)
	forged := other.records(checkpoints)
	for i, rec := range r.records(checkpoints) {
		r.put(checkpoints, rec.key, forged[i].value)
	}
	report := r.verify()
	wantProblem(t, report, audit.NoEntry, "not signed with the log's key")
	if report.Checkpoints != 0 || report.Signed != 0 {
		t.Errorf("report %+v", report)
	}
	r.put(meta, []byte("key"), []byte(other.log.VerifierKey()))
	wantProblem(t, r.verify(), audit.NoEntry, "names another public key")
	if _, err := audit.Open(t.Context(), r.db, r.opts); !errors.Is(err, audit.ErrKeyChanged) {
		t.Errorf("open: %v", err)
	}
}

func TestAbuse37_TimesGoBackwards(t *testing.T) {
	r := damageRoom(t)
	r.fill(6)
	leaves := r.leaves()
	e, err := audit.ParseLeaf(leaves[4])
	if err != nil {
		t.Fatal(err)
	}
	e.At = e.At.Add(-48 * time.Hour)
	if leaves[4], err = e.Leaf(); err != nil {
		t.Fatal(err)
	}
	r.rewrite(leaves)
	wantProblem(t, r.verify(), 4, "is before that of the entry before it")
}

func TestAbuse39_ErasedContentKeepsTheLogVerifiable(t *testing.T) {
	r := newRoom(t)
	r.fill(4)
	number := r.say(event(4), "customer 4711 lives in the Kerkstraat")
	r.checkpoint()
	var digest audit.Commitment
	r.update(func(tx *store.Tx) error {
		e, _, err := audit.EntryIn(tx, number)
		if err != nil {
			return err
		}
		digest = e.Digest
		if err := r.log.Erase(tx, digest); err != nil {
			return err
		}
		return r.log.Erase(tx, digest) // twice is once
	})
	r.view(func(tx *store.Tx) error {
		if _, _, payload, ok, err := r.log.Sealed(tx, digest); ok || err != nil || payload != nil {
			t.Errorf("erased, and still there: %q, %v", payload, err)
		}
		return nil
	})
	for _, rec := range r.records(sealed) {
		if bytes.Contains(rec.value, []byte("Kerkstraat")) {
			t.Error("the erasable bucket still holds the text")
		}
	}
	report := r.verify()
	wantOK(t, report)
	if report.Erased != 1 || report.Sealed != 1 {
		t.Errorf("report %+v", report)
	}
}

func TestAbuse39_ErasureKeepsNoResidueInTheFile(t *testing.T) {
	r := newRoom(t)
	number := r.say(event(0), "RESIDUE-KERKSTRAAT-4711")
	r.update(func(tx *store.Tx) error {
		e, _, err := audit.EntryIn(tx, number)
		if err != nil {
			return err
		}
		return r.log.Erase(tx, e.Digest)
	})
	if err := r.db.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(r.file(), []byte("RESIDUE-KERKSTRAAT")) {
		t.Error("the compacted data file still holds the erased text")
	}
	wantOK(t, r.verify())
}

func TestAbuse39_OtherTextClaimedForAnErasedOne(t *testing.T) {
	r := damageRoom(t)
	number := r.say(event(0), "we refund everybody")
	other := r.say(event(1), "we refund nobody")
	r.checkpoint()
	all := map[audit.Commitment][]byte{}
	var erased, donor audit.Commitment
	r.update(func(tx *store.Tx) error {
		for n, c := range map[uint64]*audit.Commitment{number: &erased, other: &donor} {
			e, _, err := audit.EntryIn(tx, n)
			if err != nil {
				return err
			}
			*c = e.Digest
			all[e.Digest] = bytes.Clone(tx.Get(sealed, e.Digest[:]))
		}
		return r.log.Erase(tx, erased)
	})
	r.put(sealed, erased[:], all[donor]) // the other text and its salt, claimed for the erased commitment
	wantProblem(t, r.verify(), number, "is not what it commits to")
	r.view(func(tx *store.Tx) error {
		if _, _, payload, ok, err := r.log.Sealed(tx, erased); ok || err == nil {
			t.Errorf("the claimed text was handed out: %q", payload)
		}
		return nil
	})
	if _, err := r.log.EvidenceOf(t.Context(), number); err == nil {
		t.Error("evidence was made with the claimed text")
	}
}

// 40 is people's; the log's part is that entries outlive everything.
func TestAbuse41_HostileTextStaysOneRecord(t *testing.T) {
	r := newRoom(t)
	hostile := []string{
		`=HYPERLINK("http://evil.example","open")`, `+1+1`, `-2+3`, `@SUM(A1)`, ` =1`, `＝1`,
		`"] <34>1 2026 evil`, `a"b\c]d`, `','x`, `%0a`, `{"leaf":"x"}`,
	}
	for _, s := range hostile {
		e := event(0)
		e.Subject, e.To, e.Facts = audit.Subject("account:"+s), s, map[string]string{s: s}
		r.append(e)
	}
	r.checkpoint()

	rows := r.csv(audit.Filter{})
	if len(rows) != len(hostile)+1 {
		t.Fatalf("%d rows", len(rows))
	}
	for i, row := range rows[1:] {
		want := hostile[len(hostile)-1-i]
		if strings.TrimPrefix(row[7], "'") != want {
			t.Errorf("row %d says %q, want %q", i, row[7], want)
		}
		for _, cell := range row {
			if strings.ContainsAny(cell[:min(1, len(cell))], "=+-@\t\r") {
				t.Errorf("the cell %q begins a formula", cell)
			}
		}
	}
	for i, message := range r.syslog() {
		want := hostile[len(hostile)-1-i]
		fields := parseSyslog(t, message)
		if fields["to"] != want || fields["subject"] != "account:"+want || len(fields) != 8 {
			t.Errorf("message %d came out as %q, want %q", i, fields, want)
		}
	}
	report, err := audit.VerifyExport(bytes.NewReader(r.export()), r.log.VerifierKey(), nil)
	if err != nil {
		t.Fatal(err)
	}
	wantOK(t, report)
}

func TestAbuse41_LineBreaksAreRefused(t *testing.T) {
	r := newRoom(t)
	for _, s := range []string{"a\nb", "a\rb", "a\u2028b", "a\u0085b", "a\x1b[31mb", "a\u202eb"} {
		e := event(0)
		e.Facts = map[string]string{"text": s}
		err := r.db.Update(t.Context(), func(tx *store.Tx) error {
			_, err := r.log.Append(tx, e)
			return err
		})
		if !errors.Is(err, audit.ErrBadEvent) {
			t.Errorf("%q: %v", s, err)
		}
	}
}
