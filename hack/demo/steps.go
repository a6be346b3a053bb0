package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/program"
)

// steps is the demo. The deadlines are for slow machines: on two cores all of it takes about two and a half minutes.
var steps = []step{
	{
		title:  "Start an API server",
		why:    "etcd and kube-apiserver, and nothing else of Kubernetes: no nodes, no scheduler. The operator needs no more.",
		within: 2 * time.Minute,
		do:     (*demo).startAPIServer,
	},
	{
		title:  "Start a simulated Mesos",
		why:    "One master and three agents. The agents run tasks as real processes of this machine, each in a sandbox of its own.",
		within: 30 * time.Second,
		do:     (*demo).startMesos,
	},
	{
		title:  "Install the kinds of object and start the manager",
		why:    "The manager is an ordinary process here; in a cluster it is a Deployment.",
		within: time.Minute,
		do:     (*demo).startOperator,
	},
	{
		title:  "Register with Mesos: apply a MesosFramework",
		why:    "It names the masters. CONNECTED says that the operator is subscribed, RECONCILED that Mesos has answered for every task.",
		within: time.Minute,
		do:     (*demo).register,
	},
	{
		title: "Run tasks: apply the samples",
		why: "web serves HTTP and should go on running. job runs once. flaky fails every time and is launched again with growing waits.\n" +
			"huge asks for more than any agent has. The table is shown whenever it changes.",
		within: 2 * time.Minute,
		do:     (*demo).runTasks,
	},
	{
		title:  "Look closer",
		why:    "What the service answers, why huge waits, and what happened to flaky.",
		within: time.Minute,
		do:     (*demo).lookCloser,
	},
	{
		title: "Stop the Mesos master, and bring it back",
		why: "The connection is lost. The tasks must go on: that nothing is heard of them does not mean that they are dead. Then the\n" +
			"operator subscribes again with the same framework ID and asks Mesos for the state of every task.",
		within: 2 * time.Minute,
		do:     (*demo).loseMaster,
	},
	{
		title: "Kill the manager, and start it again",
		why: "SIGKILL, so that it cannot put anything in order first. The new one reads all there is to know from the API server and Mesos.\n" +
			"The dead one still holds its lease: for up to 15 seconds the new one waits, as two must never work at once.",
		within: 2 * time.Minute,
		do:     (*demo).loseManager,
	},
	{
		title: "Cut an agent off, and let it back",
		why: "The agent of web is partitioned: its tasks run on, but Mesos cannot say so. STATUS says that, and nothing is launched in their\n" +
			"place: that an agent is not heard of does not mean that its tasks are dead.",
		within: 2 * time.Minute,
		do:     (*demo).loseAgent,
	},
	{
		title: "Lose what the API server knows of the service",
		why: "While the manager is down, the binding, the finalizer and the status of web are wiped, as by an old backup that is restored.\n" +
			"The manager that comes next asks Mesos for all that runs before it launches anything, and takes web over as it runs.",
		within: 2 * time.Minute,
		do:     (*demo).loseRecords,
	},
	{
		title:  "Delete the service",
		why:    "The object stays until Mesos has said that the task is over. Then both are gone.",
		within: time.Minute,
		do:     (*demo).deleteWeb,
	},
	{
		title:  "Run the other samples",
		why:    "What else a task can declare. Those that this Mesos cannot run are named, with what they need.",
		within: 2 * time.Minute,
		do:     (*demo).runSamples,
	},
	{
		title: "Run a job by a schedule, and once now",
		why: "A MesosCronTask makes a MesosTask for each time of its schedule. nightly is asked for a run now. hourly is suspended: its\n" +
			"schedule starts nothing until it no longer is.",
		within: time.Minute,
		do:     (*demo).runCron,
	},
	{
		title: "Run a set of three, found by one name",
		why: "A MesosTaskSet keeps three like tasks, and a Service of its name with their addresses and ports in EndpointSlices. Each task is\n" +
			"published once its readiness check passes.",
		within: 2 * time.Minute,
		do:     (*demo).runSet,
	},
	{
		title: "Roll the set, while requests go on",
		why: "Another template: a fourth task is made, and once it is ready an old one is killed, and so on. What is to be killed is no longer\n" +
			"published, serves on for two seconds, as somebody may not have heard of that yet, answers what it has, and ends.",
		within: 4 * time.Minute,
		do:     (*demo).rollSet,
	},
	{
		title:  "Scale the set to five, and back to three",
		why:    "By kubectl scale, as an autoscaler would.",
		within: 2 * time.Minute,
		do:     (*demo).scaleSet,
	},
	{
		title: "Take an agent from the set",
		why: "Mesos loses sight of it. After five seconds, which the set allows, its task is launched on another agent, and the one that was\n" +
			"lost is killed as soon as its agent is back. The requests end with this step: not one of them may have failed.",
		within: 3 * time.Minute,
		do:     (*demo).loseAgentOfSet,
	},
}

// The names of the samples, and where they are applied.
const (
	namespace     = "default"
	frameworkName = "default"
	web           = "web"
	job           = "job"
	flaky         = "flaky"
	huge          = "huge"
)

func (d *demo) startAPIServer(context.Context) error {
	d.apiServer = &envtest.Environment{
		BinaryAssetsDirectory: d.bin,
		// Never the cluster that the user's environment names.
		UseExistingCluster: new(false),
	}
	// The admission plugin wants a service account in every namespace, which nothing here makes.
	d.apiServer.ControlPlane.GetAPIServer().Configure().Append("disable-admission-plugins", "ServiceAccount")
	config, err := d.apiServer.Start()
	if err != nil {
		return fmt.Errorf("starting etcd and kube-apiserver: %w", err)
	}
	if err := os.WriteFile(d.kubeconfig, d.apiServer.KubeConfig, 0o600); err != nil {
		return fmt.Errorf("writing the kubeconfig: %w", err)
	}
	if err := d.connect(); err != nil {
		return err
	}
	d.sayf("It answers at %s", config.Host)
	return nil
}

func (d *demo) startMesos(ctx context.Context) error {
	const agents = 3
	first, err := freePorts(ctx, agents*portsPerAgent)
	if err != nil {
		return err
	}
	d.mesos.firstPort = first
	d.simulator, err = d.launch(ctx, "mesos-sim", simulatorLog,
		"--agents", strconv.Itoa(agents), "--agent-ports", fmt.Sprintf("%d-%d", first, first+portsPerAgent-1), "--work-dir", d.path("sandboxes"),
		// An address of the network that is for documentation: that of the loopback interface would not be published.
		"--agent-ip", "192.0.2.1",
		// Real masters wait for 75 seconds before they give an agent up.
		"--agent-ping-timeout", "1s", "--max-agent-ping-timeouts", "2",
		"--address-file", d.path("master"), "--control-address-file", d.path("control"))
	if err != nil {
		return err
	}
	if err := until(ctx, func(context.Context) (string, error) {
		d.mesos.master, d.mesos.Control = program.FirstLine(d.path("master")), program.FirstLine(d.path("control"))
		if d.mesos.master == "" || d.mesos.Control == "" {
			return "the addresses of the simulated master and of its control page", nil
		}
		return "", nil
	}); err != nil {
		return err
	}
	d.sayf("The master answers at http://%s. At http://%s/ you can make things go wrong.", d.mesos.master, d.mesos.Control)
	return nil
}

func (d *demo) startOperator(ctx context.Context) error {
	if err := d.kubectl(ctx, "apply", "-k", "config/crd"); err != nil {
		return err
	}
	if err := d.kubectl(ctx, "wait", "--for=condition=Established", "crd/mesosframeworks.mesos.dev", "crd/mesostasks.mesos.dev", "crd/mesostasksets.mesos.dev",
		"crd/mesoscrontasks.mesos.dev"); err != nil {
		return err
	}
	return d.startManager(ctx)
}

// startManager starts the manager, the first or the next. Its log goes on in the same file.
func (d *demo) startManager(ctx context.Context) (err error) {
	arguments := []string{
		"--kubeconfig", d.kubeconfig, "--operator-namespace", namespace, "--leader-election-namespace", namespace,
		"--metrics-bind-address", "127.0.0.1:0", "--health-probe-bind-address", "127.0.0.1:0", "--log-format", "text",
	}
	d.manager, err = d.launch(ctx, "manager", managerLog, arguments...)
	if err == nil {
		d.sayf("The manager is process %d.", d.manager.PID())
	}
	return err
}

func (d *demo) register(ctx context.Context) error {
	manifest, err := d.frameworkManifest()
	if err != nil {
		return err
	}
	d.sayf("This is config/samples/framework.yaml, with the address of the simulated master in place of the one that it names.")
	if err := d.kubectl(ctx, "apply", "-f", manifest); err != nil {
		return err
	}
	return d.watchFrameworks(ctx, func(framework *v1alpha1.MesosFramework) string {
		switch {
		case framework.Status.FrameworkID == "":
			return "a framework ID"
		case !isTrue(framework.Status.Conditions, v1alpha1.ConditionConnected):
			return "the framework to be connected"
		case !isTrue(framework.Status.Conditions, v1alpha1.ConditionTasksReconciled):
			return "the first reconciliation pass to end"
		}
		return ""
	})
}

// watched are the states in which the samples should be found, all at the same time.
var watched = map[string]string{
	web:   v1alpha1.ReasonRunning,
	job:   v1alpha1.ReasonCompleted,
	flaky: v1alpha1.ReasonBackOff,
	huge:  v1alpha1.ReasonNoAgentLargeEnough,
}

func (d *demo) runTasks(ctx context.Context) error {
	arguments := []string{"apply"}
	for _, name := range []string{web, job, flaky, huge} {
		arguments = append(arguments, "-f", filepath.Join("config", "samples", name+".yaml"))
	}
	if err := d.kubectl(ctx, arguments...); err != nil {
		return err
	}
	err := d.watchTasks(ctx, func(tasks map[string]*v1alpha1.MesosTask) string {
		var missing []string
		for name, reason := range watched {
			if got := status(tasks[name]); got != reason {
				missing = append(missing, fmt.Sprintf("%s to be %s, not %s", name, reason, got))
			}
		}
		slices.Sort(missing)
		return strings.Join(missing, "; ")
	})
	if err != nil {
		return err
	}
	d.before, err = d.sightings(ctx)
	return err
}

func (d *demo) lookCloser(ctx context.Context) error {
	if err := until(ctx, func(ctx context.Context) (string, error) {
		answer, err := d.askWeb(ctx)
		if err != nil {
			return "an answer from web: " + err.Error(), nil //nolint:nilerr // it may not listen yet
		}
		d.sayf("web answers: %s", strings.TrimSpace(answer))
		return "", nil
	}); err != nil {
		return err
	}
	if err := d.kubectl(ctx, "get", "mesostask", huge, "-o", `jsonpath={.status.conditions[?(@.type=="Ready")].message}`); err != nil {
		return err
	}
	return d.kubectl(ctx, "get", "events", "--field-selector", "involvedObject.name="+flaky, "--sort-by", ".metadata.creationTimestamp")
}

func (d *demo) loseMaster(ctx context.Context) error {
	if err := d.mesos.Order(ctx, "/master/stop"); err != nil {
		return err
	}
	d.sayf("The master is down.")
	if err := d.watchFrameworks(ctx, func(framework *v1alpha1.MesosFramework) string {
		if isTrue(framework.Status.Conditions, v1alpha1.ConditionConnected) {
			return "the framework to be disconnected"
		}
		return ""
	}); err != nil {
		return err
	}
	d.sayf("Checking for five seconds that web answers and every process is the one it was ...")
	if err := hold(ctx, 5*time.Second, d.undisturbed); err != nil {
		return err
	}
	back := time.Now()
	if err := d.mesos.Order(ctx, "/master/start"); err != nil {
		return err
	}
	d.sayf("The master is back.")
	return d.reconciledSince(ctx, back)
}

func (d *demo) loseManager(ctx context.Context) error {
	if err := d.manager.End(syscall.SIGKILL); err != nil {
		return err
	}
	d.sayf("The manager is dead. Checking for three seconds that web answers and every process is the one it was ...")
	if err := hold(ctx, 3*time.Second, d.undisturbed); err != nil {
		return err
	}
	again := time.Now()
	if err := d.startManager(ctx); err != nil {
		return err
	}
	if err := d.kubectl(ctx, "get", "lease", "--namespace", namespace); err != nil {
		return err
	}
	d.sayf("Until the lease has run out, the API server shows what the dead manager wrote last.")
	return d.reconciledSince(ctx, again)
}

// reconciledSince waits until a pass that began after an event has ended, and checks that no task came to harm.
func (d *demo) reconciledSince(ctx context.Context, event time.Time) error {
	var pass *v1alpha1.ReconciliationPass
	err := d.watchFrameworks(ctx, func(framework *v1alpha1.MesosFramework) string {
		pass = framework.Status.Reconciliation.Last
		switch {
		case !isTrue(framework.Status.Conditions, v1alpha1.ConditionConnected):
			return "the framework to be connected again"
		case pass == nil || pass.StartTime == nil || pass.StartTime.Time.Before(event.Truncate(time.Second)):
			return "a reconciliation pass that began after " + event.Format(time.TimeOnly)
		case !isTrue(framework.Status.Conditions, v1alpha1.ConditionTasksReconciled):
			return "an answer for every task"
		}
		return ""
	})
	if err != nil {
		return err
	}
	d.sayf("The reconciliation pass has ended. Tasks asked for: %d, without an answer: %d, rounds: %d.", pass.Tasks, pass.Unanswered, pass.Rounds)
	if err := d.undisturbed(ctx); err != nil {
		return err
	}
	if err := d.kubectl(ctx, "get", "mesostasks", "-o", "wide"); err != nil {
		return err
	}
	d.sayf("Undisturbed: web is still task %s, process %d.", d.before[web].taskID, d.before[web].pid)
	return nil
}

func (d *demo) loseAgent(ctx context.Context) error {
	tasks, err := d.tasks(ctx)
	if err != nil {
		return err
	}
	if tasks[web] == nil || tasks[web].Status.Task == nil {
		return errors.New("web has no task")
	}
	agent := tasks[web].Status.Task.AgentID
	if err := d.mesos.Order(ctx, "/agents/"+agent+"/partition"); err != nil {
		return err
	}
	d.sayf("Agent %s is cut off.", agent)
	if err := d.watchTasks(ctx, func(tasks map[string]*v1alpha1.MesosTask) string {
		if got := status(tasks[web]); got != v1alpha1.ReasonAgentUnreachable {
			return fmt.Sprintf("%s to be %s, not %s", web, v1alpha1.ReasonAgentUnreachable, got)
		}
		return ""
	}); err != nil {
		return err
	}
	if err := d.kubectl(ctx, "get", "mesostask", web, "-o", `jsonpath={.status.conditions[?(@.type=="Ready")].message}`); err != nil {
		return err
	}
	if err := d.mesos.Order(ctx, "/agents/"+agent+"/heal"); err != nil {
		return err
	}
	d.sayf("The agent is back.")
	if err := d.watchTasks(ctx, func(tasks map[string]*v1alpha1.MesosTask) string {
		if got := status(tasks[web]); got != v1alpha1.ReasonRunning {
			return fmt.Sprintf("%s to be %s, not %s", web, v1alpha1.ReasonRunning, got)
		}
		return ""
	}); err != nil {
		return err
	}
	if err := d.undisturbed(ctx); err != nil {
		return err
	}
	d.sayf("Undisturbed: web is still task %s, process %d.", d.before[web].taskID, d.before[web].pid)
	return nil
}

func (d *demo) loseRecords(ctx context.Context) error {
	if err := d.manager.End(syscall.SIGTERM); err != nil {
		return err
	}
	d.sayf("The manager has ended.")
	for _, arguments := range [][]string{
		{"annotate", "mesostask", web, v1alpha1.AnnotationBinding + "-"},
		{"patch", "mesostask", web, "--type=merge", "-p", `{"metadata":{"finalizers":null}}`},
		{"patch", "mesostask", web, "--type=merge", "--subresource=status", "-p", `{"status":null}`},
	} {
		if err := d.kubectl(ctx, arguments...); err != nil {
			return err
		}
	}
	if err := d.startManager(ctx); err != nil {
		return err
	}
	err := d.watchTasks(ctx, func(tasks map[string]*v1alpha1.MesosTask) string {
		if got := status(tasks[web]); got != v1alpha1.ReasonRunning {
			return fmt.Sprintf("%s to be %s, not %s", web, v1alpha1.ReasonRunning, got)
		}
		return ""
	})
	if err != nil {
		return err
	}
	now, err := d.sightings(ctx)
	if err != nil {
		return err
	}
	if is, was := now[web], d.before[web]; is.taskID != was.taskID || is.pid != was.pid {
		return fmt.Errorf("web was disturbed: it was %s, and is %s", was, is)
	}
	if err := d.kubectl(ctx, "get", "events", "--field-selector", "involvedObject.name="+web+",reason="+v1alpha1.EventAdopted); err != nil {
		return err
	}
	d.sayf("Adopted: web is still task %s, process %d.", d.before[web].taskID, d.before[web].pid)
	return nil
}

func (d *demo) deleteWeb(ctx context.Context) error {
	pid := d.before[web].pid
	if err := d.kubectl(ctx, "delete", "mesostask", web, "--wait=false"); err != nil {
		return err
	}
	if err := until(ctx, func(ctx context.Context) (string, error) {
		err := d.client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: web}, &v1alpha1.MesosTask{})
		if apierrors.IsNotFound(err) {
			return "", nil
		}
		return "the object web to be gone", err
	}); err != nil {
		return err
	}
	state, err := d.mesos.state(ctx)
	if err != nil {
		return err
	}
	for _, task := range state.Tasks {
		if task.ID == d.before[web].taskID {
			return fmt.Errorf("the object web is gone, but its task %s still runs", task.ID)
		}
	}
	if !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return fmt.Errorf("the object web is gone, but its process %d is still there", pid)
	}
	d.sayf("Process %d is gone, and so is the object.", pid)
	return d.kubectl(ctx, "get", "mesostasks")
}
