package agentapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
)

// Task is an attempt of a task, as a MesosTask's status names it.
type Task struct {
	FrameworkID, TaskID string
	// ContainerID is "" where Mesos has not told it.
	ContainerID string
}

// ErrNoSandbox says that an agent has no sandbox of a task.
var ErrNoSandbox = errors.New("the agent has no sandbox of the task: it never got the task, or its garbage collection took the files away")

// Sandbox is the files of a task.
type Sandbox struct {
	agent *Agent
	root  string
}

// File is one file of a sandbox.
type File struct {
	// Path is its path in the sandbox.
	Path    string    `json:"path"`
	Size    int64     `json:"size"`
	Mode    string    `json:"mode"`
	User    string    `json:"user"`
	Group   string    `json:"group"`
	ModTime time.Time `json:"modTime"`
	IsDir   bool      `json:"isDir"`
}

// ask sends a call to the agent and reads the answer.
func (a *Agent) ask(ctx context.Context, call, out any) error {
	ctx, cancel := context.WithTimeout(ctx, defaultTimeout)
	defer cancel()
	text, err := json.Marshal(call)
	if err != nil {
		return fmt.Errorf("writing a call: %w", err)
	}
	answer, err := a.reach(func(base string) (*http.Response, error) { //nolint:bodyclose // read closes it
		return a.client.post(ctx, base+"/api/v1", jsonBoth, bytes.NewReader(text))
	})
	if err != nil {
		return err
	}
	return read(answer, out)
}

type filesCall struct {
	Type      string      `json:"type"`
	ListFiles *pathOf     `json:"list_files,omitempty"`
	ReadFile  *pathAndPos `json:"read_file,omitempty"`
}

type pathOf struct {
	Path string `json:"path"`
}

type pathAndPos struct {
	Path   string `json:"path"`
	Offset int64  `json:"offset"`
	Length int64  `json:"length"`
}

type fileInfo struct {
	Path  string                      `json:"path"`
	Size  int64                       `json:"size"`
	Mode  uint32                      `json:"mode"`
	UID   string                      `json:"uid"`
	GID   string                      `json:"gid"`
	MTime struct{ Nanoseconds int64 } `json:"mtime"`
}

func (a *Agent) list(ctx context.Context, at string) ([]fileInfo, error) {
	var answer struct {
		ListFiles struct {
			FileInfos []fileInfo `json:"file_infos"`
		} `json:"list_files"`
	}
	err := a.ask(ctx, filesCall{Type: "LIST_FILES", ListFiles: &pathOf{at}}, &answer)
	return answer.ListFiles.FileInfos, err
}

// Sandbox finds the sandbox of a task; ErrNoSandbox where there is none.
func (a *Agent) Sandbox(ctx context.Context, task Task) (*Sandbox, error) {
	virtual := path.Join("/frameworks", task.FrameworkID, "executors", task.TaskID, "runs", "latest")
	_, err := a.list(ctx, virtual)
	if err == nil {
		return &Sandbox{agent: a, root: virtual}, nil
	}
	if !IsNotFound(err) {
		return nil, fmt.Errorf("looking for the sandbox of %s: %w", task.TaskID, err)
	}
	var state State
	answer, err := a.reach(func(base string) (*http.Response, error) { //nolint:bodyclose // read closes it
		return a.client.send(ctx, http.MethodGet, base+"/state", nil, http.NoBody)
	})
	if err == nil {
		err = read(answer, &state)
	}
	if err != nil {
		return nil, fmt.Errorf("asking for the sandbox of %s: %w", task.TaskID, err)
	}
	root := state.SandboxOf(task)
	if root == "" {
		return nil, ErrNoSandbox
	}
	return &Sandbox{agent: a, root: root}, nil
}

// State is what of an agent's /state says where sandboxes are.
type State struct {
	Frameworks          []StateFramework `json:"frameworks"`
	CompletedFrameworks []StateFramework `json:"completed_frameworks"`
}

// StateFramework is a framework in a State.
type StateFramework struct {
	ID                 string          `json:"id"`
	Executors          []StateExecutor `json:"executors"`
	CompletedExecutors []StateExecutor `json:"completed_executors"`
}

// StateExecutor is an executor in a State.
type StateExecutor struct {
	ID        string      `json:"id"`
	Directory string      `json:"directory"`
	Tasks     []stateTask `json:"tasks"`
	Queued    []stateTask `json:"queued_tasks"`
	Completed []stateTask `json:"completed_tasks"`
}

type stateTask struct {
	ID string `json:"id"`
}

// has says whether the executor runs the task, or ran it.
func (e *StateExecutor) has(task string) bool {
	for _, list := range [][]stateTask{e.Tasks, e.Queued, e.Completed} {
		for _, one := range list {
			if one.ID == task {
				return true
			}
		}
	}
	return false
}

// SandboxOf is the path of a task's sandbox on the agent, "" where it is not known. A task below an executor that is not its own has the sandbox of its
// nested container.
func (s *State) SandboxOf(task Task) string {
	for _, f := range append(append([]StateFramework(nil), s.Frameworks...), s.CompletedFrameworks...) {
		if f.ID != task.FrameworkID {
			continue
		}
		for _, e := range append(append([]StateExecutor(nil), f.Executors...), f.CompletedExecutors...) {
			switch {
			case e.ID == task.TaskID:
				return e.Directory
			case e.has(task.TaskID) && task.ContainerID != "":
				return path.Join(e.Directory, "containers", task.ContainerID)
			case e.has(task.TaskID):
				return e.Directory
			}
		}
	}
	return ""
}

// at is a path in the sandbox as the agent knows it.
func (s *Sandbox) at(name string) string { return path.Join(s.root, path.Join("/", name)) }

// List lists a directory, or names a file.
func (s *Sandbox) List(ctx context.Context, name string) ([]File, error) {
	infos, err := s.agent.list(ctx, s.at(name))
	if err != nil {
		return nil, s.about(name, err)
	}
	files := make([]File, 0, len(infos))
	for _, info := range infos {
		mode := modeOf(info.Mode)
		files = append(files, File{
			Path: strings.TrimPrefix(strings.TrimPrefix(info.Path, s.root), "/"), Size: info.Size, Mode: mode.String(),
			User: info.UID, Group: info.GID, ModTime: time.Unix(0, info.MTime.Nanoseconds).UTC(), IsDir: mode.IsDir(),
		})
	}
	return files, nil
}

// modeOf is a mode of stat(2).
func modeOf(mode uint32) fs.FileMode {
	const kind, directory = 0o170000, 0o040000
	m := fs.FileMode(mode) & fs.ModePerm
	if mode&kind == directory {
		m |= fs.ModeDir
	}
	return m
}

func (s *Sandbox) about(name string, err error) error {
	if IsNotFound(err) {
		return fmt.Errorf("there is no %s in the sandbox: %w", path.Join("/", name)[1:], fs.ErrNotExist)
	}
	return fmt.Errorf("reading %s: %w", name, err)
}

// chunk is how much is asked for at once: as much as agents give, 16 pages.
const chunk = 64 << 10

// readAt reads a part of a file, and tells the size of the whole.
func (s *Sandbox) readAt(ctx context.Context, name string, offset, length int64) (size int64, data []byte, err error) {
	var answer struct {
		ReadFile struct {
			Size int64  `json:"size"`
			Data []byte `json:"data"`
		} `json:"read_file"`
	}
	err = s.agent.ask(ctx, filesCall{Type: "READ_FILE", ReadFile: &pathAndPos{s.at(name), offset, length}}, &answer)
	if err != nil {
		return 0, nil, s.about(name, err)
	}
	return answer.ReadFile.Size, answer.ReadFile.Data, nil
}

// Size is how long a file is, in bytes.
func (s *Sandbox) Size(ctx context.Context, name string) (int64, error) {
	size, _, err := s.readAt(ctx, name, 0, 1)
	return size, err
}

// Copy writes a file from an offset on, as far as it goes now, and returns where it ended. A file that became shorter, as one that is rotated, is read from
// its beginning. progress, unless it is nil, is told after each part.
func (s *Sandbox) Copy(ctx context.Context, w io.Writer, name string, offset int64, progress func(done, size int64)) (int64, error) {
	for {
		size, data, err := s.readAt(ctx, name, offset, chunk)
		if err != nil {
			return offset, err
		}
		if size < offset {
			offset = 0
			continue
		}
		if len(data) == 0 {
			return offset, nil
		}
		if _, err := w.Write(data); err != nil {
			return offset, fmt.Errorf("writing what was read: %w", err)
		}
		if offset += int64(len(data)); progress != nil {
			progress(offset, size)
		}
		if offset >= size {
			return offset, nil
		}
	}
}

// AllLines asks Tail for the whole file.
const AllLines = math.MaxInt64

// Tail is the offset at which the last lines of a file begin. A last line without its end counts as one.
func (s *Sandbox) Tail(ctx context.Context, name string, lines int64) (int64, error) {
	size, err := s.Size(ctx, name)
	if err != nil || lines == AllLines {
		return 0, err
	}
	if lines <= 0 {
		return size, nil
	}
	for end := size; end > 0; {
		begin := max(0, end-chunk)
		_, data, err := s.readAt(ctx, name, begin, end-begin)
		if err != nil {
			return 0, err
		}
		if len(data) == 0 {
			return 0, nil // it became shorter
		}
		for i, character := range slices.Backward(data) {
			if character != '\n' || begin+int64(i) == size-1 {
				continue
			}
			if lines--; lines == 0 {
				return begin + int64(i) + 1, nil
			}
		}
		end = begin
	}
	return 0, nil
}

// Follow writes a file from an offset on, and what comes to it, until over says so and nothing is left, or the context ends. A file that is not there yet is
// waited for. every is how often it is looked at.
func (s *Sandbox) Follow(ctx context.Context, w io.Writer, name string, offset int64, every time.Duration, over func(context.Context) (bool, error)) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		// Asked before the file is read: what was written before the end is then in the file.
		ended, err := over(ctx)
		if err != nil {
			return err
		}
		offset, err = s.Copy(ctx, w, name, offset, nil)
		if err != nil && (!errors.Is(err, fs.ErrNotExist) || ended) {
			return err
		}
		if ended {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// URL is where the agent is reached, for messages.
func (s *Sandbox) URL() string {
	u, err := url.Parse(s.agent.ways()[0])
	if err != nil {
		return ""
	}
	return origin(u)
}
