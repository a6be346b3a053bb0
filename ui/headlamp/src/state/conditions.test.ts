import { expect, test } from 'vitest';
import type { MesosTask } from '../api.gen';
import { argoObject } from '../testing/samples';
import { sentences } from './conditions';

test('what several conditions say is said once, under the names of all', () => {
  const task = argoObject<MesosTask>('MesosTask', 'failed');
  expect(sentences(task).map(({ types, message }) => [types, message])).toEqual([
    [['Stalled', 'Ready', 'Succeeded'], 'The task ended with exit code 3'],
  ]);
});

test('what is in the way is said first, and what nobody knows last', () => {
  const task = argoObject<MesosTask>('MesosTask', 'unreachable');
  const lastTransitionTime = '2026-01-02T03:04:05Z';
  task.status!.conditions!.unshift(
    { type: 'Novel', status: 'True', reason: 'New', message: 'Something else', lastTransitionTime },
    { type: 'Stalled', status: 'True', reason: 'Why', message: 'In the way', lastTransitionTime }
  );
  const said = sentences(task);
  expect(said[0].message).toBe('In the way');
  expect(said.at(-1)!.message).toBe('Something else');
});
