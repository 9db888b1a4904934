// Package watch tests the Watch service: through clientv3 where it shows what clients see, over a
// bare stream where single messages matter.
package watch

import (
	"context"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"kvshim.test/blackbox/expect"
	"kvshim.test/blackbox/server"
)

// stream is one Watch call whose messages are read as they come.
type stream struct {
	t      *testing.T
	call   pb.Watch_WatchClient
	cancel context.CancelFunc
	in     chan *pb.WatchResponse
	failed chan error
}

func openStream(t *testing.T, s *server.Server) *stream {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	call, err := pb.NewWatchClient(s.Connection(t)).Watch(ctx)
	expect.NoError(t, err)
	w := &stream{t: t, call: call, cancel: cancel,
		in: make(chan *pb.WatchResponse, 16), failed: make(chan error, 1)}
	go func() {
		for {
			message, err := call.Recv()
			if err != nil {
				w.failed <- err
				return
			}
			select {
			case w.in <- message:
			case <-ctx.Done():
				return
			}
		}
	}()
	return w
}

func (w *stream) send(request *pb.WatchRequest) {
	w.t.Helper()
	expect.NoError(w.t, w.call.Send(request))
}

func (w *stream) create(request *pb.WatchCreateRequest) {
	w.t.Helper()
	w.send(&pb.WatchRequest{RequestUnion: &pb.WatchRequest_CreateRequest{CreateRequest: request}})
}

func (w *stream) cancelWatch(id int64) {
	w.t.Helper()
	w.send(&pb.WatchRequest{RequestUnion: &pb.WatchRequest_CancelRequest{
		CancelRequest: &pb.WatchCancelRequest{WatchId: id}}})
}

func (w *stream) askProgress() {
	w.t.Helper()
	w.send(&pb.WatchRequest{RequestUnion: &pb.WatchRequest_ProgressRequest{
		ProgressRequest: &pb.WatchProgressRequest{}}})
}

// next is the next message, whatever it says.
func (w *stream) next() *pb.WatchResponse {
	w.t.Helper()
	select {
	case message := <-w.in:
		return message
	case err := <-w.failed:
		w.t.Fatalf("the watch stream ended: %v", err)
	case <-time.After(10 * time.Second):
		w.t.Fatal("no message within 10 s")
	}
	return nil
}

// silent demands that nothing comes for a while.
func (w *stream) silent(while time.Duration) {
	w.t.Helper()
	select {
	case message := <-w.in:
		w.t.Fatalf("expected silence, got %v", message)
	case err := <-w.failed:
		w.t.Fatalf("the watch stream ended: %v", err)
	case <-time.After(while):
	}
}

// events collects events over as many messages as they take.
func (w *stream) events(n int) []*mvccpb.Event {
	w.t.Helper()
	var events []*mvccpb.Event
	for len(events) < n {
		message := w.next()
		expect.True(w.t, !message.Canceled, "canceled: ", message)
		events = append(events, message.Events...)
	}
	expect.Equal(w.t, n, len(events), "events")
	return events
}

// next is the next response of a clientv3 watch.
func next(t *testing.T, watch clientv3.WatchChan) clientv3.WatchResponse {
	t.Helper()
	select {
	case response, open := <-watch:
		expect.True(t, open, "the watch ended")
		return response
	case <-time.After(10 * time.Second):
		t.Fatal("no response within 10 s")
	}
	return clientv3.WatchResponse{}
}

// text renders events as "PUT k=v@rev" and "DELETE k@rev".
func text(events []*clientv3.Event) (lines []string) {
	for _, e := range events {
		line := e.Type.String() + " " + string(e.Kv.Key)
		if e.Type == clientv3.EventTypePut {
			line += "=" + string(e.Kv.Value)
		}
		if e.PrevKv != nil {
			line += " was " + string(e.PrevKv.Value)
		}
		lines = append(lines, line)
	}
	return lines
}

// collect reads events of a clientv3 watch over as many responses as they take.
func collect(t *testing.T, watch clientv3.WatchChan, n int) (events []*clientv3.Event) {
	t.Helper()
	for len(events) < n {
		response := next(t, watch)
		expect.NoError(t, response.Err())
		events = append(events, response.Events...)
	}
	expect.Equal(t, n, len(events), "events")
	return events
}
