package operator

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestRunUntilTold: a manager that ends says why, whether it was told to or not; one that does not end when it is told is not waited for.
func TestRunUntilTold(t *testing.T) {
	broken := errors.New("broken")
	cases := map[string]struct {
		run   func(ctx context.Context, forever <-chan struct{}) error
		after time.Duration
		is    error
	}{
		"it ends by itself": {func(context.Context, <-chan struct{}) error { return broken }, 0, broken},
		"it ends as it is told": {func(ctx context.Context, _ <-chan struct{}) error {
			<-ctx.Done()
			time.Sleep(20 * time.Second)
			return broken
		}, 80 * time.Second, broken},
		"it does not end": {func(_ context.Context, forever <-chan struct{}) error {
			<-forever
			return nil
		}, 100 * time.Second, nil},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				forever := make(chan struct{})
				defer close(forever)
				begun := time.Now()
				err := runUntilTold(ctx, func(ctx context.Context) error { return tc.run(ctx, forever) })
				if took := time.Since(begun); took != tc.after || err == nil || tc.is != nil && !errors.Is(err, tc.is) {
					t.Errorf("it says %v after %v", err, took)
				}
			})
		})
	}
}
