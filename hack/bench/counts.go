package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"k8s.io/client-go/rest"
)

// request is a kind of request to the API server.
type request struct {
	verb, resource, subresource string
	refused                     bool
}

// requests counts them, by the API server's own counter.
type requests map[request]int

// readRequests reads apiserver_request_total.
func readRequests(ctx context.Context, client *rest.RESTClient) (requests, error) {
	body, err := client.Get().AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the API server's metrics: %w", err)
	}
	return parseRequests(body)
}

func parseRequests(body []byte) (requests, error) {
	families, err := parseMetrics(body)
	if err != nil {
		return nil, err
	}
	counts := requests{}
	for _, metric := range families["apiserver_request_total"].GetMetric() {
		labels := map[string]string{}
		for _, label := range metric.GetLabel() {
			labels[label.GetName()] = label.GetValue()
		}
		code := labels["code"]
		counts[request{labels["verb"], labels["resource"], labels["subresource"], code != "" && code[0] != '2'}] += int(metric.GetCounter().GetValue())
	}
	return counts, nil
}

func parseMetrics(body []byte) (map[string]*dto.MetricFamily, error) {
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("reading metrics: %w", err)
	}
	return families, nil
}

// since is what came after an earlier reading.
func (r requests) since(before requests) requests {
	later := requests{}
	for request, count := range r {
		if count -= before[request]; count > 0 {
			later[request] = count
		}
	}
	return later
}

// only are the requests that fit.
func (r requests) only(fits func(request) bool) requests {
	fit := maps.Clone(r)
	maps.DeleteFunc(fit, func(request request, _ int) bool { return !fits(request) })
	return fit
}

// sum counts the requests that fit.
func (r requests) sum(fits func(request) bool) int {
	sum := 0
	for request, count := range r {
		if fits(request) {
			sum += count
		}
	}
	return sum
}

const mesosTasks = "mesostasks"

// patches are the writes that the operator makes to MesosTasks; users' are of other verbs.
func patches(r request) bool {
	return isWrite(r) && r.resource == mesosTasks && r.verb != "POST" && r.verb != "DELETE"
}

func refusedPatches(r request) bool { return patches(r) && r.refused }

func isWrite(r request) bool {
	switch r.verb {
	case "POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION":
		return true
	}
	return false
}

// idleWrite is a write that nothing needs while nothing happens: not a Lease.
func idleWrite(r request) bool { return isWrite(r) && r.resource != "leases" }

// kindRead reads one of the operator's kinds.
func kindRead(r request) bool {
	switch r.resource {
	case mesosTasks, "mesosframeworks", "mesostasksets", "mesoscrontasks":
		return r.verb == "GET" || r.verb == "LIST"
	}
	return false
}

// newEvents are Events; those that only count one up are patches.
func newEvents(r request) bool { return r.resource == "events" && isWrite(r) }
