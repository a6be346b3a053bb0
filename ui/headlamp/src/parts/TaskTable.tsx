import { ResourceListView } from '@kinvolk/headlamp-plugin/lib/CommonComponents';
import type { Task } from '../kinds';
import { taskColumns } from '../pages/tasks';
import { worstFirst } from './columns';

/** The tasks of a set. */
export function TaskTable({
  title,
  tasks,
  now,
}: {
  title: string;
  tasks: Task[] | null;
  now: number;
}) {
  return (
    <ResourceListView
      title={title}
      data={tasks}
      defaultSortingColumn={worstFirst}
      columns={['name', ...taskColumns(now).filter(({ id }) => id !== 'owner'), 'age']}
    />
  );
}
