import { describe, expect, test } from 'vitest';
import type { MesosCronTask, MesosFramework, MesosTask, MesosTaskSet } from '../api.gen';
import { argoHealth, argoObject, sampleObjects } from '../testing/samples';
import type { MesosObject } from './conditions';
import type { Level, Verdict } from './verdict';
import {
  briefly,
  cronVerdict,
  frameworkVerdict,
  setVerdict,
  silence,
  taskVerdict,
} from './verdict';

const created = '2026-01-02T03:04:05Z';
const now = Date.parse(created) + 1000;

const judges: Record<string, (object: any, now: number) => Verdict> = {
  MesosTask: taskVerdict,
  MesosTaskSet: setVerdict,
  MesosCronTask: cronVerdict,
  MesosFramework: frameworkVerdict,
};

/** Which levels agree with what Argo CD says of the same object. */
const agree: Record<string, Level[]> = {
  Healthy: ['healthy', 'idle'],
  Suspended: ['idle'],
  Degraded: ['broken'],
  Progressing: ['working', 'degraded'],
};

describe.each(Object.keys(judges))('the verdict on a %s', kind => {
  test.each(argoHealth(kind))(
    'agrees with Argo CD: $name is $status',
    ({ name, status, message }) => {
      const object = argoObject<MesosObject>(kind, name);
      // Argo CD waits for a hook until it has ended; for everybody else it runs, and that is well.
      const wanted = name === 'hook-running' ? ['healthy'] : agree[status];
      const verdict = judges[kind](object, now);
      expect(wanted).toContain(verdict.level);
      if (status === 'Degraded') {
        expect(`${verdict.word}: ${verdict.why}`).toBe(message);
      }
    }
  );

  test('is not that it is well as long as nobody has looked at it', () => {
    const fresh = sampleObjects().filter(object => object.kind === kind);
    expect(fresh.length).toBeGreaterThan(0);
    for (const object of fresh) {
      object.metadata.creationTimestamp = created;
      expect(judges[kind](object, now)).toMatchObject({ level: 'working', word: 'New' });
      expect(judges[kind](object, now + silence)).toMatchObject({
        level: 'degraded',
        word: 'Unseen',
      });
    }
  });
});

type Status<T extends MesosObject> = Partial<NonNullable<T['status']>>;

/** The repository's object with some of its status and conditions replaced: [status, reason, message] by type. */
function changed<T extends MesosObject>(
  kind: string,
  name: string,
  conditions: Record<string, ['True' | 'False' | 'Unknown', string, string]>,
  status: Status<T> = {}
): T {
  const object = argoObject<T>(kind, name);
  const kept = (object.status?.conditions ?? []).filter(
    ({ type }: { type: string }) => !conditions[type]
  );
  const made = Object.entries(conditions).map(([type, [state, reason, message]]) => ({
    type,
    status: state,
    reason,
    message,
    lastTransitionTime: created,
  }));
  return { ...object, status: { ...object.status, ...status, conditions: [...kept, ...made] } };
}

test('what stalled is on its way once somebody has changed it', () => {
  const task = argoObject<MesosTask>('MesosTask', 'failed');
  task.metadata.generation = 2;
  expect(taskVerdict(task, now)).toMatchObject({ level: 'working', word: 'Changed' });
});

describe('a task', () => {
  const cases: Array<[string, MesosTask, Partial<Verdict>]> = [
    [
      'that no offer fits is degraded, with what the offers lack',
      argoObject('MesosTask', 'awaiting-offer'),
      { level: 'degraded', word: 'AwaitingOffer', why: '2 offers: 2 lack memory (want 64Mi)' },
    ],
    [
      'that backs off is degraded',
      changed('MesosTask', 'awaiting-offer', {
        Ready: ['False', 'BackOff', 'The task ended with exit code 7'],
      }),
      { level: 'degraded', word: 'BackOff', why: 'The task ended with exit code 7' },
    ],
    [
      'that fails its health check is degraded',
      changed('MesosTask', 'running', { Ready: ['False', 'Unhealthy', 'The health check fails'] }),
      { level: 'degraded', word: 'Unhealthy' },
    ],
    [
      'whose health check has not passed yet is on its way',
      changed('MesosTask', 'running', {
        Ready: ['False', 'NotReady', 'The health check has not passed'],
      }),
      { level: 'working', word: 'NotReady' },
    ],
    [
      'whose agent is unreachable is degraded, also while it counts as ready',
      changed('MesosTask', 'running', {
        AgentUnreachable: ['True', 'AgentUnreachable', 'The master lost contact'],
      }),
      { level: 'degraded', word: 'AgentUnreachable', why: 'The master lost contact' },
    ],
    [
      'that is deleted on an unreachable agent is degraded',
      changed('MesosTask', 'deleting', {
        AgentUnreachable: ['True', 'AgentUnreachable', 'The master lost contact'],
      }),
      { level: 'degraded', word: 'Deleting' },
    ],
    [
      'that runs and ended again and again is degraded, with how it ended last',
      changed<MesosTask>(
        'MesosTask',
        'running',
        {},
        { relaunches: 3, history: [{ id: 'shop.web.1a.b', state: 'TASK_FAILED', exitCode: 7 }] }
      ),
      {
        level: 'degraded',
        word: 'Restarts',
        why: 'It runs, and was launched 3 times since it last lasted for ten minutes. The last one: exit code 7',
        brief:
          'The last one: exit code 7. It runs, and was launched 3 times since it last lasted for ten minutes',
      },
    ],
    [
      'that was launched again once is well',
      changed<MesosTask>(
        'MesosTask',
        'running',
        {},
        { relaunches: 1, history: [{ id: 'shop.web.1a.b', state: 'TASK_FAILED', exitCode: 7 }] }
      ),
      { level: 'healthy' },
    ],
    [
      'on an agent whose maintenance comes is well',
      changed('MesosTask', 'running', {
        AgentMaintenance: ['True', 'MaintenanceScheduled', 'From tomorrow on'],
      }),
      { level: 'healthy' },
    ],
    [
      'on an agent that is being maintained is degraded',
      changed('MesosTask', 'running', {
        AgentMaintenance: ['True', 'MaintenanceUnderway', 'Since an hour'],
      }),
      { level: 'degraded', word: 'MaintenanceUnderway' },
    ],
    [
      'of which the operator says that it does not know is degraded',
      changed('MesosTask', 'running', { Ready: ['Unknown', 'FateUnknown', 'Nobody knows'] }),
      { level: 'degraded', word: 'FateUnknown' },
    ],
  ];
  test.each(cases)('%s', (_, task, verdict) => {
    expect(taskVerdict(task, now)).toMatchObject(verdict);
  });
});

describe('a set', () => {
  const cases: Array<[string, MesosTaskSet, Partial<Verdict>]> = [
    [
      'that rolls out is on its way',
      argoObject('MesosTaskSet', 'rolling'),
      { level: 'working', word: 'RollingOut' },
    ],
    [
      'not all of whose tasks are available is degraded',
      changed('MesosTaskSet', 'available', {
        Ready: ['False', 'Unavailable', '2 of 3 are available'],
      }),
      { level: 'degraded', word: 'Unavailable', why: '2 of 3 are available' },
    ],
    [
      'that has lost sight of a task is degraded, also while it is available',
      changed<MesosTaskSet>('MesosTaskSet', 'available', {}, { unreachableReplicas: 1 }),
      {
        level: 'degraded',
        word: 'Unreachable',
        why: 'Mesos cannot say of 1 of 3 tasks whether they run',
      },
    ],
    [
      'whose Service is refused is degraded',
      changed('MesosTaskSet', 'available', {
        ServicePublished: ['False', 'WriteRefused', 'forbidden'],
      }),
      { level: 'degraded', word: 'WriteRefused', why: 'forbidden' },
    ],
  ];
  test.each(cases)('%s', (_, set, verdict) => {
    expect(setVerdict(set, now)).toMatchObject(verdict);
  });
});

describe('a cron task', () => {
  const failed = argoObject<MesosTask>('MesosTask', 'failed');
  const completed = argoObject<MesosTask>('MesosTask', 'completed');
  const never = argoObject<MesosCronTask>('MesosCronTask', 'never');
  const cases: Array<[string, MesosCronTask, MesosTask | undefined, Partial<Verdict>]> = [
    [
      'none of whose runs has ended is well',
      argoObject('MesosCronTask', 'scheduled'),
      undefined,
      { level: 'healthy' },
    ],
    [
      'whose last run succeeded is well',
      argoObject('MesosCronTask', 'scheduled'),
      completed,
      { level: 'healthy' },
    ],
    [
      'whose last run failed is degraded',
      argoObject('MesosCronTask', 'scheduled'),
      failed,
      {
        level: 'degraded',
        word: 'RunFailed',
        why: 'The last run that ended, web, failed: The task ended with exit code 3',
        brief: 'The task ended with exit code 3. The last run that ended, web, failed',
      },
    ],
    [
      'whose schedule never comes is broken, whatever its last run',
      never,
      failed,
      { level: 'broken' },
    ],
    [
      'that holds a run back is degraded',
      changed('MesosCronTask', 'scheduled', {
        Behind: ['True', 'RunActive', 'nightly-1 is not over'],
      }),
      completed,
      { level: 'degraded', word: 'RunActive', why: 'nightly-1 is not over' },
    ],
  ];
  test.each(cases)('%s', (_, cron, run, verdict) => {
    expect(cronVerdict(cron, now, run)).toMatchObject(verdict);
  });
});

describe('a framework', () => {
  const orphans = { count: 2, sample: [{ taskID: 'shop.web.1a.b' }] };
  const cases: Array<[string, MesosFramework, Partial<Verdict>]> = [
    [
      'that connects for the first time is on its way',
      argoObject('MesosFramework', 'connecting'),
      { level: 'working', word: 'Connecting' },
    ],
    [
      'that lost its master is degraded',
      changed('MesosFramework', 'subscribed', {
        Connected: ['False', 'MasterUnreachable', 'No master answers'],
      }),
      { level: 'degraded', word: 'MasterUnreachable', why: 'No master answers' },
    ],
    [
      'whose description the master refuses is degraded',
      argoObject('MesosFramework', 'update-refused'),
      { level: 'degraded', word: 'UpdateRefused' },
    ],
    [
      'whose tasks are not answered for is degraded',
      changed('MesosFramework', 'subscribed', {
        TasksReconciled: ['False', 'Unanswered', '3 tasks'],
      }),
      { level: 'degraded', word: 'Unanswered' },
    ],
    [
      'that asks for its tasks is on its way',
      changed('MesosFramework', 'subscribed', {
        TasksReconciled: ['False', 'ReconcilingTasks', 'Asking'],
      }),
      { level: 'working', word: 'ReconcilingTasks' },
    ],
    [
      'with orphans is degraded',
      changed<MesosFramework>('MesosFramework', 'subscribed', {}, { orphans }),
      {
        level: 'degraded',
        word: 'Orphans',
        why: '2 Mesos tasks live that no MesosTask accounts for',
      },
    ],
    [
      'of whose tasks Mesos knows nothing is degraded',
      changed<MesosFramework>(
        'MesosFramework',
        'subscribed',
        {},
        { unknown: { count: 1, token: '1-a' } }
      ),
      { level: 'degraded', why: 'Mesos knows nothing of 1 task that may still run' },
    ],
    [
      'that two installations want is degraded',
      changed('MesosFramework', 'subscribed', {
        Contested: ['True', 'ClaimedElsewhere', 'Another one'],
      }),
      { level: 'degraded', word: 'ClaimedElsewhere' },
    ],
  ];
  test.each(cases)('%s', (_, framework, verdict) => {
    expect(frameworkVerdict(framework, now)).toMatchObject(verdict);
  });
});

test.each<[Pick<Verdict, 'level' | 'why' | 'brief'>, string]>([
  [
    {
      level: 'degraded',
      why: 'Launching again at 2026-11-30T15:03:21Z after TASK_FAILED: Command exited with status 7',
    },
    'TASK_FAILED: Command exited with status 7',
  ],
  [
    { level: 'degraded', why: 'It runs. Exit code 7', brief: 'Exit code 7. It runs' },
    'Exit code 7. It runs',
  ],
  [{ level: 'broken', why: 'No agent could ever hold it' }, 'No agent could ever hold it'],
  [{ level: 'healthy', why: 'The task runs' }, ''],
  [{ level: 'idle', why: 'Completed' }, ''],
])('in a list, of %j there stands "%s"', (verdict, shown) => {
  expect(briefly(verdict)).toBe(shown);
});
