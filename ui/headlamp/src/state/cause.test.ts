import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { causeFirst } from './cause';

const counts = '3 of 4 are available';
const late =
  'Revision 128b3328d2 has made no progress for 20 seconds; what runs of the older one stays';
const task = 'api-128b3328d2-3';
const again = 'Launching again at 2026-11-30T15:03:21Z after';
const exit = 'TASK_FAILED: Command exited with status 7';

test.each([
  ['a task that is launched again', `${again} ${exit}`, exit],
  [
    'a task that was restarted often enough',
    `Restarted 3 times, which is what spec.maxRestarts allows; last: ${exit}`,
    `${exit}. Restarted 3 times, which is what spec.maxRestarts allows`,
  ],
  [
    'a task that was interrupted',
    'The task did not fail by itself, and is not launched again, as spec.restartPolicy is Never: TASK_GONE',
    'TASK_GONE. The task did not fail by itself, and is not launched again, as spec.restartPolicy is Never',
  ],
  [
    'a rollout that has stopped',
    `${counts}. ${late}. ${task} on agent-2.sim is BackOff: ${again} ${exit}. The last 3 attempts all failed on agent-2.sim`,
    `BackOff: ${exit} (${task} on agent-2.sim). The last 3 attempts all failed on agent-2.sim. ${counts}. ${late}`,
  ],
  [
    'a set whose task stalls',
    `${counts}. ${task} is Failed: ${exit}. The API server refuses more MesosTasks than there are`,
    `Failed: ${exit} (${task}). The API server refuses more MesosTasks than there are. ${counts}`,
  ],
  [
    'a set whose task says nothing',
    `1 of 3 are available, and there are 2. front-1a2b3c4d5e-1 on agent-7.example.com is Launching`,
    `Launching (front-1a2b3c4d5e-1 on agent-7.example.com). 1 of 3 are available, and there are 2`,
  ],
  [
    'a set that waits for its framework',
    `${counts}. Nothing is made or deleted until MesosFramework default is connected`,
    `Nothing is made or deleted until MesosFramework default is connected. ${counts}`,
  ],
  ['a rollout of which no task is to blame', `${counts}. ${late}`, `${late}. ${counts}`],
  ['a set of which there is no more to say', counts, counts],
  [
    'anything else',
    'No agent could ever hold it: ask for less. Or wait',
    'No agent could ever hold it: ask for less. Or wait',
  ],
])('of %s the cause comes first', (_, sentence, shown) => {
  expect(causeFirst(sentence)).toBe(shown);
});

test.each([
  ['lifecycle/rules.go', '"Launching again at %s after %s"'],
  ['lifecycle/rules.go', '"Restarted %d times, which is what spec.maxRestarts allows; last: %s"'],
  [
    'lifecycle/rules.go',
    '"The task did not fail by itself, and is not launched again, as spec.restartPolicy is Never: " + outcome(',
  ],
  ['rollout/conditions.go', '"%d of %d are available"'],
  ['rollout/conditions.go', '" on " + attempt.Hostname'],
  ['rollout/conditions.go', '" is " + said('],
  ['rollout/changes.go', 'return reason + ": " + '],
])('in controllers/%s the operator still says %s', (file, form) => {
  const source = path.resolve(__dirname, '../../../../controllers', file);
  expect(fs.readFileSync(source, 'utf8')).toContain(form);
});
