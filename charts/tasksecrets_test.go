package charts_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// reason waits until condition Ready of a task of a namespace has a reason, and returns its message.
func (o *operator) reason(namespace, name, reason string) (message string) {
	o.t.Helper()
	o.until(name+" is "+reason, func(context.Context) (string, error) {
		task := &v1alpha1.MesosTask{}
		o.get(namespace, name, task)
		ready := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionReady)
		if ready == nil || ready.Reason != reason {
			return fmt.Sprintf("its conditions are %+v", task.Status.Conditions), nil
		}
		message = ready.Message
		return "", nil
	})
	return message
}

// withoutTaskSecrets takes back that the manager may read the Secrets of tasks, while it runs: a task that needs one waits and says so, and all others
// run. Once it may read them again the task starts by itself.
func (o *operator) withoutTaskSecrets(namespace string) {
	o.t.Helper()
	web := &v1alpha1.MesosTask{}
	o.get(namespace, "web", web)
	o.run("upgrade", release, chart(), "--reuse-values", "--set", "rbac.taskSecrets=false")
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "token"}, StringData: map[string]string{"token": "canary-7d31"}}
	if err := o.client.Create(o.t.Context(), secret); err != nil {
		o.t.Fatal(err)
	}
	for name, env := range map[string]string{
		"secretive": `{name: TOKEN, valueFrom: {secretKeyRef: {name: token, key: token}}}`,
		"plain":     `{name: TOKEN, value: none}`,
	} {
		o.write(name+".yaml", fmt.Sprintf("apiVersion: mesos.dev/v1alpha1\nkind: MesosTask\nmetadata: {name: %s}\n"+
			`spec: {shell: sleep 3600, env: [%s], resources: {requests: {cpus: "0.1", memory: 32Mi}}}`, name, env))
		o.tool("kubectl", "apply", "--namespace", namespace, "--filename", o.path(name+".yaml"))
	}
	message := o.reason(namespace, "secretive", v1alpha1.ReasonSecretsNotAllowed)
	if !strings.Contains(message, namespace+"/token") || !strings.Contains(message, "rbac.taskSecrets") || strings.Contains(message, "canary") {
		o.t.Errorf("the condition does not say which Secret, or who may allow it: %s", message)
	}
	o.readyIn(namespace, "plain")
	secretive := &v1alpha1.MesosTask{}
	if o.get(namespace, "secretive", secretive); secretive.Status.Task != nil {
		o.t.Errorf("without its Secret it was launched: %+v", secretive.Status.Task)
	}

	o.run("upgrade", release, chart(), "--reuse-values", "--set", "rbac.taskSecrets=true")
	granted := time.Now()
	o.readyIn(namespace, "secretive")
	o.t.Logf("it runs %s after it was allowed", time.Since(granted).Round(time.Second))
	now := &v1alpha1.MesosTask{}
	if o.get(namespace, "web", now); now.Status.Task == nil || now.Status.Task.ID != web.Status.Task.ID || now.Status.Restarts != web.Status.Restarts {
		o.t.Errorf("what ran all the time was %+v and is %+v", web.Status.Task, now.Status.Task)
	}
}
