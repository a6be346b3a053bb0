package mesosbridge

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
)

const (
	// maxFrame bounds one event: a master puts all offers of an allocation into one (Mesos master: Master::offer), about 600 bytes
	// each.
	maxFrame = 64 << 20
	// maxLengthDigits is the longest decimal that a length line can have: no leading zeros are sent, and 20 digits hold 2^64.
	maxLengthDigits = 20
	// firstRead is what is allocated for a frame before any of it arrived.
	firstRead = 64 << 10
	// keptBuffer is the largest buffer that stays for the next frame.
	keptBuffer = 1 << 20
)

// errFraming says that a stream is no RecordIO.
var errFraming = errors.New("malformed RecordIO frame")

// frameReader takes a stream apart into records: a decimal length, a line feed, that many bytes (docs/recordio.md). Unlike mesos-go's
// reader it allocates only for bytes that arrived.
type frameReader struct {
	in     *bufio.Reader
	buffer []byte
}

func newFrameReader(in io.Reader) *frameReader {
	return &frameReader{in: bufio.NewReaderSize(in, 32<<10)}
}

// next returns the next record, which is valid until the next call. It returns io.EOF where the stream ended between records,
// io.ErrUnexpectedEOF where it ended within one, and errFraming for what is no record.
func (r *frameReader) next() ([]byte, error) {
	length, err := r.length()
	if err != nil {
		return nil, err
	}
	if cap(r.buffer) > keptBuffer && length <= keptBuffer {
		r.buffer = nil
	}
	r.buffer = r.buffer[:0]
	for len(r.buffer) < length {
		have := len(r.buffer)
		step := min(length-have, max(have, firstRead))
		r.buffer = slices.Grow(r.buffer, step)[:have+step]
		if _, err := io.ReadFull(r.in, r.buffer[have:]); err != nil {
			return nil, unexpected(err)
		}
	}
	return r.buffer, nil
}

// length reads a length line.
func (r *frameReader) length() (int, error) {
	length := 0
	for digits := 0; ; digits++ {
		c, err := r.in.ReadByte()
		switch {
		case err != nil && digits == 0:
			return 0, err
		case err != nil:
			return 0, unexpected(err)
		case c == '\n' && digits > 0:
			return length, nil
		case c < '0' || c > '9':
			return 0, fmt.Errorf("%w: %q where a length was expected", errFraming, c)
		case digits == maxLengthDigits:
			return 0, fmt.Errorf("%w: a length of more than %d digits", errFraming, maxLengthDigits)
		}
		if length = length*10 + int(c-'0'); length > maxFrame {
			return 0, fmt.Errorf("%w: a length of more than %d bytes", errFraming, maxFrame)
		}
	}
}

// unexpected turns the end of a stream into one within a record.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
