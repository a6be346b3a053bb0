import type { MesosCronTask, MesosTask } from '../api.gen';
import { duration } from './attempts';

/** "in 4m 3s" or "2h 5m ago". */
export function relative(time: string, now: number): string {
  const left = Date.parse(time) - now;
  return left >= 0 ? `in ${duration(left)}` : `${duration(-left)} ago`;
}

/** When a task is launched again, in words. */
export function launchText(nextLaunchTime: string, now: number): string {
  return Date.parse(nextLaunchTime) > now
    ? `It is launched again ${relative(nextLaunchTime, now)}.`
    : 'It is being launched again.';
}

/** The next run, in words. */
export function nextRun(cron: MesosCronTask, now: number): string {
  const next = cron.status?.nextScheduleTime;
  if (cron.spec.suspend) {
    return 'suspended';
  }
  if (!next) {
    return 'none';
  }
  return Date.parse(next) < now ? 'due' : relative(next, now);
}

/** The schedule with its time zone, as the operator says it. */
export function scheduleText({ spec }: MesosCronTask): string {
  return `${spec.schedule} (${spec.timeZone ?? 'UTC'})`;
}

/** When a run was due, or was asked for by a person. */
export function dueTime(run: MesosTask): string {
  return run.metadata.annotations?.['mesos.dev/scheduled-at'] ?? run.metadata.creationTimestamp;
}

/** Whether a person asked for the run. */
export function isRequested(run: MesosTask): boolean {
  return !run.metadata.annotations?.['mesos.dev/scheduled-at'];
}

/** Runs, the latest first. */
export function latestFirst(runs: MesosTask[]): MesosTask[] {
  return [...runs].sort((a, b) => Date.parse(dueTime(b)) - Date.parse(dueTime(a)));
}

/**
 * When a run was last due by the schedule, or asked for by a person. lastScheduleTime knows nothing of those that were asked for; of one that is not kept
 * any more, only when it succeeded is known.
 */
export function lastRunTime({ status }: MesosCronTask, runs: MesosTask[]): string | undefined {
  const times = [status?.lastScheduleTime ?? '', ...runs.map(dueTime)].filter(Boolean);
  return times.length > 0
    ? times.reduce((a, b) => (Date.parse(b) > Date.parse(a) ? b : a))
    : status?.lastSuccessfulTime;
}
