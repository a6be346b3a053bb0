import type { MesosTask, MesosTaskSet } from '../api.gen';
import { condition, holds } from './conditions';
import type { Level } from './verdict';

/** What the status of a set says of its tasks. */
export interface Rollout {
  desired: number;
  /** How many there are that are not being deleted; updated and older ones together. */
  existing: number;
  updated: number;
  older: number;
  terminating: number;
  ready: number;
  available: number;
  unreachable: number;
  /** How many stay at the older revision, as the partition asks. */
  stay: number;
  paused: boolean;
}

export function rolloutOf({ spec, status }: MesosTaskSet): Rollout {
  const desired = spec.replicas ?? 1;
  const existing = status?.replicas ?? 0;
  const updated = status?.updatedReplicas ?? 0;
  return {
    desired,
    existing,
    updated,
    older: Math.max(0, existing - updated),
    terminating: status?.terminatingReplicas ?? 0,
    ready: status?.readyReplicas ?? 0,
    available: status?.availableReplicas ?? 0,
    unreachable: status?.unreachableReplicas ?? 0,
    stay: Math.min(desired, spec.updateStrategy?.rollingUpdate?.partition ?? 0),
    paused: spec.paused === true,
  };
}

/** The tasks of a set that are of one revision. */
export interface RevisionRow {
  revision: string;
  /** What the revision is to the set. */
  role: 'update' | 'current' | 'older';
  tasks: number;
  running: number;
}

/** The revisions that tasks are of, the one that they should be of first. */
export function revisionsOf(set: MesosTaskSet, tasks: MesosTask[]): RevisionRow[] {
  const { updateRevision, currentRevision } = set.status ?? {};
  const rows = new Map<string, RevisionRow>();
  for (const task of tasks) {
    const revision = task.metadata.labels?.['mesos.dev/revision'] ?? '';
    const role =
      revision === updateRevision ? 'update' : revision === currentRevision ? 'current' : 'older';
    const row = rows.get(revision) ?? { revision, role, tasks: 0, running: 0 };
    row.tasks++;
    row.running += holds(task, 'Ready') && condition(task, 'Ready')?.reason === 'Running' ? 1 : 0;
    rows.set(revision, row);
  }
  const roles: Array<RevisionRow['role']> = ['update', 'current', 'older'];
  return [...rows.values()].sort(
    (a, b) => roles.indexOf(a.role) - roles.indexOf(b.role) || a.revision.localeCompare(b.revision)
  );
}

/** How far a rollout is: tasks count that run and are of the revision that they should be of. */
export function progressOf({ desired, stay }: Rollout, rows: RevisionRow[]) {
  const update = rows.find(({ role }) => role === 'update') ?? { tasks: 0, running: 0 };
  const all = rows.reduce((sum, { tasks }) => sum + tasks, 0);
  const goal = desired - stay;
  const parts: Array<{ level: Level; number: number; what: string }> = [
    { level: 'healthy', number: update.running, what: 'run by the template as it is' },
    {
      level: 'degraded',
      number: update.tasks - update.running,
      what: 'of the template as it is do not run',
    },
    { level: 'working', number: all - update.tasks, what: 'of an older template' },
  ];
  return { progress: goal === 0 ? 1 : Math.min(1, update.running / goal), parts };
}

/** A template of which a ControllerRevision keeps a copy. */
export interface Kept {
  name: string;
  number: number;
  created: string;
  /** What going back to it would change, a line for each field. */
  changes: string[];
  template: MesosTaskSet['spec']['template'];
  current: boolean;
}

/** The ControllerRevisions of a set, the newest first. Those of others, and those without a template, are left out. */
export function keptRevisions(set: MesosTaskSet, revisions: any[]): Kept[] {
  return revisions
    .filter(
      ({ metadata, data }) =>
        metadata.ownerReferences?.some((o: any) => o.uid === set.metadata.uid) &&
        data?.template?.spec
    )
    .map(({ metadata, revision, data }) => ({
      name: metadata.name,
      number: revision,
      created: metadata.creationTimestamp,
      changes: differences(set.spec.template, data.template),
      template: data.template,
      current: metadata.name === `${set.metadata.name}-${set.status?.updateRevision}`,
    }))
    .sort((a, b) => b.number - a.number);
}

/** The fields by which a template differs from the one that replaces it, such as "spec.env.VERSION.value: 2 → 1". */
export function differences(from: unknown, to: unknown): string[] {
  const [before, after] = [fields(from), fields(to)];
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return names
    .filter(name => !same(name, before.get(name), after.get(name)))
    .map(name => `${name}: ${before.get(name) ?? 'absent'} → ${after.get(name) ?? 'absent'}`);
}

/** Whether two values of a field mean the same: the operator keeps amounts as Kubernetes writes them, 0.1 as 100m. */
function same(name: string, a?: string, b?: string): boolean {
  const amounts = name.includes('.resources.') && [amount(a), amount(b)];
  return a === b || (!!amounts && amounts[0] !== undefined && amounts[0] === amounts[1]);
}

const suffixes = ['', 'k', 'M', 'G', 'T', 'P', 'E'];

/** The number that an amount such as 100m or 32Mi is, as far as twelve digits tell; undefined for what is none. */
function amount(text?: string): number | undefined {
  const [, digits, small, suffix = '', binary] =
    /^(\d*\.?\d+|\d+\.)(?:([num])|([kKMGTPE])(i?))?$/.exec(text ?? '') ?? [];
  if (digits === undefined) {
    return undefined;
  }
  const thousands = small
    ? -['', 'm', 'u', 'n'].indexOf(small)
    : suffixes.indexOf(suffix === 'K' ? 'k' : suffix);
  return Number((Number(digits) * (binary ? 1024 : 1000) ** thousands).toPrecision(12));
}

/** The fields of an object by their paths. Of lists whose items have names these are the keys, as in the API. */
function fields(value: unknown, path = '', found = new Map<string, string>()): Map<string, string> {
  if (value === null || typeof value !== 'object') {
    return value === undefined ? found : found.set(path, String(value));
  }
  for (const [key, item] of Object.entries(value)) {
    const name = Array.isArray(value) && typeof item?.name === 'string' ? item.name : key;
    fields(item, path ? `${path}.${name}` : name, found);
  }
  return found;
}

/** What a task runs, in a line: its image and command. */
export function whatRuns({ container, shell, command, args }: MesosTask['spec']): string {
  const words = shell ?? [...(command ?? []), ...(args ?? [])].join(' ');
  return [container?.image, words].filter(Boolean).join(': ');
}
