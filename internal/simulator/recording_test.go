package simulator

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// recording is one conversation with a real master; testdata/transcripts/README.md explains the format.
type recording struct {
	name  string
	lines []line
	began float64         // Unix time of t = 0
	told  map[string]bool // the IDs that the master made and told
}

type line struct {
	T       float64           `json:"t"`
	Dir     string            `json:"dir"`
	Conn    string            `json:"conn"`
	Path    string            `json:"path"`
	Method  string            `json:"method"`
	Headers map[string]string `json:"headers"`
	Body    any               `json:"body"`
	Status  int               `json:"status"`
	Reason  string            `json:"reason"`
	Text    string            `json:"text"`
}

func (l line) kind() string {
	s, _ := dig(l.Body, "type").(string)
	return s
}

func readRecording(t *testing.T, name string) *recording {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "transcripts", name+".jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	rec := &recording{name: name, told: map[string]bool{}}
	for text := range bytes.SplitSeq(bytes.TrimSpace(b), []byte("\n")) {
		dec := json.NewDecoder(bytes.NewReader(text))
		dec.UseNumber()
		var l line
		if err := dec.Decode(&l); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		rec.lines = append(rec.lines, l)
		if l.Dir == "event" {
			eachString(l.Body, "", func(path, id string) {
				if oneOf(path, made) && id != "no-such-agent-S0" && id != "no-such-agent-S9" {
					rec.told[id] = true
				}
			})
		}
		if ts := number(dig(l.Body, "update", "status", "timestamp")); rec.began == 0 && ts != 0 {
			rec.began = ts - l.T
		}
	}
	return rec
}

func number(v any) float64 {
	n, ok := v.(json.Number)
	if !ok {
		return 0
	}
	f, err := n.Float64()
	if err != nil {
		return 0
	}
	return f
}

// response finds the answer to the call on line i.
func (r *recording) response(i int) (line, bool) {
	for _, l := range r.lines[i+1:] {
		if l.Dir == "response" && l.Conn == r.lines[i].Conn {
			return l, true
		}
		if l.Dir == "note" && strings.HasPrefix(l.Text, "connect failed") {
			return line{}, false
		}
	}
	return line{}, false
}

// agents describes the agents of the recording, one for each address, after the first offer that each made.
func (r *recording) agents(t *testing.T) []AgentSpec {
	t.Helper()
	var specs []AgentSpec
	seen := map[int32]bool{}
	for _, l := range r.lines {
		if l.kind() != "OFFERS" || l.Dir != "event" {
			continue
		}
		b, err := json.Marshal(dig(l.Body, "offers", "offers", "0"))
		if err != nil {
			t.Fatal(err)
		}
		var o mesos.Offer
		if err := json.Unmarshal(b, &o); err != nil {
			t.Fatal(err)
		}
		port := o.URL.Address.Port
		if seen[port] {
			continue
		}
		seen[port] = true
		specs = append(specs, AgentSpec{
			Hostname: o.Hostname, IP: "127.0.0.1", Port: int(port), Resources: normalized(o.Resources), Attributes: o.Attributes,
		})
	}
	return specs
}

// script plays a task's command as the command executor would, at the times at which the recorded
// executor reported, with what its checks found out. The rest does not come from the recording.
func (r *recording) script(info *mesos.TaskInfo) Script {
	at := map[string]float64{}
	var checks []moment
	launched := 0.0
	seen := map[any]bool{}
	for _, l := range r.lines {
		if l.kind() == "ACCEPT" && launched == 0 && mentions(l.Body, info.TaskID.Value) {
			launched = l.T
		}
		s, ok := dig(l.Body, "update", "status").(object)
		if !ok || dig(s, "task_id", "value") != info.TaskID.Value || s["source"] != "SOURCE_EXECUTOR" || seen[s["uuid"]] {
			continue
		}
		seen[s["uuid"]] = true
		when := number(s["timestamp"]) - r.began - launched
		if rep := (Report{Reason: reasonOf(s)}); rep.tellsOfCheck() {
			checks = append(checks, moment{when, resultOfCheck(s, rep)})
			continue
		}
		key := s["state"].(string)
		if _, known := at[key]; !known && s["reason"] == nil { // else the executor ended it
			at[key] = when
		}
	}
	script := play(info, at, checks)
	script.Files = r.files()
	if handler, ok := handlers[beforeMarker(info.Command.GetValue())]; ok {
		script.KillAfter, script.KillMessage = handler.after, handler.message
	}
	return script
}

// files are what the recording shows of the files in a sandbox: what was read of them, and how large the others are.
func (r *recording) files() map[string]string {
	files := map[string]string{}
	for i, l := range r.lines {
		answer, _ := r.response(i)
		switch {
		case l.Dir != "call":
		case l.kind() == "LIST_FILES":
			infos, _ := dig(answer.Body, "list_files", "file_infos").([]any)
			for _, info := range infos {
				name, _ := dig(info, "path").(string)
				files[filepath.Base(name)] = strings.Repeat(".", int(number(dig(info, "size"))))
			}
		case l.kind() == "READ_FILE" && number(dig(l.Body, "read_file", "offset")) == 0:
			name, _ := dig(l.Body, "read_file", "path").(string)
			data, _ := dig(answer.Body, "read_file", "data").(string)
			if text, err := base64.StdEncoding.DecodeString(data); err == nil && len(text) > 0 {
				files[filepath.Base(name)] = string(text)
			}
		}
	}
	return files
}

func reasonOf(s object) *mesos.TaskStatus_Reason {
	name, _ := s["reason"].(string)
	for _, reason := range []mesos.TaskStatus_Reason{mesos.REASON_TASK_CHECK_STATUS_UPDATED, mesos.REASON_TASK_HEALTH_CHECK_STATUS_UPDATED} {
		if name == reason.String() {
			return &reason
		}
	}
	return nil
}

// resultOfCheck is what a check or health check found out.
func resultOfCheck(s object, rep Report) Report {
	rep.State = mesos.TASK_RUNNING
	if *rep.Reason == mesos.REASON_TASK_HEALTH_CHECK_STATUS_UPDATED {
		healthy, _ := s["healthy"].(bool)
		rep.Healthy = &healthy
		return rep
	}
	rep.Check = new(mesos.CheckStatusInfo)
	if b, err := json.Marshal(s["check_status"]); err != nil || json.Unmarshal(b, rep.Check) != nil {
		rep.Check = nil
	}
	return rep
}

// moment is when something happens to a task, in seconds after its launch.
type moment struct {
	at  float64
	rep Report
}

// handlers are what commands of the recordings do on SIGTERM.
var handlers = map[string]struct {
	after   time.Duration
	message string
}{
	"trap 'echo got SIGTERM' TERM":                  {after: 24 * time.Hour},
	"trap 'echo got SIGTERM; sleep 7; exit 0' TERM": {after: 7 * time.Second, message: "Command exited with status 0"},
}

// beforeMarker is what stands in a command before the word that told its process from others.
func beforeMarker(command string) string {
	before, _, _ := strings.Cut(command, "; : m")
	return before
}

func mentions(v any, taskID string) bool {
	b, err := json.Marshal(v)
	return err == nil && bytes.Contains(b, []byte(`"task_id":{"value":`+strconv.Quote(taskID)+`}`))
}

// ending is how the commands of the recordings end by themselves.
var ending = map[string]Report{
	"true":             {State: mesos.TASK_FINISHED, Message: "Command exited with status 0"},
	"sleep 2":          {State: mesos.TASK_FINISHED, Message: "Command exited with status 0"},
	"sleep 3":          {State: mesos.TASK_FINISHED, Message: "Command exited with status 0"},
	"sleep 4":          {State: mesos.TASK_FINISHED, Message: "Command exited with status 0"},
	"exit 3":           {State: mesos.TASK_FAILED, Message: "Command exited with status 3"},
	"sleep 2; exit 4":  {State: mesos.TASK_FAILED, Message: "Command exited with status 4"},
	"echo a\x00b":      {State: mesos.TASK_FINISHED, Message: "Command exited with status 0"},
	"env | grep X_":    {State: mesos.TASK_FINISHED, Message: "Command exited with status 0"},
	"/no/such/program": {State: mesos.TASK_FAILED, Message: "Command exited with status 1"},
	"no-such-program":  {State: mesos.TASK_FAILED, Message: "Command exited with status 127"},
	"kill -9 $$":       {State: mesos.TASK_FAILED, Message: "Command terminated with signal Killed"},
	// Long enough to end by itself only where the recording waits for it.
	"sleep 100": {State: mesos.TASK_FINISHED, Message: "Command exited with status 0"},
}

// play makes the script: STARTING, RUNNING, what checks find out, and the end.
func play(info *mesos.TaskInfo, at map[string]float64, checks []moment) Script {
	moments := append([]moment{
		{at["TASK_STARTING"], Report{State: mesos.TASK_STARTING}},
		{at["TASK_RUNNING"], Report{State: mesos.TASK_RUNNING}},
	}, checks...)
	if end, known := ending[info.Command.GetValue()]; known {
		for _, state := range []string{"TASK_FINISHED", "TASK_FAILED"} {
			if when, recorded := at[state]; recorded && when > 0 {
				moments = append(moments, moment{when, end})
			}
		}
	}
	sort.SliceStable(moments, func(i, j int) bool { return moments[i].at < moments[j].at })
	script := Script{Unchecked: true}
	last := 0.0
	for _, m := range moments {
		script.Steps = append(script.Steps, Step{After: seconds(m.at - last), Report: m.rep})
		last = m.at
	}
	return script
}

func seconds(s float64) time.Duration { return max(0, time.Duration(s*float64(time.Second))) }
