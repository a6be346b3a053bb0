package mesos

import "time"

// Window is when an agent is unavailable by the maintenance schedule of its masters, by their operator's clock. The zero Window is none.
type Window struct {
	// From is when it begins.
	From time.Time
	// Until is when it is over; zero where it lasts until the schedule changes (mesos.proto, Unavailability).
	Until time.Time
}

// Planned says whether w is a window that is not over.
func (w Window) Planned(now time.Time) bool {
	return !w.From.IsZero() && (w.Until.IsZero() || now.Before(w.Until))
}

// Near says whether the window goes on, or begins within the lead.
func (w Window) Near(now time.Time, lead time.Duration) bool {
	return w.Planned(now) && !now.Before(w.From.Add(-lead))
}
