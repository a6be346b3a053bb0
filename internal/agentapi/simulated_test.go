package agentapi

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// TestAgent_authenticatesOverTLS: an agent that wants credentials and speaks TLS, as a secured cluster has them.
func TestAgent_authenticatesOverTLS(t *testing.T) {
	authority, err := simulator.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	settings, err := authority.Masters()
	if err != nil {
		t.Fatal(err)
	}
	mesos := simulator.New(simulator.Options{Flags: simulator.Flags{TLS: settings}})
	defer mesos.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	agent, serve, err := mesos.AddServedAgent(listener, simulator.AgentSpec{CPUs: 1, Mem: 1024, Credentials: map[string]string{"alice": "s3"}})
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = serve() }()
	directory := t.TempDir()
	files := map[string]string{"ca.crt": authority.CA(), "good": "alice s3", "bad": "alice s4"}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(directory, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	at := "https://" + listener.Addr().String()
	try := func(o Options) error {
		o.AgentURL = at
		c, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		found, err := c.Find(t.Context(), nil, Named{ID: agent.ID()})
		if err != nil {
			t.Fatal(err)
		}
		_, err = found.Sandbox(t.Context(), Task{FrameworkID: "F", TaskID: "none"})
		return err
	}
	trusting := Options{CAFile: filepath.Join(directory, "ca.crt")}
	for _, one := range []struct {
		what, credentials, wrong string
		o                        Options
	}{
		{"with all that it wants", "good", ErrNoSandbox.Error(), trusting},
		{"without credentials", "", "wants credentials", trusting},
		{"with wrong ones", "bad", "wants credentials", trusting},
		{"without trust", "good", "certificate", Options{}},
		{"without checks", "good", ErrNoSandbox.Error(), Options{InsecureSkipVerify: true}},
	} {
		if one.credentials != "" {
			one.o.CredentialsFile = filepath.Join(directory, one.credentials)
		}
		err := try(one.o)
		if err == nil || !strings.Contains(err.Error(), one.wrong) || strings.Contains(err.Error(), "s4") {
			t.Errorf("%s: %v, not %s", one.what, err, one.wrong)
		}
	}
}

// readFile serves READ_FILE of one file that grows as a test says.
func readFile(t *testing.T, text func() string) *Sandbox {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var call filesCall
		if err := decode(r, &call); err != nil {
			t.Error(err)
		}
		all := text()
		begin := min(call.ReadFile.Offset, int64(len(all)))
		end := min(begin+min(call.ReadFile.Length, chunk), int64(len(all)))
		writeJSON(w, map[string]any{"type": "READ_FILE", "read_file": map[string]any{"size": len(all), "data": []byte(all[begin:end])}})
	}))
	t.Cleanup(server.Close)
	c, err := New(Options{AgentURL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	agent, err := c.Find(t.Context(), nil, Named{ID: "S0"})
	if err != nil {
		t.Fatal(err)
	}
	return &Sandbox{agent: agent, root: "/"}
}

func TestTail(t *testing.T) {
	long := strings.Repeat("0123456789\n", 20000) // more than is read at once
	for _, one := range []struct {
		what, text string
		lines      int64
		want       string
	}{
		{"two of three", "a\nb\nc\n", 2, "b\nc\n"},
		{"a last line without its end", "a\nb\nc", 2, "b\nc"},
		{"more than there are", "a\nb\n", 9, "a\nb\n"},
		{"none", "a\nb\n", 0, ""},
		{"all", "a\nb\n", AllLines, "a\nb\n"},
		{"of nothing", "", 3, ""},
		{"over a part's edge", long, 7000, strings.Repeat("0123456789\n", 7000)},
		{"empty lines", "a\n\n\n", 2, "\n\n"},
	} {
		sandbox := readFile(t, func() string { return one.text })
		offset, err := sandbox.Tail(t.Context(), "stdout", one.lines)
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		if _, err := sandbox.Copy(t.Context(), &got, "stdout", offset, nil); err != nil || got.String() != one.want {
			t.Errorf("%s: %v, %d bytes from %d, not %d", one.what, err, got.Len(), offset, len(one.want))
		}
	}
}

// TestFollow_rotated: a file that becomes shorter is read from its beginning.
func TestFollow_rotated(t *testing.T) {
	texts := []string{"one\ntwo\n", "one\ntwo\nthree\n", "four\n", "four\nfive\n"}
	at := 0
	sandbox := readFile(t, func() string { return texts[at] })
	var got bytes.Buffer
	err := sandbox.Follow(t.Context(), &got, "stdout", 0, 1, func(context.Context) (bool, error) {
		if got.Len() > 0 {
			at++
		}
		return at == len(texts)-1, nil
	})
	if want := "one\ntwo\nthree\nfour\nfive\n"; err != nil || got.String() != want {
		t.Errorf("%v, %q, not %q", err, got.String(), want)
	}
}
