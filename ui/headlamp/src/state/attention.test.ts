import { describe, expect, test } from 'vitest';
import type { MesosCronTask, MesosTask, MesosTaskSet } from '../api.gen';
import { argoObject } from '../testing/samples';
import { attention, judgeAll, lastRun, tally } from './attention';

const now = Date.parse('2026-01-02T03:04:06Z');

function task(
  file: string,
  name: string,
  since: string,
  owner?: { kind: string; name: string }
): MesosTask {
  const object = argoObject<MesosTask>('MesosTask', file);
  object.metadata.name = name;
  object.status?.conditions?.forEach(condition => (condition.lastTransitionTime = since));
  if (owner) {
    object.metadata.ownerReferences = [
      {
        ...owner,
        apiVersion: 'mesos.dev/v1alpha1',
        uid: 'u',
        controller: true,
        blockOwnerDeletion: true,
      },
    ];
  }
  return object;
}

const front = { kind: 'MesosTaskSet', name: 'front' };
const nightly = { kind: 'MesosCronTask', name: 'nightly' };
const nothing = { frameworks: [], sets: [], crons: [], tasks: [] };

describe('what needs attention', () => {
  test('comes by its urgency, then by what depends on it, then by what went wrong last', () => {
    const all = judgeAll(
      {
        frameworks: [argoObject('MesosFramework', 'update-refused')],
        sets: [argoObject('MesosTaskSet', 'late')],
        crons: [argoObject('MesosCronTask', 'scheduled')],
        tasks: [
          task('failed', 'old', '2026-01-01T00:00:00Z'),
          task('running', 'well', '2026-01-01T00:00:00Z'),
          task('failed', 'new', '2026-01-02T00:00:00Z'),
          task('awaiting-offer', 'waits', '2026-01-02T00:00:00Z'),
          task('suspended', 'rests', '2026-01-02T00:00:00Z'),
          task('restarting', 'begins', '2026-01-02T00:00:00Z'),
        ],
      },
      now
    );
    expect(attention(all).map(({ name }) => name)).toEqual([
      'front',
      'new',
      'old',
      'default',
      'waits',
    ]);
  });

  test('has a task of a set that is amiss with the set', () => {
    const tasks = [
      task('failed', 'front-1-0', '2026-01-02T00:00:00Z', front),
      task('awaiting-offer', 'front-1-1', '2026-01-02T00:00:00Z', front),
      task('running', 'front-1-2', '2026-01-02T00:00:00Z', front),
      task('failed', 'alone', '2026-01-02T00:00:00Z'),
    ];
    const sets = [argoObject<MesosTaskSet>('MesosTaskSet', 'late')];
    const rows = attention(judgeAll({ ...nothing, sets, tasks }, now));
    expect(rows.map(row => [row.name, row.tasks])).toEqual([
      ['front', 2],
      ['alone', 0],
    ]);
  });

  test('has a task by itself whose set is well', () => {
    const tasks = [task('awaiting-offer', 'front-1-0', '2026-01-02T00:00:00Z', front)];
    const sets = [argoObject<MesosTaskSet>('MesosTaskSet', 'available')];
    const rows = attention(judgeAll({ ...nothing, sets, tasks }, now));
    expect(rows.map(row => [row.name, row.owner?.name])).toEqual([['front-1-0', 'front']]);
  });

  test('has no task with a set of that name in another namespace', () => {
    const other = task('failed', 'front-1-0', '2026-01-02T00:00:00Z', front);
    other.metadata.namespace = 'elsewhere';
    const sets = [argoObject<MesosTaskSet>('MesosTaskSet', 'late')];
    const rows = attention(judgeAll({ ...nothing, sets, tasks: [other] }, now));
    expect(rows.map(row => row.tasks)).toEqual([0, 0]);
  });

  test('leaves what was judged as it is, so that it can be asked again', () => {
    const all = judgeAll(
      {
        ...nothing,
        sets: [argoObject<MesosTaskSet>('MesosTaskSet', 'late')],
        tasks: [task('failed', 'front-1-0', '2026-01-02T00:00:00Z', front)],
      },
      now
    );
    expect(attention(all)).toEqual(attention(all));
  });
});

describe('the run that ended last', () => {
  const cron = argoObject<MesosCronTask>('MesosCronTask', 'scheduled');
  test('is the one whose end was recorded last, and makes the verdict', () => {
    const runs = [
      task('completed', 'nightly-2', '2026-01-02T00:00:00Z', nightly),
      task('failed', 'nightly-3', '2026-01-03T00:00:00Z', nightly),
      task('one-off-running', 'nightly-4', '2026-01-04T00:00:00Z', nightly),
      task('failed', 'other-5', '2026-01-05T00:00:00Z', { ...nightly, name: 'other' }),
    ];
    expect(lastRun(cron, runs)?.metadata.name).toBe('nightly-3');
    const [row] = attention(judgeAll({ ...nothing, crons: [cron], tasks: runs.slice(0, 3) }, now));
    expect(row).toMatchObject({ name: 'nightly', tasks: 1, verdict: { word: 'RunFailed' } });
  });

  test('is none where none has ended', () => {
    expect(
      lastRun(cron, [task('one-off-running', 'nightly-4', '2026-01-04T00:00:00Z', nightly)])
    ).toBeUndefined();
  });
});

test('objects are counted by kind and level', () => {
  const tasks = ['failed', 'running', 'running', 'completed', 'awaiting-offer', 'restarting'];
  const all = judgeAll(
    { ...nothing, tasks: tasks.map((file, i) => task(file, `t${i}`, '2026-01-02T00:00:00Z')) },
    now
  );
  expect(tally(all, 'MesosTask')).toEqual({
    broken: 1,
    degraded: 1,
    working: 1,
    idle: 1,
    healthy: 2,
  });
  expect(tally(all, 'MesosTaskSet')).toEqual({
    broken: 0,
    degraded: 0,
    working: 0,
    idle: 0,
    healthy: 0,
  });
});
