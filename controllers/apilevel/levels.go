package apilevel

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
)

// +kubebuilder:rbac:groups=apiextensions.k8s.io,resources=customresourcedefinitions,resourceNames=mesostasks.mesos.dev;mesosframeworks.mesos.dev;mesostasksets.mesos.dev;mesoscrontasks.mesos.dev,verbs=get;watch

// again and againForbidden are how long after the end of a watch, or after a refusal, the next one is begun.
const again, againForbidden = time.Second, time.Minute

// kind is that of CRDs.
var kind = schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"}

// CRDs are the names of those whose level counts: a launch rests on what all kinds say, as sets and cron tasks make MesosTasks.
func CRDs() []string {
	group := "." + v1alpha1.GroupVersion.Group
	return []string{"mesoscrontasks" + group, "mesosframeworks" + group, "mesostasks" + group, "mesostasksets" + group}
}

// Levels follow the API levels of the CRDs. A nil one knows of no obstacle.
type Levels struct {
	reader client.WithWatch
	logger logr.Logger
	// changed is called when the obstacle has come or gone; nil: nobody is told.
	changed func(ctx context.Context)

	mu       sync.Mutex
	levels   map[string]string
	obstacle *lifecycle.Obstacle
}

// New makes Levels that read by a client without a cache.
func New(reader client.WithWatch, logger logr.Logger) *Levels {
	return &Levels{reader: reader, logger: logger, levels: map[string]string{}}
}

// OnChange has a function called each time that the obstacle comes, goes or is another. It is for before Start.
func (l *Levels) OnChange(changed func(ctx context.Context)) {
	if l != nil {
		l.changed = changed
	}
}

// Obstacle is why nothing may be launched under the CRDs as they are; nil if anything may.
func (l *Levels) Obstacle() *lifecycle.Obstacle {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.obstacle
}

// Read reads the levels once. It is no error that they may not be read, or that there are none: the log says what that means.
func (l *Levels) Read(ctx context.Context) error {
	for _, name := range CRDs() {
		crd := &metav1.PartialObjectMetadata{}
		crd.SetGroupVersionKind(kind)
		err := l.reader.Get(ctx, types.NamespacedName{Name: name}, crd)
		level, has := crd.Annotations[v1alpha1.AnnotationAPILevel]
		switch {
		case apierrors.IsForbidden(err):
			l.logger.Info("The API level of a CRD may not be read: what is launched is launched also where its spec has fields that this release does not know. "+
				"To be kept from that, let the manager get and watch the CRD", "crd", name)
		case apierrors.IsNotFound(err):
			l.logger.Info("There is no such CRD yet", "crd", name)
		case err != nil:
			return fmt.Errorf("reading the API level of CRD %s: %w", name, err)
		case !has:
			l.logger.Info("A CRD has no API level, as those of earlier commits: apply the CRDs of this release", "crd", name, "annotation", v1alpha1.AnnotationAPILevel)
		default:
			l.note(ctx, name, level)
		}
	}
	return nil
}

// Start follows the levels until ctx ends.
func (l *Levels) Start(ctx context.Context) error {
	var followed sync.WaitGroup
	for _, name := range CRDs() {
		followed.Go(func() {
			for ctx.Err() == nil {
				pause := again
				if err := l.follow(ctx, name); err != nil {
					l.logger.V(1).Info("Watching a CRD ended", "crd", name, "error", err.Error())
					if apierrors.IsForbidden(err) {
						pause = againForbidden
					}
				}
				select {
				case <-ctx.Done():
				case <-time.After(wait.Jitter(pause, 1)):
				}
			}
		})
	}
	followed.Wait()
	return nil
}

// NeedLeaderElection says that replicas which do not lead follow the levels, too: they know them when they take over.
func (*Levels) NeedLeaderElection() bool { return false }

// follow watches one CRD, from how it is now, until the watch ends.
func (l *Levels) follow(ctx context.Context, name string) error {
	crds := &metav1.PartialObjectMetadataList{}
	crds.SetGroupVersionKind(kind.GroupVersion().WithKind(kind.Kind + "List"))
	changes, err := l.reader.Watch(ctx, crds, &client.ListOptions{FieldSelector: fields.OneTermEqualSelector(metav1.ObjectNameField, name)})
	if err != nil {
		return fmt.Errorf("watching CRD %s: %w", name, err)
	}
	defer changes.Stop()
	for change := range changes.ResultChan() {
		crd, ok := change.Object.(*metav1.PartialObjectMetadata)
		if change.Type == watch.Error || !ok {
			return apierrors.FromObject(change.Object)
		}
		if change.Type == watch.Deleted {
			continue // With it all objects of its kind go.
		}
		l.note(ctx, name, crd.Annotations[v1alpha1.AnnotationAPILevel])
	}
	return nil
}

// note takes up the level of a CRD, and tells if that changes what may be launched.
func (l *Levels) note(ctx context.Context, name, level string) {
	l.mu.Lock()
	before := l.obstacle
	l.levels[name] = level
	now := lifecycle.TooOld(l.levels)
	l.obstacle = now
	l.mu.Unlock()
	switch {
	case now != nil && (before == nil || *before != *now):
		l.logger.Info("Nothing is launched", "reason", now.Message)
	case now == nil && before != nil:
		l.logger.Info("Tasks are launched again: this release knows all that the CRDs have")
	default:
		return
	}
	if l.changed != nil {
		l.changed(ctx)
	}
}
