package migration

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	kjson "sigs.k8s.io/json"
)

// Source is a scheduler from which definitions come.
type Source string

// The sources.
const (
	Marathon    Source = "marathon"
	Chronos     Source = "chronos"
	Singularity Source = "singularity"
)

// Sources are all of them.
func Sources() []Source { return []Source{Marathon, Chronos, Singularity} }

// Document is a text with definitions.
type Document struct {
	// Name says where it is from, such as the path of a file.
	Name string
	Text []byte
}

// kind is a kind of definition.
type kind string

const (
	kindApp     kind = "Marathon app"
	kindPod     kind = "Marathon pod"
	kindGroup   kind = "Marathon group"
	kindJob     kind = "Chronos job"
	kindRequest kind = "Singularity request"
	kindUnknown kind = "definition"
)

// definition is one definition, as it was found.
type definition struct {
	kind kind
	// id is its own name, idPath where that stands.
	id, idPath string
	// name is that of the object that it becomes.
	name string
	// file is the document in which it was found.
	file string
	root node
	book *book
	// container is, of a pod with several containers, the one that this is about.
	container int
}

// found collects the definitions of all documents.
type found struct {
	from        Source
	definitions []*definition
}

func (f *found) add(kind kind, file, id, idPath string, value any) *definition {
	b := newBook()
	d := &definition{kind: kind, id: id, idPath: idPath, file: file, book: b, root: node{value: value, book: b}}
	f.definitions = append(f.definitions, d)
	return d
}

// read finds the definitions of a document.
func (f *found) read(document Document) {
	var value any
	strict, err := kjson.UnmarshalStrict(document.Text, &value)
	if err != nil {
		hint := ""
		if templated.Match(document.Text) {
			hint = "; it looks like a template: fill it in first, and convert what comes out"
		}
		f.add(kindUnknown, document.Name, "", "", nil).book.say(Refused, "", "is no JSON: %s%v%s", place(document.Text, err), err, hint)
		return
	}
	first := len(f.definitions)
	f.find(document.Name, value)
	for _, err := range strict {
		if len(f.definitions) > first {
			// So it was with Jackson, which Chronos and Singularity have, and play-json, which Marathon has, since 2.4 (Marathon 0.13).
			f.definitions[first].book.say(Kept, "", "%v: the last one counts, as there", err)
		}
	}
}

// place says where a text is no JSON, and what can be seen there.
func place(text []byte, err error) string {
	isSyntax, offset := kjson.SyntaxErrorOffset(err)
	if !isSyntax || offset < 1 || offset > int64(len(text)) {
		return ""
	}
	before := text[:offset-1]
	line := bytes.Count(before, []byte("\n")) + 1
	if trimmed := bytes.TrimSpace(before); bytes.HasSuffix(trimmed, []byte(",")) && bytes.ContainsAny(text[offset-1:offset], "}]") {
		return fmt.Sprintf("line %d: nothing follows the comma before it: ", line)
	}
	return fmt.Sprintf("line %d: ", line)
}

// find goes through a value: a definition, or a list or group of them.
func (f *found) find(file string, value any) {
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			f.find(file, item)
		}
		return
	case map[string]any:
		if app, isObject := v["app"].(map[string]any); isObject && len(v) == 1 {
			// So Marathon answers for one app.
			v = app
		}
		if source := cmp.Or(f.from, recognize(v)); source != "" {
			f.findIn(source, file, v)
			return
		}
	}
	f.add(kindUnknown, file, "", "", value).book.say(Refused, "", "looks like no definition of Marathon, Chronos or Singularity: if it is one, say so with --from")
}

func (f *found) findIn(source Source, file string, v map[string]any) {
	switch source {
	case Marathon:
		f.findGroup(file, "/", v)
	case Chronos:
		d := f.add(kindJob, file, "", "name", v)
		d.id = d.root.get("name").text()
	case Singularity:
		f.findRequest(file, v)
	}
}

// recognize says of which scheduler a definition is, by the fields that it has.
func recognize(v map[string]any) Source {
	has := func(keys ...string) bool {
		return slices.ContainsFunc(keys, func(key string) bool { _, there := v[key]; return there })
	}
	switch {
	case has("request", "deploy", "activeDeploy", "requestType", "requestId"), has("daemon") && has("owners"):
		return Singularity
	case has("apps", "groups", "pods"):
		return Marathon
	case has("name") && !has("id") && has("schedule", "parents", "command", "epsilon"):
		return Chronos
	case has("id") && has("cmd", "args", "container", "containers", "cpus", "mem", "instances", "uris", "fetch", "env", "ports", "portDefinitions", "labels"):
		return Marathon
	}
	return ""
}

// findGroup finds the apps and pods of a Marathon group, by IDs from the root.
func (f *found) findGroup(file, parent string, v map[string]any) {
	members := map[string]bool{"apps": true, "groups": true, "pods": true}
	id, _ := v["id"].(string)
	id = absoluteID(parent, id)
	isGroup := func(v map[string]any) bool {
		return slices.ContainsFunc([]string{"apps", "groups", "pods"}, func(key string) bool { _, isList := v[key].([]any); return isList })
	}
	if !isGroup(v) {
		f.findApp(file, id, v)
		return
	}
	rest := map[string]any{}
	for key, value := range v {
		if !members[key] && key != "id" {
			rest[key] = value
		}
	}
	if len(rest) > 0 {
		f.add(kindGroup, file, id, "id", rest)
	}
	for _, key := range []string{"apps", "pods", "groups"} {
		list, _ := v[key].([]any)
		for i, item := range list {
			member, isObject := item.(map[string]any)
			switch {
			case !isObject:
				f.add(kindUnknown, file, id, "", item).book.say(Refused, fmt.Sprintf("%s[%d]", key, i), "is no object: put it right in the definition")
			case key == "groups" && !isGroup(member):
				// A group without members has nothing to convert.
			default:
				f.findGroup(file, id, member)
			}
		}
	}
}

func text(value any) string {
	s, _ := value.(string)
	return s
}

// absoluteID is the ID of a member of a group: one that begins with / is so already.
func absoluteID(group, id string) string {
	if id == "" || strings.HasPrefix(id, "/") {
		return cmp.Or(id, group)
	}
	return strings.TrimSuffix(group, "/") + "/" + id
}

// findApp finds an app, or a pod; one of several containers is found once for each.
func (f *found) findApp(file, id string, v map[string]any) {
	containers, isPod := v["containers"].([]any)
	if !isPod {
		f.add(kindApp, file, id, "id", v)
		return
	}
	for i := range max(1, len(containers)) {
		d := f.add(kindPod, file, id, "id", v)
		d.container = i
		if len(containers) > 1 {
			container, _ := containers[i].(map[string]any)
			d.id = strings.TrimSuffix(id, "/") + "/" + cmp.Or(text(container["name"]), fmt.Sprintf("container-%d", i))
		}
	}
}

// findRequest finds a Singularity request with its deploy, which can stand in one document or in two.
func (f *found) findRequest(file string, v map[string]any) {
	_, hasRequest := v["request"].(map[string]any)
	_, hasDeploy := v["deploy"].(map[string]any)
	_, hasActive := v["activeDeploy"].(map[string]any)
	switch {
	case hasRequest:
		f.add(kindRequest, file, "", "request.id", v)
	case hasDeploy, hasActive:
		f.add(kindRequest, file, "", "deploy.requestId", v)
	case v["requestId"] != nil:
		f.add(kindRequest, file, "", "deploy.requestId", map[string]any{"deploy": v})
	default:
		f.add(kindRequest, file, "", "request.id", map[string]any{"request": v})
	}
}

// join puts deploys to the requests that they are of.
func (f *found) join() {
	requests := map[string]*definition{}
	for _, d := range f.definitions {
		if d.kind != kindRequest {
			continue
		}
		if id := d.root.get("request", "id"); !id.absent() {
			d.id = id.text()
			if d.root.first("deploy", "activeDeploy").absent() {
				requests[d.id] = d
			}
			continue
		}
		d.id = d.root.first("deploy", "activeDeploy").get("requestId").text()
	}
	f.definitions = slices.DeleteFunc(f.definitions, func(d *definition) bool {
		request := requests[d.id]
		if d.kind != kindRequest || request == nil || request == d || !d.root.get("request").absent() {
			return false
		}
		object, _ := request.root.value.(map[string]any)
		own, _ := d.root.value.(map[string]any)
		maps.Copy(object, own)
		request.file += " and " + d.file
		delete(requests, d.id)
		return true
	})
}
