import { describe, expect, test } from 'vitest';
import type { LeaseSpec } from './operator';
import { leaseOf, operatorSilence } from './operator';

const now = Date.parse('2026-01-02T03:04:05Z');
const held = { holderIdentity: 'pod_1', leaseDurationSeconds: 15 };

describe('of an operator', () => {
  const cases: Array<[string, LeaseSpec, RegExp | undefined]> = [
    [
      'that renews its lease nothing is said',
      { ...held, renewTime: '2026-01-02T03:04:00.123456Z' },
      undefined,
    ],
    [
      'whose clock is a minute behind nothing is said',
      { ...held, renewTime: '2026-01-02T03:03:05Z' },
      undefined,
    ],
    [
      'whose clock is ahead nothing is said',
      { ...held, renewTime: '2026-01-02T03:09:05Z' },
      undefined,
    ],
    [
      'that renews no more it is said, and since when',
      { ...held, renewTime: '2026-01-02T03:02:05Z' },
      /last heard of 2m ago/,
    ],
    [
      'that let go of its lease it is said at once',
      { holderIdentity: '', renewTime: '2026-01-02T03:04:04Z' },
      /does not run/,
    ],
    ['that never had one it is said', {}, /^The operator does not run\. What/],
  ];
  test.each(cases)('%s', (_, lease, said) => {
    const text = operatorSilence(lease, now);
    if (said) {
      expect(text).toMatch(said);
    } else {
      expect(text).toBeUndefined();
    }
  });
});

test.each([
  [
    { lease: 'mesos-operator-system/mesos-dev-operator' },
    { namespace: 'mesos-operator-system', name: 'mesos-dev-operator' },
  ],
  [{}, undefined],
  [undefined, undefined],
])('the lease of %j', (claim, lease) => {
  expect(leaseOf(claim)).toEqual(lease);
});
