package database

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
)

// freePort is a port below those that the kernel hands to clients: a server that is started again
// finds it free, and a client that keeps trying a dead server's port cannot be connected to itself.
func freePort() (int, error) {
	low, first := 15000, 32768
	if content, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range"); err == nil {
		fmt.Sscan(string(content), &first)
	}
	if first < low+1000 {
		low, first = 1024, max(first, 2048)
	}
	var err error
	for range 100 {
		port := low + rand.IntN(first-low)
		var listener net.Listener
		if listener, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			return port, listener.Close()
		}
	}
	return 0, fmt.Errorf("no free port: %w", err)
}
