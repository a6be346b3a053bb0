import {
  Link,
  Loader,
  SectionBox,
  SectionFilterHeader,
  SimpleTable,
} from '@kinvolk/headlamp-plugin/lib/CommonComponents';
import { DateLabel } from '@kinvolk/headlamp-plugin/lib/CommonComponents';
import { Alert, Box, Card, CardContent, Typography } from '@mui/material';
import { useSelector } from 'react-redux';
import { CronTask, Framework, Task, TaskSet } from '../kinds';
import { ObjectLink, Reason } from '../parts/columns';
import { Bar, LevelCounts, LevelLabel } from '../parts/Level';
import { OperatorSilence } from '../parts/OperatorSilence';
import { useNow } from '../parts/time';
import type { Judged, Kind } from '../state/attention';
import { attention, judgeAll, kinds, tally } from '../state/attention';
import { count, levels } from '../state/verdict';

const titles: Record<Kind, { title: string; route: string }> = {
  MesosFramework: { title: 'Frameworks', route: Framework.listRoute },
  MesosTaskSet: { title: 'Sets', route: TaskSet.listRoute },
  MesosCronTask: { title: 'Cron tasks', route: CronTask.listRoute },
  MesosTask: { title: 'Tasks', route: Task.listRoute },
};

/** The namespaces that Headlamp's filter is set to; none means all. */
function useNamespaces(): string[] {
  const chosen = useSelector((state: any) => state.filter?.namespaces) as Set<string> | undefined;
  return chosen ? [...chosen] : [];
}

/** The first glance: what is unhealthy and why, and how much of everything there is. */
export function Overview() {
  const namespace = useNamespaces();
  const [frameworks, frameworksError] = Framework.useList();
  const [sets, setsError] = TaskSet.useList({ namespace });
  const [crons, cronsError] = CronTask.useList({ namespace });
  const [tasks, tasksError] = Task.useList({ namespace });
  const now = useNow();
  const errors = [frameworksError, setsError, cronsError, tasksError].filter(Boolean);
  const loading = [
    frameworks,
    setsError ? [] : sets,
    cronsError ? [] : crons,
    tasksError ? [] : tasks,
  ].some(list => list === null && errors.length === 0);
  if (loading) {
    return <Loader title="Loading what runs on Mesos" />;
  }
  const all = judgeAll(
    {
      frameworks: (frameworks ?? []).map(item => item.jsonData),
      sets: (sets ?? []).map(item => item.jsonData),
      crons: (crons ?? []).map(item => item.jsonData),
      tasks: (tasks ?? []).map(item => item.jsonData),
    },
    now
  );
  return (
    <>
      <SectionBox title={<SectionFilterHeader title="Mesos" />}>
        {errors.map(error => (
          <Alert severity="error" key={error!.message} sx={{ my: 1 }}>
            {error!.message}
          </Alert>
        ))}
        {(frameworks ?? []).map(({ jsonData }) => (
          <OperatorSilence key={jsonData.metadata.name} framework={jsonData} now={now} />
        ))}
        <Counts all={all} />
      </SectionBox>
      <Attention all={all} partial={errors.length > 0} />
    </>
  );
}

export function Counts({ all }: { all: Judged[] }) {
  return (
    <Box
      sx={{
        display: 'grid',
        gridTemplateColumns: 'repeat(auto-fit, minmax(200px, 1fr))',
        gap: 2,
        my: 1,
      }}
    >
      {kinds.map(kind => (
        <Count key={kind} kind={kind} all={all} />
      ))}
    </Box>
  );
}

function Count({ kind, all }: { kind: Kind; all: Judged[] }) {
  const counts = tally(all, kind);
  const total = levels.reduce((sum, level) => sum + counts[level], 0);
  const { title, route } = titles[kind];
  return (
    <Card variant="outlined">
      <CardContent>
        <Typography variant="h5" component="p">
          {total} <Link routeName={route}>{title}</Link>
        </Typography>
        <Box sx={{ my: 1 }}>
          <Bar
            total={total}
            parts={levels.map(level => ({ level, number: counts[level], what: level }))}
          />
        </Box>
        <LevelCounts counts={counts} />
      </CardContent>
    </Card>
  );
}

/** What wants a person, and why. Where not all could be read, nothing is said to be well. */
export function Attention({ all, partial }: { all: Judged[]; partial: boolean }) {
  const rows = attention(all);
  if (rows.length === 0 && partial) {
    return null;
  }
  return (
    <SectionBox title="Needs attention">
      {rows.length === 0 ? (
        <Alert severity="success" sx={{ my: 1 }}>
          {all.length === 0
            ? 'Nothing has been declared yet.'
            : 'All is as it should be, or on its way.'}
        </Alert>
      ) : (
        <SimpleTable
          data={rows}
          rowsPerPage={[25, 50, 100]}
          columns={[
            {
              label: 'Status',
              gridTemplate: 'min-content',
              getter: ({ verdict }: Judged) => <LevelLabel {...verdict} why={undefined} />,
            },
            { label: 'What', gridTemplate: 2, getter: (row: Judged) => <What row={row} /> },
            {
              label: 'Why',
              gridTemplate: 3,
              getter: ({ verdict }: Judged) => <Reason verdict={verdict} />,
            },
            {
              label: 'Since',
              gridTemplate: 'min-content',
              getter: ({ verdict: { since } }: Judged) =>
                since && <DateLabel date={since} format="mini" />,
            },
          ]}
        />
      )}
    </SectionBox>
  );
}

function What({ row }: { row: Judged }) {
  const { kind, namespace, owner, tasks } = row;
  const of = owner ? `, of ${owner.name}` : '';
  return (
    <>
      <ObjectLink {...row} />
      <Typography variant="body2" color="text.secondary">
        {kind}
        {namespace ? ` in ${namespace}` : ''}
        {of}
        {tasks > 0 ? `, and ${count(tasks, 'of its tasks', 'of its tasks')}` : ''}
      </Typography>
    </>
  );
}
