package mesosbridge

import (
	"fmt"
	"math"
	"strconv"
	"time"

	mesospb "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// decodeEvent decodes one record. The decoder that mesos-go was generated with can index out of range on a hostile message
// (CVE-2021-3121), so a panic in it is an error here.
func decodeEvent(record []byte) (event *scheduler.Event, err error) {
	defer func() {
		if r := recover(); r != nil {
			event, err = nil, fmt.Errorf("decoding an event: %v", r)
		}
	}()
	event = &scheduler.Event{}
	if err := event.Unmarshal(record); err != nil {
		return nil, fmt.Errorf("decoding an event: %w", err)
	}
	return event, nil
}

// observationOf turns a status update into an observation. Enums are read through their pointers: mesos-go's getters return the
// first value for an absent one, which would give every ordinary update a reason.
func observationOf(status *mesospb.TaskStatus, number mesos.Number) mesos.Observation {
	o := mesos.Observation{
		TaskID:  status.TaskID.Value,
		AgentID: status.GetAgentID().GetValue(),
		Message: clean(status.GetMessage()),
		Healthy: status.Healthy,
		UUID:    status.UUID,
		Number:  number,
	}
	if status.State != nil {
		o.State = mesos.TaskState(enumName(mesospb.TaskState_name, int32(*status.State), "TASK_"))
	}
	if status.Source != nil {
		o.Source = enumName(mesospb.TaskStatus_Source_name, int32(*status.Source), "SOURCE_")
	}
	if status.Reason != nil {
		o.Reason = enumName(mesospb.TaskStatus_Reason_name, int32(*status.Reason), "REASON_")
	}
	if status.Timestamp != nil {
		o.Time = timeOf(*status.Timestamp)
	}
	if status.UnreachableTime != nil && status.UnreachableTime.Nanoseconds > 0 {
		o.UnreachableTime = time.Unix(0, status.UnreachableTime.Nanoseconds).UTC()
	}
	o.ContainerID, o.IPs = containerOf(status.ContainerStatus)
	if found := status.CheckStatus; found != nil {
		o.Check = &mesos.CheckResult{}
		if found.Command != nil {
			o.Check.ExitCode = found.Command.ExitCode
		}
		if found.HTTP != nil {
			o.Check.Status = found.HTTP.StatusCode
		}
		if found.TCP != nil {
			o.Check.Connects = found.TCP.Succeeded
		}
	}
	return o
}

// maxAddresses bounds the addresses of one container that are kept.
const maxAddresses = 16

func containerOf(status *mesospb.ContainerStatus) (id string, ips []string) {
	if status == nil {
		return "", nil
	}
	id = clean(status.GetContainerID().GetValue())
	for _, network := range status.NetworkInfos {
		for _, address := range network.IPAddresses {
			if ip := clean(address.GetIPAddress()); ip != "" && len(ips) < maxAddresses {
				ips = append(ips, ip)
			}
		}
	}
	return id, ips
}

// enumName names an enum's value, by its number where this program does not know it.
func enumName(names map[int32]string, value int32, prefix string) string {
	if name, ok := names[value]; ok {
		return name
	}
	return prefix + strconv.Itoa(int(value))
}

// timeOf turns a timestamp in seconds since 1970 into a time; what is none is the zero time.
func timeOf(seconds float64) time.Time {
	const year9999 = 253402300800
	if math.IsNaN(seconds) || seconds <= 0 || seconds >= year9999 {
		return time.Time{}
	}
	return time.UnixMicro(int64(seconds * 1e6)).UTC()
}

// maxHostname is the length of the longest name of a host (RFC 1035), which is what a binding has room for.
const maxHostname = 255

// hostname is an agent's name for its host. What is too long for one names none, and is left out.
func hostname(said string) string {
	name := clean(said)
	if len(name) > maxHostname {
		return ""
	}
	return name
}

// windowOf turns an unavailability into a window. Its end is none where there is no duration, or where it would be later than can be told.
func windowOf(u *mesospb.Unavailability) mesos.Window {
	w := mesos.Window{From: time.Unix(0, max(u.Start.Nanoseconds, 0)).UTC()}
	if u.Duration == nil {
		return w
	}
	duration := max(u.Duration.Nanoseconds, 0)
	if duration <= math.MaxInt64-w.From.UnixNano() {
		w.Until = w.From.Add(time.Duration(duration))
	}
	return w
}

// offerOf turns an offer into values. Of resources whose reservation bears labels it takes those with the given ones.
func offerOf(message *mesospb.Offer, number mesos.Number, labels []mesos.Label) *offer {
	o := &offer{stock: stockOf(message.Resources, labels), Offer: mesos.Offer{
		ID:         message.ID.Value,
		AgentID:    message.AgentID.Value,
		Hostname:   hostname(message.Hostname),
		Role:       message.GetAllocationInfo().GetRole(),
		OnGPUAgent: holdsGPUs(message.Resources),
		Attributes: attributesOf(message.Attributes),
		Domain:     domainOf(message.Domain),
		Number:     number,
	}}
	if u := message.Unavailability; u != nil {
		o.Maintenance = windowOf(u)
	}
	o.Revocable = o.stock.revocable()
	o.Scalars, o.Ports, o.Others = o.stock.scalars(), o.stock.ports(), o.stock.others()
	return o
}
