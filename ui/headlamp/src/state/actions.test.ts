import { describe, expect, test } from 'vitest';
import type { MesosTask, MesosTaskSet } from '../api.gen';
import { argoActions, argoObject } from '../testing/samples';
import type { Action } from './actions';
import { cronActions, frameworkActions, goBack, setActions, taskActions } from './actions';
import type { MesosObject } from './conditions';

/** What a merge patch makes of an object (RFC 7396). */
function merge(target: any, patch: any): any {
  if (patch === null || typeof patch !== 'object' || Array.isArray(patch)) {
    return patch;
  }
  const merged = { ...target };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) {
      delete merged[key];
    } else {
      merged[key] = merge(merged[key] ?? {}, value);
    }
  }
  return merged;
}

const kinds: Array<[string, (object: any) => Action[], Record<string, string>]> = [
  ['MesosTask', taskActions, {}],
  // Argo CD calls the two otherwise; and Headlamp has its own button to scale.
  ['MesosTaskSet', setActions, { resume: 'unpause' }],
  ['MesosCronTask', cronActions, {}],
  ['MesosFramework', frameworkActions, {}],
];

describe.each(kinds)('the actions on a %s', (kind, actions, names) => {
  const cases = argoActions(kind).filter(({ action }) => action !== 'scale');
  test.each(cases)("do what Argo CD's do: $action", ({ action, before, after }) => {
    const id = names[action] ?? action;
    const found = actions(before).find(one => one.id === id);
    expect(found, `there is no action ${id}`).toBeDefined();
    expect(merge(before, found!.patch(new Date(timeIn(after) ?? 0)))).toEqual(after);
  });

  test('are none on what is deleted', () => {
    for (const { before } of argoActions(kind)) {
      before.metadata.deletionTimestamp = '2026-01-02T03:04:05Z';
      expect(actions(before)).toEqual([]);
    }
  });
});

/** The time at which an action was taken, as the object that it made has it. */
function timeIn({ metadata, spec }: MesosObject): string | undefined {
  const keys = [
    'mesos.dev/restarted-at',
    'mesos.dev/run-requested-at',
    'mesos.dev/reconcile-requested-at',
  ];
  const annotations: Record<string, string> = metadata.annotations ?? {};
  return (
    keys.map(key => annotations[key]).find(Boolean) ?? (spec as MesosTaskSet['spec']).restartedAt
  );
}

describe('what is offered on a task', () => {
  const owned = (kind?: string): MesosTask => {
    const task = argoObject<MesosTask>('MesosTask', 'running');
    task.metadata.ownerReferences = kind
      ? [
          {
            apiVersion: 'mesos.dev/v1alpha1',
            kind,
            name: 'front',
            uid: 'u',
            controller: true,
            blockOwnerDeletion: true,
          },
        ]
      : [];
    return task;
  };
  const cases: Array<[string, MesosTask, string[]]> = [
    ['of its own', owned(), ['restart', 'suspend']],
    ['that is suspended', argoObject('MesosTask', 'suspended'), ['resume']],
    ['of a set is what the set does not undo', owned('MesosTaskSet'), ['evict']],
    ['that is a run is nothing', owned('MesosCronTask'), []],
  ];
  test.each(cases)('%s', (_, task, ids) => {
    expect(taskActions(task).map(({ id }) => id)).toEqual(ids);
  });
});

test('what ends something asks before it does', () => {
  const objects: Action[] = [
    ...taskActions(argoObject('MesosTask', 'running')),
    ...setActions(argoObject('MesosTaskSet', 'available')),
    ...cronActions(argoObject('MesosCronTask', 'scheduled')),
  ];
  const silent = objects.filter(({ question }) => !question).map(({ id }) => id);
  expect(silent).toEqual(['pause']);
});

test('going back is a patch that a change made meanwhile refuses', () => {
  const set = argoObject<MesosTaskSet>('MesosTaskSet', 'rolling');
  set.metadata.uid = 'u-1';
  expect(goBack(set, set.spec.template)).toEqual([
    { op: 'test', path: '/metadata/uid', value: 'u-1' },
    { op: 'test', path: '/metadata/generation', value: 2 },
    { op: 'replace', path: '/spec/template', value: set.spec.template },
  ]);
});
