package migration

import (
	"math"
	"path"
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// leastCPUs is the least share of CPUs that a task can ask for.
var leastCPUs = resource.MustParse("10m")

// cpus takes a share of CPUs; there is what the scheduler gives where it is absent.
func (c *conversion) cpus(v node, there string) {
	if v.absent() {
		c.book.sayDefault(v.path, "is not set: %s, as there", there)
		c.spec.Resources.Requests.CPUs = resource.MustParse(there)
		return
	}
	amount, ok := v.quantity()
	if !ok {
		return
	}
	if amount.Cmp(leastCPUs) < 0 {
		v.differs("%s is less than a task can ask for: %s", amount.String(), leastCPUs.String())
		amount = leastCPUs
	}
	amount.RoundUp(resource.Milli)
	c.spec.Resources.Requests.CPUs = amount
}

// mostMiB is an exbibyte, up to which bytes can be counted.
var mostMiB = resource.MustParse("1Ti")

// mebibytes takes an amount in MiB, which is what Mesos' schedulers count in, whatever they call it.
func (v node) mebibytes() (resource.Quantity, bool) {
	amount, ok := v.quantity()
	if !ok {
		return amount, false
	}
	if amount.Cmp(mostMiB) > 0 {
		v.refuse("%s MiB are more than any agent has", amount.String())
		return resource.Quantity{}, false
	}
	kibibytes := math.Ceil(amount.AsApproximateFloat64() * 1024)
	return *resource.NewQuantity(int64(kibibytes)*1024, resource.BinarySI), true
}

// memory takes an amount in MiB; there is what the scheduler gives where it is absent.
func (c *conversion) memory(v node, there string) {
	if v.absent() {
		c.book.sayDefault(v.path, "is not set: %s, as there", there)
		c.spec.Resources.Requests.Memory = resource.MustParse(there)
		return
	}
	amount, ok := v.mebibytes()
	if least := resource.MustParse("1Mi"); ok && amount.Cmp(least) < 0 {
		v.differs("is less than a task can ask for: %s", least.String())
		amount = least
	}
	c.spec.Resources.Requests.Memory = amount
}

// disk takes an amount in MiB; 0 is none. There is what the scheduler gives where it is absent.
func (c *conversion) disk(v node, there string) {
	if v.absent() {
		if there != "" {
			amount := resource.MustParse(there)
			c.spec.Resources.Requests.Disk = &amount
			c.book.sayDefault(v.path, "is not set: %s, as there", there)
		}
		return
	}
	amount, ok := v.mebibytes()
	if !ok || amount.IsZero() {
		return
	}
	if least := resource.MustParse("1Mi"); amount.Cmp(least) < 0 {
		v.differs("is less than a task can ask for: %s", least.String())
		amount = least
	}
	c.spec.Resources.Requests.Disk = &amount
}

func (c *conversion) gpus(v node) {
	if number := v.whole(0, 1024); number > 0 {
		c.spec.Resources.Requests.GPUs = &number
	}
}

// limits takes Marathon's resourceLimits: a number, or unlimited.
func (c *conversion) limits(v node) {
	limit := func(v node, unit string) v1alpha1.Limit {
		if v.absent() {
			return ""
		}
		if strings.EqualFold(v.text(), "unlimited") {
			return v1alpha1.Unlimited
		}
		if unit == "" {
			amount, _ := v.quantity()
			return v1alpha1.Limit(amount.String())
		}
		amount, _ := v.mebibytes()
		return v1alpha1.Limit(amount.String())
	}
	limits := v1alpha1.ResourceLimits{CPUs: limit(v.get("cpus"), ""), Memory: limit(v.get("mem"), "Mi")}
	if limits != (v1alpha1.ResourceLimits{}) {
		c.spec.Resources.Limits = &limits
	}
}

// uri takes one thing to fetch: a text, or an object.
func (c *conversion) uri(v node) {
	if _, isObject := v.value.(map[string]any); !isObject {
		c.addURI(v, v1alpha1.URI{Value: v.text()})
		return
	}
	uri := v1alpha1.URI{
		Value: v.get("uri").text(), Executable: v.get("executable").flag(), Cache: v.get("cache").flag(),
		OutputFile: v.first("outputFile", "output_file", "destPath").text(),
	}
	if extract := v.get("extract"); !extract.absent() && !extract.flag() {
		no := false
		uri.Extract = &no
	}
	c.addURI(v, uri)
}

// noPath is a URI that names nothing on its host.
var noPath = regexp.MustCompile(`^[^/]+://[^/]*/?$`)

func (c *conversion) addURI(v node, uri v1alpha1.URI) {
	if uri.Value == "" {
		v.refuse("names nothing to fetch: put it right in the definition")
		return
	}
	if strings.ContainsAny(uri.Value, " '\"\\") {
		v.refuse("%q has blanks, quotes or backslashes, which Mesos' fetcher cannot fetch: write %%20 for a blank", uri.Value)
		return
	}
	if noPath.MatchString(uri.Value) {
		v.refuse("%q names a host and nothing on it, which Mesos' fetcher refuses", uri.Value)
		return
	}
	if strings.HasSuffix(uri.Value, "/") && uri.OutputFile == "" {
		v.refuse("%q ends in '/' and names no file, and Mesos' fetcher needs one", uri.Value)
		return
	}
	if strings.HasPrefix(uri.OutputFile, "/") || strings.HasPrefix(path.Clean(uri.OutputFile), "..") {
		v.refuse("%q is no path within the sandbox", uri.OutputFile)
		return
	}
	c.spec.URIs = append(c.spec.URIs, uri)
}
