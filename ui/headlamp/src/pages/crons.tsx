import {
  ConditionsSection,
  DateLabel,
  DetailsGrid,
  ResourceListView,
  SectionBox,
  SimpleTable,
} from '@kinvolk/headlamp-plugin/lib/CommonComponents';
import { Box, Typography } from '@mui/material';
import { useParams } from 'react-router-dom';
import type { MesosCronTask, MesosTask } from '../api.gen';
import { CronTask, Task } from '../kinds';
import { actionButtons } from '../parts/Actions';
import { ObjectLink, Script, verdictColumns, worstFirst } from '../parts/columns';
import { LevelLabel } from '../parts/Level';
import { useNow } from '../parts/time';
import { Why } from '../parts/Why';
import { cronActions } from '../state/actions';
import { duration, howItEnded, ranFor } from '../state/attempts';
import { lastRun, runsOf } from '../state/attention';
import { whatRuns } from '../state/rollout';
import {
  dueTime,
  isRequested,
  lastRunTime,
  latestFirst,
  nextRun,
  scheduleText,
} from '../state/schedule';
import { cronVerdict, taskVerdict } from '../state/verdict';

export function CronList() {
  const now = useNow(1000);
  const [runs] = Task.useList({ labelSelector: 'mesos.dev/cron' });
  const tasks = runs?.map(({ jsonData }) => jsonData) ?? [];
  const last = (cron: MesosCronTask) => lastRunTime(cron, runsOf(cron, tasks));
  return (
    <ResourceListView
      title="Cron tasks"
      resourceClass={CronTask}
      defaultSortingColumn={worstFirst}
      columns={[
        'name',
        'namespace',
        ...verdictColumns<CronTask>(({ jsonData }) =>
          cronVerdict(jsonData, now, lastRun(jsonData, tasks))
        ),
        {
          id: 'schedule',
          label: 'Schedule',
          gridTemplate: 'minmax(7.5rem, auto)',
          getValue: ({ jsonData }: CronTask) => scheduleText(jsonData),
          render: ({ jsonData: { spec } }: CronTask) => (
            <Box>
              <Box sx={{ whiteSpace: 'nowrap' }}>{spec.schedule}</Box>
              <Typography variant="body2" color="text.secondary">
                {spec.timeZone ?? 'UTC'}
              </Typography>
            </Box>
          ),
        },
        {
          id: 'next',
          label: 'Next run',
          gridTemplate: 'auto',
          getValue: ({ jsonData }: CronTask) => jsonData.status?.nextScheduleTime ?? '',
          render: ({ jsonData }: CronTask) => nextRun(jsonData, now),
        },
        {
          id: 'last',
          label: 'Last run',
          gridTemplate: 'auto',
          getValue: ({ jsonData }: CronTask) => last(jsonData) ?? '',
          render: ({ jsonData }: CronTask) => <Ago time={last(jsonData)} />,
        },
        {
          id: 'success',
          label: 'Last success',
          gridTemplate: 'auto',
          getValue: ({ jsonData }: CronTask) => jsonData.status?.lastSuccessfulTime ?? '',
          render: ({ jsonData }: CronTask) => <Ago time={jsonData.status?.lastSuccessfulTime} />,
        },
        {
          id: 'active',
          label: 'Active',
          show: false,
          gridTemplate: 'min-content',
          getValue: ({ jsonData }: CronTask) => jsonData.status?.active ?? 0,
        },
      ]}
    />
  );
}

function Ago({ time }: { time?: string }) {
  return time ? <DateLabel date={time} format="mini" /> : <>never</>;
}

export function CronPage() {
  const { namespace, name } = useParams<{ namespace: string; name: string }>();
  const now = useNow(1000);
  const [tasks] = Task.useList({ namespace, labelSelector: `mesos.dev/cron=${name}` });
  const runs = (cron: MesosCronTask) => runsOf(cron, tasks?.map(({ jsonData }) => jsonData) ?? []);
  return (
    <DetailsGrid
      resourceType={CronTask}
      name={name}
      namespace={namespace}
      withEvents
      actions={item => actionButtons(item, item ? cronActions(item.jsonData) : [])}
      extraInfo={item => (item ? cronFacts(item.jsonData, runs(item.jsonData), now) : null)}
      headerSection={item =>
        item && (
          <Why
            object={item.jsonData}
            verdict={cronVerdict(item.jsonData, now, lastRun(item.jsonData, runs(item.jsonData)))}
            now={now}
          />
        )
      }
      extraSections={item =>
        item
          ? [
              { id: 'mesos.runs', section: <Runs runs={runs(item.jsonData)} now={now} /> },
              { id: 'mesos.conditions', section: <ConditionsSection resource={item.jsonData} /> },
            ]
          : []
      }
    />
  );
}

export function cronFacts(cron: MesosCronTask, runs: MesosTask[], now: number) {
  const { spec, status } = cron;
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
    { name: 'Schedule', value: scheduleText(cron) },
    { name: 'Next run', value: nextRun(cron, now) },
    { name: 'Last run', value: <Ago time={lastRunTime(cron, runs)} /> },
    { name: 'Last success', value: <Ago time={status?.lastSuccessfulTime} /> },
    { name: 'While another runs', value: spec.concurrencyPolicy ?? 'Allow' },
    { name: 'Missed', value: `${status?.missedRuns ?? 0}`, hide: !status?.missedRuns },
  ];
}

/** The runs that are kept, the latest first, with how their last attempt ended. */
export function Runs({ runs, now }: { runs: MesosTask[]; now: number }) {
  return (
    <SectionBox title="Runs">
      <SimpleTable
        emptyMessage="No run is kept."
        data={latestFirst(runs)}
        columns={[
          {
            label: 'Status',
            gridTemplate: 'min-content',
            getter: (run: MesosTask) => <LevelLabel {...taskVerdict(run, now)} />,
          },
          {
            label: 'Run',
            gridTemplate: 'auto',
            getter: ({ metadata }: MesosTask) => (
              <ObjectLink kind="MesosTask" name={metadata.name} namespace={metadata.namespace} />
            ),
          },
          {
            label: 'Due',
            gridTemplate: 'auto',
            getter: (run: MesosTask) => <DateLabel date={dueTime(run)} />,
          },
          {
            label: 'By',
            gridTemplate: 'min-content',
            getter: (run: MesosTask) => (isRequested(run) ? 'request' : 'schedule'),
          },
          { label: 'Last attempt', gridTemplate: 'auto', getter: (run: MesosTask) => ended(run) },
          {
            label: 'Ran for',
            gridTemplate: 'min-content',
            getter: (run: MesosTask) => ran(run, now),
          },
          {
            label: 'Agent',
            gridTemplate: 'auto',
            getter: ({ status }: MesosTask) => status?.task?.hostname ?? '-',
          },
        ]}
      />
    </SectionBox>
  );
}

function ended({ status }: MesosTask): string {
  return status?.task ? howItEnded(status.task).text : 'none yet';
}

function ran({ status }: MesosTask, now: number): string {
  const milliseconds = status?.task && ranFor(status.task, now);
  return milliseconds === undefined ? '-' : duration(milliseconds);
}
