//go:build !linux && !darwin && !freebsd

package main

// freeBytes cannot tell here.
func freeBytes(string) (uint64, bool) { return 0, false }
