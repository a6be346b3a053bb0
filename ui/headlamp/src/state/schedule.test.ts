import { describe, expect, test } from 'vitest';
import type { MesosCronTask, MesosTask } from '../api.gen';
import { argoObject, objectsIn } from '../testing/samples';
import {
  dueTime,
  isRequested,
  lastRunTime,
  latestFirst,
  launchText,
  nextRun,
  relative,
  scheduleText,
} from './schedule';

const now = Date.parse('2026-01-02T03:04:05Z');

test.each([
  ['2026-01-02T03:08:08Z', 'in 4m 3s'],
  ['2026-01-02T01:04:05Z', '2h ago'],
  ['2026-01-02T03:04:05Z', 'in 0s'],
])('%s is %s', (time, text) => {
  expect(relative(time, now)).toBe(text);
});

test('the next launch is told until it is due', () => {
  expect(launchText('2026-01-02T03:05:05Z', now)).toBe('It is launched again in 1m.');
  expect(launchText('2026-01-02T03:04:05Z', now)).toBe('It is being launched again.');
});

describe('the next run', () => {
  const at = (nextScheduleTime?: string, suspend = false): MesosCronTask => {
    const cron = argoObject<MesosCronTask>('MesosCronTask', 'scheduled');
    return {
      ...cron,
      spec: { ...cron.spec, suspend },
      status: { ...cron.status, nextScheduleTime },
    };
  };
  test.each([
    ['is in a while', at('2026-01-02T03:05:05Z'), 'in 1m'],
    ['is due', at('2026-01-02T03:04:04Z'), 'due'],
    ['is none', at(), 'none'],
    ['is none while suspended', at('2026-01-02T03:05:05Z', true), 'suspended'],
  ])('%s', (_, cron, text) => {
    expect(nextRun(cron, now)).toBe(text);
  });
});

test('a schedule is told with its time zone', () => {
  const [full] = objectsIn('charts/testdata/full/crons.yaml') as MesosCronTask[];
  expect(scheduleText(full)).toBe(
    '30 8-17/2 1-15 JAN-JUN MON-FRI (America/Argentina/Buenos_Aires)'
  );
  expect(scheduleText(argoObject<MesosCronTask>('MesosCronTask', 'scheduled'))).toBe(
    '30 2 * * * (UTC)'
  );
});

/** A run, by when it was made and, unless a person asked for it, when it was due. */
const run = (name: string, created: string, scheduled?: string): MesosTask => {
  const task = argoObject<MesosTask>('MesosTask', 'completed');
  const annotations = scheduled ? { 'mesos.dev/scheduled-at': scheduled } : undefined;
  return { ...task, metadata: { ...task.metadata, name, creationTimestamp: created, annotations } };
};

test('runs come by when they were due, and those on request by when they were made', () => {
  const runs = [
    run('late', '2026-01-02T05:00:00Z', '2026-01-02T02:30:00Z'),
    run('asked', '2026-01-02T04:00:00Z'),
    run('newest', '2026-01-03T02:30:01Z', '2026-01-03T02:30:00Z'),
  ];
  expect(latestFirst(runs).map(({ metadata }) => metadata.name)).toEqual([
    'newest',
    'asked',
    'late',
  ]);
  expect(runs.map(isRequested)).toEqual([false, true, false]);
  expect(dueTime(runs[0])).toBe('2026-01-02T02:30:00Z');
});

describe('the last run', () => {
  const due = run('scheduled', '2026-01-02T05:00:00Z', '2026-01-02T02:30:00Z');
  const asked = run('asked', '2026-01-02T04:00:00Z');
  const lastScheduleTime = '2026-01-02T02:30:00Z';
  const lastSuccessfulTime = '2026-01-02T04:05:00Z';
  test.each([
    ['is the one on request, where none was due yet', {}, [asked], '2026-01-02T04:00:00Z'],
    [
      'is the one on request, if it came after the one that was due',
      { lastScheduleTime, lastSuccessfulTime },
      [due, asked],
      '2026-01-02T04:00:00Z',
    ],
    [
      'is the one that was due, if it came after the one on request',
      { lastScheduleTime: '2026-01-03T02:30:00Z', lastSuccessfulTime },
      [asked],
      '2026-01-03T02:30:00Z',
    ],
    ['is by the schedule, not by the clock', { lastScheduleTime }, [due], lastScheduleTime],
    ['is one that is not kept any more', { lastSuccessfulTime }, [], lastSuccessfulTime],
    ['is none', {}, [], undefined],
  ])('%s', (_, status, runs, time) => {
    const cron = argoObject<MesosCronTask>('MesosCronTask', 'scheduled');
    expect(lastRunTime({ ...cron, status: { ...status } }, runs)).toBe(time);
  });
});
