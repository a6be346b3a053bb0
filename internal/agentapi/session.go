package agentapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/mesos/mesos-go/api/v1/lib/recordio"
)

// Size is that of a terminal's window, in characters.
type Size struct {
	Rows    uint32 `json:"rows"`
	Columns uint32 `json:"columns"`
}

// Command is a command to run beside a task.
type Command struct {
	// Argv is the program and its arguments, at least the program.
	Argv []string
	// User is the system user that it runs as; "" is the task's.
	User string
	// In is what it reads; nil is nothing. Out and Err take what it writes, with a terminal all of it Out.
	In       io.Reader
	Out, Err io.Writer
	// Terminal gives it a terminal of that size, nil none. Sizes are further ones; it may be nil.
	Terminal *Size
	Sizes    <-chan Size
}

// Exit is how a command ended.
type Exit struct {
	// Known says that the agent told it.
	Known bool
	// Code is its exit code; of one that a signal ended 128 and the signal's number, as shells have it.
	Code int
	// Signal is the name of the signal that ended it, "" for none.
	Signal string
}

const typeRecordIO = "application/recordio"

// keepAlive is how often the input says that it is still there, as Mesos' own tools do.
const keepAlive = 30 * time.Second

type containerID struct {
	Value  string       `json:"value"`
	Parent *containerID `json:"parent,omitempty"`
}

type commandInfo struct {
	Shell     bool     `json:"shell"`
	Value     string   `json:"value"`
	Arguments []string `json:"arguments"`
	User      string   `json:"user,omitempty"`
}

type containerInfo struct {
	Type string   `json:"type"`
	TTY  *ttyInfo `json:"tty_info,omitempty"`
}

type ttyInfo struct {
	WindowSize *Size `json:"window_size,omitempty"`
}

type sessionCall struct {
	Type   string         `json:"type"`
	Launch *launchCall    `json:"launch_nested_container_session,omitempty"`
	Attach *attachCall    `json:"attach_container_input,omitempty"`
	Wait   *containerCall `json:"wait_nested_container,omitempty"`
}

type launchCall struct {
	ContainerID containerID    `json:"container_id"`
	Command     commandInfo    `json:"command"`
	Container   *containerInfo `json:"container,omitempty"`
}

type attachCall struct {
	Type        string       `json:"type"`
	ContainerID *containerID `json:"container_id,omitempty"`
	ProcessIO   *processIO   `json:"process_io,omitempty"`
}

type containerCall struct {
	ContainerID containerID `json:"container_id"`
}

type processIO struct {
	Type    string       `json:"type"`
	Data    *processData `json:"data,omitempty"`
	Control *control     `json:"control,omitempty"`
}

type processData struct {
	Type string `json:"type"`
	Data []byte `json:"data"`
}

type control struct {
	Type      string     `json:"type"`
	TTYInfo   *ttyInfo   `json:"tty_info,omitempty"`
	Heartbeat *heartbeat `json:"heartbeat,omitempty"`
}

type heartbeat struct {
	Interval struct {
		Nanoseconds int64 `json:"nanoseconds"`
	} `json:"interval"`
}

// Run runs a command beside a task, in its container's namespaces, until it ends. Where the context ends first, the agent ends the command.
func (a *Agent) Run(ctx context.Context, task Task, command Command) (Exit, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // which ends the input, too
	id := containerID{Value: uuid.NewString(), Parent: &containerID{Value: task.ContainerID}}
	answer, err := a.launch(ctx, id, command)
	if err != nil {
		return Exit{}, err
	}
	defer func() { _ = answer.Body.Close() }() // it was only read
	fed := make(chan error, 1)
	go func() { fed <- a.feed(ctx, id, command) }()
	if err := receive(answer.Body, command); err != nil {
		return Exit{}, err
	}
	exit, err := a.wait(ctx, id)
	select {
	case failed := <-fed:
		if failed != nil && err == nil && !exit.Known {
			err = failed
		}
	default: // Nobody waits for what somebody might still type.
	}
	return exit, err
}

func (a *Agent) launch(ctx context.Context, id containerID, command Command) (*http.Response, error) {
	call := sessionCall{Type: "LAUNCH_NESTED_CONTAINER_SESSION", Launch: &launchCall{
		ContainerID: id, Command: commandInfo{Value: command.Argv[0], Arguments: command.Argv, User: command.User},
	}}
	if command.Terminal != nil {
		call.Launch.Container = &containerInfo{Type: "MESOS", TTY: &ttyInfo{WindowSize: command.Terminal}}
	}
	text, err := json.Marshal(call)
	if err != nil {
		return nil, fmt.Errorf("writing a call: %w", err)
	}
	header := http.Header{"Content-Type": {typeJSON}, "Accept": {typeRecordIO}, "Message-Accept": {typeJSON}}
	answer, err := a.reach(func(base string) (*http.Response, error) {
		return a.client.post(ctx, base+"/api/v1", header, bytes.NewReader(text))
	})
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		defer func() { _ = answer.Body.Close() }() // it was only read
		return nil, fmt.Errorf("starting the command: %w", refusal(answer))
	}
	return answer, nil
}

// receive hands on what the command writes, until its stream ends.
func receive(stream io.Reader, command Command) error {
	frames := recordio.NewReader(stream)
	for {
		frame, err := frames.ReadFrame()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the connection to the agent broke, which ends the command: %w", err)
		}
		var message processIO
		if err := json.Unmarshal(frame, &message); err != nil {
			return fmt.Errorf("reading what the command wrote: %w", err)
		}
		if message.Data == nil {
			continue // a heartbeat
		}
		out := command.Out
		if message.Data.Type == "STDERR" {
			out = command.Err
		}
		if _, err := out.Write(message.Data.Data); err != nil {
			return fmt.Errorf("writing what the command wrote: %w", err)
		}
	}
}

// feed sends what the command is to read, and the sizes of the terminal.
func (a *Agent) feed(ctx context.Context, id containerID, command Command) error {
	body, in := io.Pipe()
	go func() { in.CloseWithError(stream(ctx, in, id, command)) }()
	header := http.Header{"Content-Type": {typeRecordIO}, "Message-Content-Type": {typeJSON}, "Accept": {typeJSON}}
	answer, err := a.reach(func(base string) (*http.Response, error) { //nolint:bodyclose // read closes it
		return a.client.post(ctx, base+"/api/v1", header, body)
	})
	_ = body.Close() // whoever still writes is told
	if err != nil {
		return fmt.Errorf("sending input: %w", err)
	}
	if err := read(answer, nil); err != nil {
		return fmt.Errorf("sending input: %w", err)
	}
	return nil
}

// stream writes the body of ATTACH_CONTAINER_INPUT. It ends with the context, as the session lives until the command ends.
func stream(ctx context.Context, w io.Writer, id containerID, command Command) error {
	frames := recordio.NewWriter(w)
	send := func(attach *attachCall) error {
		text, err := json.Marshal(sessionCall{Type: "ATTACH_CONTAINER_INPUT", Attach: attach})
		if err != nil {
			return err
		}
		return frames.WriteFrame(text)
	}
	if err := send(&attachCall{Type: "CONTAINER_ID", ContainerID: &id}); err != nil {
		return err
	}
	var typed chan []byte // of a terminal that nobody types into nothing ever comes
	if command.In != nil || command.Terminal == nil {
		typed = make(chan []byte)
		go readInput(ctx, command.In, typed)
	}
	beat := time.NewTicker(keepAlive)
	defer beat.Stop()
	sizes := command.Sizes
	for {
		message := &processIO{}
		select {
		case <-ctx.Done():
			return nil
		case data, more := <-typed:
			if message = inputOf(data, more, command.Terminal != nil); !more {
				typed = nil
			}
		case size, more := <-sizes:
			if !more {
				sizes = nil
				continue
			}
			message.Type, message.Control = "CONTROL", &control{Type: "TTY_INFO", TTYInfo: &ttyInfo{WindowSize: &size}}
		case <-beat.C:
			message.Type, message.Control = "CONTROL", &control{Type: "HEARTBEAT", Heartbeat: &heartbeat{}}
			message.Control.Heartbeat.Interval.Nanoseconds = keepAlive.Nanoseconds()
		}
		if err := send(&attachCall{Type: "PROCESS_IO", ProcessIO: message}); err != nil {
			return err
		}
	}
}

// inputOf is a message with what was typed. The end of the input is a message without data, or, for a terminal, the character that says so.
func inputOf(data []byte, more, terminal bool) *processIO {
	const endOfTransmission = 4
	switch {
	case !more && terminal:
		data = []byte{endOfTransmission}
	case !more:
		data = []byte{}
	}
	return &processIO{Type: "DATA", Data: &processData{Type: "STDIN", Data: data}}
}

// readInput hands on what is typed, and closes the channel at its end. A read that nobody wants any more goes on until something is typed.
func readInput(ctx context.Context, in io.Reader, typed chan<- []byte) {
	defer close(typed)
	if in == nil {
		return
	}
	for {
		buffer := make([]byte, 16<<10)
		n, err := in.Read(buffer)
		if n > 0 {
			select {
			case typed <- buffer[:n]:
			case <-ctx.Done():
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// wait asks how the command ended.
func (a *Agent) wait(ctx context.Context, id containerID) (Exit, error) {
	var answer struct {
		Wait struct {
			ExitStatus *int32 `json:"exit_status"`
		} `json:"wait_nested_container"`
	}
	err := a.ask(ctx, sessionCall{Type: "WAIT_NESTED_CONTAINER", Wait: &containerCall{id}}, &answer)
	if IsNotFound(err) || err == nil && answer.Wait.ExitStatus == nil {
		return Exit{}, nil
	}
	if err != nil {
		return Exit{}, fmt.Errorf("asking how the command ended: %w", err)
	}
	return exitOf(*answer.Wait.ExitStatus), nil
}

// exitOf reads a status of wait(2) as Linux has it, whatever this machine is.
func exitOf(status int32) Exit {
	const signals, codes = 0x7f, 8
	if signal := status & signals; signal != 0 {
		return Exit{Known: true, Code: 128 + int(signal), Signal: syscall.Signal(signal).String()}
	}
	return Exit{Known: true, Code: int(status>>codes) & 0xff}
}
