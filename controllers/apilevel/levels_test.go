package apilevel

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// cluster answers as an API server does.
type cluster struct {
	client.WithWatch
	mu sync.Mutex
	// refusal answers everything; nil: the levels do.
	refusal error
	levels  map[string]string
	watches map[string]*watch.FakeWatcher
	begun   int
}

func (c *cluster) metadata(name string) *metav1.PartialObjectMetadata {
	crd := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if level, has := c.levels[name]; has {
		crd.Annotations = map[string]string{v1alpha1.AnnotationAPILevel: level}
	}
	return crd
}

func (c *cluster) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refusal == nil {
		*into.(*metav1.PartialObjectMetadata) = *c.metadata(key.Name)
	}
	return c.refusal
}

func (c *cluster) Watch(ctx context.Context, _ client.ObjectList, options ...client.ListOption) (watch.Interface, error) {
	selected := &client.ListOptions{}
	selected.ApplyOptions(options)
	name, _ := selected.FieldSelector.RequiresExactMatch("metadata.name")
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begun++
	if c.refusal != nil {
		return nil, c.refusal
	}
	watcher := watch.NewFakeWithChanSize(8, false)
	watcher.Add(c.metadata(name))
	c.watches[name] = watcher
	context.AfterFunc(ctx, watcher.Stop)
	return watcher, nil
}

// becomes gives a CRD a level, and tells those who watch.
func (c *cluster) becomes(name, level string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.levels[name] = level
	c.watches[name].Modify(c.metadata(name))
}

func newCluster(levels map[string]string) *cluster {
	return &cluster{levels: levels, watches: map[string]*watch.FakeWatcher{}}
}

var forbidden = apierrors.NewForbidden(schema.GroupResource{Group: "apiextensions.k8s.io", Resource: "customresourcedefinitions"}, "any", nil)

// TestRead_says: what is known of the levels before anything is launched, and what the log says of it, once.
func TestRead_says(t *testing.T) {
	for name, c := range map[string]struct {
		levels  map[string]string
		refusal error
		held    bool
		says    string
	}{
		"the levels of this release": {map[string]string{"mesosframeworks.mesos.dev": "1", "mesostasks.mesos.dev": "1", "mesostasksets.mesos.dev": "1", "mesoscrontasks.mesos.dev": "1"}, nil, false, ""},
		"a later level of tasks":     {map[string]string{"mesosframeworks.mesos.dev": "1", "mesostasks.mesos.dev": "99"}, nil, true, "Nothing is launched"},
		"a later level of frameworks": {
			map[string]string{"mesosframeworks.mesos.dev": "99", "mesostasks.mesos.dev": "1"}, nil, true, "Nothing is launched",
		},
		"CRDs of earlier commits": {nil, nil, false, "A CRD has no API level"},
		"no grant":                {map[string]string{"mesostasks.mesos.dev": "99"}, forbidden, false, "may not be read"},
		"no CRD":                  {nil, apierrors.NewNotFound(schema.GroupResource{}, "any"), false, "There is no such CRD yet"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				reader := newCluster(c.levels)
				reader.refusal = c.refusal
				var mu sync.Mutex
				var log []string
				levels := New(reader, funcr.New(func(_, line string) {
					mu.Lock()
					defer mu.Unlock()
					log = append(log, line)
				}, funcr.Options{}))
				if err := levels.Read(t.Context()); err != nil {
					t.Fatal(err)
				}
				said := len(log)
				if held := levels.Obstacle() != nil; held != c.held || !strings.Contains(strings.Join(log, "\n"), c.says) || (c.says == "") != (said == 0) {
					t.Errorf("held is %t, want %t; it said\n%s", held, c.held, strings.Join(log, "\n"))
				}
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error)
				go func() { ended <- levels.Start(ctx) }()
				time.Sleep(time.Hour)
				cancel()
				if err := <-ended; err != nil {
					t.Error(err)
				}
				if len(log) != said {
					t.Errorf("later it said\n%s", strings.Join(log[said:], "\n"))
				}
				if apierrors.IsForbidden(c.refusal) && reader.begun > len(CRDs())*(60+1) {
					t.Errorf("%d watches were begun in an hour, though each was refused", reader.begun)
				}
			})
		})
	}
	t.Run("the API server does not answer", func(t *testing.T) {
		reader := newCluster(nil)
		reader.refusal = apierrors.NewServiceUnavailable("not now")
		if err := New(reader, logr.Discard()).Read(t.Context()); err == nil {
			t.Error("it may be launched under any CRDs")
		}
	})
}

// TestStart_follows: the obstacle comes and goes with the levels, also where a watch ends in between, and each time somebody is told.
func TestStart_follows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const tasks, frameworks = "mesostasks.mesos.dev", "mesosframeworks.mesos.dev"
		reader := newCluster(map[string]string{tasks: "1", frameworks: "1"})
		levels := New(reader, logr.Discard())
		told := 0
		levels.OnChange(func(context.Context) { told++ })
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- levels.Start(ctx) }()
		held := func(when string, want bool, calls int) {
			t.Helper()
			time.Sleep(5 * time.Second)
			synctest.Wait()
			if got := levels.Obstacle() != nil; got != want || told != calls {
				t.Errorf("%s: held is %t after %d calls, want %t after %d", when, got, told, want, calls)
			}
		}
		held("at first", false, 0)
		reader.becomes(tasks, "2")
		held("with another level of tasks", true, 1)
		reader.becomes(tasks, "2")
		held("with no other", true, 1)
		reader.becomes(frameworks, "2")
		held("with both", true, 2)
		reader.becomes(tasks, "1")
		held("with that of frameworks alone", true, 2)
		reader.mu.Lock()
		reader.levels[frameworks] = "1"
		reader.watches[frameworks].Stop()
		reader.mu.Unlock()
		held("once the next watch has begun", false, 3)
		reader.watches[tasks].Error(&forbidden.ErrStatus)
		time.Sleep(3 * time.Minute)
		reader.becomes(tasks, "2")
		held("after a watch that ended with a refusal", true, 4)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// TestCRDs_haveTheLevelOfThisRelease holds the markers on the API types to the constant, and the CRDs that are read to those that there are.
func TestCRDs_haveTheLevelOfThisRelease(t *testing.T) {
	files, err := filepath.Glob("../../config/crd/bases/*.yaml")
	if err != nil || len(files) != len(CRDs()) {
		t.Fatalf("there are %d CRDs (%v), and %d are read", len(files), err, len(CRDs()))
	}
	for i, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		crd := &metav1.PartialObjectMetadata{}
		if err := yaml.Unmarshal(data, crd); err != nil {
			t.Fatal(err)
		}
		if got := crd.Annotations[v1alpha1.AnnotationAPILevel]; crd.Name != CRDs()[i] || got != strconv.Itoa(v1alpha1.APILevel) {
			t.Errorf("CRD %s has API level %q, want %s to have %d: change the marker on the type, and make manifests", crd.Name, got, CRDs()[i], v1alpha1.APILevel)
		}
	}
}
