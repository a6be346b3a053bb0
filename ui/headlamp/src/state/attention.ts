import type { MesosCronTask, MesosFramework, MesosTask, MesosTaskSet } from '../api.gen';
import { condition } from './conditions';
import {
  cronVerdict,
  frameworkVerdict,
  Level,
  levels,
  setVerdict,
  taskVerdict,
  Verdict,
} from './verdict';

export interface Everything {
  frameworks: MesosFramework[];
  sets: MesosTaskSet[];
  crons: MesosCronTask[];
  tasks: MesosTask[];
}

export type Kind = 'MesosFramework' | 'MesosTaskSet' | 'MesosCronTask' | 'MesosTask';

/** The kinds, what others depend on first. */
export const kinds: Kind[] = ['MesosFramework', 'MesosTaskSet', 'MesosCronTask', 'MesosTask'];

export interface Judged {
  kind: Kind;
  name: string;
  namespace?: string;
  verdict: Verdict;
  /** The name of the set or cron task that it belongs to. */
  owner?: { kind: Kind; name: string };
  /** How many of its own tasks want attention too. */
  tasks: number;
}

/** The set or cron task that controls a task. */
export function ownerOf(task: MesosTask): Judged['owner'] {
  const reference = task.metadata.ownerReferences?.find(
    ({ controller, apiVersion }) => controller && apiVersion.startsWith('mesos.dev/')
  );
  return reference && { kind: reference.kind as Kind, name: reference.name };
}

/** The run of a cron task that ended last, of those that are kept. */
export function lastRun(cron: MesosCronTask, tasks: MesosTask[]): MesosTask | undefined {
  let last: MesosTask | undefined;
  for (const task of runsOf(cron, tasks)) {
    const end = endOf(task);
    if (end && (!last || end > (endOf(last) ?? ''))) {
      last = task;
    }
  }
  return last;
}

/** The tasks that a cron task controls. */
export function runsOf(cron: MesosCronTask, tasks: MesosTask[]): MesosTask[] {
  return tasks.filter(task => controls(cron, 'MesosCronTask', task));
}

/** The tasks that a set controls. */
export function tasksOf(set: MesosTaskSet, tasks: MesosTask[]): MesosTask[] {
  return tasks.filter(task => controls(set, 'MesosTaskSet', task));
}

function controls(object: MesosTaskSet | MesosCronTask, kind: Kind, task: MesosTask): boolean {
  const owner = ownerOf(task);
  return (
    owner?.kind === kind &&
    owner.name === object.metadata.name &&
    task.metadata.namespace === object.metadata.namespace
  );
}

function endOf(task: MesosTask): string | undefined {
  const end = condition(task, 'Succeeded');
  return end && end.status !== 'Unknown' ? end.lastTransitionTime : undefined;
}

/** Every object with its verdict. */
export function judgeAll({ frameworks, sets, crons, tasks }: Everything, now: number): Judged[] {
  const byCron = new Map<string, MesosTask[]>();
  for (const task of tasks) {
    const owner = ownerOf(task);
    if (owner?.kind === 'MesosCronTask') {
      const key = `${task.metadata.namespace}/${owner.name}`;
      byCron.set(key, [...(byCron.get(key) ?? []), task]);
    }
  }
  const runs = ({ metadata }: MesosCronTask) =>
    byCron.get(`${metadata.namespace}/${metadata.name}`) ?? [];
  return [
    ...frameworks.map(one => judged('MesosFramework', one, frameworkVerdict(one, now))),
    ...sets.map(one => judged('MesosTaskSet', one, setVerdict(one, now))),
    ...crons.map(one =>
      judged('MesosCronTask', one, cronVerdict(one, now, lastRun(one, runs(one))))
    ),
    ...tasks.map(one => ({
      ...judged('MesosTask', one, taskVerdict(one, now)),
      owner: ownerOf(one),
    })),
  ];
}

function judged(
  kind: Kind,
  { metadata }: { metadata: MesosTask['metadata'] },
  verdict: Verdict
): Judged {
  return { kind, name: metadata.name, namespace: metadata.namespace, verdict, tasks: 0 };
}

/**
 * What wants a person, the most urgent first; of one urgency what others depend on comes first, then what went wrong last. A task
 * whose set or cron task is on the list itself is counted there.
 */
export function attention(all: Judged[]): Judged[] {
  const amiss = all
    .filter(({ verdict }) => verdict.level === 'broken' || verdict.level === 'degraded')
    .map(one => ({ ...one }));
  const owners = new Map(amiss.filter(one => one.kind !== 'MesosTask').map(one => [key(one), one]));
  const listed = amiss.filter(one => {
    const owner = one.owner && owners.get(key({ ...one.owner, namespace: one.namespace }));
    if (owner) {
      owner.tasks++;
    }
    return !owner;
  });
  return listed.sort(
    (a, b) =>
      levels.indexOf(a.verdict.level) - levels.indexOf(b.verdict.level) ||
      kinds.indexOf(a.kind) - kinds.indexOf(b.kind) ||
      (b.verdict.since ?? '').localeCompare(a.verdict.since ?? '') ||
      key(a).localeCompare(key(b))
  );
}

function key({ kind, namespace, name }: Pick<Judged, 'kind' | 'namespace' | 'name'>): string {
  return `${kind}/${namespace ?? ''}/${name}`;
}

/** How many objects of a kind are at each level. */
export function tally(all: Judged[], kind: Kind): Record<Level, number> {
  const counts: Record<Level, number> = { broken: 0, degraded: 0, working: 0, idle: 0, healthy: 0 };
  for (const one of all) {
    if (one.kind === kind) {
      counts[one.verdict.level]++;
    }
  }
  return counts;
}
