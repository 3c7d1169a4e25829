//go:build linux || darwin

package main

import "syscall"

// writable is why this process cannot write to a file or in a directory; nil
// where it can, or where there is none.
func writable(path string) error {
	const read, write = 4, 2
	if err := syscall.Access(path, read|write); err != nil && err != syscall.ENOENT {
		return err
	}
	return nil
}
