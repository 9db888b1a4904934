// Package codec asks the C++ program tests/controlplane/codec.cc, which KVPLANE_CODEC names.
package codec

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Codec is one running program. It is for one goroutine.
type Codec struct {
	in  io.WriteCloser
	out *bufio.Reader
}

// Start runs the program until the test ends.
func Start(t *testing.T) *Codec {
	t.Helper()
	path := os.Getenv("KVPLANE_CODEC")
	if path == "" {
		t.Fatal("KVPLANE_CODEC does not name the program to compare with")
	}
	command := exec.Command(path)
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := command.Wait(); err != nil {
			t.Errorf("the codec ended: %v", err)
		}
	})
	return &Codec{in, bufio.NewReader(out)}
}

// Ask sends one request and returns the answer, or the error that the program answered with.
func (c *Codec) Ask(command string, arguments ...[]byte) ([]byte, error) {
	var request strings.Builder
	request.WriteString(command)
	for _, argument := range arguments {
		fmt.Fprintf(&request, " %d", len(argument))
	}
	request.WriteByte('\n')
	for _, argument := range arguments {
		request.Write(argument)
	}
	if _, err := io.WriteString(c.in, request.String()); err != nil {
		return nil, err
	}
	line, err := c.out.ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("the codec is gone: %w", err)
	}
	var word string
	var length int
	if _, err := fmt.Sscanf(line, "%s %d", &word, &length); err != nil {
		return nil, err
	}
	answer := make([]byte, length)
	if _, err := io.ReadFull(c.out, answer); err != nil {
		return nil, err
	}
	if word != "ok" {
		return nil, errors.New(string(answer))
	}
	return answer, nil
}
