package main

import "fmt"

// overview is the page for the first minute: is it up, is it connected, what waits and why, what dies, and how the manager itself is.
func overview() dashboard {
	return dashboard{
		uid: "mesos-operator-overview", title: "Mesos operator / Overview",
		description: "Is the operator up, is it connected to Mesos, what waits and why, what dies. The two other pages go into reconciliation and placement.",
		rows:        []row{isItUp(), isItConnected(), whatWaits(), whatDies(), theManager()},
	}
}

func isItUp() row {
	return row{"Is it up", []panel{
		{
			title: "Alerts that fire", kind: stat, unit: count, width: 4, limits: []limit{{1, red}},
			description: "Alerts of mesos-operator that fire now. Each has a runbook, which its annotation runbook_url names.",
			queries:     []query{{`count(ALERTS{alertname=~"MesosOperator.+",alertstate="firing"}) or vector(0)`, "firing"}},
		},
		{
			title: "Managers", kind: stat, unit: count, width: 4, none: "None",
			description: "Processes of the manager whose metrics are read. One leads, the others take over when it ends.",
			queries:     []query{{`count(mesos_operator_build_info{operator})`, "managers"}},
		},
		{
			title: "Leader", kind: stat, unit: count, width: 4, words: yesNo("There is one", "Nobody leads"), none: "Unknown",
			description: "Whether a manager holds the lease. Without one nothing is launched, restarted or killed; what runs on Mesos runs on.",
			queries:     []query{{`max(leader_election_master_status{operator})`, "leader"}},
		},
		{
			title: "Up for", kind: stat, unit: seconds, width: 4, limits: []limit{{0, yellow}, {600, green}},
			description: "Age of the youngest manager. A small number that comes back says that one ends again and again.",
			queries:     []query{{`min(time() - (process_start_time_seconds{operator} and on (namespace, job, instance) mesos_operator_build_info))`, "youngest"}},
		},
		{
			title: "Version", kind: stat, unit: count, width: 4, named: true,
			description: "Versions of the managers. Two of them are an upgrade under way.",
			queries:     []query{{`count by (version) (mesos_operator_build_info{operator})`, "{{version}}"}},
		},
		{
			title: "Kinds served", kind: stat, unit: count, width: 4, words: yesNo("Served", "Not served"),
			description: "Whether sets and cron tasks are served. They are not where their CRD is missing or may not be read.",
			queries:     []query{{`min by (kind) (mesos_operator_kind_served{operator})`, "{{kind}}"}},
		},
	}}
}

func isItConnected() row {
	return row{"Is it connected", []panel{
		{
			title: "Subscribed", kind: stat, unit: count, width: 6, words: yesNo("Subscribed", "Disconnected"), none: "No framework",
			description: "Whether each framework has a subscription at the leading Mesos master.",
			queries:     []query{{`max by (framework) (mesos_operator_bridge_connected{framework})`, "{{framework}}"}},
		},
		{
			title: "Failover timeout used", kind: stat, unit: share, width: 6, limits: []limit{{0.1, yellow}, {0.5, red}}, none: "None",
			description: "How much of the time has passed after which Mesos removes a framework that is not subscribed, and kills all its tasks.",
			queries: []query{{`(time() - max by (framework) (mesos_operator_framework_disconnected_timestamp_seconds{framework}))
/ max by (framework) (mesos_operator_framework_failover_timeout_seconds{framework})`, "{{framework}}"}},
		},
		{
			title: "Unanswered", kind: stat, unit: count, width: 6, limits: bad, words: unknown,
			description: "Tasks for which Mesos has not answered in the reconciliation pass that runs. Nobody knows whether they run. Unknown: the framework is disconnected.",
			queries:     []query{{known(`mesos_operator_reconciliation_unanswered_tasks`), "{{framework}}"}},
		},
		{
			title: "Orphans", kind: stat, unit: count, width: 6, limits: bad, words: unknown,
			description: "Live Mesos tasks of each framework that no MesosTask accounts for. Unknown: the framework is disconnected.",
			queries:     []query{{known(`mesos_operator_orphans`), "{{framework}}"}},
		},
		{
			title: "Subscriptions that failed or ended", kind: graph, unit: count, width: 12,
			description: "By the class of the problem. docs/masters.md says what to do about each.",
			queries:     []query{{`sum by (class) (increase(mesos_operator_subscription_failures_total{operator}[$__rate_interval])) > 0 or label_replace(vector(0), "class", "any", "", "")`, "{{class}}"}},
		},
		{
			title: "Age of the subscription", kind: graph, unit: seconds, width: 12,
			description: "Each fall to zero is a new subscription: all offers are void and every task is asked for anew.",
			queries:     []query{{`max by (framework) (mesos_operator_bridge_subscription_age_seconds{framework})`, "{{framework}}"}},
		},
	}}
}

// unknown is what known says of a framework that is disconnected.
var unknown = []word{{"-1", "Unknown", yellow}}

// known counts something by framework. That there was nothing is not known of one that is disconnected: it has -1 then.
func known(metric string) string {
	return fmt.Sprintf("max by (framework) (%[1]s{framework}) > 0\nor (max by (framework) (mesos_operator_bridge_connected{framework}) == 0) - 1\nor max by (framework) (%[1]s{framework})", metric)
}

func whatWaits() row {
	return row{"What waits, and why", []panel{
		{
			title: "Tasks", kind: stacked, unit: count, width: 12,
			description: "MesosTasks by what they do. Changing are being launched or killed; unreachable are those of which Mesos cannot say whether they run; of those that ended nothing runs or waits.",
			queries:     []query{{`sum by (state) (max by (namespace, job, framework, state) (mesos_operator_tasks{framework}))`, "{{state}}"}},
		},
		{
			title: "Not ready, by reason", kind: stacked, unit: count, width: 12,
			description: "The reason of condition Ready where it is not True; none: nothing was written of it yet. The README of the project explains each.",
			queries:     []query{{`sum by (reason) (max by (namespace, job, framework, reason) (mesos_operator_tasks_not_ready{framework})) > 0`, "{{reason}}"}},
		},
		{
			title: "The oldest that waits for an offer", kind: graph, unit: seconds, width: 12, limits: []limit{{1800, yellow}},
			description: "For how long that task has waited which has waited longest. There is no line while none waits.",
			queries:     []query{{`time() - min by (framework) (mesos_operator_oldest_pending_task_timestamp_seconds{framework})`, "{{framework}}"}},
		},
		{
			title: "Offers declined, by reason", kind: stacked, unit: perSec, width: 12,
			description: "unfit: none that waits fits; turn: tasks wait for their turn; held: nothing may be launched before Mesos has told what runs; nothing_pending: nothing waits.",
			queries:     []query{{`sum by (reason) (rate(mesos_operator_offers_declined_total{operator}[$__rate_interval]))`, "{{reason}}"}},
		},
	}}
}

func whatDies() row {
	return row{"What dies", []panel{
		{
			title: "Ends of tasks", kind: graph, unit: perSec, width: 12,
			description: "Tasks that came to an end, by the state that Mesos told. TASK_FINISHED is a good one; TASK_KILLED follows changes, deletions and drains.",
			queries: []query{{
				`sum by (state) (rate(mesos_operator_task_transitions_total{operator,state=~"TASK_(FINISHED|FAILED|KILLED|ERROR|LOST|DROPPED|GONE|GONE_BY_OPERATOR)"}[$__rate_interval]))`,
				"{{state}}",
			}},
		},
		{
			title: "Why tasks failed, in the last hour", kind: ranking, unit: count, width: 12, none: "None failed",
			description: "Ends but the good one and our own kills, by the reason that Mesos gave; none stands for no reason, as of a command that exits with another status than 0.",
			queries: []query{{
				`sort_desc(sum by (state, reason) (increase(mesos_operator_task_transitions_total{operator,state=~"TASK_(FAILED|ERROR|LOST|DROPPED|GONE|GONE_BY_OPERATOR)"}[1h])) > 0)`,
				"{{state}} {{reason}}",
			}},
		},
		{
			title: "Tasks launched", kind: graph, unit: perSec, width: 12,
			description: "Tasks in ACCEPT calls, by what became of the call. Many launches with a steady number of tasks are tasks that end and are launched again.",
			queries:     []query{{`sum by (result) (rate(mesos_operator_task_launches_total{operator}[$__rate_interval]))`, "{{result}}"}},
		},
		{
			title: "Unreachable and lost", kind: graph, unit: count, width: 12, limits: bad,
			description: "Tasks of which Mesos cannot say whether they run: their agent is cut off, or unknown to the master.",
			queries:     []query{{`max by (framework) (mesos_operator_tasks{framework,state="unreachable"})`, "{{framework}}"}},
		},
	}}
}

func theManager() row {
	return row{"The manager itself", []panel{
		{
			title: "Reconciles", kind: graph, unit: perSec, width: 8,
			description: "By controller. Idle is a few a minute.",
			queries:     []query{{`sum by (controller) (rate(controller_runtime_reconcile_total{operator}[$__rate_interval]))`, "{{controller}}"}},
		},
		{
			title: "Reconciles that ended with an error", kind: graph, unit: share, width: 8, limits: []limit{{0.1, red}},
			description: "Share of the reconciles of each controller. Conflicts are no errors.",
			queries: []query{{`sum by (controller) (rate(controller_runtime_reconcile_errors_total{operator}[$__rate_interval]))
/ (sum by (controller) (rate(controller_runtime_reconcile_total{operator}[$__rate_interval])) > 0)`, "{{controller}}"}},
		},
		{
			title: "Slowest reconciles", kind: graph, unit: seconds, width: 8,
			description: "The 99th percentile of each controller; most of it are writes to the API server.",
			queries: []query{{
				`histogram_quantile(0.99, sum by (controller, le) (rate(controller_runtime_reconcile_time_seconds_bucket{operator}[$__rate_interval])))`, "{{controller}}",
			}},
		},
		{
			title: "Objects that wait for a worker", kind: graph, unit: count, width: 8, limits: []limit{{500, red}},
			description: "Depth of each controller's queue. One that keeps growing says that writes are too slow.",
			queries:     []query{{`sum by (name) (workqueue_depth{operator})`, "{{name}}"}},
		},
		{
			title: "Requests to the API server", kind: stacked, unit: perSec, width: 8,
			description: "By the status of the answer. 429 says that the API server slows the manager down; 422 and 409 are writes that came too late, which is no fault.",
			queries:     []query{{`sum by (code) (rate(rest_client_requests_total{operator}[$__rate_interval]))`, "{{code}}"}},
		},
		{
			title: "Kubernetes Events that were dropped", kind: graph, unit: perSec, width: 8, limits: []limit{{0.1, yellow}},
			description: "Events over the budget of about ten a second. They are for people to read: what is dropped changes nothing.",
			queries:     []query{{`sum(rate(mesos_operator_kubernetes_events_dropped_total{operator}[$__rate_interval]))`, "dropped"}},
		},
		{
			title: "Memory", kind: graph, unit: memory, width: 8,
			description: "Resident memory of each manager. docs/performance.md says how much so many tasks need.",
			queries:     []query{{`process_resident_memory_bytes{operator} and on (namespace, job, instance) mesos_operator_build_info`, "{{instance}}"}},
		},
		{
			title: "CPU, in cores", kind: graph, unit: cores, width: 8,
			description: "What each manager uses.",
			queries:     []query{{`rate(process_cpu_seconds_total{operator}[$__rate_interval]) and on (namespace, job, instance) mesos_operator_build_info`, "{{instance}}"}},
		},
		{
			title: "Goroutines", kind: graph, unit: count, width: 8,
			description: "Of each manager. A number that only grows is a leak.",
			queries:     []query{{`go_goroutines{operator} and on (namespace, job, instance) mesos_operator_build_info`, "{{instance}}"}},
		},
	}}
}
