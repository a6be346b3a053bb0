package detection

import (
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestLeading(t *testing.T) {
	cases := map[string]struct {
		children []string
		want     string
	}{
		"nobody stands for election":               {nil, ""},
		"one master":                               {[]string{"json.info_0000000007"}, "json.info_0000000007"},
		"the lowest sequence leads":                {[]string{"json.info_0000000012", "json.info_0000000009", "json.info_0000000010"}, "json.info_0000000009"},
		"numbers count, not letters":               {[]string{"json.info_10", "json.info_9"}, "json.info_9"},
		"what is no master's znode does not":       {[]string{"log_replicas", "json.info_", "json.info_x", "json.info_-1", "json.info_0000000003"}, "json.info_0000000003"},
		"znodes of masters before 0.24 do not":     {[]string{"info_0000000001", "json.info_0000000002"}, "json.info_0000000002"},
		"only what belongs to the masters' quorum": {[]string{"log_replicas"}, ""},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			got, found := leading(tc.children)
			if got != tc.want || found != (tc.want != "") {
				t.Errorf("%q leads, want %q", got, tc.want)
			}
		})
	}
}

func TestParse(t *testing.T) {
	cases := map[string]struct {
		data string
		want Leader
	}{
		"what Mesos 1.12 writes": {
			`{"address":{"hostname":"m1","ip":"10.0.0.1","port":5050},"capabilities":[{"type":"AGENT_UPDATE"}],"hostname":"m1","id":"1","ip":16777226,"pid":"master@10.0.0.1:5050","port":5050,"version":"1.12.0"}`,
			Leader{Hostname: "m1", IP: "10.0.0.1", Port: 5050},
		},
		"no address, as before 0.26":     {`{"hostname":"m1","id":"1","ip":16777226,"port":5050}`, Leader{Hostname: "m1", Port: 5050}},
		"an IPv6 address":                {`{"address":{"ip":"2001:db8::1","port":5050}}`, Leader{IP: "2001:db8::1", Port: 5050}},
		"nothing":                        {``, Leader{}},
		"no JSON":                        {"\x00\x01protobuf", Leader{}},
		"another JSON":                   {`[1]`, Leader{}},
		"no host":                        {`{"port":5050}`, Leader{}},
		"no port":                        {`{"hostname":"m1"}`, Leader{}},
		"an impossible port":             {`{"hostname":"m1","port":70000}`, Leader{}},
		"an address that is none":        {`{"address":{"ip":"evil/","port":5050}}`, Leader{}},
		"a host that leads elsewhere":    {`{"hostname":"m1:1@evil","port":5050}`, Leader{}},
		"a host with a path in it":       {`{"hostname":"evil/x","port":5050}`, Leader{}},
		"a port that is no number":       {`{"hostname":"m1","port":"5050"}`, Leader{}},
		"a name of colons alone":         {`{"hostname":":","port":5050}`, Leader{}},
		"a name that nobody can look up": {`{"hostname":"m 1","port":5050}`, Leader{}},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			got, err := parse([]byte(tc.data))
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("leader (-want +got):\n%s", diff)
			}
			if wrong := tc.want == (Leader{}); wrong != errors.Is(err, ErrNotMasterInfo) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestLeader_URLs(t *testing.T) {
	cases := map[string]struct {
		leader Leader
		https  bool
		want   []string
	}{
		"the address comes first":               {Leader{"m1", "10.0.0.1", 5050}, false, []string{"http://10.0.0.1:5050", "http://m1:5050"}},
		"with TLS the name does":                {Leader{"m1", "10.0.0.1", 5050}, true, []string{"https://m1:5050", "https://10.0.0.1:5050"}},
		"a name alone":                          {Leader{"m1", "", 5050}, false, []string{"http://m1:5050"}},
		"an IPv6 address is put into brackets":  {Leader{"", "2001:db8::1", 5050}, true, []string{"https://[2001:db8::1]:5050"}},
		"a name that is an address by accident": {Leader{"::1", "", 80}, false, []string{"http://[::1]:80"}},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, tc.leader.URLs(tc.https)); diff != "" {
				t.Errorf("URLs (-want +got):\n%s", diff)
			}
		})
	}
}

// Whatever a znode says, what comes of it is the URL of that host and port and nothing else.
func TestParse_makesSafeURLs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-z0-9.:@/?#%\[\]\\ -]{0,20}`), rapid.Just("m1"))
		data, err := json.Marshal(map[string]any{
			"hostname": text.Draw(t, "hostname"), "port": rapid.IntRange(-1, 70000).Draw(t, "port"),
			"address": map[string]any{"hostname": text.Draw(t, "address"), "ip": rapid.OneOf(text, rapid.Just("10.0.0.1")).Draw(t, "ip"), "port": rapid.IntRange(-1, 70000).Draw(t, "its port")},
		})
		if err != nil {
			t.Fatal(err)
		}
		leader, err := parse(data)
		if err != nil {
			return
		}
		for _, made := range leader.URLs(rapid.Bool().Draw(t, "https")) {
			u, err := url.Parse(made)
			if err != nil {
				t.Fatalf("%q is no URL: %v", made, err)
			}
			if host := u.Hostname(); host != leader.Hostname && host != leader.IP || u.Port() != strconv.Itoa(leader.Port) || u.User != nil || u.Path+u.RawQuery+u.Fragment != "" {
				t.Errorf("%q leads to %q of %+v", made, u.Host, leader)
			}
		}
	})
}
