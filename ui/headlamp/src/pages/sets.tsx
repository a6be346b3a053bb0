import { ApiProxy, clusterAction, K8s } from '@kinvolk/headlamp-plugin/lib';
import {
  ActionButton,
  AuthVisible,
  ConditionsSection,
  ConfirmDialog,
  DateLabel,
  DetailsGrid,
  ResourceListView,
  SectionBox,
  SimpleTable,
} from '@kinvolk/headlamp-plugin/lib/CommonComponents';
import { Box, Typography } from '@mui/material';
import { useState } from 'react';
import { useParams } from 'react-router-dom';
import type { MesosTask, MesosTaskSet } from '../api.gen';
import { Task, TaskSet } from '../kinds';
import { actionButtons } from '../parts/Actions';
import { ObjectLink, Script, verdictColumns, worstFirst } from '../parts/columns';
import { Bar, LevelLabel } from '../parts/Level';
import { TaskTable } from '../parts/TaskTable';
import { useNow } from '../parts/time';
import { Why } from '../parts/Why';
import { goBack, setActions } from '../state/actions';
import { tasksOf } from '../state/attention';
import type { Kept, RevisionRow } from '../state/rollout';
import { keptRevisions, progressOf, revisionsOf, rolloutOf, whatRuns } from '../state/rollout';
import { setVerdict } from '../state/verdict';

export function SetList() {
  const now = useNow();
  return (
    <ResourceListView
      title="Sets"
      resourceClass={TaskSet}
      defaultSortingColumn={worstFirst}
      columns={[
        'name',
        'namespace',
        ...verdictColumns<TaskSet>(({ jsonData }) => setVerdict(jsonData, now)),
        {
          id: 'available',
          label: 'Available',
          gridTemplate: 'minmax(8rem, auto)',
          getValue: ({ jsonData }: TaskSet) => availableText(jsonData),
          render: ({ jsonData }: TaskSet) => (
            <Box sx={{ width: '100%' }}>
              {availableText(jsonData)}
              <AvailableBar set={jsonData} />
              <Typography variant="body2" color="text.secondary">
                {revisionText(jsonData)}
              </Typography>
            </Box>
          ),
        },
        {
          id: 'runs',
          label: 'Runs',
          show: false,
          getValue: ({ jsonData }: TaskSet) => whatRuns(jsonData.spec.template.spec),
        },
        'age',
      ]}
    />
  );
}

function availableText(set: MesosTaskSet): string {
  const { available, desired } = rolloutOf(set);
  return `${available} of ${desired}`;
}

/** Of which revision a set's tasks are, in words. */
export function revisionText(set: MesosTaskSet): string {
  const { updated, older } = rolloutOf(set);
  const revision = set.status?.updateRevision;
  if (!revision) {
    return '';
  }
  return older > 0 ? `${updated} of ${revision}, ${older} older` : `of ${revision}`;
}

/** How many of a set's tasks are available. */
function AvailableBar({ set }: { set: MesosTaskSet }) {
  const { desired, available, existing, terminating } = rolloutOf(set);
  return (
    <Bar
      total={Math.max(desired, existing + terminating)}
      parts={[
        { level: 'healthy', number: available, what: 'available' },
        { level: 'degraded', number: existing - available, what: 'not available' },
        { level: 'idle', number: terminating, what: 'being killed' },
      ]}
    />
  );
}

export function SetPage() {
  const { namespace, name } = useParams<{ namespace: string; name: string }>();
  const now = useNow(1000);
  return (
    <DetailsGrid
      resourceType={TaskSet}
      name={name}
      namespace={namespace}
      withEvents
      actions={item => actionButtons(item, item ? setActions(item.jsonData) : [])}
      extraInfo={item => (item ? setFacts(item.jsonData) : null)}
      headerSection={item =>
        item && <Why object={item.jsonData} verdict={setVerdict(item.jsonData, now)} now={now} />
      }
      extraSections={item =>
        item
          ? [
              { id: 'mesos.tasks', section: <SetTasks set={item.jsonData} now={now} /> },
              { id: 'mesos.revisions', section: <History item={item} /> },
              { id: 'mesos.conditions', section: <ConditionsSection resource={item.jsonData} /> },
            ]
          : []
      }
    />
  );
}

export function setFacts(set: MesosTaskSet) {
  const { spec, status } = set;
  const { type = 'RollingUpdate', rollingUpdate } = spec.updateStrategy ?? {};
  const { maxSurge = '25%', maxUnavailable = '25%', partition = 0 } = rollingUpdate ?? {};
  const bounds = `, at most ${maxUnavailable} unavailable and ${maxSurge} more than there should be`;
  return [
    {
      name: 'Framework',
      value: (
        <ObjectLink
          kind="MesosFramework"
          name={spec.template.spec.frameworkRef?.name ?? 'default'}
        />
      ),
    },
    { name: 'Runs', value: <Script text={whatRuns(spec.template.spec)} /> },
    { name: 'Replaced by', value: `${type}${type === 'RollingUpdate' ? bounds : ''}` },
    { name: 'Stay as they were', value: `${partition}`, hide: partition === 0 },
    {
      name: 'Last progress',
      value: <DateLabel date={status?.lastProgressTime ?? ''} />,
      hide: !status?.lastProgressTime,
    },
    {
      name: 'Service',
      value: spec.service?.ports.map(port => `${port.name} ${port.port}`).join(', '),
      hide: !spec.service,
    },
  ];
}

function SetTasks({ set, now }: { set: MesosTaskSet; now: number }) {
  const [tasks] = Task.useList({
    namespace: set.metadata.namespace,
    labelSelector: `mesos.dev/set=${set.metadata.name}`,
  });
  const own = tasksOf(set, tasks?.map(({ jsonData }) => jsonData) ?? []);
  return (
    <>
      <SectionBox title="Rollout">
        <RolloutView set={set} tasks={own} />
      </SectionBox>
      <TaskTable
        title="Tasks"
        tasks={tasks?.filter(({ jsonData }) => own.includes(jsonData)) ?? null}
        now={now}
      />
    </>
  );
}

const roles: Record<RevisionRow['role'], string> = {
  update: 'the template as it is',
  current: 'the template before',
  older: 'an earlier template',
};

/** How far a rollout is, and how many tasks each revision has. */
export function RolloutView({ set, tasks }: { set: MesosTaskSet; tasks: MesosTask[] }) {
  const rollout = rolloutOf(set);
  const rows = revisionsOf(set, tasks);
  const { progress, parts } = progressOf(rollout, rows);
  const facts = [
    `${rollout.available} of ${rollout.desired} available`,
    `${rollout.ready} ready`,
    `${rollout.updated} of the template as it is`,
    rollout.older > 0 && `${rollout.older} older`,
    rollout.stay > 0 && `${rollout.stay} stay, as the partition asks`,
    rollout.terminating > 0 && `${rollout.terminating} being killed`,
    rollout.unreachable > 0 && `${rollout.unreachable} unreachable`,
    rollout.paused && 'held',
  ];
  return (
    <Box sx={{ my: 1 }}>
      <Box sx={{ display: 'flex', alignItems: 'center', gap: 2, mb: 1 }}>
        <Box sx={{ flexGrow: 1 }}>
          <Bar total={Math.max(rollout.desired, tasks.length)} parts={parts} />
        </Box>
        <Typography component="span">{Math.floor(100 * progress)}%</Typography>
      </Box>
      <Typography variant="body2" sx={{ mb: 1 }}>
        {facts.filter(Boolean).join(', ')}
      </Typography>
      <SimpleTable
        emptyMessage="There are no tasks."
        data={rows}
        columns={[
          { label: 'Revision', datum: 'revision' },
          { label: 'Is', getter: ({ role }: RevisionRow) => roles[role] },
          { label: 'Tasks', datum: 'tasks' },
          {
            label: 'Running',
            getter: ({ running, tasks: all }: RevisionRow) => (
              <LevelLabel
                level={running === all ? 'healthy' : 'degraded'}
                word={`${running} of ${all}`}
              />
            ),
          },
        ]}
      />
    </Box>
  );
}

/** The templates that the set had, with a way back to each. */
function History({ item }: { item: TaskSet }) {
  const { namespace, name } = item.jsonData.metadata;
  const [revisions, error] = K8s.ResourceClasses.ControllerRevision.useList({
    namespace,
    labelSelector: `mesos.dev/set=${name}`,
  });
  if (error) {
    return null;
  }
  return (
    <SectionBox title="Templates that it had">
      <SimpleTable
        emptyMessage="None is kept."
        data={keptRevisions(item.jsonData, revisions?.map(({ jsonData }) => jsonData) ?? [])}
        columns={[
          { label: 'Number', gridTemplate: 'min-content', datum: 'number' },
          { label: 'Name', gridTemplate: 'auto', datum: 'name' },
          {
            label: 'What going back changes',
            getter: ({ changes }: Kept) => <Script text={changes.join('\n')} />,
          },
          {
            label: 'Made',
            gridTemplate: 'min-content',
            getter: ({ created }: Kept) => <DateLabel date={created} format="mini" />,
          },
          {
            label: 'Go back',
            gridTemplate: 'min-content',
            getter: (kept: Kept) =>
              kept.current ? 'as it is' : <GoBack item={item} kept={kept} />,
          },
        ]}
      />
    </SectionBox>
  );
}

function GoBack({ item, kept }: { item: TaskSet; kept: Kept }) {
  const [asking, setAsking] = useState(false);
  const { namespace, name } = item.jsonData.metadata;
  const act = () =>
    clusterAction(
      () =>
        ApiProxy.request(`/apis/mesos.dev/v1alpha1/namespaces/${namespace}/mesostasksets/${name}`, {
          method: 'PATCH',
          headers: { 'Content-Type': 'application/json-patch+json' },
          body: JSON.stringify(goBack(item.jsonData, kept.template)),
          cluster: item.cluster,
        }),
      {
        startMessage: `Going back to ${kept.name}…`,
        cancelledMessage: `Going back to ${kept.name}: cancelled.`,
        successMessage: `${name} has the template of ${kept.name} again.`,
        errorMessage: `Going back to ${kept.name}: the API server refused it.`,
      }
    );
  return (
    <AuthVisible item={item} authVerb="patch">
      <ActionButton
        description={`Go back to ${kept.name}`}
        icon="mdi:undo-variant"
        onClick={() => setAsking(true)}
      />
      <ConfirmDialog
        open={asking}
        title="Go back"
        description={`Make the template of ${name} what it was in ${kept.name}? Its tasks are replaced a few at a time. Where Git has the set, the next sync undoes it: revert the commit instead.`}
        handleClose={() => setAsking(false)}
        onConfirm={act}
      />
    </AuthVisible>
  );
}
