import { Icon } from '@iconify/react';
import {
  registerKindIcon,
  registerRoute,
  registerSidebarEntry,
} from '@kinvolk/headlamp-plugin/lib';
import type { ReactNode } from 'react';
import { addIcons } from './icons';
import { CronTask, Framework, Task, TaskSet } from './kinds';
import { CronList, CronPage } from './pages/crons';
import { FrameworkList, FrameworkPage } from './pages/frameworks';
import { Overview } from './pages/Overview';
import { SetList, SetPage } from './pages/sets';
import { TaskList, TaskPage } from './pages/tasks';

addIcons();

const parent = 'mesos';

registerSidebarEntry({
  parent: null,
  name: parent,
  label: 'Mesos',
  icon: 'mdi:server-network',
  url: '/mesos',
});
registerSidebarEntry({ parent, name: 'mesos-overview', label: 'Overview', url: '/mesos' });
registerRoute({
  path: '/mesos',
  exact: true,
  name: 'Mesos',
  sidebar: 'mesos-overview',
  component: () => <Overview />,
});

interface Page {
  kind: typeof Task | typeof TaskSet | typeof CronTask | typeof Framework;
  label: string;
  path: string;
  icon: string;
  list: () => ReactNode;
  page: () => ReactNode;
}

const pages: Page[] = [
  {
    kind: Task,
    label: 'Tasks',
    path: 'tasks',
    icon: 'mdi:cog-play',
    list: () => <TaskList />,
    page: () => <TaskPage />,
  },
  {
    kind: TaskSet,
    label: 'Sets',
    path: 'sets',
    icon: 'mdi:view-grid-plus',
    list: () => <SetList />,
    page: () => <SetPage />,
  },
  {
    kind: CronTask,
    label: 'Cron tasks',
    path: 'crons',
    icon: 'mdi:calendar-clock',
    list: () => <CronList />,
    page: () => <CronPage />,
  },
  {
    kind: Framework,
    label: 'Frameworks',
    path: 'frameworks',
    icon: 'mdi:lan-connect',
    list: () => <FrameworkList />,
    page: () => <FrameworkPage />,
  },
];

for (const { kind, label, path, icon, list, page } of pages) {
  const sidebar = `mesos-${path}`;
  registerSidebarEntry({ parent, name: sidebar, label, url: `/mesos/${path}` });
  registerRoute({
    path: `/mesos/${path}`,
    exact: true,
    name: kind.listRoute,
    sidebar,
    component: list,
  });
  registerRoute({
    path: `/mesos/${path}/${kind.isNamespaced ? ':namespace/' : ''}:name`,
    exact: true,
    name: kind.detailsRoute,
    sidebar,
    component: page,
  });
  registerKindIcon(kind.kind, { icon: <Icon icon={icon} width="70%" height="70%" /> }, 'mesos.dev');
}
