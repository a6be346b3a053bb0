import type { MesosCronTask, MesosFramework, MesosTask, MesosTaskSet } from '../api.gen';
import { ownerOf } from './attention';

/** A merge patch of one of the operator's objects. */
export type Patch = {
  spec?: Record<string, unknown>;
  metadata?: { annotations: Record<string, string> };
};

/** What a person may have done to an object: through the fields and annotations that the documents name, and no others. */
export interface Action {
  id: string;
  label: string;
  icon: string;
  /** What is asked before it is done; absent where nothing is lost by it. */
  question?: string;
  patch: (now: Date) => Patch;
}

/** A time as the documents' own commands write it, in whole seconds. */
const timestamp = (now: Date) => now.toISOString().replace(/\.\d+Z$/, 'Z');

const annotate =
  (key: string): Action['patch'] =>
  now => ({
    metadata: { annotations: { [key]: timestamp(now) } },
  });

const suspend = (question: string): Action => ({
  id: 'suspend',
  label: 'Suspend',
  icon: 'mdi:stop-circle-outline',
  question,
  patch: () => ({ spec: { suspend: true } }),
});

// Null takes the field away, as kubectl and Argo CD's actions do: false is its default.
const resume: Action = {
  id: 'resume',
  label: 'Resume',
  icon: 'mdi:play-circle-outline',
  patch: () => ({ spec: { suspend: null } }),
};

/** A task of a set is the set's to change, which takes annotation evict; a run ends by itself, or is deleted. */
export function taskActions(task: MesosTask): Action[] {
  const name = task.metadata.name;
  const owner = ownerOf(task);
  if (task.metadata.deletionTimestamp) {
    return [];
  }
  if (owner?.kind === 'MesosTaskSet') {
    return [
      {
        id: 'evict',
        label: 'Move away',
        icon: 'mdi:arrow-right-bold-box-outline',
        question: `Replace ${name}? Its set makes another one, and deletes this one once that is available, within maxUnavailable.`,
        patch: () => ({ metadata: { annotations: { 'mesos.dev/evict': 'true' } } }),
      },
    ];
  }
  if (owner) {
    return [];
  }
  if (task.spec.suspend) {
    return [resume];
  }
  return [
    {
      id: 'restart',
      label: 'Restart',
      icon: 'mdi:restart',
      question: `Restart ${name}? Its task is killed, with its grace period, and launched again.`,
      patch: annotate('mesos.dev/restarted-at'),
    },
    suspend(`Suspend ${name}? Its task is killed, and comes back when the object is resumed.`),
  ];
}

export function setActions(set: MesosTaskSet): Action[] {
  const name = set.metadata.name;
  if (set.metadata.deletionTimestamp) {
    return [];
  }
  const pause: Action = set.spec.paused
    ? {
        id: 'unpause',
        label: 'Go on with the rollout',
        icon: 'mdi:play-pause',
        patch: () => ({ spec: { paused: null } }),
      }
    : {
        id: 'pause',
        label: 'Hold the rollout',
        icon: 'mdi:pause',
        patch: () => ({ spec: { paused: true } }),
      };
  if (set.spec.suspend) {
    return [resume, pause];
  }
  return [
    {
      id: 'restart',
      label: 'Restart all',
      icon: 'mdi:restart',
      question: `Replace all tasks of ${name}? They are replaced as by a change of the template, a few at a time.`,
      patch: now => ({ spec: { restartedAt: timestamp(now) } }),
    },
    pause,
    suspend(
      `Suspend ${name}? All its tasks are killed at once, and come back when the set is resumed.`
    ),
  ];
}

export function cronActions(cron: MesosCronTask): Action[] {
  const name = cron.metadata.name;
  if (cron.metadata.deletionTimestamp) {
    return [];
  }
  return [
    {
      id: 'run',
      label: 'Run now',
      icon: 'mdi:play',
      question: `Run ${name} now? ${beside[cron.spec.concurrencyPolicy ?? 'Allow']}`,
      patch: annotate('mesos.dev/run-requested-at'),
    },
    cron.spec.suspend
      ? resume
      : {
          ...suspend(
            `Suspend ${name}? What runs goes on, and nothing more is started by the schedule.`
          ),
          icon: 'mdi:pause-circle-outline',
        },
  ];
}

/** What a run does while another is not over. */
const beside: Record<NonNullable<MesosCronTask['spec']['concurrencyPolicy']>, string> = {
  Allow: 'It runs beside any run that is not over.',
  Forbid: 'It waits until a run that is not over has ended.',
  Replace: 'A run that is not over is killed first.',
};

export function frameworkActions(framework: MesosFramework): Action[] {
  return framework.metadata.deletionTimestamp
    ? []
    : [
        {
          id: 'reconcile',
          label: 'Reconcile now',
          icon: 'mdi:sync',
          patch: annotate('mesos.dev/reconcile-requested-at'),
        },
      ];
}

/**
 * The JSON Patch that makes a set's template what it was, as long as nobody has changed it meanwhile: a merge patch would leave what the
 * earlier template did not have.
 */
export function goBack(set: MesosTaskSet, template: MesosTaskSet['spec']['template']) {
  return [
    { op: 'test', path: '/metadata/uid', value: set.metadata.uid },
    { op: 'test', path: '/metadata/generation', value: set.metadata.generation },
    { op: 'replace', path: '/spec/template', value: template },
  ];
}
