package simulator

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/user"
	"path"
	"path/filepath"
	"strconv"
	"syscall"
	"testing/fstest"
	"time"
)

// mostRead is how much an agent reads of a file at once: 16 pages.
const mostRead = 16 * 4096

// sandboxed is an Execution that has files to show.
type sandboxed interface{ files() sandbox }

// sandbox is where a task has its files: a directory of this machine, or, if it is "", what a script says.
type sandbox struct {
	dir      string
	scripted fstest.MapFS
}

// scriptedSandbox has stdout and stderr, as every sandbox does, and what a script puts there.
func scriptedSandbox(files map[string]string, made time.Time) sandbox {
	tree := fstest.MapFS{}
	for _, name := range []string{"stdout", "stderr"} {
		tree[name] = &fstest.MapFile{Mode: 0o644, ModTime: made}
	}
	for name, text := range files {
		tree[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o644, ModTime: made}
	}
	return sandbox{scripted: tree}
}

// filesError is why files are not shown (src/files/files.hpp, FilesError).
type filesError struct {
	status int
	text   string
}

func (e *filesError) Error() string { return e.text }

// answer is what the agent says of it: of what is not there nothing, in plain text.
func (e *filesError) answer() answer {
	return answer{status: e.status, text: e.text, headers: map[string]string{"Content-Type": "text/plain; charset=utf-8"}}
}

var errNoFile = &filesError{status: http.StatusNotFound}

// resolve finds what a path in the sandbox is in truth, links followed, and refuses what lies outside of it (src/files/files.cpp, resolve). The name is
// the one to open it by. Asked is the whole path, for messages.
func (s sandbox) resolve(suffix, asked string) (name string, info fs.FileInfo, problem *filesError) {
	name = path.Clean(suffix)
	if s.dir != "" {
		var err error
		switch name, err = s.realName(suffix); {
		case errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR):
			return "", nil, errNoFile
		case err != nil:
			return "", nil, &filesError{http.StatusBadRequest, fmt.Sprintf("Failed to determine canonical path of '%s': %v.\n", asked, err)}
		}
	}
	if !filepath.IsLocal(name) {
		return "", nil, &filesError{http.StatusBadRequest, fmt.Sprintf("'%s' is inaccessible.\n", asked)}
	}
	tree, done, err := s.tree()
	if err != nil {
		return "", nil, errNoFile
	}
	defer done()
	if info, err = fs.Stat(tree, name); err != nil {
		return "", nil, errNoFile // it is gone since
	}
	return name, info, nil
}

// realName is the canonical path of what a path in the sandbox leads to, from the sandbox on.
func (s sandbox) realName(suffix string) (string, error) {
	root, err := filepath.EvalSymlinks(s.dir)
	if err != nil {
		return "", err
	}
	// Not joined: what .. means behind a link is for the links to say.
	canonical, err := filepath.EvalSymlinks(root + string(filepath.Separator) + suffix)
	if err != nil {
		return "", err
	}
	return filepath.Rel(root, canonical)
}

// tree is the sandbox as files, which nothing in it leads out of: not even a link that is made meanwhile.
func (s sandbox) tree() (tree fs.FS, done func(), err error) {
	if s.dir == "" {
		return s.scripted, func() {}, nil
	}
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		return nil, nil, err
	}
	return root.FS(), func() { _ = root.Close() }, nil
}

// listed is a file in a list, by the name that was asked for.
type listed struct {
	path string
	fs.FileInfo
}

// list shows what is in a directory, in the order of the names; nothing is in what is no directory. What is a link out of the sandbox or to nothing is left out.
func (s sandbox) list(suffix, asked string) ([]listed, *filesError) {
	name, _, problem := s.resolve(suffix, asked)
	if problem != nil {
		return nil, problem
	}
	tree, done, err := s.tree()
	if err != nil {
		return nil, errNoFile
	}
	defer done()
	entries, err := fs.ReadDir(tree, name)
	if err != nil {
		return nil, nil // as an agent does
	}
	var out []listed
	for _, entry := range entries {
		at := path.Join(asked, entry.Name())
		if _, info, problem := s.resolve(name+"/"+entry.Name(), at); problem == nil {
			out = append(out, listed{at, info})
		}
	}
	return out, nil
}

// read reads a part of a file, of at most mostRead, and tells the size of the whole. A nil length is up to the end; there is nothing beyond the end.
func (s sandbox) read(suffix, asked string, offset uint64, length *uint64) (size uint64, data []byte, problem *filesError) {
	name, info, problem := s.resolve(suffix, asked)
	if problem != nil {
		return 0, nil, problem
	}
	if info.IsDir() {
		return 0, nil, &filesError{http.StatusBadRequest, "Cannot read a directory.\n"}
	}
	file, err := s.open(name)
	if err != nil {
		return 0, nil, unreadable(asked, err)
	}
	defer func() { _ = file.Close() }() // it was only read
	end, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, nil, unreadable(asked, err)
	}
	size = uint64(end)
	if offset >= size || length != nil && *length == 0 {
		return size, nil, nil
	}
	most := min(size-offset, mostRead)
	if length != nil {
		most = min(*length, most)
	}
	if _, err := file.Seek(int64(offset), io.SeekStart); err != nil {
		return 0, nil, unreadable(asked, err)
	}
	data, err = io.ReadAll(io.LimitReader(file, int64(most)))
	if err != nil {
		return 0, nil, unreadable(asked, err)
	}
	return size, data, nil
}

// unreadable is the error of a file that is there.
func unreadable(asked string, err error) *filesError {
	if errno := syscall.Errno(0); errors.As(err, &errno) {
		err = errno // without the names of this machine
	}
	return &filesError{http.StatusInternalServerError, fmt.Sprintf("Failed to open file at '%s': %v.\n", asked, err)}
}

// open opens a file, and never waits for one that somebody must first write to.
func (s sandbox) open(name string) (io.ReadSeekCloser, error) {
	if s.dir == "" {
		file, err := s.scripted.Open(name)
		if err != nil {
			return nil, err
		}
		seeker, ok := file.(io.ReadSeekCloser)
		if !ok {
			return nil, syscall.ESPIPE
		}
		return seeker, nil
	}
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }() // the file stays open
	return root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

// view is a FileInfo (src/common/protobuf_utils.cpp, createFileInfo).
func (l listed) view() message {
	nlink, owner, group := l.owners()
	return message{
		"path": l.path, "nlink": nlink, "size": l.Size(), "mode": unixMode(l.Mode()), "uid": owner, "gid": group,
		"mtime": message{"nanoseconds": l.ModTime().Truncate(time.Second).UnixNano()},
	}
}

// oldView is a file as /files/browse lists it (src/common/http.cpp, model of FileInfo).
func (l listed) oldView() message {
	nlink, owner, group := l.owners()
	return message{
		"path": l.path, "nlink": nlink, "size": l.Size(), "mode": typeLetter(l.Mode()) + l.Mode().Perm().String()[1:], "uid": owner, "gid": group,
		"mtime": l.ModTime().Unix(),
	}
}

// owners are the links to a file, and the names of whom it belongs to; the numbers where there are none.
func (l listed) owners() (nlink any, owner, group string) {
	st, ok := l.Sys().(*syscall.Stat_t)
	if !ok {
		return 1, "root", "root"
	}
	owner, group = strconv.FormatUint(uint64(st.Uid), 10), strconv.FormatUint(uint64(st.Gid), 10)
	if u, err := user.LookupId(owner); err == nil {
		owner = u.Username
	}
	if g, err := user.LookupGroupId(group); err == nil {
		group = g.Name
	}
	return st.Nlink, owner, group
}

// kindsOfFile are the types of files: in Go's bits, in those of stat(2), and as a letter.
var kindsOfFile = []struct {
	mode   fs.FileMode
	bits   uint32
	letter string
}{
	{fs.ModeDir, syscall.S_IFDIR, "d"},
	{fs.ModeNamedPipe, syscall.S_IFIFO, "p"},
	{fs.ModeSocket, syscall.S_IFSOCK, "s"},
	{fs.ModeDevice | fs.ModeCharDevice, syscall.S_IFCHR, "c"},
	{fs.ModeDevice, syscall.S_IFBLK, "b"},
}

// unixMode is a mode in the bits of stat(2).
func unixMode(m fs.FileMode) uint32 {
	bits := uint32(m.Perm())
	for _, special := range []struct {
		mode fs.FileMode
		bit  uint32
	}{{fs.ModeSetuid, syscall.S_ISUID}, {fs.ModeSetgid, syscall.S_ISGID}, {fs.ModeSticky, syscall.S_ISVTX}} {
		if m&special.mode != 0 {
			bits |= special.bit
		}
	}
	for _, kind := range kindsOfFile {
		if m.Type() == kind.mode {
			return bits | kind.bits
		}
	}
	return bits | syscall.S_IFREG
}

func typeLetter(m fs.FileMode) string {
	for _, kind := range kindsOfFile {
		if m.Type() == kind.mode {
			return kind.letter
		}
	}
	return "-"
}
