import {
  ConditionsSection,
  DateLabel,
  DetailsGrid,
  ResourceListView,
  SectionBox,
  SimpleTable,
} from '@kinvolk/headlamp-plugin/lib/CommonComponents';
import { Box, Link as MuiLink, Typography } from '@mui/material';
import { useParams } from 'react-router-dom';
import type { MesosFramework } from '../api.gen';
import { Framework } from '../kinds';
import { actionButtons } from '../parts/Actions';
import { verdictColumns, worstFirst } from '../parts/columns';
import { useNow } from '../parts/time';
import { Why } from '../parts/Why';
import { frameworkActions } from '../state/actions';
import type { Pass, Word } from '../state/frameworks';
import { connection, countsText, masterLink, passes, wordsToSay } from '../state/frameworks';
import { frameworkVerdict } from '../state/verdict';

export function FrameworkList() {
  const now = useNow();
  return (
    <ResourceListView
      title="Frameworks"
      resourceClass={Framework}
      defaultSortingColumn={worstFirst}
      columns={[
        'name',
        ...verdictColumns<Framework>(({ jsonData }) => frameworkVerdict(jsonData, now)),
        {
          id: 'connection',
          label: 'Connection',
          gridTemplate: 'auto',
          getValue: ({ jsonData }: Framework) => connection(jsonData, now),
        },
        {
          id: 'tasks',
          label: 'Tasks',
          gridTemplate: 'auto',
          getValue: ({ jsonData }: Framework) => countsText(jsonData),
        },
        {
          id: 'orphans',
          label: 'Orphans',
          gridTemplate: 'min-content',
          getValue: ({ jsonData }: Framework) => jsonData.status?.orphans?.count ?? 0,
        },
        'age',
      ]}
    />
  );
}

export function FrameworkPage() {
  const { name } = useParams<{ name: string }>();
  const now = useNow(1000);
  return (
    <DetailsGrid
      resourceType={Framework}
      name={name}
      withEvents
      actions={item => actionButtons(item, item ? frameworkActions(item.jsonData) : [])}
      extraInfo={item => (item ? frameworkFacts(item.jsonData, now) : null)}
      headerSection={item =>
        item && (
          <Why object={item.jsonData} verdict={frameworkVerdict(item.jsonData, now)} now={now} />
        )
      }
      extraSections={item =>
        item
          ? [
              { id: 'mesos.left', section: <LeftBehind framework={item.jsonData} /> },
              { id: 'mesos.passes', section: <Passes framework={item.jsonData} /> },
              { id: 'mesos.conditions', section: <ConditionsSection resource={item.jsonData} /> },
            ]
          : []
      }
    />
  );
}

export function frameworkFacts(framework: MesosFramework, now: number) {
  const { spec, status } = framework;
  const url = masterLink(framework);
  return [
    { name: 'Connection', value: connection(framework, now) },
    {
      name: 'Master',
      value: url ? (
        <MuiLink href={url} target="_blank" rel="noreferrer">
          {url}
        </MuiLink>
      ) : (
        'none yet'
      ),
    },
    { name: 'Mesos', value: status?.master?.version, hide: !status?.master?.version },
    { name: 'Framework ID', value: status?.frameworkID ?? 'none yet' },
    { name: 'Name in Mesos', value: spec.info?.name, hide: !spec.info?.name },
    { name: 'Roles', value: status?.roles?.join(', '), hide: !status?.roles?.length },
    { name: 'Tasks', value: countsText(framework) },
    { name: 'Served by', value: status?.controller?.identity, hide: !status?.controller },
    { name: 'Agents', value: status?.agentsMessage, hide: !status?.agentsMessage },
  ];
}

/** What lives, or may live, in Mesos and has no object: what it is, and the command that would end or forget it. */
export function LeftBehind({ framework }: { framework: MesosFramework }) {
  const words = wordsToSay(framework);
  return words.length === 0 ? null : (
    <SectionBox title="Left behind">
      {words.map(word => (
        <LeftBehindOf key={word.what} word={word} />
      ))}
    </SectionBox>
  );
}

const since = {
  label: 'Since',
  getter: (task: Word['tasks'][number]) => task.since && <DateLabel date={task.since} />,
};

function LeftBehindOf({ word: { what, tasks, command } }: { word: Word }) {
  return (
    <Box sx={{ my: 1 }}>
      <Typography>{what}</Typography>
      {command && (
        <Box
          component="pre"
          sx={{ whiteSpace: 'pre-wrap', bgcolor: 'action.hover', p: 1, borderRadius: 1 }}
        >
          {command}
        </Box>
      )}
      {tasks.length > 0 && (
        <SimpleTable
          data={tasks}
          columns={[
            { label: 'Mesos task', datum: 'taskID' },
            { label: 'Agent', datum: 'agentID' },
            ...(tasks.some(({ since }) => since) ? [since] : []),
          ]}
        />
      )}
    </Box>
  );
}

/** What became of the reconciliation: whether Mesos was asked for every task, and answered. */
export function Passes({ framework }: { framework: MesosFramework }) {
  return (
    <SectionBox title="Reconciliation">
      <SimpleTable
        emptyMessage="Mesos was not asked yet."
        data={passes(framework)}
        columns={[
          { label: 'Pass', datum: 'which' },
          { label: 'Because of', datum: 'reason' },
          {
            label: 'Began',
            getter: ({ startTime }: Pass) =>
              startTime && <DateLabel date={startTime} format="mini" />,
          },
          { label: 'Took', datum: 'took' },
          { label: 'Rounds', datum: 'rounds' },
          { label: 'Tasks asked for', datum: 'tasks' },
          { label: 'Unanswered', datum: 'unanswered' },
          {
            label: 'All that lives was told',
            getter: ({ proven }: Pass) => (proven ? 'yes' : 'not yet'),
          },
        ]}
      />
    </SectionBox>
  );
}
