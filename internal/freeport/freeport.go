// Package freeport finds addresses for servers that tests start: programs that
// take an address and cannot tell which one they chose. It is test support.
package freeport

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
)

// Ports below those that the system gives to outgoing connections, which could
// take one between our finding it and its use.
const firstPort, ports = 12000, 18000

var next atomic.Uint32

// Addr is an address on 127.0.0.1 that nothing listens on now. Other calls do
// not give it soon, in this process or in another one.
func Addr() (string, error) {
	for range ports {
		port := firstPort + (uint32(os.Getpid())*131+next.Add(1))%ports
		l, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", port)) //nolint:noctx // bound and let go at once
		if err != nil {
			continue
		}
		return l.Addr().String(), l.Close()
	}
	return "", errors.New("freeport: no port is free")
}
