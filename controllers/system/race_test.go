//go:build race

package system

// raced says that the race detector runs, which makes everything many times as slow.
const raced = true
