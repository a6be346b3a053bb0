import type { MesosCronTask, MesosFramework, MesosTask, MesosTaskSet } from '../api.gen';

/** An object of one of the operator's kinds. */
export type MesosObject = MesosTask | MesosTaskSet | MesosCronTask | MesosFramework;

export type Condition = NonNullable<NonNullable<MesosTask['status']>['conditions']>[number];

export function condition(object: MesosObject, type: string): Condition | undefined {
  return object.status?.conditions?.find((found: Condition) => found.type === type);
}

export function holds(object: MesosObject, type: string): boolean {
  return condition(object, type)?.status === 'True';
}

export function fails(object: MesosObject, type: string): boolean {
  return condition(object, type)?.status === 'False';
}

/** Whether the status speaks of the spec as it is. */
export function isCurrent(object: MesosObject): boolean {
  return object.status?.observedGeneration === object.metadata.generation;
}

/** One thing that the operator says, under the names of all conditions that say it. */
export interface Sentence {
  types: string[];
  status: Condition['status'];
  reason: string;
  message: string;
  /** Since when the first of the conditions is as it is. */
  since: string;
}

/** The order in which conditions are read: what is in the way comes before what is under way, and that before what is well. */
const order = [
  'Stalled',
  'AgentUnreachable',
  'Contested',
  'Connected',
  'Behind',
  'Ready',
  'TasksReconciled',
  'ServicePublished',
  'AgentMaintenance',
  'Succeeded',
  'Suspended',
  'Reconciling',
];

/** What the conditions say, each sentence once: several conditions often have the same. */
export function sentences(object: MesosObject): Sentence[] {
  const found: Sentence[] = [];
  const rank = (c: Condition) => (order.includes(c.type) ? order.indexOf(c.type) : order.length);
  for (const c of [...(object.status?.conditions ?? [])].sort((a, b) => rank(a) - rank(b))) {
    const same = found.find(({ reason, message }) => reason === c.reason && message === c.message);
    if (same) {
      same.types.push(c.type);
    } else {
      found.push({
        types: [c.type],
        status: c.status,
        reason: c.reason,
        message: c.message,
        since: c.lastTransitionTime,
      });
    }
  }
  return found;
}
