package migration

import (
	"regexp"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// Options say how to convert.
type Options struct {
	// From is the scheduler that the definitions are of. Absent: each says it by its content.
	From Source
	// Framework is the MesosFramework that the objects name. Absent: the one named default.
	Framework string
	// Namespace is the objects'. Absent: they have none, so that whoever applies them chooses.
	Namespace string
	// Strict refuses a definition of which something would be left out.
	Strict bool
	// Now tells a schedule that has begun from one that has not.
	Now time.Time
}

// Result is what became of one definition.
type Result struct {
	// Kind says in words what it is, ID is its own name, and File where it was found.
	Kind, ID, File string
	// Object is the manifest. Absent: the definition was refused, or there is nothing to convert in it.
	Object any
	// Refused says that a remark keeps it from being converted.
	Refused bool
	// Counts says that it is a definition, and not a group of some.
	Counts  bool
	Remarks []Remark

	// spec is the task's.
	spec v1alpha1.MesosTaskSpec
}

// Lost says whether something of the definition was left out.
func (r Result) Lost() bool {
	return slices.ContainsFunc(r.Remarks, func(remark Remark) bool { return remark.Fate == LeftOut })
}

// Convert turns all definitions of the documents into manifests, in their order.
func Convert(documents []Document, options Options) []Result {
	f := &found{from: options.From}
	for _, document := range documents {
		f.read(document)
	}
	f.join()
	named := slices.DeleteFunc(slices.Clone(f.definitions), func(d *definition) bool { return d.kind == kindGroup || d.kind == kindUnknown })
	name(named)
	results := make([]Result, 0, len(f.definitions))
	for _, d := range f.definitions {
		results = append(results, d.convert(options))
	}
	return results
}

// conversion is a definition on its way to an object.
type conversion struct {
	*definition
	options Options
	spec    v1alpha1.MesosTaskSpec
	// labels are those of the tasks' objects, by which placements find them; annotations are the object's.
	labels, annotations map[string]string
	// set is how many there are and how they are replaced, where that is more than a MesosTask can say; cron is when a run begins.
	set  *v1alpha1.MesosTaskSetSpec
	cron *v1alpha1.MesosCronTaskSpec
	// docker says that Docker runs the container.
	docker bool
	// parameterUser and volumeDriver are what parameters of docker run say of other fields.
	parameterUser, volumeDriver string
	// parameterNetwork is the parameter of docker run that names a network.
	parameterNetwork node
	// twins are the UDP sides of ports that stand for both protocols. They come last, so that no PORT0, PORT1, ... changes.
	twins []v1alpha1.Port
}

func (d *definition) convert(options Options) Result {
	result := Result{Kind: string(d.kind), ID: d.id, File: d.file, Counts: d.kind != kindGroup}
	c := &conversion{definition: d, options: options, annotations: map[string]string{}, labels: map[string]string{}}
	c.fill()
	if d.name == "" && d.kind != kindGroup && !d.book.refused() {
		d.book.say(Refused, d.idPath, "is missing: an object needs a name")
	}
	if d.kind != kindUnknown {
		d.root.unread(d.kind)
	}
	if lost := func(r Remark) bool { return r.Fate == LeftOut }; options.Strict && slices.ContainsFunc(d.book.remarks, lost) {
		d.book.say(Refused, "", "something would be left out, and --strict is set")
	}
	if result.Refused = d.book.refused(); !result.Refused && result.Counts {
		c.spec.Ports = append(c.spec.Ports, c.twins...)
		c.templates()
		result.Object = c.object()
		result.spec = c.spec
	}
	result.Remarks = d.book.remarks
	if result.Refused {
		// Of what does not come about no more is said than why.
		result.Remarks = slices.DeleteFunc(result.Remarks, func(r Remark) bool { return r.Fate != Refused })
	}
	slices.SortStableFunc(result.Remarks, func(a, b Remark) int { return int(b.Fate) - int(a.Fate) })
	return result
}

// fill goes through the definition by the tables of its kind.
func (c *conversion) fill() {
	switch c.kind {
	case kindApp:
		c.app()
	case kindPod:
		c.pod()
	case kindGroup:
		c.group()
	case kindJob:
		c.job()
	case kindRequest:
		c.request()
	case kindUnknown:
	}
}

// metadata is the object's.
func (c *conversion) metadata() metav1.ObjectMeta {
	meta := metav1.ObjectMeta{Name: c.name, Namespace: c.options.Namespace}
	if len(c.annotations) > 0 {
		meta.Annotations = c.annotations
	}
	return meta
}

// object is what the definition becomes: a MesosCronTask where it has a schedule, a MesosTaskSet where it says how many, else a MesosTask.
func (c *conversion) object() any {
	if c.options.Framework != "" {
		c.spec.FrameworkRef.Name = c.options.Framework
	}
	typeMeta := func(kind string) metav1.TypeMeta {
		return metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: kind}
	}
	template := v1alpha1.TemplateMetadata{}
	for key, value := range c.labels {
		if template.Labels == nil {
			template.Labels = map[string]v1alpha1.TemplateLabel{}
		}
		template.Labels[key] = v1alpha1.TemplateLabel(value)
	}
	switch {
	case c.cron != nil:
		c.cron.Template.Metadata = template
		c.cron.Template.Spec = v1alpha1.RunSpec{
			FrameworkRef: c.spec.FrameworkRef, TaskTemplate: c.spec.TaskTemplate, RestartPolicy: c.spec.RestartPolicy, Backoff: c.spec.Backoff,
			MaxRestarts: c.spec.MaxRestarts, Unreachable: c.spec.Unreachable,
		}
		return &v1alpha1.MesosCronTask{TypeMeta: typeMeta("MesosCronTask"), ObjectMeta: c.metadata(), Spec: *c.cron}
	case c.set != nil:
		c.set.Template = v1alpha1.MesosTaskSetTemplate{Metadata: template, Spec: c.spec}
		return &v1alpha1.MesosTaskSet{TypeMeta: typeMeta("MesosTaskSet"), ObjectMeta: c.metadata(), Spec: *c.set}
	}
	meta := c.metadata()
	if len(c.labels) > 0 {
		meta.Labels = c.labels
	}
	return &v1alpha1.MesosTask{TypeMeta: typeMeta("MesosTask"), ObjectMeta: meta, Spec: c.spec}
}

// foreign are the beginnings of variables that the schedulers set themselves.
var foreign = regexp.MustCompile(`\b(MARATHON_APP_|CHRONOS_)[A-Z_]+`)

// templates remarks on texts that something else was to fill in, which are carried over as they are, and on variables that nothing sets here.
func (c *conversion) templates() {
	var walk func(n node)
	walk = func(n node) {
		switch v := n.value.(type) {
		case map[string]any:
			for _, key := range n.keys() {
				walk(n.get(key))
			}
		case []any:
			for _, item := range n.items() {
				walk(item)
			}
		case string:
			if variable := foreign.FindString(v); variable != "" {
				n.differs("speaks of %s, which the scheduler there sets and nothing sets here: put it into env", variable)
			}
			// In a command line ${NAME} is the shell's.
			if strings.Contains(v, "{{") || strings.Contains(v, "${") && !strings.HasSuffix(n.path, "cmd") && !strings.HasSuffix(n.path, "ommand") &&
				!strings.HasSuffix(n.path, "shell") && !strings.HasSuffix(n.path, "command.value") {
				n.kept("has a template in it, which is left as it is: nothing fills it in here")
			}
		}
	}
	walk(c.root)
}
