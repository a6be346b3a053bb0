import { describe, expect, test } from 'vitest';
import type { MesosTask, MesosTaskSet } from '../api.gen';
import { argoObject } from '../testing/samples';
import type { RevisionRow, Rollout } from './rollout';
import {
  differences,
  keptRevisions,
  progressOf,
  revisionsOf,
  rolloutOf,
  whatRuns,
} from './rollout';

describe('a rollout', () => {
  const cases: Array<[string, Partial<Rollout>]> = [
    ['available', { desired: 3, available: 3, existing: 3, older: 0 }],
    ['rolling', { desired: 3, existing: 4, updated: 1, older: 3, available: 3 }],
    ['late', { updated: 1, older: 2 }],
    ['paused', { updated: 0, older: 3, paused: true }],
    ['canary', { updated: 1, older: 2, stay: 2 }],
    ['new', { desired: 3, existing: 0, updated: 0, older: 0 }],
  ];
  test.each(cases)('of the set in %s.yaml', (file, wanted) => {
    expect(rolloutOf(argoObject<MesosTaskSet>('MesosTaskSet', file))).toMatchObject(wanted);
  });
});

describe('the progress of a rollout', () => {
  const rollout = (file: string) => rolloutOf(argoObject<MesosTaskSet>('MesosTaskSet', file));
  const row = (role: RevisionRow['role'], tasks: number, running: number) => ({
    revision: role,
    role,
    tasks,
    running,
  });
  const cases: Array<[string, Rollout, RevisionRow[], number, number[]]> = [
    [
      'counts what runs by the template as it is',
      rollout('rolling'),
      [row('update', 1, 1), row('current', 3, 3)],
      1 / 3,
      [1, 0, 3],
    ],
    [
      'does not count what fails',
      rollout('rolling'),
      [row('update', 2, 0), row('current', 2, 2)],
      0,
      [0, 2, 2],
    ],
    ['is whole once all run', rollout('available'), [row('update', 3, 3)], 1, [3, 0, 0]],
    [
      'is whole without those that stay',
      rollout('canary'),
      [row('update', 1, 1), row('current', 2, 2)],
      1,
      [1, 0, 2],
    ],
    ['is whole in a set of none', { ...rollout('available'), desired: 0 }, [], 1, [0, 0, 0]],
  ];
  test.each(cases)('%s', (_, of, rows, wanted, numbers) => {
    const { progress, parts } = progressOf(of, rows);
    expect(progress).toBeCloseTo(wanted);
    expect(parts.map(({ number }) => number)).toEqual(numbers);
  });
});

test('revisions come with the one that tasks should be of first', () => {
  const set = argoObject<MesosTaskSet>('MesosTaskSet', 'rolling');
  const of = (revision: string, file: string) => {
    const task = argoObject<MesosTask>('MesosTask', file);
    task.metadata.labels = { 'mesos.dev/set': 'front', 'mesos.dev/revision': revision };
    return task;
  };
  const tasks = [
    of('1a2b3c4d5e', 'running'),
    of('ancient', 'running'),
    of('f0e1d2c3b4', 'awaiting-offer'),
  ];
  expect(revisionsOf(set, [...tasks, of('1a2b3c4d5e', 'running')])).toEqual([
    { revision: 'f0e1d2c3b4', role: 'update', tasks: 1, running: 0 },
    { revision: '1a2b3c4d5e', role: 'current', tasks: 2, running: 2 },
    { revision: 'ancient', role: 'older', tasks: 1, running: 1 },
  ]);
});

test('of ControllerRevisions those of the set are kept, the newest first', () => {
  const set = argoObject<MesosTaskSet>('MesosTaskSet', 'rolling');
  set.metadata.uid = 'u-1';
  const revision = (name: string, number: number, uid: string, template?: object) => ({
    metadata: { name, creationTimestamp: '2026-01-02T03:04:05Z', ownerReferences: [{ uid }] },
    revision: number,
    data: { template },
  });
  const template = { spec: { shell: 'sleep 1' } };
  const kept = keptRevisions(set, [
    revision('front-1a2b3c4d5e', 1, 'u-1', template),
    revision('front-f0e1d2c3b4', 2, 'u-1', template),
    revision('front-other', 3, 'u-2', template),
    revision('front-empty', 4, 'u-1'),
  ]);
  expect(kept.map(({ name, current, changes }) => [name, current, changes.at(-1)])).toEqual([
    ['front-f0e1d2c3b4', true, 'spec.shell: sleep 3600 → sleep 1'],
    ['front-1a2b3c4d5e', false, 'spec.shell: sleep 3600 → sleep 1'],
  ]);
});

test.each([
  [{ shell: 'exec ./serve' }, 'exec ./serve'],
  [{ command: ['sh', '-c'], args: ['true'] }, 'sh -c true'],
  [{ container: { image: 'nginx:1.29' } }, 'nginx:1.29'],
  [{ container: { image: 'nginx:1.29' }, args: ['-g'] }, 'nginx:1.29: -g'],
])('what runs: %j', (spec, text) => {
  expect(whatRuns(spec as unknown as MesosTask['spec'])).toBe(text);
});

test('what going back changes is told field by field, and of named items by their names', () => {
  const env = (version: string) => ({
    spec: {
      env: [
        { name: 'A', value: '1' },
        { name: 'VERSION', value: version },
      ],
    },
  });
  expect(differences(env('2'), env('1'))).toEqual(['spec.env.VERSION.value: 2 → 1']);
  expect(
    differences({ spec: { args: ['a', 'b'] } }, { spec: { args: ['a'], user: 'nobody' } })
  ).toEqual(['spec.args.1: b → absent', 'spec.user: absent → nobody']);
  expect(differences(env('1'), env('1'))).toEqual([]);
});

test.each([
  ['0.1', '100m', true],
  ['.5', '500m', true],
  ['1', '1000m', true],
  ['1Gi', '1024Mi', true],
  ['1k', '1000', true],
  ['64Mi', '64M', false],
  ['1', '1100m', false],
  ['Unlimited', 'Unlimited', true],
  ['Unlimited', '1', false],
])('of amounts, %s and %s are the same: %s', (a, b, same) => {
  const asking = (cpus: string) => ({ spec: { resources: { requests: { cpus } } } });
  expect(differences(asking(a), asking(b))).toEqual(
    same ? [] : [`spec.resources.requests.cpus: ${a} → ${b}`]
  );
});

test('what is no amount is compared as it is written', () => {
  expect(differences({ env: '0.1' }, { env: '100m' })).toEqual(['env: 0.1 → 100m']);
});
