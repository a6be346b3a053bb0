package lifecycle

import (
	"fmt"
	"math/big"
	"slices"
	"strings"

	"gopkg.in/inf.v0"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// resolveResources says in the words of Mesos what a task needs of its agent; or why that cannot be.
func resolveResources(task *mesos.Task, resources *v1alpha1.Resources) (err error) {
	task.Revocable = resources.Revocable
	if task.Scalars, err = scalars(resources.Requests); err != nil {
		return err
	}
	if task.Limits, err = limitsOf(resources.Limits, task.Scalars); err != nil {
		return err
	}
	task.Others, err = othersOf(resources.Other)
	return err
}

// othersOf are resources by their names.
func othersOf(resources []v1alpha1.OtherResource) (others []mesos.Other, err error) {
	for _, one := range resources {
		other := mesos.Other{Name: one.Name, Numbers: uint64(max(one.Ranges, 0))}
		if one.Scalar != "" {
			quantity, err := resource.ParseQuantity(string(one.Scalar))
			amount, ok := thousandths(quantity, 1)
			if err != nil || !ok || amount == 0 {
				return nil, fmt.Errorf("spec.resources.other has %q of %s: write an amount that an agent can have", one.Scalar, one.Name)
			}
			other.Scalar = amount
		}
		other.Items = slices.Sorted(slices.Values(one.Set))
		others = append(others, other)
	}
	slices.SortFunc(others, func(a, b mesos.Other) int { return strings.Compare(a.Name, b.Name) })
	return others, nil
}

// limitsOf returns the limits of a task with these requests; nil for none.
func limitsOf(limits *v1alpha1.ResourceLimits, requests mesos.Scalars) (*mesos.Limits, error) {
	if limits == nil || *limits == (v1alpha1.ResourceLimits{}) {
		return nil, nil
	}
	result := &mesos.Limits{}
	for _, one := range []struct {
		name  string
		limit v1alpha1.Limit
		unit  int64
		// least and most are what the schema cannot say of strings.
		least, most resource.Quantity
		request     mesos.Scalar
		into        *mesos.Scalar
	}{
		{"cpus", limits.CPUs, 1, leastCPUs, mostCPUs, requests.CPUs, &result.CPUs},
		{"memory", limits.Memory, mebibyte, leastMemory, mostMemory, requests.Memory, &result.Memory},
	} {
		if one.limit == "" {
			continue
		}
		var err error
		if *one.into, err = limitOf(one.limit, one.unit, one.least, one.most); err != nil {
			return nil, fmt.Errorf("spec.resources.limits.%s is %w", one.name, err)
		}
		if *one.into != mesos.Unlimited && *one.into < one.request {
			return nil, fmt.Errorf("spec.resources.limits.%s is %s, less than spec.resources.requests.%s: raise the limit, or ask for less", one.name, one.limit, one.name)
		}
	}
	// Mesos leaves out what is less than a MiB (src/docker/docker.cpp, Docker::RunOptions::create), so that the limit would be below the request.
	if beyond := result.Memory % 1000; result.Memory > 0 && beyond > 0 {
		result.Memory += 1000 - beyond
	}
	return result, nil
}

// limitOf is a limit in thousandths of a unit.
func limitOf(limit v1alpha1.Limit, unit int64, least, most resource.Quantity) (mesos.Scalar, error) {
	if limit == v1alpha1.Unlimited {
		return mesos.Unlimited, nil
	}
	quantity, err := resource.ParseQuantity(string(limit))
	amount, ok := thousandths(quantity, unit)
	if err != nil || !ok || quantity.Cmp(least) < 0 || quantity.Cmp(most) > 0 {
		return 0, fmt.Errorf("%q: write an amount from %s to %s, or %s", limit, least.String(), most.String(), v1alpha1.Unlimited)
	}
	return amount, nil
}

// refuseRevocable refuses a task with revocable resources where Mesos offers none to the framework.
func refuseRevocable(framework *v1alpha1.MesosFramework, _ Namespace, task mesos.Task) string {
	if !task.Revocable || slices.Contains(framework.Spec.Info.Capabilities, v1alpha1.CapabilityRevocableResources) {
		return ""
	}
	return fmt.Sprintf("MesosFramework %s is offered no revocable resources. Leave out spec.resources.revocable, or ask %s to add %s to its spec.info.capabilities",
		framework.Name, whoever(framework), v1alpha1.CapabilityRevocableResources)
}

// mebibyte is what Mesos counts memory and disk in.
const mebibyte = 1 << 20

// leastCPUs and mostCPUs are what a task may ask for: less Mesos does not count, more no agent has. The schema knows them for numbers alone.
var leastCPUs, mostCPUs = resource.MustParse("10m"), resource.MustParse("10k")

// leastMemory and mostMemory are so of limits.
var leastMemory, mostMemory = resource.MustParse("1Mi"), resource.MustParse("1Pi")

// scalars turns quantities into thousandths of Mesos' units, rounded up so that a task never gets less than it asked for.
func scalars(requests v1alpha1.ResourceRequests) (mesos.Scalars, error) {
	var result mesos.Scalars
	if requests.CPUs.Cmp(leastCPUs) < 0 || requests.CPUs.Cmp(mostCPUs) > 0 {
		return mesos.Scalars{}, fmt.Errorf("spec.resources.requests.cpus is %s: write an amount from %s to %s", requests.CPUs.String(), leastCPUs.String(), mostCPUs.String())
	}
	disk := resource.Quantity{}
	if requests.Disk != nil {
		disk = *requests.Disk
	}
	amounts := []struct {
		name     string
		quantity resource.Quantity
		unit     int64
		into     *mesos.Scalar
	}{
		{"cpus", requests.CPUs, 1, &result.CPUs},
		{"memory", requests.Memory, mebibyte, &result.Memory},
		{"disk", disk, mebibyte, &result.Disk},
	}
	for _, amount := range amounts {
		thousandths, ok := thousandths(amount.quantity, amount.unit)
		if !ok {
			return mesos.Scalars{}, fmt.Errorf("spec.resources.requests.%s is %s, which no Mesos agent can have", amount.name, amount.quantity.String())
		}
		*amount.into = thousandths
	}
	if requests.GPUs != nil {
		result.GPUs = mesos.Scalar(*requests.GPUs) * 1000
	}
	return result, nil
}

// thousandths returns a quantity in thousandths of unit, rounded up, and whether it is an amount that fits.
func thousandths(quantity resource.Quantity, unit int64) (mesos.Scalar, bool) {
	exact := new(inf.Dec).Mul(quantity.AsDec(), inf.NewDec(1000, 0))
	rounded := new(inf.Dec).QuoRound(exact, inf.NewDec(unit, 0), 0, inf.RoundUp)
	whole := rounded.UnscaledBig()
	if whole.Sign() < 0 || whole.Cmp(big.NewInt(1<<53)) > 0 {
		return 0, false
	}
	return mesos.Scalar(whole.Int64()), true
}
