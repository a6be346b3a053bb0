package simulator

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strings"
)

// substitution maps the IDs of a recording to those of the simulator, one to one.
type substitution struct {
	forth, back map[string]string
}

func newSubstitution() *substitution {
	return &substitution{forth: map[string]string{}, back: map[string]string{}}
}

// bind notes that a recorded ID is this one here; false if either is bound to something else.
func (s *substitution) bind(recorded, here string) bool {
	if recorded == "" || here == "" {
		return recorded == here
	}
	f, known := s.forth[recorded]
	b, taken := s.back[here]
	if known || taken {
		return f == here && b == recorded
	}
	s.forth[recorded], s.back[here] = here, recorded
	return true
}

var uuidPattern = regexp.MustCompile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

// bindWithin binds the IDs that only texts for people hold.
func (s *substitution) bindWithin(recorded, here string) {
	got := uuidPattern.FindAllString(here, -1)
	for i, id := range uuidPattern.FindAllString(recorded, -1) {
		if i < len(got) {
			s.bind(id, got[i])
		}
	}
}

// text replaces every recorded ID in a text, the longest first.
func (s *substitution) text(t string) string {
	ids := make([]string, 0, len(s.forth))
	for id := range s.forth {
		if strings.Contains(t, id) {
			ids = append(ids, id)
		}
	}
	sort.Slice(ids, func(i, j int) bool { return len(ids[i]) > len(ids[j]) })
	for _, id := range ids {
		t = strings.ReplaceAll(t, id, s.forth[id])
	}
	return t
}

// tree replaces the IDs in a message.
func (s *substitution) tree(v any) any {
	switch v := v.(type) {
	case object:
		out := object{}
		for k, x := range v {
			out[k] = s.tree(x)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = s.tree(x)
		}
		return out
	case string:
		if here, ok := s.forth[v]; ok {
			return here
		}
		if strings.HasPrefix(v, "/") {
			return s.text(v) // a path
		}
	}
	return v
}

// complete reports whether every ID in a call that the recorded master had told is known here.
func (s *substitution) complete(call any, told map[string]bool) bool {
	complete := true
	eachString(call, "", func(_, id string) {
		if told[id] && s.forth[id] == "" {
			complete = false
		}
	})
	return complete
}

// eachString visits the strings of a message with their paths.
func eachString(v any, path string, visit func(path, text string)) {
	switch v := v.(type) {
	case object:
		for k, x := range v {
			eachString(x, path+"."+k, visit)
		}
	case []any:
		for _, x := range v {
			eachString(x, path+"[]", visit)
		}
	case string:
		visit(path, v)
	}
}

// made are the places of values that each run makes anew; ignored those that are of no interest.
var (
	made = []string{
		"framework_id.value", "agent_id.value", "offers[].id.value", "inverse_offers[].id.value", "offer_id.value",
		"status_update_uuid", "agent_info.id.value", "framework_info.id.value",
		"uuid", "container_id.value", "container_id.parent.value", "unreachable_time.nanoseconds", "master_info.id",
	}
	ignored = []string{
		".timestamp", "timestamp.nanoseconds", "registered_time.nanoseconds", ".build_date", ".build_time", ".build_user", "reregistered_time.nanoseconds", "drain_start_time.nanoseconds", ".executor_pid", "master_info.port", "master_info.pid", "master_info.hostname",
		"master_info.address.port", "master_info.address.hostname", ".mtime", ".start_time", ".master_hostname",
		"cpus_user_time_secs", "cpus_system_time_secs", "mem_rss_bytes",
	}
	// partly are the places of messages of which the simulator shows what it has.
	partly = []string{".flags"}
)

func oneOf(path string, suffixes []string) bool {
	for _, s := range suffixes {
		if strings.HasSuffix(path, s) {
			return true
		}
	}
	return false
}

// compare says what differs between a recorded message and one of the simulator's, "" if nothing.
func (s *substitution) compare(recorded, here any, path string) string {
	if oneOf(path, ignored) {
		return presence(recorded, here, path)
	}
	switch want := recorded.(type) {
	case object:
		got, ok := here.(object)
		if !ok {
			return fmt.Sprintf("%s: got %v", path, here)
		}
		return s.compareObjects(want, got, path)
	case []any:
		got, ok := here.([]any)
		if !ok || len(got) != len(want) {
			return fmt.Sprintf("%s: got %d items, want %d", path, len(got), len(want))
		}
		return s.compareLists(want, got, path)
	case json.Number:
		if got, ok := here.(json.Number); ok && (s.isMade(want.String(), got.String(), path) || number(want) == number(got)) {
			return ""
		}
	case string:
		if got, ok := here.(string); ok && (s.isMade(want, got, path) || s.sameString(want, got, path)) {
			return ""
		}
	default:
		if want == here {
			return ""
		}
	}
	return fmt.Sprintf("%s: got %v, want %v", path, here, recorded)
}

func (s *substitution) compareLists(want, got []any, path string) string {
	if strings.HasSuffix(path, "resources") || strings.HasSuffix(path, ".offers.offers") {
		want, got = ordered(want), ordered(got)
	}
	for i := range want {
		if diff := s.compare(want[i], got[i], path+"[]"); diff != "" {
			return diff
		}
	}
	return ""
}

// isMade reports whether these are one ID, which each run makes anew.
func (s *substitution) isMade(want, got, path string) bool {
	return oneOf(path, made) && s.bind(want, got)
}

func (s *substitution) sameString(want, got, path string) bool {
	if strings.HasSuffix(path, ".message") {
		s.bindWithin(want, got)
	}
	return sameText(s.text(want), got)
}

// ordered sorts resources, and offers of one event, whose order is that of a master's hash maps: by what of them does
// not change from run to run.
func ordered(list []any) []any {
	key := func(v any) string {
		return fmt.Sprint(dig(v, "name"), dig(v, "reservations"), dig(v, "allocation_info", "role"), dig(v, "hostname"))
	}
	out := slices.Clone(list)
	slices.SortStableFunc(out, func(a, b any) int { return strings.Compare(key(a), key(b)) })
	return out
}

var resourceSeparators = regexp.MustCompile("; | required by | more than available | does not contain |^Total resources ")

// sameText compares texts but for the order of the resources in them.
func sameText(a, b string) bool {
	return a == b || slices.Equal(slices.Sorted(slices.Values(resourceSeparators.Split(a, -1))), slices.Sorted(slices.Values(resourceSeparators.Split(b, -1))))
}

func presence(want, got any, path string) string {
	if (want == nil) != (got == nil) {
		return fmt.Sprintf("%s: got %v, want %v", path, got, want)
	}
	return ""
}

func (s *substitution) compareObjects(want, got object, path string) string {
	keys := map[string]bool{}
	for k := range want {
		keys[k] = true
	}
	for k := range got {
		keys[k] = true
	}
	sorted := make([]string, 0, len(keys))
	for k := range keys {
		sorted = append(sorted, k)
	}
	sort.Strings(sorted)
	for _, k := range sorted {
		at := path + "." + k
		w, wanted := want[k]
		g, there := got[k]
		if wanted && !there && oneOf(path, partly) {
			continue
		}
		if wanted != there {
			return fmt.Sprintf("%s: present: %t, want %t", at, there, wanted)
		}
		if diff := s.compare(w, g, at); diff != "" {
			return diff
		}
	}
	return ""
}
