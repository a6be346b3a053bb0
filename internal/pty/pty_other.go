//go:build !linux

package pty

import (
	"errors"
	"os"
)

// Open is to be had on Linux only.
func Open() (person, program *os.File, err error) { return nil, nil, errors.ErrUnsupported }

// Resize is to be had on Linux only.
func Resize(*os.File, uint32, uint32) error { return errors.ErrUnsupported }
