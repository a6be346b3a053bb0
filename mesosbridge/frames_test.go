package mesosbridge

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// recorded is the stream of a real master, as it came off the wire.
func recorded(tb testing.TB) []byte {
	tb.Helper()
	stream, err := os.ReadFile("testdata/protobuf-stream.bin")
	if err != nil {
		tb.Fatal(err)
	}
	return stream
}

// records reads all that a stream holds.
func records(in io.Reader) (all [][]byte, err error) {
	frames := newFrameReader(in)
	for {
		record, err := frames.next()
		if err != nil {
			return all, err
		}
		all = append(all, bytes.Clone(record))
	}
}

func TestFrameReader_readsARecordedStream(t *testing.T) {
	all, err := records(bytes.NewReader(recorded(t)))
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	var got []string
	for i, record := range all {
		event, err := decodeEvent(record)
		if err != nil {
			t.Fatal(err)
		}
		line := event.Type.String()
		if event.Update != nil {
			o := observationOf(&event.Update.Status, mesos.Number{Term: 1, Event: uint64(i)})
			line = fmt.Sprintf("%s %s %s %q %s %s %d", line, o.TaskID, o.State, o.Message, o.Source, o.Reason, len(o.UUID))
		}
		if event.Offers != nil {
			o := offerOf(&event.Offers.Offers[0], mesos.Number{}, nil)
			line = fmt.Sprintf("%s %d %s", line, len(event.Offers.Offers), o.Role)
		}
		got = append(got, line)
	}
	want := []string{
		"SUBSCRIBED",
		"HEARTBEAT",
		"OFFERS 1 demo",
		`UPDATE fence TASK_UNKNOWN "Reconciliation: Task is unknown" SOURCE_MASTER REASON_RECONCILIATION 0`,
		`UPDATE shop.web.1a2b3c4d.k3j9x0q2 TASK_STARTING "" SOURCE_EXECUTOR  16`,
		`UPDATE shop.web.1a2b3c4d.k3j9x0q2 TASK_RUNNING "" SOURCE_EXECUTOR  16`,
		`UPDATE shop.web.1a2b3c4d.k3j9x0q2 TASK_FAILED "Command exited with status 2" SOURCE_EXECUTOR  16`,
		"OFFERS 1 demo",
		"OFFERS 1 demo",
		"OFFERS 1 demo",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("unexpected events (-want +got):\n%s", diff)
	}
}

func TestFrameReader_readsAStreamCutAnywhere(t *testing.T) {
	stream := recorded(t)
	whole, err := records(bytes.NewReader(stream))
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	for at := range stream {
		all, err := records(bytes.NewReader(stream[:at]))
		if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("cut at %d: %v", at, err)
		}
		if cut := bytes.Join(all, nil); !bytes.HasPrefix(bytes.Join(whole, nil), cut) || len(cut) > at {
			t.Fatalf("cut at %d: %d records of %d bytes, which are not those of the whole stream", at, len(all), len(cut))
		}
		for i := range all {
			if !bytes.Equal(all[i], whole[i]) {
				t.Fatalf("cut at %d, record %d differs", at, i)
			}
		}
	}
	for name, in := range map[string]io.Reader{
		"a byte at a time":  iotest.OneByteReader(bytes.NewReader(stream)),
		"with data and EOF": iotest.DataErrReader(bytes.NewReader(stream)),
		"in halves":         iotest.HalfReader(bytes.NewReader(stream)),
	} {
		if all, err := records(in); len(all) != len(whole) || !errors.Is(err, io.EOF) {
			t.Errorf("%s: %d records, %v", name, len(all), err)
		}
	}
}

func TestFrameReader_refusesWhatIsNoRecord(t *testing.T) {
	tests := map[string]struct {
		stream string
		want   error
	}{
		"the end between records":   {"", io.EOF},
		"the end in a length":       {"12", io.ErrUnexpectedEOF},
		"the end after a length":    {"12\n", io.ErrUnexpectedEOF},
		"the end within a record":   {"12\nabc", io.ErrUnexpectedEOF},
		"no length":                 {"\nabc", errFraming},
		"letters":                   {"<html>", errFraming},
		"a sign":                    {"-5\nabcde", errFraming},
		"a space":                   {"5 \nabcde", errFraming},
		"a carriage return":         {"5\r\nabcde", errFraming},
		"a length past 64 MiB":      {"67108865\n", errFraming},
		"a length past 64 bits":     {"99999999999999999999999\n", errFraming},
		"zeros without end":         {strings.Repeat("0", 1000), errFraming},
		"garbage after a record":    {"3\nabcgarbage", errFraming},
		"a second length that lies": {"3\nabc18446744073709551617\n", errFraming},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := records(strings.NewReader(test.stream)); !errors.Is(err, test.want) {
				t.Errorf("the error is %v, want %v", err, test.want)
			}
		})
	}
}

func TestFrameReader_allocatesOnlyForWhatArrived(t *testing.T) {
	frames := newFrameReader(strings.NewReader("67108864\nabc"))
	if _, err := frames.next(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
	if got := cap(frames.buffer); got > 2*firstRead {
		t.Errorf("%d bytes were allocated for 3 that arrived", got)
	}
}

func TestFrameReader_readsTheLargestFrameAndLetsItsBufferGo(t *testing.T) {
	large := bytes.Repeat([]byte("x"), maxFrame)
	stream := io.MultiReader(strings.NewReader("67108864\n"), bytes.NewReader(large), strings.NewReader("2\nok"))
	frames := newFrameReader(stream)
	record, err := frames.next()
	if err != nil || !bytes.Equal(record, large) {
		t.Fatalf("%d bytes, %v", len(record), err)
	}
	record, err = frames.next()
	if err != nil || string(record) != "ok" || cap(frames.buffer) > keptBuffer {
		t.Errorf("%q, %v, a buffer of %d bytes", record, err, cap(frames.buffer))
	}
}

func TestDecodeEvent_survivesHostileMessages(t *testing.T) {
	tests := map[string][]byte{
		// A length that overflows makes older generated decoders index out of range (CVE-2021-3121).
		"a field with a negative length":  {0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
		"an unknown field of that length": {0xfa, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
		"an unknown field that runs past every index": {
			0x08, 0x08, 0xfa, 0x01, 0xf4, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
		},
		"a group that never ends": {0x0b},
		"JSON":                    []byte(`{"type":"HEARTBEAT"}`),
	}
	for name, record := range tests {
		t.Run(name, func(t *testing.T) {
			if event, err := decodeEvent(record); err == nil {
				t.Errorf("decoded as %v", event)
			}
		})
	}
}

// frameSeeds are what every fuzz of a stream begins with, besides the corpora under testdata/fuzz.
func frameSeeds(f *testing.F) {
	f.Helper()
	stream := recorded(f)
	for _, seed := range [][]byte{
		stream, stream[:len(stream)/2],
		[]byte("0\n"), []byte("00000000000000000002\nok"), []byte("3\nabcgarbage"), []byte("67108864\nabc"), []byte("67108865\n"),
		[]byte("-5\nabcde"), []byte("<html>"), []byte("5\r\nabcde"), []byte("\nabc"), []byte("99999999999999999999\n"), []byte("100000000000000000001\n"),
		[]byte("20\n{\"type\":\"HEARTBEAT\"}"), []byte("13\n\x08\x08\xfa\x01\xf4\xff\xff\xff\xff\xff\xff\xff\x7f"),
	} {
		f.Add(seed)
	}
}

// takenApart is what a stream holds by the letter of docs/recordio.md, read all at once.
func takenApart(stream []byte) (all [][]byte, err error) {
	for len(stream) > 0 {
		digits := len(stream) - len(bytes.TrimLeft(stream, "0123456789"))
		length, _ := new(big.Int).SetString("0"+string(stream[:digits]), 10)
		if digits > maxLengthDigits || length.Cmp(big.NewInt(maxFrame)) > 0 {
			return all, errFraming
		}
		rest := stream[digits:]
		switch {
		case len(rest) == 0:
			return all, io.ErrUnexpectedEOF
		case digits == 0 || rest[0] != '\n':
			return all, errFraming
		}
		if rest = rest[1:]; len(rest) < int(length.Int64()) {
			return all, io.ErrUnexpectedEOF
		}
		all, stream = append(all, rest[:length.Int64()]), rest[length.Int64():]
	}
	return all, io.EOF
}

// FuzzFrames reads any bytes as a stream: the reader finds what the format says, however the bytes arrive, and allocates no more than a small
// multiple of what arrived.
func FuzzFrames(f *testing.F) {
	frameSeeds(f)
	f.Fuzz(func(t *testing.T, stream []byte) {
		want, wantErr := takenApart(stream)
		for name, in := range map[string]io.Reader{
			"at once":          bytes.NewReader(stream),
			"a byte at a time": iotest.OneByteReader(bytes.NewReader(stream)),
			"in halves":        iotest.HalfReader(bytes.NewReader(stream)),
		} {
			got, err := records(in)
			if !errors.Is(err, wantErr) || !slices.EqualFunc(got, want, bytes.Equal) {
				t.Fatalf("%s: %d records and %v, want %d and %v", name, len(got), err, len(want), wantErr)
			}
		}
		frames := newFrameReader(bytes.NewReader(stream))
		for {
			_, err := frames.next()
			if got, most := cap(frames.buffer), 3*len(stream)+2*firstRead; got > most {
				t.Fatalf("a buffer of %d bytes for %d that arrived", got, len(stream))
			}
			if err != nil {
				return
			}
		}
	})
}

// FuzzStream feeds any bytes through the reader and the decoder: neither may panic, and each event must be fit for all that is done
// with it.
func FuzzStream(f *testing.F) {
	frameSeeds(f)
	f.Fuzz(func(t *testing.T, stream []byte) {
		b := New(Config{Framework: framework()}, Options{})
		tm := &term{number: 1}
		b.current = tm
		frames := newFrameReader(bytes.NewReader(stream))
		for {
			record, err := frames.next()
			if err != nil {
				return
			}
			if len(record) > len(stream) {
				t.Fatalf("a record of %d bytes out of %d", len(record), len(stream))
			}
			event, err := decodeEvent(record)
			if err != nil {
				continue
			}
			b.handle(tm, event)
			if event.Type == scheduler.Event_UPDATE && event.Update != nil {
				checkObserved(t, b, event.Update.Status.TaskID.Value)
			}
		}
	})
}

// checkObserved checks what leaves the bridge of a task.
func checkObserved(t *testing.T, b *Bridge, taskID string) {
	t.Helper()
	a, known := b.Attempt(taskID)
	if taskID == "" {
		if known {
			t.Fatal("a task without an ID was recorded")
		}
		return
	}
	if !known || a.Last.Term != 1 {
		t.Fatalf("an update of %q was not recorded: %+v", taskID, a)
	}
	if o := a.Observation; o != nil && (o.Message != clean(o.Message) || o.State == "") {
		t.Fatalf("what was observed is not clean: %+v", o)
	}
}
