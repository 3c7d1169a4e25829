package store

import (
	"encoding/binary"
	"errors"
	"hash/fnv"
	"io"
	"os"

	"standpunt/internal/fault"
)

// bbolt's file format, as far as it takes to tell a damaged, shortened or
// foreign file before bbolt maps it: reading a mapping beyond the end of its
// file ends the process. A file begins with two meta pages, each with a page
// header of 16 bytes and a meta record in the machine's byte order.
const (
	boltMagic      = 0xED0CDAED
	boltVersion    = 2
	boltPageHeader = 16
	boltMetaSize   = 64
	boltMetaSummed = 56 // the bytes that the checksum covers
)

// boltMeta is what we read of a meta record.
type boltMeta struct {
	magic    bool
	valid    bool
	pageSize int64
	pages    uint64 // the file has at least so many pages
	txid     uint64
}

func parseBoltMeta(b []byte) boltMeta {
	u32, u64 := binary.NativeEndian.Uint32, binary.NativeEndian.Uint64
	m := boltMeta{
		magic:    u32(b) == boltMagic,
		pageSize: int64(u32(b[8:])),
		pages:    u64(b[40:]),
		txid:     u64(b[48:]),
	}
	sum := fnv.New64a()
	_, _ = sum.Write(b[:boltMetaSummed]) // a hash never fails
	m.valid = m.magic && u32(b[4:]) == boltVersion && u64(b[boltMetaSummed:]) == sum.Sum64()
	return m
}

// inspectHeader proves that path begins as a bbolt file and is as long as it
// says. It does not change the file.
func inspectHeader(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return openFault(path, err)
	}
	defer func() { _ = f.Close() }() // it was only read
	info, err := f.Stat()
	if err != nil {
		return openFault(path, err)
	}
	if info.Size() == 0 {
		return fault.New(fault.InvalidInput, "the data file is empty; nothing was changed").
			At("data", path).Fix("Restore a backup, or remove the file to begin with a new one")
	}
	best, magic, err := findBoltMeta(f, info.Size())
	switch {
	case err != nil:
		return openFault(path, err)
	case !magic:
		return fault.New(fault.InvalidInput, "the file is not a data file of Standpunt; nothing was changed").
			At("data", path).Fix("Name the data file of Standpunt, or a new name")
	case !best.valid:
		return damagedFault(path)
	case best.pages > uint64(info.Size()/best.pageSize):
		return fault.New(fault.InvalidInput, "the data file was cut short: it has %d bytes of %d; nothing was changed",
			info.Size(), best.pages*uint64(best.pageSize)).At("data", path).Fix("Keep the file and restore a backup")
	}
	return nil
}

// findBoltMeta is the newest valid meta record, and whether any place that can
// hold one has bbolt's magic number. The second record stands at the page
// size, which only a valid first one tells, so that all sizes are tried.
func findBoltMeta(f io.ReaderAt, size int64) (best boltMeta, magic bool, err error) {
	places := []int64{0}
	for at := int64(1024); at <= 16<<20 && at < size; at *= 2 {
		places = append(places, at)
	}
	b := make([]byte, boltMetaSize)
	for _, at := range places {
		if _, err := f.ReadAt(b, at+boltPageHeader); errors.Is(err, io.EOF) {
			clear(b)
			_, _ = f.ReadAt(b, at+boltPageHeader) // as much as there is
		} else if err != nil {
			return boltMeta{}, false, err
		}
		m := parseBoltMeta(b)
		// A page of data may hold an old record's bytes: the place must be the
		// one that the record's own page size gives.
		if at != 0 && m.pageSize != at {
			continue
		}
		magic = magic || m.magic
		if m.valid && m.pageSize >= 1024 && (!best.valid || m.txid > best.txid) {
			best = m
		}
	}
	return best, magic, nil
}
