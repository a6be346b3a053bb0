// @vitest-environment jsdom
import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, test } from 'vitest';
import type { MesosCronTask, MesosFramework, MesosTask, MesosTaskSet } from '../api.gen';
import { prepare, Server, show, stored } from '../testing/render';
import { argoObject, sampleObjects } from '../testing/samples';

prepare();

const framework = stored(argoObject<MesosFramework>('MesosFramework', 'subscribed'));
const failed = stored(argoObject<MesosTask>('MesosTask', 'failed'));
const running = stored(argoObject<MesosTask>('MesosTask', 'running'));
const nightly = stored(argoObject<MesosCronTask>('MesosCronTask', 'scheduled'));
const front = stored(argoObject<MesosTaskSet>('MesosTaskSet', 'rolling'));

/** A task of a set or cron task. */
function of<T extends MesosTask>(
  owner: MesosTaskSet | MesosCronTask,
  task: T,
  name: string,
  labels = {}
): T {
  const { kind, apiVersion } = owner;
  const reference = {
    kind,
    apiVersion: apiVersion!,
    name: owner.metadata.name,
    uid: owner.metadata.uid,
  };
  return stored(task, {
    name,
    labels,
    ownerReferences: [{ ...reference, controller: true, blockOwnerDeletion: true }],
  } as Partial<T['metadata']>);
}

describe('the overview', () => {
  test('says what is unhealthy and why, and links there', async () => {
    show('/mesos', new Server([framework, failed, stored(running, { name: 'well' })]));
    const table = await screen.findByRole('table');
    expect(await within(table).findByText('The task ended with exit code 3')).toBeTruthy();
    expect((await within(table).findByRole('link', { name: 'web' })).getAttribute('href')).toBe(
      '/c/test/mesos/tasks/shop/web'
    );
    expect(within(table).queryByText('well')).toBeNull();
    expect(await screen.findByRole('img', { name: '1 broken, 1 healthy' })).toBeTruthy();
  });

  test('says that all is well where it is', async () => {
    show('/mesos', new Server([framework]));
    expect(await screen.findByText('All is as it should be, or on its way.')).toBeTruthy();
  });

  test('says that nothing has been declared yet', async () => {
    show('/mesos', new Server([]));
    expect(await screen.findByText('Nothing has been declared yet.')).toBeTruthy();
  });

  test('does not call well what it may not read', async () => {
    const server = new Server([framework]);
    server.forbidden = ['mesostasks'];
    show('/mesos', server);
    expect(await screen.findByText(/mesostasks is forbidden/)).toBeTruthy();
    expect(screen.queryByText(/All is as it should be/)).toBeNull();
  });

  test('says that the operator does not run', async () => {
    const lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'mesos-dev-operator', namespace: 'mesos-operator-system' },
      spec: {
        holderIdentity: 'pod_1',
        renewTime: '2026-01-02T03:04:05Z',
        leaseDurationSeconds: 15,
      },
    };
    const controller = { identity: 'pod_1', lease: 'mesos-operator-system/mesos-dev-operator' };
    show(
      '/mesos',
      new Server([lease, { ...framework, status: { ...framework.status, controller } }])
    );
    expect(await screen.findByText(/^The operator does not run/)).toBeTruthy();
  });

  test('shows every sample, though nobody has looked at them', async () => {
    const samples = sampleObjects().map(object =>
      stored(object, object.kind === 'MesosFramework' ? {} : { namespace: 'default' })
    );
    show('/mesos', new Server(samples));
    expect((await screen.findAllByText('Unseen')).length).toBe(Math.min(25, samples.length));
  });
});

describe('the list of', () => {
  const cases: Array<[string, string, object[], string[]]> = [
    [
      'tasks',
      '/mesos/tasks',
      [failed],
      ['web', 'Failed', 'The task ended with exit code 3', 'agent-7.example.com'],
    ],
    ['sets', '/mesos/sets', [front], ['front', 'RollingOut', '3 of 3', '1 of f0e1d2c3b4, 3 older']],
    [
      'cron tasks',
      '/mesos/crons',
      [nightly],
      ['nightly', 'Scheduled', '30 2 * * *', 'UTC', 'none'],
    ],
    [
      'frameworks',
      '/mesos/frameworks',
      [framework],
      ['default', 'Subscribed', 'to a master', '0 of 0 run'],
    ],
  ];
  test.each(cases)('%s', async (_, path, objects, texts) => {
    show(path, new Server(objects));
    for (const text of texts) {
      expect((await screen.findAllByText(text)).length).toBeGreaterThan(0);
    }
  });
});

describe('the page of a task', () => {
  test('says why, and how each attempt ended', async () => {
    const history = [
      {
        id: 'shop.web.1a.b',
        state: 'TASK_FAILED',
        exitCode: 7,
        hostname: 'agent-1.example.com',
        ran: true,
      },
      { id: 'shop.web.1a.c', state: 'TASK_KILLED', killReason: 'SpecChanged' as const },
    ];
    show(
      '/mesos/tasks/shop/web',
      new Server([framework, { ...failed, status: { ...failed.status, history } }])
    );
    const status = await screen.findByRole('status');
    expect(await within(status).findByText('The task ended with exit code 3')).toBeTruthy();
    expect(await screen.findByText('exit code 7')).toBeTruthy();
    expect(await screen.findByText('killed, as its spec changed')).toBeTruthy();
    expect(await screen.findByText('agent-1.example.com')).toBeTruthy();
  });

  test('shows what the offers lack', async () => {
    const waits = stored(argoObject<MesosTask>('MesosTask', 'awaiting-offer'));
    const pending = {
      since: '2026-01-02T03:04:05Z',
      message: '3 offers: 2 lack memory (want 64Mi), 1 lacks cpus (want 1)',
    };
    show('/mesos/tasks/shop/web', new Server([{ ...waits, status: { ...waits.status, pending } }]));
    const offers = await screen.findByRole('table', { name: 'What became of the last offers' });
    expect(await within(offers).findByText('lack memory (want 64Mi)')).toBeTruthy();
    expect(await within(offers).findByText('2 of 3')).toBeTruthy();
  });

  test('restarts it, once a person has said so', async () => {
    const server = new Server([running]);
    show('/mesos/tasks/shop/web', server);
    await userEvent.click(await screen.findByLabelText('Restart'));
    const dialog = await screen.findByRole('dialog');
    expect(await within(dialog).findByText(/Its task is killed/)).toBeTruthy();
    expect(server.writes).toEqual([]);
    await userEvent.click(within(dialog).getByLabelText('confirm-button'));
    // Headlamp leaves five seconds to think better of it.
    await waitFor(() => expect(server.writes).toHaveLength(1));
    expect(server.writes[0]).toMatchObject({
      method: 'PATCH',
      path: '/apis/mesos.dev/v1alpha1/namespaces/shop/mesostasks/web',
      contentType: 'application/merge-patch+json',
    });
    const { annotations } = server.writes[0].body.metadata;
    expect(annotations['mesos.dev/restarted-at']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  });

  test('offers nothing to those who may only look', async () => {
    const server = new Server([running], false);
    show('/mesos/tasks/shop/web', server);
    await screen.findByRole('status');
    await waitFor(() => expect(server.reviews).toBeGreaterThan(0));
    expect(screen.queryByLabelText('Restart')).toBeNull();
  });
});

describe('the page of a set', () => {
  const tasks = [
    of(front, running, 'front-f0e1d2c3b4-0', {
      'mesos.dev/set': 'front',
      'mesos.dev/revision': 'f0e1d2c3b4',
    }),
    of(front, running, 'front-1a2b3c4d5e-0', {
      'mesos.dev/set': 'front',
      'mesos.dev/revision': '1a2b3c4d5e',
    }),
  ];
  const earlier = {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name: 'front-1a2b3c4d5e',
      namespace: 'shop',
      uid: 'r-1',
      labels: { 'mesos.dev/set': 'front' },
      ownerReferences: [{ uid: front.metadata.uid }],
    },
    revision: 1,
    data: { template: { spec: { shell: 'sleep 1800' } } },
  };

  test('shows how far its rollout is, and its tasks', async () => {
    show('/mesos/sets/shop/front', new Server([front, ...tasks]));
    expect(
      await screen.findByText('3 of 3 available, 3 ready, 1 of the template as it is, 3 older')
    ).toBeTruthy();
    expect(await screen.findByText('33%')).toBeTruthy();
    expect(await screen.findByText('the template as it is')).toBeTruthy();
    expect(await screen.findByRole('link', { name: 'front-f0e1d2c3b4-0' })).toBeTruthy();
  });

  test('goes back to an earlier template', async () => {
    const server = new Server([front, earlier]);
    show('/mesos/sets/shop/front', server);
    await userEvent.click(await screen.findByLabelText('Go back to front-1a2b3c4d5e'));
    await userEvent.click(
      within(await screen.findByRole('dialog')).getByLabelText('confirm-button')
    );
    await waitFor(() => expect(server.writes).toHaveLength(1));
    expect(server.writes[0]).toMatchObject({
      path: '/apis/mesos.dev/v1alpha1/namespaces/shop/mesostasksets/front',
      contentType: 'application/json-patch+json',
    });
    expect(server.writes[0].body.at(-1)).toEqual({
      op: 'replace',
      path: '/spec/template',
      value: earlier.data.template,
    });
  });
});

test('the page of a cron task shows its runs and how they ended', async () => {
  const run = of(nightly, failed, 'nightly-29933430', { 'mesos.dev/cron': 'nightly' });
  const status = { ...run.status, task: { ...run.status!.task!, exitCode: 3 } };
  show('/mesos/crons/shop/nightly', new Server([nightly, { ...run, status }]));
  expect(await screen.findByText(/The last run that ended, nightly-29933430, failed/)).toBeTruthy();
  expect(await screen.findByText('exit code 3')).toBeTruthy();
});

describe('a cron task that ran on request alone', () => {
  const asked = of(nightly, running, 'nightly-0badcafer', { 'mesos.dev/cron': 'nightly' });
  const server = () => new Server([nightly, asked]);

  test('is in the list with its last run, and never succeeded', async () => {
    show('/mesos/crons', server());
    expect(await screen.findByText('nightly')).toBeTruthy();
    await waitFor(() => expect(screen.getAllByText('never')).toHaveLength(1));
  });

  test('has a page with its last run, and never succeeded', async () => {
    show('/mesos/crons/shop/nightly', server());
    expect(await screen.findByRole('link', { name: 'nightly-0badcafer' })).toBeTruthy();
    await waitFor(() => expect(screen.getAllByText('never')).toHaveLength(1));
  });
});

test('the page of a framework shows what is left behind, with the command that ends it', async () => {
  const orphans = {
    count: 1,
    token: '1-k3f9',
    sample: [{ taskID: 'shop.lost.1a.b', agentID: 'f-S1' }],
  };
  show(
    '/mesos/frameworks/default',
    new Server([{ ...framework, status: { ...framework.status, orphans } }])
  );
  expect(await screen.findByText('shop.lost.1a.b')).toBeTruthy();
  expect(
    await screen.findByText(
      'kubectl annotate mesosframework default --overwrite mesos.dev/kill-orphans=1-k3f9'
    )
  ).toBeTruthy();
});
