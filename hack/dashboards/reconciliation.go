package main

// reconciliation is the page about what Mesos has told and what was made of it.
func reconciliation() dashboard {
	return dashboard{
		uid: "mesos-operator-reconciliation", title: "Mesos operator / Reconciliation",
		description: "Does the operator know what runs: what Mesos has not answered for, what nobody accounts for, how fast updates are stored and acknowledged, which calls fail, and what was decided.",
		rows:        []row{isAllAnswered(), passes(), updates(), calls(), decisions()},
	}
}

func isAllAnswered() row {
	return row{"Is everything answered for", []panel{
		{
			title: "Unanswered", kind: stat, unit: count, width: 6, limits: bad,
			description: "Tasks for which Mesos has not answered in the pass that runs. After a failover a master is silent about agents that have not come back, for ten minutes or more.",
			queries:     []query{{`max by (framework) (mesos_operator_reconciliation_unanswered_tasks{framework})`, "{{framework}}"}},
		},
		{
			title: "Since the last pass", kind: stat, unit: seconds, width: 6, limits: []limit{{1800, yellow}, {3600, red}}, none: "No pass yet",
			description: "Time since a pass ended that had an answer for every task. There is one every spec.reconciliation.intervalSeconds, 15 minutes unless it says otherwise.",
			queries:     []query{{`time() - max by (framework) (mesos_operator_reconciliation_last_pass_timestamp_seconds{framework})`, "{{framework}}"}},
		},
		{
			title: "Unreachable", kind: stat, unit: count, width: 6, limits: bad,
			description: "Tasks of which Mesos says that it cannot tell whether they run.",
			queries:     []query{{`max by (framework) (mesos_operator_tasks{framework,state="unreachable"})`, "{{framework}}"}},
		},
		{
			title: "Orphans", kind: stat, unit: count, width: 6, limits: bad,
			description: "Live Mesos tasks that no MesosTask accounts for. kubectl describe of the MesosFramework names some of them.",
			queries:     []query{{`max by (framework) (mesos_operator_orphans{framework})`, "{{framework}}"}},
		},
	}}
}

func passes() row {
	return row{"Passes", []panel{
		{
			title: "Passes, in an hour", kind: graph, unit: count, width: 8,
			description: "By why they ran. Subscribed is after each new subscription, Interval by the clock, Requested as a person asked.",
			queries:     []query{{`sum by (reason) (increase(mesos_operator_reconciliation_pass_duration_seconds_count{operator}[1h]))`, "{{reason}}"}},
		},
		{
			title: "How long passes take", kind: graph, unit: seconds, width: 8,
			description: "Until Mesos had answered for every task: median and 95th percentile.",
			queries: []query{
				{`histogram_quantile(0.5, sum by (le) (rate(mesos_operator_reconciliation_pass_duration_seconds_bucket{operator}[1h])))`, "median"},
				{`histogram_quantile(0.95, sum by (le) (rate(mesos_operator_reconciliation_pass_duration_seconds_bucket{operator}[1h])))`, "95th percentile"},
			},
		},
		{
			title: "How long Mesos takes to answer", kind: graph, unit: seconds, width: 8,
			description: "From the first RECONCILE that named a task until the answer for it: median and 99th percentile.",
			queries: []query{
				{`histogram_quantile(0.5, sum by (le) (rate(mesos_operator_reconciliation_answer_latency_seconds_bucket{operator}[1h])))`, "median"},
				{`histogram_quantile(0.99, sum by (le) (rate(mesos_operator_reconciliation_answer_latency_seconds_bucket{operator}[1h])))`, "99th percentile"},
			},
		},
	}}
}

func updates() row {
	return row{"Status updates", []panel{
		{
			title: "Updates and answers, by state", kind: stacked, unit: perSec, width: 12,
			description: "What Mesos told of tasks: status updates and answers to RECONCILE. A pass is a peak.",
			queries:     []query{{`sum by (state) (rate(mesos_operator_status_updates_total{operator}[$__rate_interval])) > 0`, "{{state}}"}},
		},
		{
			title: "How long acknowledgements take", kind: graph, unit: seconds, width: 12,
			description: "From the arrival of an update until Mesos took its acknowledgement; most of it is the write that makes the update durable. Median and 99th percentile.",
			queries: []query{
				{`histogram_quantile(0.5, sum by (le) (rate(mesos_operator_status_update_ack_delay_seconds_bucket{operator}[$__rate_interval])))`, "median"},
				{`histogram_quantile(0.99, sum by (le) (rate(mesos_operator_status_update_ack_delay_seconds_bucket{operator}[$__rate_interval])))`, "99th percentile"},
			},
		},
		{
			title: "Updates that wait for their acknowledgement", kind: graph, unit: count, width: 12,
			description: "Mesos sends the next update of a task only after it.",
			queries:     []query{{`max by (framework) (mesos_operator_unacknowledged_updates{framework})`, "{{framework}}"}},
		},
		{
			title: "The oldest of them", kind: graph, unit: seconds, width: 12, limits: []limit{{300, red}}, none: "None waits",
			description: "For how long it has waited. There is no line while none waits.",
			queries:     []query{{`time() - min by (framework) (mesos_operator_oldest_unacknowledged_update_timestamp_seconds{framework})`, "{{framework}}"}},
		},
	}}
}

func calls() row {
	return row{"Calls to Mesos, and what comes from it", []panel{
		{
			title: "Calls, by type", kind: graph, unit: perSec, width: 8,
			description: "Calls to the scheduler API of the masters.",
			queries:     []query{{`sum by (type) (rate(mesos_operator_calls_total{operator}[$__rate_interval]))`, "{{type}}"}},
		},
		{
			title: "Calls that were not accepted", kind: graph, unit: perSec, width: 8, limits: []limit{{0.1, yellow}},
			description: "refused: the master said no (4xx); failed: it had a fault (5xx); unanswered: nobody knows; withheld: not sent, as this process might not act.",
			queries:     []query{{`sum by (type, result) (rate(mesos_operator_calls_total{operator,result!="accepted"}[$__rate_interval])) > 0 or label_replace(vector(0), "type", "any", "", "")`, "{{type}} {{result}}"}},
		},
		{
			title: "Events from Mesos", kind: graph, unit: perSec, width: 8,
			description: "By type. Heartbeats come every 15 seconds for each framework; after five that are missing the operator subscribes anew.",
			queries:     []query{{`sum by (type) (rate(mesos_operator_events_total{operator}[$__rate_interval])) > 0`, "{{type}}"}},
		},
	}}
}

func decisions() row {
	return row{"What was decided, and done", []panel{
		{
			title: "Decisions about tasks", kind: stacked, unit: perSec, width: 12,
			description: "By the rule that decided. The rules are in controllers/lifecycle.",
			queries:     []query{{`sum by (rule) (rate(mesos_operator_task_decisions_total{operator}[$__rate_interval])) > 0`, "{{rule}}"}},
		},
		{
			title: "Steps that decisions led to", kind: stacked, unit: perSec, width: 12,
			description: "What was done: writes, launches, kills, acknowledgements.",
			queries:     []query{{`sum by (step) (rate(mesos_operator_reconcile_steps_total{operator,result="done"}[$__rate_interval])) > 0`, "{{step}}"}},
		},
		{
			title: "Steps that were refused or failed", kind: graph, unit: perSec, width: 12,
			description: "Refused are mostly writes of objects that had changed meanwhile: they are decided anew. Failed are tried again.",
			queries:     []query{{`sum by (step, result) (rate(mesos_operator_reconcile_steps_total{operator,result!="done"}[$__rate_interval])) > 0 or label_replace(vector(0), "step", "any", "", "")`, "{{step}} {{result}}"}},
		},
		{
			title: "Changes of state that were recorded", kind: graph, unit: perSec, width: 12,
			description: "Mesos states as they were written into MesosTasks.",
			queries:     []query{{`sum by (state) (rate(mesos_operator_task_transitions_total{operator}[$__rate_interval])) > 0`, "{{state}}"}},
		},
	}}
}
