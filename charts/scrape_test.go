package charts_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// freeAddress is one that nobody listens at: the manager does not say which port it was given.
func (c *cluster) freeAddress() string {
	c.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = listener.Close() }() // nothing was ever accepted
	return listener.Addr().String()
}

// account creates a service account and returns a token of it.
func (c *cluster) account(name string) string {
	c.t.Helper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: name}}
	if err := c.client.Create(c.t.Context(), account); err != nil {
		c.t.Fatal(err)
	}
	request := &authenticationv1.TokenRequest{}
	if err := c.client.SubResource("token").Create(c.t.Context(), account, request); err != nil {
		c.t.Fatal(err)
	}
	return request.Status.Token
}

// scrape reads the metrics as Prometheus does. Only the account that was bound to the chart's role for readers may.
func (o *operator) scrape() {
	o.t.Helper()
	reader, stranger := o.account("prometheus"), o.account("stranger")
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "prometheus"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: release + "-metrics-reader"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: metav1.NamespaceDefault, Name: "prometheus"}},
	}
	if err := o.client.Create(o.t.Context(), binding); err != nil {
		o.t.Fatal(err)
	}
	// The manager remembers for a while that somebody may not: it is asked once the API server has taken the binding up.
	o.until("the reader may read the metrics", func(ctx context.Context) (string, error) {
		review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
			User:                  "system:serviceaccount:default:prometheus",
			NonResourceAttributes: &authorizationv1.NonResourceAttributes{Path: "/metrics", Verb: "get"},
		}}
		if err := o.client.Create(ctx, review); err != nil || review.Status.Allowed {
			return "", err
		}
		return review.Status.Reason, nil
	})
	for who, tc := range map[string]struct {
		token string
		want  int
	}{
		"nobody": {"", http.StatusUnauthorized}, "an account that was not bound": {stranger, http.StatusForbidden}, "the reader": {reader, http.StatusOK},
	} {
		status, body := o.getMetrics(tc.token)
		if status != tc.want {
			o.t.Errorf("%s got the metrics with %d, want %d", who, status, tc.want)
		}
		for _, series := range []string{`mesos_operator_bridge_connected{framework="default"} 1`, "mesos_operator_build_info{", "controller_runtime_reconcile_total{"} {
			if strings.Contains(body, series) != (tc.want == http.StatusOK) {
				o.t.Errorf("what %s got has %q: %t", who, series, strings.Contains(body, series))
			}
		}
	}
	o.until("both tasks are counted", func(context.Context) (string, error) {
		_, body := o.getMetrics(reader)
		if !strings.Contains(body, `mesos_operator_tasks{framework="default",state="running"} 2`) {
			return "the count of two that run", nil
		}
		return "", nil
	})
	if response, err := http.Get("http://" + o.metrics + "/metrics"); err == nil {
		_ = response.Body.Close() // its status says enough
		if response.StatusCode != http.StatusBadRequest {
			o.t.Errorf("over plain HTTP the metrics are answered with %d", response.StatusCode)
		}
	}
	if err := o.client.Delete(o.t.Context(), binding); client.IgnoreNotFound(err) != nil {
		o.t.Error(err)
	}
}

// getMetrics asks for the metrics with a token, and with HTTP/2 if the manager offered it.
func (o *operator) getMetrics(token string) (status int, body string) {
	o.t.Helper()
	reader := &http.Client{Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, // the manager made its certificate itself
		ForceAttemptHTTP2: true,
		DisableKeepAlives: true,
	}}
	request, err := http.NewRequestWithContext(o.t.Context(), http.MethodGet, "https://"+o.metrics+"/metrics", http.NoBody)
	if err != nil {
		o.t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	var response *http.Response
	o.until("the metrics are served", func(context.Context) (string, error) {
		var err error
		if response, err = reader.Do(request); errors.Is(err, syscall.ECONNREFUSED) { //nolint:bodyclose // it is closed below
			return err.Error(), nil // A manager that was just started does not listen yet.
		}
		return "", err
	})
	defer func() { _ = response.Body.Close() }() // it was read to its end
	content, err := io.ReadAll(response.Body)
	if err != nil {
		o.t.Fatal(err)
	}
	if response.ProtoMajor != 1 {
		o.t.Errorf("the metrics are served by %s", response.Proto)
	}
	return response.StatusCode, string(content)
}
