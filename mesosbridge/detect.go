package mesosbridge

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mesos-operator/mesos-operator/mesosbridge/detection"
)

// detectionTimeout bounds how long the first SUBSCRIBE waits for ZooKeeper to say anything.
const detectionTimeout = 10 * time.Second

// detected is what ZooKeeper has said.
type detected struct {
	// known is closed once it has said anything; nil before somebody waits for that.
	known chan struct{}
	// said is true once it has.
	said bool
	// leader is the leading master, or the last one that did; its zero value is for none ever.
	leader detection.Leader
	// err is why leader may not lead any more; nil if it does.
	err error
}

// leads says whether there is a leader to try: one that ZooKeeper named, and that it did not take back.
func (d *detected) leads() bool {
	return d.leader != detection.Leader{} && (d.err == nil || errors.Is(d.err, detection.ErrUnreachable))
}

// masters returns the masters to try, or why there is none. The caller holds b.mu.
func (b *Bridge) masters() ([]string, *Problem) {
	d := &b.detected
	switch {
	case b.config.ZooKeeper == nil:
		return b.config.Masters, &Problem{Class: MasterUnreachable, Message: "No Mesos master is configured; name at least one in spec.masters.urls."}
	case d.leads():
		return d.leader.URLs(b.config.Access.HTTPS)[:1], nil
	case !d.said:
		return nil, &Problem{Class: DetectionFailed, Message: "ZooKeeper has not said yet which master leads; check spec.masters.zookeeper."}
	case errors.Is(d.err, detection.ErrNoLeader):
		return nil, &Problem{Class: NoLeader, Message: "ZooKeeper has no leading master under " + b.config.ZooKeeper.Path +
			" yet; wait for an election, or check spec.masters.zookeeper.path."}
	default:
		return nil, &Problem{Class: DetectionFailed, Message: "ZooKeeper at " + strings.Join(b.config.ZooKeeper.Servers, ", ") +
			" does not say which master leads (" + detectionText(d.err) + "); check spec.masters.zookeeper."}
	}
}

// detectionText says why there is no leader, without what changes from one time to the next.
func detectionText(err error) string {
	if err == nil {
		return ""
	}
	for _, known := range []error{detection.ErrNoLeader, detection.ErrForbidden, detection.ErrUnreachable, detection.ErrNotMasterInfo} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return reasonOf(err)
}

// named are the URLs of the masters that may have the credentials: those of the spec, or those under which ZooKeeper, which the spec
// names, knows the leader. The caller holds b.mu.
func (b *Bridge) named() []string {
	if b.config.ZooKeeper == nil {
		return b.config.Masters
	}
	if b.detected.leader == (detection.Leader{}) {
		return nil
	}
	return b.detected.leader.URLs(b.config.Access.HTTPS)
}

// sameElection says whether two configurations watch the same election, whatever they authenticate by.
func sameElection(one, other *detection.Config) bool {
	return one != nil && other != nil && one.Path == other.Path && slices.Equal(one.Servers, other.Servers)
}

// detectAnew has another ZooKeeper watched, or the same with other credentials. The caller holds b.mu.
func (b *Bridge) detectAnew(forget bool) {
	if forget {
		b.detected = detected{}
	}
	select {
	case b.elsewhere <- struct{}{}:
	default:
	}
}

// keepDetecting watches the ZooKeeper of the configuration, if it has one, until ctx ends.
func (b *Bridge) keepDetecting(ctx context.Context) {
	for ctx.Err() == nil {
		b.mu.Lock()
		config := b.config.ZooKeeper
		b.mu.Unlock()
		watching, stop := context.WithCancel(ctx)
		var watch sync.WaitGroup
		if config != nil {
			watch.Go(func() {
				options := detection.Options{Logger: b.log, DialContext: b.options.DialContext}
				detection.Run(watching, *config, options, func(f detection.Finding) { b.found(config, f) })
			})
		}
		select {
		case <-ctx.Done():
		case <-b.elsewhere:
		}
		stop()
		watch.Wait()
	}
}

// found records what ZooKeeper says. Another leader ends the subscription at the old one; that none is known does not, as the old one
// serves for as long as it answers.
func (b *Bridge) found(config *detection.Config, f detection.Finding) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !reflect.DeepEqual(config, b.config.ZooKeeper) {
		return
	}
	d := &b.detected
	news := !d.said || detectionText(f.Err) != detectionText(d.err)
	if f.Err == nil && f.Leader != d.leader {
		news = true
		d.leader = f.Leader
		b.edition++
		if b.current != nil && !slices.Contains(b.named(), b.current.base) {
			b.current.end(&Problem{Class: Reconfigured, Message: "ZooKeeper names another leading master; the framework is subscribing there."})
		}
	}
	d.said, d.err = true, f.Err
	if d.known != nil {
		close(d.known)
		d.known = nil
	}
	if news {
		b.tryNow()
	}
}

// awaitDetection waits until ZooKeeper has said anything, but not for ever: what is wrong is to be said.
func (b *Bridge) awaitDetection(ctx context.Context) {
	b.mu.Lock()
	d := &b.detected
	if b.config.ZooKeeper == nil || d.said {
		b.mu.Unlock()
		return
	}
	if d.known == nil {
		d.known = make(chan struct{})
	}
	known := d.known
	b.mu.Unlock()
	timer := time.NewTimer(detectionTimeout)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-known:
	case <-b.retry:
	}
}
