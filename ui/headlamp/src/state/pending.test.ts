import { expect, test } from 'vitest';
import type { PendingCount } from './pending';
import { readPending } from './pending';

const cases: Array<[string, PendingCount | undefined]> = [
  [
    '2 offers: 2 lack memory (want 64Mi)',
    { offers: 2, shortfalls: [{ offers: 2, what: 'lack memory (want 64Mi)' }], rest: '' },
  ],
  [
    '3 offers: 2 lack memory (want 64Mi), 1 fails rack In [a b]',
    {
      offers: 3,
      shortfalls: [
        { offers: 2, what: 'lack memory (want 64Mi)' },
        { offers: 1, what: 'fails rack In [a b]' },
      ],
      rest: '',
    },
  ],
  [
    '4 offers: 4 fit but are on host-a, host-b and 2 more',
    {
      offers: 4,
      shortfalls: [{ offers: 4, what: 'fit but are on host-a, host-b and 2 more' }],
      rest: '',
    },
  ],
  [
    '1 offer: 1 fails spread by rack (maxPerValue 1 of app=web, 2 tier=a)',
    {
      offers: 1,
      shortfalls: [
        { offers: 1, what: 'fails spread by rack (maxPerValue 1 of app=web, 2 tier=a)' },
      ],
      rest: '',
    },
  ],
  [
    '1 offer: 1 lacks cpus (want 1). Paused by annotation mesos.dev/paused',
    {
      offers: 1,
      shortfalls: [{ offers: 1, what: 'lacks cpus (want 1)' }],
      rest: 'Paused by annotation mesos.dev/paused',
    },
  ],
  ['no offers for role shop', undefined],
  ['The request for offers is refused', undefined],
];

test.each(cases)('%s', (message, count) => {
  expect(readPending(message)).toEqual(count);
});
