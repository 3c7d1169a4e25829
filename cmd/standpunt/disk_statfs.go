//go:build linux || darwin

package main

import "syscall"

// freeBytes is what the file system of dir has left for us; false where that
// cannot be told.
func freeBytes(dir string) (uint64, bool) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, false
	}
	return s.Bavail * uint64(s.Bsize), true
}
