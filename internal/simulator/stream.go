package simulator

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// writeChunk is how many bytes of frames are gathered before they are written.
const writeChunk = 64 << 10

// stream is one subscription: an unbounded queue that the cluster fills without ever blocking, and
// that the HTTP handler of the SUBSCRIBE empties.
type stream struct {
	id    string
	codec codec
	// told is called with each event that is queued, under the cluster's lock; nil: nobody looks.
	told func(*scheduler.Event)

	mu      sync.Mutex
	queue   []frame
	ended   bool  // no more will come; what is queued is still written
	aborted bool  // the connection breaks at once
	limit   int64 // bytes left to write before the connection breaks; negative: no limit
	wake    chan struct{}
}

// frame is one record to write: an event, or raw bytes that stand in its place (faults).
type frame struct {
	event *scheduler.Event
	raw   []byte
	// cut breaks the connection once cutAfter bytes were written, counted from this frame's first.
	cut      bool
	cutAfter int64
}

func newStream(id string, c codec) *stream {
	return &stream{id: id, codec: c, limit: -1, wake: make(chan struct{}, 1)}
}

// push appends a frame. It never blocks.
func (s *stream) push(f frame) {
	s.mu.Lock()
	if !s.ended && !s.aborted {
		s.queue = append(s.queue, f)
		if s.told != nil && f.event != nil {
			s.told(f.event)
		}
	}
	s.mu.Unlock()
	s.signal()
}

// end closes the stream in good order once the queue is written.
func (s *stream) end() {
	s.mu.Lock()
	s.ended = true
	s.mu.Unlock()
	s.signal()
}

// abort breaks the connection without another byte.
func (s *stream) abort() {
	s.mu.Lock()
	s.aborted = true
	s.queue = nil
	s.mu.Unlock()
	s.signal()
}

// cutAfter breaks the connection once n more bytes were written.
func (s *stream) cutAfter(n int64) {
	s.mu.Lock()
	s.limit = n
	s.mu.Unlock()
	s.signal()
}

func (s *stream) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// take removes up to n frames; the others say how the stream stands.
func (s *stream) take(n int) (frames []frame, ended, aborted bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n = min(n, len(s.queue))
	frames, s.queue = s.queue[:n:n], s.queue[n:]
	if len(s.queue) == 0 {
		s.queue = nil
	}
	return frames, s.ended && len(s.queue) == 0, s.aborted || s.limit == 0
}

// serve writes the stream until it ends, breaks or the client leaves. It reports whether the
// connection has to be broken rather than closed in good order.
func (s *stream) serve(ctx context.Context, w http.ResponseWriter, perSecond int) (breakOff bool) {
	flusher := http.NewResponseController(w)
	batch := 256
	if perSecond > 0 {
		batch = max(1, perSecond/100)
	}
	var buf []byte
	for {
		frames, ended, aborted := s.take(batch)
		if aborted {
			return true
		}
		var ok bool
		if buf, ok = s.writeFrames(w, flusher, frames, buf[:0]); !ok {
			return true
		}
		if ended {
			return false
		}
		if len(frames) > 0 {
			if perSecond > 0 && !pause(ctx, time.Duration(len(frames))*time.Second/time.Duration(perSecond)) {
				return true
			}
			continue
		}
		select {
		case <-s.wake:
		case <-ctx.Done():
			return true
		}
	}
}

// writeFrames writes frames, gathered into chunks in buf, which it returns for the next ones. False: the
// connection is, or must be, broken.
func (s *stream) writeFrames(w http.ResponseWriter, flusher *http.ResponseController, frames []frame, buf []byte) ([]byte, bool) {
	for _, f := range frames {
		if f.cut {
			s.cutAfter(int64(len(buf)) + f.cutAfter)
		}
		buf = s.appendFrame(buf, f)
		if len(buf) >= writeChunk {
			if !s.write(w, flusher, buf) {
				return buf, false
			}
			buf = buf[:0]
		}
	}
	return buf, len(buf) == 0 || s.write(w, flusher, buf)
}

// pause waits, unless the context ends first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// write sends bytes to the client, up to the limit. False: the connection is, or must be, broken.
func (s *stream) write(w http.ResponseWriter, flusher *http.ResponseController, b []byte) bool {
	s.mu.Lock()
	cut := s.limit >= 0 && int64(len(b)) >= s.limit
	if cut {
		b = b[:s.limit]
	}
	if s.limit >= 0 {
		s.limit -= int64(len(b))
	}
	s.mu.Unlock()
	if _, err := w.Write(b); err != nil {
		return false
	}
	return flusher.Flush() == nil && !cut
}

// appendFrame adds one record in RecordIO framing: length in decimal, a line feed, the bytes.
func (s *stream) appendFrame(buf []byte, f frame) []byte {
	if f.event == nil {
		return append(buf, f.raw...)
	}
	b, err := s.codec.encodeEvent(f.event)
	if err != nil {
		// An event of the simulator's own making always encodes; a broken one must not pass unseen.
		b = []byte("simulator: encoding an event: " + err.Error())
	}
	buf = strconv.AppendInt(buf, int64(len(b)), 10)
	buf = append(buf, '\n')
	return append(buf, b...)
}
