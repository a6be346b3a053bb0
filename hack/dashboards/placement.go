package main

// placement is the page about tasks that wait, offers and launches, and of sets and cron tasks, which make tasks.
func placement() dashboard {
	return dashboard{
		uid: "mesos-operator-placement", title: "Mesos operator / Placement",
		description: "What waits for offers, which offers come and why they are declined, what is launched and how fast; and what sets and cron tasks do.",
		rows:        []row{howManyWait(), offers(), launches(), setsAndCron()},
	}
}

func howManyWait() row {
	return row{"What waits", []panel{
		{
			title: "Tasks that wait for an offer", kind: graph, unit: count, width: 8,
			description: "By framework.",
			queries:     []query{{`max by (framework) (mesos_operator_tasks{framework,state="pending"})`, "{{framework}}"}},
		},
		{
			title: "The oldest of them", kind: graph, unit: seconds, width: 8, limits: []limit{{1800, yellow}}, none: "None waits",
			description: "For how long it has waited. There is no line while none waits.",
			queries:     []query{{`time() - min by (framework) (mesos_operator_oldest_pending_task_timestamp_seconds{framework})`, "{{framework}}"}},
		},
		{
			title: "Why tasks are not ready", kind: ranking, unit: count, width: 8, none: "All are ready",
			description: "By the reason of condition Ready. status.pending.message of each task says which offers lacked what.",
			queries:     []query{{`sort_desc(sum by (reason) (max by (namespace, job, framework, reason) (mesos_operator_tasks_not_ready{framework})) > 0)`, "{{reason}}"}},
		},
	}}
}

func offers() row {
	return row{"Offers", []panel{
		{
			title: "Offers received", kind: graph, unit: perSec, width: 8,
			description: "None come while nothing waits: the operator asks Mesos to suppress them.",
			queries:     []query{{`sum(rate(mesos_operator_offers_received_total{operator}[$__rate_interval]))`, "received"}},
		},
		{
			title: "Offers declined, by reason", kind: stacked, unit: perSec, width: 8,
			description: "unfit: none that waits fits; turn: tasks wait for their turn; held: nothing may be launched before Mesos has told what runs; withdrawn and refused: the launch was not to be.",
			queries:     []query{{`sum by (reason) (rate(mesos_operator_offers_declined_total{operator}[$__rate_interval]))`, "{{reason}}"}},
		},
		{
			title: "Asking for offers", kind: graph, unit: perSec, width: 8,
			description: "REVIVE asks for offers and for those again that were declined, SUPPRESS asks for none.",
			queries:     []query{{`sum by (type) (rate(mesos_operator_calls_total{operator,type=~"REVIVE|SUPPRESS|DECLINE|ACCEPT"}[$__rate_interval]))`, "{{type}}"}},
		},
	}}
}

func launches() row {
	return row{"Launches", []panel{
		{
			title: "Tasks launched", kind: graph, unit: perSec, width: 8,
			description: "Tasks in ACCEPT calls, by what became of the call.",
			queries:     []query{{`sum by (result) (rate(mesos_operator_task_launches_total{operator}[$__rate_interval]))`, "{{result}}"}},
		},
		{
			title: "From kubectl apply to running", kind: graph, unit: seconds, width: 8,
			description: "From the creation of a MesosTask until it was recorded as running, waiting for offers and the fetching of images included: median, 95th and 99th percentile.",
			queries: []query{
				{`histogram_quantile(0.5, sum by (le) (rate(mesos_operator_task_launch_latency_seconds_bucket{operator}[$__rate_interval])))`, "median"},
				{`histogram_quantile(0.95, sum by (le) (rate(mesos_operator_task_launch_latency_seconds_bucket{operator}[$__rate_interval])))`, "95th percentile"},
				{`histogram_quantile(0.99, sum by (le) (rate(mesos_operator_task_launch_latency_seconds_bucket{operator}[$__rate_interval])))`, "99th percentile"},
			},
		},
		{
			title: "Fitting tasks to offers", kind: graph, unit: seconds, width: 8, limits: []limit{{1, yellow}},
			description: "How long a round takes: the 99th percentile. Much waiting, many offers and rules of placement make it longer.",
			queries: []query{{
				`histogram_quantile(0.99, sum by (le) (rate(mesos_operator_offer_match_duration_seconds_bucket{operator}[$__rate_interval])))`, "99th percentile",
			}},
		},
	}}
}

func setsAndCron() row {
	return row{"Sets and cron tasks", []panel{
		{
			title: "Decisions about sets", kind: stacked, unit: perSec, width: 8,
			description: "By the rule that decided.",
			queries:     []query{{`sum by (rule) (rate(mesos_operator_set_decisions_total{operator}[$__rate_interval])) > 0`, "{{rule}}"}},
		},
		{
			title: "Runs of cron tasks, in an hour", kind: graph, unit: count, width: 8,
			description: "Runs that were started: as the schedule said, as a person asked, or anew for a task that had lost its own; and times that passed without a run.",
			queries: []query{
				{`sum by (cause) (increase(mesos_operator_cron_runs_started_total{operator}[1h]))`, "{{cause}}"},
				{`sum(increase(mesos_operator_cron_runs_missed_total{operator}[1h]))`, "missed"},
			},
		},
		{
			title: "How late runs start", kind: graph, unit: seconds, width: 8, none: "No run yet",
			description: "From the time of the schedule until the run's MesosTask was created: the 95th percentile.",
			queries:     []query{{`histogram_quantile(0.95, sum by (le) (rate(mesos_operator_cron_start_delay_seconds_bucket{operator}[1h])))`, "95th percentile"}},
		},
	}}
}
