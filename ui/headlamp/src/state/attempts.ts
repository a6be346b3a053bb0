import type { MesosTask } from '../api.gen';
import type { Level } from './verdict';

/** One Mesos task ID and what Mesos said of it. */
export type Attempt = NonNullable<NonNullable<MesosTask['status']>['task']>;

/** The attempts of a task, the latest first. */
export function attemptsOf(task: MesosTask): Attempt[] {
  const { task: current, history = [] } = task.status ?? {};
  return current ? [current, ...history] : history;
}

/** How an attempt is, or how it ended. */
export interface Ending {
  level: Level;
  text: string;
}

/** Why the operator killed an attempt, in words. */
const killed: Record<NonNullable<Attempt['killReason']>, string> = {
  SpecChanged: 'its spec changed',
  RestartRequested: 'a restart was asked for',
  Suspended: 'it was suspended',
  LaunchTimedOut: 'it did not come to run in time',
  DeadlineExceeded: 'its deadline was over',
  NotOfRecord: 'another attempt goes on',
};

const ended = [
  'TASK_FINISHED',
  'TASK_FAILED',
  'TASK_KILLED',
  'TASK_ERROR',
  'TASK_DROPPED',
  'TASK_GONE',
  'TASK_GONE_BY_OPERATOR',
];

/** Whether Mesos said that the attempt is over. */
export function isOver(attempt: Attempt): boolean {
  return attempt.finishTime !== undefined || ended.includes(attempt.state ?? '');
}

const rules: Array<(attempt: Attempt) => Ending | undefined> = [
  ({ outcome }) =>
    outcome && {
      level: 'degraded',
      text:
        outcome === 'Replaced'
          ? 'replaced, and killed should it come back'
          : 'given up, and killed should it come back',
    },
  attempt => (isOver(attempt) ? undefined : living(attempt)),
  // A task that finished while it was being killed keeps that end.
  ({ state }) =>
    state === 'TASK_FINISHED' ? { level: 'healthy', text: 'finished with exit code 0' } : undefined,
  ({ killReason }) =>
    killReason && {
      level:
        killReason === 'LaunchTimedOut' || killReason === 'DeadlineExceeded' ? 'broken' : 'idle',
      text: `killed, as ${killed[killReason]}`,
    },
  ({ state, healthy }) =>
    state === 'TASK_KILLED' && healthy === false
      ? { level: 'broken', text: 'killed, as its health check failed' }
      : undefined,
  ({ ran }) => (ran === false ? { level: 'degraded', text: 'never ran' } : undefined),
  ({ exitCode }) =>
    exitCode === undefined ? undefined : { level: 'broken', text: `exit code ${exitCode}` },
  ({ signal }) =>
    signal === undefined ? undefined : { level: 'broken', text: `ended by signal ${signal}` },
  ({ state }) => ({ level: 'broken', text: stateWord(state) }),
];

function living({ state, killReason }: Attempt): Ending {
  if (killReason) {
    return { level: 'working', text: `being killed, as ${killed[killReason]}` };
  }
  switch (state) {
    case 'TASK_RUNNING':
      return { level: 'healthy', text: 'runs' };
    case 'TASK_UNREACHABLE':
    case 'TASK_LOST':
    case 'TASK_UNKNOWN':
      return { level: 'degraded', text: 'Mesos cannot say whether it runs' };
    case undefined:
      return { level: 'working', text: 'sent to its agent' };
    default:
      return { level: 'working', text: stateWord(state) };
  }
}

/** How an attempt ended, with its exit code or signal where there was one, or how it is. */
export function howItEnded(attempt: Attempt): Ending {
  for (const rule of rules) {
    const ending = rule(attempt);
    if (ending) {
      return ending;
    }
  }
  return { level: 'degraded', text: 'nobody knows' };
}

/** TASK_GONE_BY_OPERATOR is "gone by operator". */
export function stateWord(state?: string): string {
  return (state ?? 'unknown')
    .replace(/^TASK_/, '')
    .toLowerCase()
    .replaceAll('_', ' ');
}

/** How long an attempt ran, or runs, in milliseconds; undefined where it did not, or the clocks do not agree. */
export function ranFor(attempt: Attempt, now: number): number | undefined {
  const start = Date.parse(attempt.startTime ?? '');
  const end = attempt.finishTime ? Date.parse(attempt.finishTime) : isOver(attempt) ? NaN : now;
  return end >= start ? end - start : undefined;
}

/** 90061000 is "1d 1h": the two largest units. */
export function duration(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  const parts: Array<[number, string]> = [
    [Math.floor(seconds / 86400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ];
  const begin = parts.findIndex(([number]) => number > 0);
  if (begin < 0) {
    return '0s';
  }
  return parts
    .slice(begin, begin + 2)
    .filter(([number]) => number > 0)
    .map(([number, unit]) => `${number}${unit}`)
    .join(' ');
}

/** Where Mesos' own web interface, at the master, shows an attempt with its sandbox: files stdout and stderr. */
export function sandboxURL(attempt: Attempt, masterURL?: string): string | undefined {
  const { agentID, frameworkID, id } = attempt;
  if (!masterURL || !/^https?:\/\//.test(masterURL) || !agentID || !frameworkID) {
    return undefined;
  }
  const path = ['agents', agentID, 'frameworks', frameworkID, 'executors', id]
    .map(encodeURIComponent)
    .join('/');
  return `${masterURL.replace(/\/+$/, '')}/#/${path}`;
}
