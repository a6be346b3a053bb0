package mesosbridge

import (
	"context"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// lastAnswer is how long a SUBSCRIBE that has left may still take to be answered once the bridge is to end.
const lastAnswer = 5 * time.Second

// leaving is how a try to subscribe ends with its bridge. One whose SUBSCRIBE has left is seen through to the first event, or lastAnswer: a
// master that takes it up late would take the framework from whoever has subscribed meanwhile (Mesos master: the later SUBSCRIBE of a framework
// ID is the one that counts).
type leaving struct {
	// asking says that a SUBSCRIBE may be on its way, asked that the bridge is to end.
	asking, asked atomic.Bool
}

// with ends the try with parent. The deadline is the try's own for its first event. It returns what ends that.
func (l *leaving) with(parent context.Context, end context.CancelCauseFunc, deadline *time.Timer) (stop func() bool) {
	return context.AfterFunc(parent, func() {
		l.asked.Store(true)
		if l.asking.Load() {
			deadline.Reset(lastAnswer)
			return
		}
		end(context.Cause(parent))
	})
}

// sends is a context for a SUBSCRIBE, of which it notes when it may leave.
func (l *leaving) sends(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { l.asking.Store(true) }})
}

// answered notes that the SUBSCRIBE had its answer, and says whether the bridge is to end now.
func (l *leaving) answered() bool {
	l.asking.Store(false)
	return l.asked.Load()
}

// left is why a subscription that was just had is given up.
func left() *Problem {
	return &Problem{Class: Withheld, Message: "The framework is being disconnected."}
}
