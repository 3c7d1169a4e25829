// Package freeport finds addresses for servers that tests start: programs that
// take an address and cannot tell which one they chose, and servers that a test
// stops and starts again. It is test support.
package freeport

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
)

// Ports below those that the system gives to outgoing connections, which could
// take one between our finding it and its use.
const firstPort, ports = 12000, 18000

var (
	mu   sync.Mutex
	next uint32
	// claims are UDP sockets on the ports that were given away: they say so to other
	// processes, and do not keep a server from the TCP port of the same number.
	claims []net.PacketConn
)

// Addr is an address on 127.0.0.1 that nothing listens on now. As long as this
// process runs no other call gives it, here or in another process, so that
// connections to it are refused until the caller has a server there.
func Addr() (string, error) {
	mu.Lock()
	defer mu.Unlock()
	for range ports {
		next++
		port := firstPort + (uint32(os.Getpid())*131+next)%ports
		addr := fmt.Sprint("127.0.0.1:", port)
		claim, err := net.ListenPacket("udp", addr) //nolint:noctx // bound at once
		if err != nil {
			continue
		}
		l, err := net.Listen("tcp", addr) //nolint:noctx // bound and let go at once
		if err == nil {
			err = l.Close()
		}
		if err != nil {
			_ = claim.Close() // somebody's server is there
			continue
		}
		claims = append(claims, claim)
		return addr, nil
	}
	return "", errors.New("freeport: no port is free")
}
