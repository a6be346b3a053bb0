package system

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// outside sends requests to the API server from outside of bubbles of virtual time, over connections that are kept. A connection of the bubble's
// own would keep its time from passing as long as somebody reads from it, which is as long as it is open. Whoever waits for an answer waits for
// something outside: time stands still until it is there.
type outside struct{ couriers chan courier }

// tooLong is how long an answer may take: the API server is gone, or a test would hang.
const tooLong = time.Minute

// courier carries one request at a time. Its channels were made outside, as they must be to be used from there.
type courier struct {
	requests chan *http.Request
	answers  chan answer
}

// answer is what became of a request, its body read to the end.
type answer struct {
	response *http.Response
	err      error
}

// newOutside starts couriers. It must be called outside of any bubble; they end with the process.
func newOutside(transport http.RoundTripper, couriers int) *outside {
	o := &outside{couriers: make(chan courier, couriers)}
	for range couriers {
		c := courier{make(chan *http.Request), make(chan answer)}
		go func() {
			for request := range c.requests {
				c.answers <- fetch(transport, request)
			}
		}()
		o.couriers <- c
	}
	return o
}

// fetch sends a request and reads all of what comes back.
func fetch(transport http.RoundTripper, request *http.Request) answer {
	ctx, cancel := context.WithTimeout(context.Background(), tooLong)
	defer cancel()
	response, err := transport.RoundTrip(request.WithContext(ctx))
	if err != nil {
		return answer{err: fmt.Errorf("asking the API server: %w", err)}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{err: fmt.Errorf("reading what the API server says: %w", err)}
	}
	read := *response
	read.Body = io.NopCloser(bytes.NewReader(body))
	return answer{response: &read}
}

// RoundTrip implements http.RoundTripper. A request whose context has ended meanwhile fails, whatever became of it, as on any connection.
func (o *outside) RoundTrip(request *http.Request) (*http.Response, error) {
	var body []byte
	if request.Body != nil {
		var err error
		if body, err = io.ReadAll(request.Body); err != nil {
			return nil, err
		}
	}
	detached := request.Clone(context.Background())
	detached.Body = io.NopCloser(bytes.NewReader(body))
	c := <-o.couriers
	c.requests <- detached
	got := <-c.answers
	o.couriers <- c
	if err := request.Context().Err(); err != nil {
		return nil, err
	}
	return got.response, got.err
}

// asked counts the requests that one world makes of the API server, by verb and resource, as in "PATCH mesostasks/status".
type asked struct {
	mu     sync.Mutex
	byWhat map[string]int
}

// RoundTrip implements http.RoundTripper.
func (a *asked) RoundTrip(request *http.Request) (*http.Response, error) {
	a.mu.Lock()
	a.byWhat[request.Method+" "+resourceOf(request.URL.Path)]++
	a.mu.Unlock()
	return apiServer.RoundTrip(request)
}

// resourceOf is the resource that a path is of, with its subresource.
func resourceOf(path string) string {
	_, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	parts := strings.Split(rest, "/")
	if i := slices.Index(parts, "namespaces"); i >= 0 && len(parts) > i+2 {
		parts = append(parts[:i], parts[i+2:]...)
	}
	// What is left is [group,] version, resource[, name[, subresource]].
	for i, part := range parts {
		if strings.HasPrefix(part, "v1") {
			parts = parts[i+1:]
			break
		}
	}
	if len(parts) > 2 {
		return parts[0] + "/" + parts[2]
	}
	return parts[0]
}

// all are all requests.
func (a *asked) all() map[string]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.byWhat)
}

// writes are all requests that are not reads.
func (a *asked) writes() map[string]int {
	writes := a.all()
	maps.DeleteFunc(writes, func(what string, _ int) bool { return strings.HasPrefix(what, http.MethodGet) })
	return writes
}
