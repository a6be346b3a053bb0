// Package pty opens pseudo terminals: for what the simulator's agents run in one, and for tests in which somebody sits at one.
package pty
