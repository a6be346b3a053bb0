import { describe, expect, test } from 'vitest';
import type { Attempt, Ending } from './attempts';
import { duration, howItEnded, ranFor, sandboxURL, stateWord } from './attempts';

describe('how an attempt is or ended', () => {
  const cases: Array<[string, Partial<Attempt>, Ending]> = [
    ['it was bound and nothing was heard', {}, { level: 'working', text: 'sent to its agent' }],
    ['it is fetched', { state: 'TASK_STAGING' }, { level: 'working', text: 'staging' }],
    ['it runs', { state: 'TASK_RUNNING' }, { level: 'healthy', text: 'runs' }],
    [
      'it is being killed',
      { state: 'TASK_RUNNING', killReason: 'SpecChanged' },
      { level: 'working', text: 'being killed, as its spec changed' },
    ],
    [
      'its agent is away',
      { state: 'TASK_UNREACHABLE' },
      { level: 'degraded', text: 'Mesos cannot say whether it runs' },
    ],
    [
      'it finished',
      { state: 'TASK_FINISHED', exitCode: 0 },
      { level: 'healthy', text: 'finished with exit code 0' },
    ],
    ['it failed', { state: 'TASK_FAILED', exitCode: 7 }, { level: 'broken', text: 'exit code 7' }],
    [
      'a signal ended it',
      { state: 'TASK_FAILED', signal: 'Killed' },
      { level: 'broken', text: 'ended by signal Killed' },
    ],
    [
      'its health check failed',
      { state: 'TASK_KILLED', healthy: false, signal: 'Terminated' },
      { level: 'broken', text: 'killed, as its health check failed' },
    ],
    [
      'a person restarted it',
      { state: 'TASK_KILLED', killReason: 'RestartRequested', signal: 'Terminated' },
      { level: 'idle', text: 'killed, as a restart was asked for' },
    ],
    [
      'it finished while it was being killed',
      { state: 'TASK_FINISHED', killReason: 'Suspended' },
      { level: 'healthy', text: 'finished with exit code 0' },
    ],
    [
      'it did not start in time',
      { state: 'TASK_KILLED', killReason: 'LaunchTimedOut' },
      { level: 'broken', text: 'killed, as it did not come to run in time' },
    ],
    [
      'it never ran',
      { state: 'TASK_DROPPED', ran: false },
      { level: 'degraded', text: 'never ran' },
    ],
    [
      'its agent is gone',
      { state: 'TASK_GONE_BY_OPERATOR' },
      { level: 'broken', text: 'gone by operator' },
    ],
    [
      'it was replaced',
      { state: 'TASK_UNREACHABLE', outcome: 'Replaced' },
      { level: 'degraded', text: 'replaced, and killed should it come back' },
    ],
    [
      'Mesos lost it for good',
      { state: 'TASK_LOST', finishTime: '2026-01-02T03:04:05Z' },
      { level: 'broken', text: 'lost' },
    ],
  ];
  test.each(cases)('%s', (_, attempt, ending) => {
    expect(howItEnded({ id: 'shop.web.1a.b', ...attempt })).toEqual(ending);
  });
});

test.each([
  [0, '0s'],
  [999, '0s'],
  [59_000, '59s'],
  [60_000, '1m'],
  [3_723_000, '1h 2m'],
  [3_600_000, '1h'],
  [90_061_000, '1d 1h'],
])('%d milliseconds are %s', (milliseconds, text) => {
  expect(duration(milliseconds)).toBe(text);
});

describe('how long an attempt ran', () => {
  const start = '2026-01-02T03:04:05Z';
  const now = Date.parse('2026-01-02T03:05:05Z');
  const cases: Array<[string, Partial<Attempt>, number | undefined]> = [
    ['of one that runs goes up to now', { startTime: start, state: 'TASK_RUNNING' }, 60_000],
    [
      'of one that ended goes up to its end',
      { startTime: start, finishTime: '2026-01-02T03:04:15Z' },
      10_000,
    ],
    [
      'of one that ended nobody knows when is not known',
      { startTime: start, state: 'TASK_FAILED' },
      undefined,
    ],
    ['of one that never began is nothing', { finishTime: '2026-01-02T03:04:15Z' }, undefined],
    [
      'is not told where clocks disagree',
      { startTime: start, finishTime: '2026-01-02T03:04:01Z' },
      undefined,
    ],
  ];
  test.each(cases)('%s', (_, attempt, milliseconds) => {
    expect(ranFor({ id: 'shop.web.1a.b', ...attempt }, now)).toBe(milliseconds);
  });
});

test('states are words', () => {
  expect(stateWord('TASK_GONE_BY_OPERATOR')).toBe('gone by operator');
  expect(stateWord(undefined)).toBe('unknown');
});

describe("the sandbox in Mesos' web interface", () => {
  const attempt: Attempt = { id: 'shop.web.1a.b', agentID: 'f-S1', frameworkID: 'f-0000' };
  const url = 'http://m1.example.com:5050/#/agents/f-S1/frameworks/f-0000/executors/shop.web.1a.b';
  const cases: Array<[string, Attempt, string | undefined, string | undefined]> = [
    ['is at the master', attempt, 'http://m1.example.com:5050', url],
    ['is there also behind a slash', attempt, 'http://m1.example.com:5050/', url],
    ['is not to be had without a master', attempt, undefined, undefined],
    [
      'is not to be had of an attempt without an agent',
      { ...attempt, agentID: undefined },
      'http://m1:5050',
      undefined,
    ],
    ['is no link to anything but a page', attempt, 'javascript:alert(1)', undefined],
  ];
  test.each(cases)('%s', (_, of, master, wanted) => {
    expect(sandboxURL(of, master)).toBe(wanted);
  });
});
