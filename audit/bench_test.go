package audit_test

import (
	"bytes"
	"testing"

	"standpunt/audit"
	"standpunt/store"
)

// BenchmarkAppend appends in transactions of 100, without the fsync.
func BenchmarkAppend(b *testing.B) {
	r := newRoom(b)
	e := event(1)
	b.ResetTimer()
	for done := 0; done < b.N; done += 100 {
		r.update(func(tx *store.Tx) error {
			for range min(100, b.N-done) {
				if _, err := r.log.Append(tx, e); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

func filled(b *testing.B, size int) *room {
	b.Helper()
	r := newRoom(b)
	for done := 0; done < size; done += 1000 {
		r.update(func(tx *store.Tx) error {
			for i := range 1000 {
				if _, err := r.log.Append(tx, event(i)); err != nil {
					return err
				}
			}
			return nil
		})
		r.checkpoint()
	}
	b.ResetTimer()
	return r
}

func BenchmarkVerify100k(b *testing.B) {
	r := filled(b, 100_000)
	for b.Loop() {
		wantOK(b, r.verify())
	}
}

func BenchmarkVerifyExport100k(b *testing.B) {
	r := filled(b, 100_000)
	export := r.export()
	b.SetBytes(int64(len(export)))
	for b.Loop() {
		report, err := audit.VerifyExport(bytes.NewReader(export), r.log.VerifierKey(), nil)
		if err != nil {
			b.Fatal(err)
		}
		wantOK(b, report)
	}
}

// BenchmarkSearch reads the deepest page of two narrowed streams.
func BenchmarkSearch(b *testing.B) {
	r := filled(b, 100_000)
	for b.Loop() {
		page, err := r.log.Search(b.Context(), audit.Filter{Actor: "person:p1", Kind: "proposal."}, 500, 50)
		if err != nil || len(page) != 50 {
			b.Fatal(len(page), err)
		}
	}
}

func BenchmarkProof(b *testing.B) {
	r := filled(b, 100_000)
	for b.Loop() {
		if _, _, _, err := r.log.Proof(b.Context(), 4711); err != nil {
			b.Fatal(err)
		}
	}
}
