package lifecycle

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// withSecrets is a container of an image, with a pull Secret where there is one, and a file for each key of Secret s.
func withSecrets(image, pullSecret string, keys ...string) *v1alpha1.Container {
	container := &v1alpha1.Container{Image: image}
	if pullSecret != "" {
		container.Mesos = &v1alpha1.MesosContainer{PullSecretRef: &v1alpha1.PullSecretReference{Name: pullSecret}}
	}
	for _, key := range keys {
		container.Volumes = append(container.Volumes, v1alpha1.Volume{MountPath: "/run/" + key, ReadOnly: true, Secret: &v1alpha1.SecretVolume{Name: "s", Key: key}})
	}
	return container
}

// filled resolves an object with a container and fills it with what was found.
func filled(t *testing.T, container *v1alpha1.Container, found map[Source]Content) (resolved, filled mesos.Task, obstacle *Obstacle) {
	t.Helper()
	object := &v1alpha1.MesosTask{ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "shop"}, Spec: baseSpec()}
	object.Spec.Shell, object.Spec.Container = "x", container
	resolved, obstacle = Resolve("shop", "web", object.Spec, v1alpha1.FrameworkInfo{User: "nobody", DefaultRole: "*"})
	if obstacle != nil {
		t.Fatalf("it cannot be resolved: %+v", obstacle)
	}
	for source := range found {
		if sources := Sources(&object.Spec); len(sources) != len(found) {
			t.Fatalf("its sources are %v, and %v was found", sources, source)
		}
	}
	filled, obstacle = Fill(resolved, object, found)
	return resolved, filled, obstacle
}

func TestFill_volumes(t *testing.T) {
	found := map[Source]Content{{KindSecret, "s"}: {Data: map[string]mesos.Hidden{"a": "canary\x00\xff", "b": ""}}}
	resolved, task, obstacle := filled(t, withSecrets("x", "", "b", "a"), found)
	if obstacle != nil {
		t.Fatalf("the obstacle is %+v", obstacle)
	}
	for i, want := range []string{"canary\x00\xff", ""} {
		if secret := task.Container.Volumes[i].Secret; secret.Data == nil || string(*secret.Data) != want {
			t.Errorf("volume %d holds not what key %s does", i, secret.Key)
		}
		if resolved.Container.Volumes[i].Secret.Data != nil {
			t.Errorf("what was resolved holds the value of volume %d as well", i)
		}
	}
	written, err := json.Marshal(task.Container)
	if err != nil {
		t.Fatal(err)
	}
	if shown := fmt.Sprintf("%s %+v %#v %v", written, task.Container, *task.Container, task.Container.Volumes[0].Secret); strings.Contains(shown, "canary") {
		t.Errorf("the value is shown: %s", shown)
	}
}

// TestFill_pullSecrets: each image gets what its registry is to be told, in the form that Mesos knows, and nothing for other registries.
func TestFill_pullSecrets(t *testing.T) {
	const (
		// auth is me:canary.
		auth = "bWU6Y2FuYXJ5"
		mine = `{"auths":{"registry.example.com":{"auth":"` + auth + `"}}}`
		hub  = `{"auths":{"https://index.docker.io/v1/":{"auth":"` + auth + `"}}}`
	)
	for name, c := range map[string]struct {
		image, volume, config string
		want                  map[string]string
	}{
		"its own registry":           {"registry.example.com/web:1", "", mine, map[string]string{"registry.example.com/web:1": mine}},
		"by digest":                  {"registry.example.com/a/web@sha256:01", "", mine, map[string]string{"registry.example.com/a/web@sha256:01": mine}},
		"a user name and password":   {"registry.example.com/web", "", `{"auths":{"registry.example.com":{"username":"me","password":"canary","email":"a@b"}}}`, map[string]string{"registry.example.com/web": mine}},
		"line breaks in auth":        {"registry.example.com/web", "", `{"auths":{"registry.example.com":{"auth":"bWU6Y2Fu\r\nYXJ5\n"}}}`, map[string]string{"registry.example.com/web": mine}},
		"among others":               {"registry.example.com/web", "", `{"auths":{"other":{"auth":"b3RoZXI6eA=="},"registry.example.com":{"auth":"` + auth + `"}},"credHelpers":{"x":"y"}}`, map[string]string{"registry.example.com/web": mine}},
		"with a scheme and a path":   {"h:5000/web", "", `{"auths":{"http://h:5000/v2/":{"auth":"` + auth + `"}}}`, map[string]string{"h:5000/web": `{"auths":{"http://h:5000/v2/":{"auth":"` + auth + `"}}}`}},
		"Docker Hub, not named":      {"web", "", hub, map[string]string{"web": hub}},
		"a user of Docker Hub":       {"me/web:1", "", hub, map[string]string{"me/web:1": hub}},
		"Docker Hub by its name":     {"docker.io/me/web", "", hub, map[string]string{"docker.io/me/web": hub}},
		"localhost":                  {"localhost/web", "", `{"auths":{"localhost":{"auth":"` + auth + `"}}}`, map[string]string{"localhost/web": `{"auths":{"localhost":{"auth":"` + auth + `"}}}`}},
		"the volume's image as well": {"registry.example.com/web", "registry.example.com/files", mine, map[string]string{"registry.example.com/web": mine, "registry.example.com/files": mine}},
		"one of the two":             {"web", "registry.example.com/files", mine, map[string]string{"registry.example.com/files": mine}},
		"two for one registry":       {"h/x/web", "", `{"auths":{"h/b":{"auth":"Yjp4"},"h/a":{"auth":"` + auth + `"},"h":{"identitytoken":"x"}}}`, nil},
		"two for one host":           {"h.example.com/web", "", `{"auths":{"h.example.com/b":{"auth":"Yjp4"},"h.example.com/a":{"auth":"` + auth + `"}}}`, map[string]string{"h.example.com/web": `{"auths":{"h.example.com/a":{"auth":"` + auth + `"}}}`}},
	} {
		t.Run(name, func(t *testing.T) {
			container := withSecrets(c.image, "p")
			if c.volume != "" {
				container.Volumes = []v1alpha1.Volume{{MountPath: "/files", Image: &v1alpha1.ImageVolume{Image: c.volume}}}
			}
			resolved, task, obstacle := filled(t, container, map[Source]Content{{KindSecret, "p"}: {Data: map[string]mesos.Hidden{".dockerconfigjson": mesos.Hidden(c.config)}}})
			if (obstacle != nil) != (c.want == nil) {
				t.Fatalf("the obstacle is %+v", obstacle)
			}
			if obstacle != nil {
				return
			}
			got := map[string]string{}
			for image, config := range maps.All(task.Container.PullConfigs) {
				got[image] = string(config)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("the configurations (-want +got):\n%s", diff)
			}
			if resolved.Container.PullConfigs != nil {
				t.Error("what was resolved has the credentials as well")
			}
			if shown := fmt.Sprintf("%+v %#v", *task.Container, *task.Container); strings.Contains(shown, auth) {
				t.Errorf("the credentials are shown: %s", shown)
			}
		})
	}
}

// TestFill_containerObstacles: what keeps a container waiting names Secret, key and what to do, and never a value.
func TestFill_containerObstacles(t *testing.T) {
	const canary = "canary"
	auth := base64.StdEncoding.EncodeToString([]byte("me:" + canary))
	holding := func(name, key, value string) map[Source]Content {
		return map[Source]Content{{KindSecret, name}: {Data: map[string]mesos.Hidden{key: mesos.Hidden(value)}}}
	}
	config := func(config string) map[Source]Content { return holding("p", ".dockerconfigjson", config) }
	for name, c := range map[string]struct {
		container *v1alpha1.Container
		found     map[Source]Content
		reason    string
		says      string
	}{
		"a volume's Secret that is not there": {
			withSecrets("x", "", "k"),
			map[Source]Content{{KindSecret, "s"}: {Lack: LackMissing}},
			v1alpha1.ReasonSecretNotFound,
			"Secret shop/s does not exist, and spec.container.volumes[/run/k].secret names it: create it with key k",
		},
		"a volume's key that is not there":   {withSecrets("x", "", "k"), holding("s", "other", canary), v1alpha1.ReasonSecretNotFound, "has no key k"},
		"the key of another volume":          {withSecrets("x", "", "k", "k/l"), holding("s", "k", canary), v1alpha1.ReasonSecretNotFound, "has no key k/l"},
		"a volume that is too large":         {withSecrets("x", "", "k"), holding("s", "k", canary+strings.Repeat("x", 1<<20)), v1alpha1.ReasonSecretInvalid, "more than the 1024 KiB"},
		"a pull Secret that is not there":    {withSecrets("x", "p"), map[Source]Content{{KindSecret, "p"}: {Lack: LackMissing}}, v1alpha1.ReasonSecretNotFound, "spec.container.mesos.pullSecretRef names it: create it with key .dockerconfigjson"},
		"a pull Secret that may not be read": {withSecrets("x", "p"), map[Source]Content{{KindSecret, "p"}: {Lack: LackForbidden}}, v1alpha1.ReasonSecretsNotAllowed, "rbac.taskSecrets"},
		"a pull Secret of another type":      {withSecrets("x", "p"), holding("p", ".dockercfg", canary), v1alpha1.ReasonSecretNotFound, "has no key .dockerconfigjson"},
		"a pull Secret that is no JSON":      {withSecrets("x", "p"), config(canary), v1alpha1.ReasonSecretInvalid, "is no Docker configuration"},
		"one of another form":                {withSecrets("x", "p"), config(`{"auths": ["` + canary + `"]}`), v1alpha1.ReasonSecretInvalid, "is no Docker configuration"},
		"one without credentials":            {withSecrets("x", "p"), config(`{"credHelpers": {"x": "` + canary + `"}}`), v1alpha1.ReasonSecretInvalid, "is no Docker configuration"},
		"one for another registry":           {withSecrets("h.example.com/x", "p"), config(`{"auths": {"example.com": {"auth": "` + auth + `"}}}`), v1alpha1.ReasonSecretInvalid, "for h.example.com, where the image is from"},
		"one for a host like Docker Hub":     {withSecrets("x", "p"), config(`{"auths": {"notdocker.io": {"auth": "` + auth + `"}}}`), v1alpha1.ReasonSecretInvalid, "for docker.io"},
		"one whose auth is none":             {withSecrets("x", "p"), config(`{"auths": {"docker.io": {"auth": "` + canary + `!"}}}`), v1alpha1.ReasonSecretInvalid, "for docker.io"},
	} {
		t.Run(name, func(t *testing.T) {
			_, task, obstacle := filled(t, c.container, c.found)
			if obstacle == nil || obstacle.Reason != c.reason || !obstacle.Reads || !strings.Contains(obstacle.Message, c.says) {
				t.Fatalf("the obstacle is %+v, want %s with %q", obstacle, c.reason, c.says)
			}
			if shown := fmt.Sprintf("%+v %+v", obstacle, task); strings.Contains(shown, canary) || strings.Contains(shown, auth) {
				t.Errorf("the value is shown: %s", shown)
			}
		})
	}
}

// TestHash_secretsOfContainers: names and keys count, and what they hold does not.
func TestHash_secretsOfContainers(t *testing.T) {
	spec := baseSpec()
	spec.Container = withSecrets("x", "p", "k")
	before := resolved(t, spec)
	object := &v1alpha1.MesosTask{ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "shop"}, Spec: spec}
	task, obstacle := Resolve("shop", "web", spec, v1alpha1.FrameworkInfo{User: "nobody", DefaultRole: "*"})
	if obstacle != nil {
		t.Fatal(obstacle)
	}
	hashOf := func(config, value string) string {
		filled, obstacle := Fill(task, object, map[Source]Content{
			{KindSecret, "p"}: {Data: map[string]mesos.Hidden{".dockerconfigjson": mesos.Hidden(config)}}, {KindSecret, "s"}: {Data: map[string]mesos.Hidden{"k": mesos.Hidden(value)}},
		})
		if obstacle != nil {
			t.Fatal(obstacle)
		}
		made := Declare("web", &spec, filled, &v1alpha1.MesosFramework{})
		return made.Hash()
	}
	one, other := hashOf(`{"auths": {"docker.io": {"auth": "YTpi"}}}`, "a"), hashOf(`{"auths": {"docker.io": {"auth": "YTpj"}}}`, "b")
	if one != other {
		t.Errorf("other values make hash %s of %s", other, one)
	}
	if now := resolved(t, spec); now != before {
		t.Errorf("filling it made hash %s of %s", now, before)
	}
}
