import { expect, test } from 'vitest';
import type { MesosFramework } from '../api.gen';
import { argoObject } from '../testing/samples';
import { connection, countsText, masterLink, passes, wordsToSay } from './frameworks';

type Status = NonNullable<MesosFramework['status']>;

function framework(status: Partial<Status>, file = 'subscribed'): MesosFramework {
  const object = argoObject<MesosFramework>('MesosFramework', file);
  return { ...object, status: { ...object.status, ...status } };
}

const now = Date.parse('2026-01-02T03:04:05Z');

test.each([
  [
    'to its master, and for how long',
    framework({
      master: { hostname: 'm1', url: 'http://m1:5050' },
      connectedSince: '2026-01-02T03:02:05Z',
    }),
    'to m1 for 2m',
  ],
  ['why there is none', framework({}, 'unauthorized'), 'Unauthorized'],
  [
    'by the URL of a master without a name',
    framework({ master: { url: 'http://m1:5050' } }),
    'to http://m1:5050',
  ],
])('a connection is told: %s', (_, object, text) => {
  expect(connection(object, now)).toBe(text);
});

test.each([
  [{ bound: 4, running: 3, pending: 0, unreachable: 0 }, '3 of 4 run'],
  [{ bound: 4, running: 3, pending: 1, unreachable: 0 }, '3 of 4 run, 1 waits'],
  [{ bound: 4, running: 3, pending: 2, unreachable: 1 }, '3 of 4 run, 2 wait, 1 unreachable'],
])('tasks are counted: %j', (tasks, text) => {
  expect(countsText(framework({ tasks }))).toBe(text);
});

test('only pages are linked', () => {
  expect(masterLink(framework({ master: { url: 'http://m1:5050' } }))).toBe('http://m1:5050');
  expect(masterLink(framework({ master: { url: 'javascript:alert(1)' } }))).toBeUndefined();
});

test('what is left behind comes with the command that deals with it, by its token', () => {
  const words = wordsToSay(
    framework({
      orphans: {
        count: 3,
        token: '3-k3f9',
        sample: [{ taskID: 'a', agentID: 's' }],
        message: 'One is elsewhere.',
      },
      abandoned: [{ taskID: 'b', since: '2026-01-02T03:04:05Z' }],
      unknown: { count: 1, token: '1-x' },
    })
  );
  expect(words.map(({ command }) => command)).toEqual([
    'kubectl annotate mesosframework default --overwrite mesos.dev/kill-orphans=3-k3f9',
    undefined,
    'kubectl annotate mesosframework default --overwrite mesos.dev/give-up-unknown=1-x',
  ]);
  expect(words[0].what).toContain(
    'There are 2 more than are shown. One is elsewhere. This command kills all of them:'
  );
  expect(wordsToSay(framework({}))).toEqual([]);
});

test('no command is shown while there is no token for it', () => {
  expect(wordsToSay(framework({ orphans: { count: 1 } }))[0].command).toBeUndefined();
});

test('passes are told, the one that runs first', () => {
  const pass = { rounds: 1, tasks: 2, unanswered: 0, startTime: '2026-01-02T03:04:05Z' };
  const rows = passes(
    framework({
      reconciliation: { current: pass, last: { ...pass, completionTime: '2026-01-02T03:04:08Z' } },
    })
  );
  expect(rows.map(({ which, took }) => [which, took])).toEqual([
    ['runs', ''],
    ['last', '3s'],
  ]);
});
