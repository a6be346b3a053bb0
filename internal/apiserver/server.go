package apiserver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"
)

// Kinds are those that servers serve: Kubernetes' own, and those of CRDs. They are made once, which takes some time, and shared.
type Kinds struct {
	all []*kind
	// crds are the CRDs as every server has them stored.
	crds []*stored
}

// ReadKinds reads the CRDs of a directory. It returns an error where one cannot be read or compiled.
func ReadKinds(directory string) (*Kinds, error) {
	read := &Kinds{all: builtin()}
	err := filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".yaml" {
			return err
		}
		content, err := os.ReadFile(path) //nolint:gosec // tests say where their CRDs are
		if err != nil {
			return err
		}
		crd := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.UnmarshalStrict(content, crd); err != nil {
			return fmt.Errorf("reading %s: %w", path, err)
		}
		made, err := custom(crd)
		if err != nil {
			return err
		}
		object, err := storedCRD(crd, len(read.crds)+1)
		if err != nil {
			return err
		}
		read.all, read.crds = append(read.all, made), append(read.crds, object)
		return nil
	})
	if err == nil && len(read.crds) == 0 {
		err = errors.New("it holds none")
	}
	if err != nil {
		return nil, fmt.Errorf("reading the CRDs of %s: %w", directory, err)
	}
	return read, nil
}

// storedCRD is a CRD as it is stored, as the first change but so many of a server's life.
func storedCRD(crd *apiextensionsv1.CustomResourceDefinition, number int) (*stored, error) {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(crd)
	if err != nil {
		return nil, err
	}
	object := &unstructured.Unstructured{Object: content}
	object.SetUID(uuid.NewUUID())
	object.SetResourceVersion(strconv.Itoa(number))
	return encode(object)
}

// firstRevision is that of a server that has nothing but its CRDs.
const firstRevision = 100

// Options say what kind of a server it is.
type Options struct {
	Kinds *Kinds
	// NoWatchList makes clients list before they watch, as those of servers do that cannot stream a list.
	NoWatchList bool
	// Trusting spares statuses the validation, which is half of what a write costs: for tests that make very many.
	Trusting  bool
	Admission Admission
	// Changed is told of each change before its request is answered; nil: nobody is. It may call the server.
	Changed func(what watch.EventType, object *unstructured.Unstructured)
	// Committed is told of each change in the order in which they take effect, before anybody can know of it; nil: nobody is. It must not call the server,
	// nor change the object, which is in JSON.
	Committed func(resource schema.GroupResource, what watch.EventType, object []byte)
	// Wrap is put around the handler that carries requests out, behind the faults; nil: nothing is.
	Wrap func(http.Handler) http.Handler
}

// Server is an API server in memory. All of its methods may be called at any time, from within the bubble that made it.
type Server struct {
	// handler carries requests out.
	handler     http.Handler
	noWatchList bool
	trusting    bool
	admission   Admission
	tell        func(what watch.EventType, object *unstructured.Unstructured)
	committed   func(resource schema.GroupResource, what watch.EventType, object []byte)
	listener    *listener
	shut        func() error
	// serving is who accepts connections, requests are those that are under way.
	serving, requests sync.WaitGroup

	mu         sync.Mutex
	revision   int64
	byKind     map[schema.GroupKind]*collection
	byResource map[schema.GroupResource]*collection
	addresses  int
	// forbidden are the resources with which nobody may do anything, as the server says.
	forbidden map[string]bool
	// wake is closed, and another made, whenever somebody who waits should look again.
	wake   chan struct{}
	faults []*Injected
	lags   []*Lagging
}

// New starts a server with the namespaces default and kube-system, and its CRDs.
func New(o Options) *Server {
	s := &Server{
		noWatchList: o.NoWatchList, trusting: o.Trusting, admission: o.Admission, tell: o.Changed, committed: o.Committed, forbidden: map[string]bool{}, listener: newListener(), revision: firstRevision, wake: make(chan struct{}),
		byKind: map[schema.GroupKind]*collection{}, byResource: map[schema.GroupResource]*collection{},
	}
	for _, k := range o.Kinds.all {
		c := &collection{kind: k, objects: map[string]*stored{}, compacted: s.revision}
		s.byKind[k.GroupKind()], s.byResource[k.resource()] = c, c
	}
	s.handler = http.HandlerFunc(s.answer)
	if o.Wrap != nil {
		s.handler = o.Wrap(s.handler)
	}
	s.seed(o.Kinds.crds)
	server := &http.Server{ //nolint:gosec // its clients are tests
		Handler: http.HandlerFunc(s.serve),
		ConnContext: func(ctx context.Context, connection net.Conn) context.Context {
			return context.WithValue(ctx, instanceKey{}, connection)
		},
	}
	s.serving.Go(func() { _ = server.Serve(s.listener) }) // it ends with Close
	s.shut = server.Close
	return s
}

// seed stores what every API server has.
func (s *Server) seed(crds []*stored) {
	definitions := s.byKind[schema.GroupKind{Group: apiextensionsv1.GroupName, Kind: "CustomResourceDefinition"}]
	for _, crd := range crds {
		definitions.objects[key("", crd.GetName())] = crd
	}
	ctx := withNamespace(context.Background(), "")
	for _, name := range []string{"default", "kube-system"} {
		namespace := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace"}}
		namespace.SetName(name)
		// Nothing can be against it: a server without a namespace fails the first test that wants one.
		_, _ = s.create(ctx, s.byKind[schema.GroupKind{Kind: "Namespace"}], "", namespace, false)
	}
}

// Close ends all connections, and returns once nothing is served any more.
func (s *Server) Close() {
	_ = s.listener.Close() // cannot fail
	_ = s.shut()           // the listener is closed already
	s.serving.Wait()
	s.requests.Wait()
}

// Revision is the revision of the latest change.
func (s *Server) Revision() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.revision
}

// Config reaches the server as an instance of some program, by whose name faults can be told to meet only that. Its connections are its own:
// CloseIdleConnections of the transport, or Sever, ends them.
func (s *Server) Config(instance string) *rest.Config {
	return &rest.Config{
		Host: "http://" + host, QPS: -1, UserAgent: instance,
		ContentConfig: rest.ContentConfig{ContentType: runtime.ContentTypeJSON},
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return s.listener.dial(ctx, network, instance)
			},
		},
	}
}

// Sever breaks the connections of an instance, and lets it have no others until Restore.
func (s *Server) Sever(instance string) { s.listener.sever(instance) }

// Restore lets an instance have connections again.
func (s *Server) Restore(instance string) { s.listener.restore(instance) }

const host = "apiserver.test"

// instanceKey is where a request's context has its connection.
type instanceKey struct{}

// instanceOf is the name of the instance whose request it is.
func instanceOf(r *http.Request) string {
	if connection, ok := r.Context().Value(instanceKey{}).(*connection); ok {
		return connection.instance
	}
	return ""
}

// listener hands out ends of pipes.
type listener struct {
	connections chan net.Conn
	done        chan struct{}
	once        sync.Once

	mu      sync.Mutex
	open    map[*connection]bool
	severed map[string]bool
}

func newListener() *listener {
	return &listener{connections: make(chan net.Conn), done: make(chan struct{}), open: map[*connection]bool{}, severed: map[string]bool{}}
}

// connection is the server's end of an instance's connection.
type connection struct {
	net.Conn
	instance string
	of       *listener
}

// Close implements net.Conn.
func (c *connection) Close() error {
	c.of.mu.Lock()
	delete(c.of.open, c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}

func (l *listener) dial(ctx context.Context, network, instance string) (net.Conn, error) {
	refused := &net.OpError{Op: "dial", Net: network, Addr: l.Addr(), Err: syscall.ECONNREFUSED}
	ours, theirs := net.Pipe()
	served := &connection{theirs, instance, l}
	l.mu.Lock()
	if l.severed[instance] {
		l.mu.Unlock()
		return nil, refused
	}
	l.open[served] = true
	l.mu.Unlock()
	select {
	case l.connections <- served:
		return ours, nil
	case <-l.done:
		return nil, refused
	case <-ctx.Done():
		_ = served.Close()
		return nil, fmt.Errorf("dialing the API server: %w", ctx.Err())
	}
}

func (l *listener) sever(instance string) {
	l.mu.Lock()
	l.severed[instance] = true
	l.mu.Unlock()
	l.breakOff(func(one *connection) bool { return one.instance == instance })
}

// breakAll breaks all connections, and lets others be made.
func (l *listener) breakAll() { l.breakOff(func(*connection) bool { return true }) }

// breakOff breaks some of the connections.
func (l *listener) breakOff(which func(*connection) bool) {
	l.mu.Lock()
	var broken []*connection
	for one := range l.open {
		if which(one) {
			broken = append(broken, one)
		}
	}
	l.mu.Unlock()
	for _, one := range broken {
		_ = one.Close()
	}
}

func (l *listener) restore(instance string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.severed, instance)
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case accepted := <-l.connections:
		return accepted, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *listener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

// Addr implements net.Listener.
func (l *listener) Addr() net.Addr { return memory{} }

type memory struct{}

func (memory) Network() string { return "memory" }
func (memory) String() string  { return host }
