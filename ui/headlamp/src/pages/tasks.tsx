import {
  ConditionsSection,
  DetailsGrid,
  ResourceListView,
} from '@kinvolk/headlamp-plugin/lib/CommonComponents';
import { useParams } from 'react-router-dom';
import type { MesosTask } from '../api.gen';
import { Framework, Task } from '../kinds';
import { actionButtons } from '../parts/Actions';
import { Attempts } from '../parts/Attempts';
import { ObjectLink, Script, verdictColumns, worstFirst } from '../parts/columns';
import { useNow } from '../parts/time';
import { Why } from '../parts/Why';
import { taskActions } from '../state/actions';
import { ownerOf } from '../state/attention';
import { whatRuns } from '../state/rollout';
import { taskVerdict } from '../state/verdict';

export function TaskList() {
  const now = useNow();
  return (
    <ResourceListView
      title="Tasks"
      resourceClass={Task}
      defaultSortingColumn={worstFirst}
      columns={['name', 'namespace', ...taskColumns(now), 'age']}
    />
  );
}

/** The columns of tasks, wherever they are listed. */
export function taskColumns(now: number) {
  return [
    ...verdictColumns<Task>(({ jsonData }) => taskVerdict(jsonData, now)),
    {
      id: 'host',
      label: 'Agent',
      gridTemplate: 'auto',
      getValue: ({ jsonData }: Task) =>
        jsonData.status?.task?.hostname ?? jsonData.status?.task?.agentID ?? '',
    },
    {
      id: 'restarts',
      label: 'Restarts',
      gridTemplate: 'min-content',
      getValue: ({ jsonData }: Task) => jsonData.status?.restarts ?? 0,
    },
    {
      id: 'owner',
      label: 'Of',
      show: false,
      gridTemplate: 'auto',
      getValue: ({ jsonData }: Task) => ownerOf(jsonData)?.name ?? '',
      render: ({ jsonData }: Task) => <Owner task={jsonData} />,
    },
  ];
}

function Owner({ task }: { task: MesosTask }) {
  const owner = ownerOf(task);
  return owner ? <ObjectLink {...owner} namespace={task.metadata.namespace} /> : null;
}

export function TaskPage() {
  const { namespace, name } = useParams<{ namespace: string; name: string }>();
  const now = useNow(1000);
  return (
    <DetailsGrid
      resourceType={Task}
      name={name}
      namespace={namespace}
      withEvents
      actions={item => actionButtons(item, item ? taskActions(item.jsonData) : [])}
      extraInfo={item => (item ? taskFacts(item.jsonData) : null)}
      headerSection={item =>
        item && <Why object={item.jsonData} verdict={taskVerdict(item.jsonData, now)} now={now} />
      }
      extraSections={item =>
        item
          ? [
              { id: 'mesos.attempts', section: <TaskAttempts task={item.jsonData} now={now} /> },
              { id: 'mesos.conditions', section: <ConditionsSection resource={item.jsonData} /> },
            ]
          : []
      }
    />
  );
}

/** The framework of a task says where Mesos' own web interface is, for those who may see it. */
function TaskAttempts({ task, now }: { task: MesosTask; now: number }) {
  const [framework] = Framework.useGet(task.spec.frameworkRef?.name ?? 'default');
  return <Attempts task={task} masterURL={framework?.jsonData.status?.master?.url} now={now} />;
}

/** What a task is, and where. */
export function taskFacts(task: MesosTask) {
  const { spec, status } = task;
  const { requests } = spec.resources;
  const ports = status?.task?.ports?.map(
    ({ name, hostPort, lastHostPort }) =>
      `${name} ${status.task?.hostname ?? ''}:${hostPort}${lastHostPort ? `-${lastHostPort}` : ''}`
  );
  const asked = [
    `${requests.cpus} CPUs`,
    `${requests.memory} memory`,
    requests.disk && `${requests.disk} disk`,
    requests.gpus && `${requests.gpus} GPUs`,
  ];
  return [
    { name: 'Of', value: <Owner task={task} />, hide: !ownerOf(task) },
    {
      name: 'Framework',
      value: <ObjectLink kind="MesosFramework" name={spec.frameworkRef?.name ?? 'default'} />,
    },
    { name: 'Runs', value: <Script text={whatRuns(spec)} /> },
    { name: 'Asks for', value: asked.filter(Boolean).join(', ') },
    {
      name: 'Agent',
      value: status?.task?.hostname ?? status?.task?.agentID,
      hide: !status?.task?.agentID,
    },
    { name: 'Ports', value: ports?.join(', '), hide: !ports?.length },
    {
      name: 'Restarts',
      value: `${status?.restarts ?? 0} (restart policy ${spec.restartPolicy ?? 'Always'})`,
    },
  ];
}
