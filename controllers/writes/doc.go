// Package writes is what a worker writes to the API server with: JSON Patches that test what a decision rested on, and the memory of what was
// written until the cache shows it. It also tells what the API server refuses for what it is from what may go through the next time.
//
// In: objects as they were read. Out: patches for the client, and the latest known state of an object. It sends nothing itself.
//
// It imports apimachinery and controller-runtime's client, and no other room.
package writes
