package simulator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// ProcessRunner runs each task as a process of this machine, in its own process group and with a sandbox
// directory of its own that holds its stdout and stderr. It needs real time.
//
// Its agents have neither images nor Docker, and fail tasks that ask for these as real agents do. It has no other containers: tasks that ask for
// these are refused. Resources are not enforced.
type ProcessRunner struct {
	// Dir holds the sandboxes: <Dir>/<agent ID>/<framework ID>/<task ID>/<container ID>.
	Dir string
}

// sandboxMode lets tasks of other users into their sandboxes.
const sandboxMode fs.FileMode = 0o755

// defaultPath is the PATH of tasks that set none.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Unsupported implements Limited.
func (ProcessRunner) Unsupported(info *mesos.TaskInfo) string {
	if info.Container != nil && info.Container.Docker == nil && info.Container.GetMesos().GetImage() == nil {
		return "a container of a real process"
	}
	return ""
}

// Run implements Runner.
func (r ProcessRunner) Run(t Launch, report func(Report)) Execution {
	ctx, cancel := context.WithCancel(context.Background())
	sandbox := filepath.Join(r.Dir, t.AgentID, t.Framework.ID.Value, t.Task.TaskID.Value, t.ContainerID)
	if abs, err := filepath.Abs(sandbox); err == nil {
		sandbox = abs
	}
	p := &process{
		launch: t, report: report, fetching: cancel, probing: ctx, done: make(chan struct{}), sandbox: sandbox,
	}
	go p.run(ctx)
	return p
}

// process is one task's process.
type process struct {
	launch   Launch
	report   func(Report)
	sandbox  string
	fetching context.CancelFunc // stops what comes before the process, and its checks
	probing  context.Context    //nolint:containedctx // of its checks, which come from outside
	probes   sync.WaitGroup     // checks that run
	sessions sync.WaitGroup     // commands that run beside it
	done     chan struct{}      // closed when nothing is left of it

	credential *syscall.Credential // of another user than the agent's

	mu      sync.Mutex
	pid     int // of the process group, while it runs
	killed  bool
	killer  *time.Timer
	destroy bool
	hosted  map[*nested]struct{} // commands that run beside it
}

func (p *process) run(ctx context.Context) {
	defer close(p.done)
	defer p.probes.Wait()
	defer p.sessions.Wait()
	defer p.fetching()
	if err := p.prepare(ctx); err != nil {
		p.report(launchReport(err))
		return
	}
	p.report(Report{State: mesos.TASK_STARTING})
	cmd := p.command()
	closeFiles := p.openOutput(cmd)
	err := p.start(cmd)
	if err != nil && !errors.Is(err, errKilledFirst) {
		p.complain(err)
	}
	closeFiles()
	switch {
	case errors.Is(err, errKilledFirst):
		p.report(Report{State: mesos.TASK_KILLED, Message: "Command terminated with signal Terminated"})
		return
	case err != nil: // the helper that the executor starts finds that out, and exits
		p.report(Report{State: mesos.TASK_RUNNING})
		p.report(Report{State: mesos.TASK_FAILED, Message: "Command exited with status 1"})
		return
	}
	p.report(Report{State: mesos.TASK_RUNNING, PID: cmd.Process.Pid})
	rep := exitReport(cmd.Wait())
	p.ended()
	p.report(rep)
}

// userError is why a sandbox cannot be given to its user.
type userError string

func (e userError) Error() string { return string(e) }

// launchReport is what an agent says of a launch that did not come to an executor.
func launchReport(err error) Report {
	if why := userError(""); errors.As(err, &why) {
		return Report{State: mesos.TASK_DROPPED, Reason: mesos.REASON_EXECUTOR_TERMINATED.Enum(), Message: string(why), ByAgent: true}
	}
	return Report{
		State: mesos.TASK_FAILED, Reason: mesos.REASON_CONTAINER_LAUNCH_FAILED.Enum(),
		Message: "Failed to launch container: " + err.Error(), ByAgent: true,
	}
}

// files are those of the task, which are real.
func (p *process) files() sandbox { return sandbox{dir: p.sandbox} }

var errKilledFirst = errors.New("killed before it started")

// start starts the process, unless it was killed already.
func (p *process) start(cmd *exec.Cmd) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.killed || p.destroy {
		return errKilledFirst
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	p.pid = cmd.Process.Pid
	return nil
}

// ended sweeps up what the task left behind in its process group, as the end of its container would.
func (p *process) ended() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.killer != nil {
		p.killer.Stop()
	}
	p.signal(syscall.SIGKILL)
	p.endSessions()
	p.pid = 0
	p.fetching()
}

// signal reaches the whole process group. The lock is held.
func (p *process) signal(s syscall.Signal) {
	if p.pid != 0 {
		_ = syscall.Kill(-p.pid, s) // the group may be gone already
	}
}

// Kill implements Execution: SIGTERM, then SIGKILL after the grace period.
func (p *process) Kill(grace time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.killed = true
	p.fetching()
	p.signal(syscall.SIGTERM)
	if p.killer != nil {
		p.killer.Stop()
	}
	p.killer = time.AfterFunc(grace, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.signal(syscall.SIGKILL)
	})
}

// Destroy implements Execution.
func (p *process) Destroy() (wait func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.destroy = true
	p.fetching()
	if p.killer != nil {
		p.killer.Stop()
	}
	p.signal(syscall.SIGKILL)
	return func() { <-p.done }
}

// exitReport says how a process ended, in the words of Mesos' command executor.
func exitReport(err error) Report {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return Report{State: mesos.TASK_FINISHED, Message: "Command exited with status 0"}
	case !errors.As(err, &exit):
		return Report{State: mesos.TASK_FAILED, Message: "Command could not be waited for: " + err.Error()}
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	if ok && status.Signaled() {
		return Report{State: mesos.TASK_FAILED, Message: "Command terminated with signal " + signalName(status.Signal())}
	}
	return Report{State: mesos.TASK_FAILED, Message: fmt.Sprintf("Command exited with status %d", exit.ExitCode())}
}

// signalName is what strsignal(3) calls a signal.
func signalName(s syscall.Signal) string {
	name := s.String()
	if name == "" {
		return strconv.Itoa(int(s))
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

// prepare makes the sandbox and fetches the URIs into it.
func (p *process) prepare(ctx context.Context) error {
	if err := os.MkdirAll(p.sandbox, sandboxMode); err != nil {
		return fmt.Errorf("making the sandbox: %w", err)
	}
	if !filepath.IsAbs(p.sandbox) {
		return fmt.Errorf("finding the sandbox '%s': nobody knows where this process is", p.sandbox)
	}
	if p.launch.Task.Command == nil {
		return errors.New("the task has no command")
	}
	var err error
	if p.credential, err = p.switchUser(); err != nil {
		return err
	}
	for _, uri := range p.launch.Task.Command.URIs {
		if err := fetch(ctx, uri, p.sandbox); err != nil {
			p.complain(err)
			return fmt.Errorf("Failed to fetch all URIs for container '%s': exited with status 1", p.launch.ContainerID) //nolint:staticcheck // an agent's own words
		}
	}
	return nil
}

// complain writes an error into the sandbox, where a real agent's helpers leave theirs.
func (p *process) complain(err error) {
	f, openErr := os.OpenFile(filepath.Join(p.sandbox, "stderr"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644) //nolint:gosec // for people to read
	if openErr != nil {
		return // the sandbox cannot be written, and nothing depends on it
	}
	_, _ = fmt.Fprintln(f, err) // as above
	_ = f.Close()
}

// command makes the process of the task: its command line, environment and user.
func (p *process) command() *exec.Cmd {
	env := p.environment()
	path, argv := programOf(p.launch.Task.Command, env, p.sandbox)
	return &exec.Cmd{
		Path: path, Args: argv, Dir: p.sandbox, Env: env,
		SysProcAttr: &syscall.SysProcAttr{Setpgid: true, Credential: p.credential},
	}
}

// programOf is the program that a CommandInfo names, and its arguments with its name before them.
func programOf(info *mesos.CommandInfo, env []string, dir string) (path string, argv []string) {
	switch {
	case info.Shell == nil || *info.Shell:
		return "/bin/sh", []string{"sh", "-c", info.GetValue()}
	case len(info.Arguments) == 0:
		return lookPath(info.GetValue(), env, dir), []string{info.GetValue()}
	default:
		// Mesos executes value; arguments are the whole argv, the first of which is the name.
		return lookPath(info.GetValue(), env, dir), info.Arguments
	}
}

// openOutput gives the command its stdout and stderr files. Where they cannot be made it goes on
// without, as nothing in the task depends on them.
func (p *process) openOutput(cmd *exec.Cmd) (closeFiles func()) {
	var files []*os.File
	for _, one := range []struct {
		name string
		to   *io.Writer
	}{{"stdout", &cmd.Stdout}, {"stderr", &cmd.Stderr}} {
		f, err := os.OpenFile(filepath.Join(p.sandbox, one.name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644) //nolint:gosec // for people to read
		if err != nil {
			continue
		}
		files = append(files, f)
		*one.to = f
	}
	return func() {
		for _, f := range files {
			_ = f.Close() // the process has its own descriptor
		}
	}
}

// lookPath finds a program on the task's own PATH. What is not found is left to fail at the start.
func lookPath(program string, env []string, dir string) string {
	if filepath.IsAbs(program) {
		return program
	}
	if strings.ContainsRune(program, filepath.Separator) {
		return filepath.Join(dir, program)
	}
	for _, variable := range slices.Backward(env) {
		list, found := strings.CutPrefix(variable, "PATH=")
		if !found {
			continue
		}
		for _, d := range filepath.SplitList(list) {
			candidate := filepath.Join(d, program)
			if st, err := os.Stat(candidate); err == nil && !st.IsDir() && st.Mode()&0o111 != 0 {
				return candidate
			}
		}
		break
	}
	return program
}

// environment is that of Mesos' command executor: PATH, the sandbox variables, then the task's own.
func (p *process) environment() []string {
	env := []string{
		"PATH=" + defaultPath,
		"MESOS_SANDBOX=" + p.sandbox,
		"MESOS_DIRECTORY=" + p.sandbox,
		"MESOS_FRAMEWORK_ID=" + p.launch.Framework.ID.Value,
		"MESOS_SLAVE_ID=" + p.launch.AgentID,
		"MESOS_AGENT_ID=" + p.launch.AgentID,
		"MESOS_CONTAINER_ID=" + p.launch.ContainerID,
		"MESOS_CONTAINER_IP=127.0.0.1",
	}
	for _, v := range p.launch.Task.Command.GetEnvironment().GetVariables() {
		value := v.GetValue()
		if s := v.GetSecret(); s != nil && s.Value != nil {
			value = string(s.Value.Data)
		}
		env = append(env, v.Name+"="+value)
	}
	return env
}

// switchUser gives the sandbox to the task's user, else the framework's, as whom the process is then to run. Only root
// can become somebody else; anybody can stay who he is, and the result is nil then.
func (p *process) switchUser() (*syscall.Credential, error) {
	name := p.launch.Task.Command.GetUser()
	explicit := name != ""
	name = orDefault(name, p.launch.Framework.User)
	me, err := user.Current()
	if err != nil {
		return nil, fmt.Errorf("finding the agent's own user: %w", err)
	}
	if name == "" || name == me.Username {
		return nil, nil
	}
	if os.Geteuid() != 0 {
		if !explicit {
			return nil, nil // an agent that is not root runs everything as itself
		}
		return nil, userError(fmt.Sprintf("Failed to create executor directory '%s': Failed to chown directory to '%s': the agent runs as '%s' and not as root",
			p.sandbox, name, me.Username))
	}
	who, err := user.Lookup(name)
	if err != nil {
		return nil, userError(noSuchUser(p.sandbox, name))
	}
	uid, gid, err := numericIDs(who)
	if err != nil {
		return nil, err
	}
	if err := os.Chown(p.sandbox, int(uid), int(gid)); err != nil {
		return nil, userError(fmt.Sprintf("Failed to create executor directory '%s': Failed to chown directory to '%s': %s", p.sandbox, name, err))
	}
	return &syscall.Credential{Uid: uid, Gid: gid}, nil
}

func numericIDs(u *user.User) (uid, gid uint32, err error) {
	un, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return 0, 0, fmt.Errorf("reading the user ID of '%s': %w", u.Username, err)
	}
	gn, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return 0, 0, fmt.Errorf("reading the group ID of '%s': %w", u.Username, err)
	}
	return uint32(un), uint32(gn), nil
}
