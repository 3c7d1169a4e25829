//go:build !unix || aix || solaris

package store

import "os"

// tryLock leaves the exclusion to bbolt's own lock on the data file; the lock
// file still says who holds it.
func tryLock(*os.File, bool) (bool, error) { return true, nil }

func isReadOnlyFS(error) bool { return false }
