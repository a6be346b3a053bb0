import type { MesosFramework } from '../api.gen';
import { duration } from './attempts';
import { condition, holds } from './conditions';
import { count } from './verdict';

type Status = NonNullable<MesosFramework['status']>;

/** "to master-1.example.com for 3h 2m", or why there is none. */
export function connection(framework: MesosFramework, now: number): string {
  const { master, connectedSince } = framework.status ?? {};
  if (!holds(framework, 'Connected')) {
    return condition(framework, 'Connected')?.reason ?? 'none yet';
  }
  const since = connectedSince
    ? ` for ${duration(Math.max(0, now - Date.parse(connectedSince)))}`
    : '';
  return `to ${master?.hostname ?? master?.url ?? 'a master'}${since}`;
}

/** The master's URL, where a browser may follow it. */
export function masterLink({ status }: MesosFramework): string | undefined {
  const url = status?.master?.url;
  return url && /^https?:\/\//.test(url) ? url : undefined;
}

/** "3 of 4 run, 1 waits": those that have an agent, and those that wait for one. */
export function countsText({ status }: MesosFramework): string {
  const { running = 0, bound = 0, pending = 0, unreachable = 0 } = status?.tasks ?? {};
  return [
    `${running} of ${bound} run`,
    pending > 0 && count(pending, 'waits', 'wait'),
    unreachable > 0 && `${unreachable} unreachable`,
  ]
    .filter(Boolean)
    .join(', ');
}

/** What a framework knows of that no object accounts for, and the command that deals with it. */
export interface Word {
  what: string;
  tasks: Array<{ taskID: string; agentID?: string; since?: string }>;
  command?: string;
}

export function wordsToSay({ metadata, status }: MesosFramework): Word[] {
  const { orphans, abandoned = [], unknown } = status ?? {};
  const annotate = (annotation: string, value?: string) =>
    value &&
    `kubectl annotate mesosframework ${metadata.name} --overwrite mesos.dev/${annotation}=${value}`;
  const words: Word[] = [];
  if (orphans) {
    const more = orphans.count - (orphans.sample?.length ?? 0);
    words.push({
      what: [
        `${count(
          orphans.count,
          'task lives',
          'tasks live'
        )} in Mesos that no MesosTask accounts for.`,
        'Apply the manifest of one, and it is taken over as it runs.',
        more > 0 && `There are ${more} more than are shown.`,
        orphans.message,
        orphans.token && `This command kills ${orphans.count === 1 ? 'it' : 'all of them'}:`,
      ]
        .filter(Boolean)
        .join(' '),
      tasks: orphans.sample ?? [],
      command: annotate('kill-orphans', orphans.token),
    });
  }
  if (abandoned.length > 0) {
    words.push({
      what: `${count(
        abandoned.length,
        'attempt',
        'attempts'
      )} of deleted MesosTasks may still run. Each is killed if it comes back.`,
      tasks: abandoned,
    });
  }
  if (unknown) {
    words.push({
      what: `Mesos knows nothing of ${count(
        unknown.count,
        'task',
        'tasks'
      )}. Where it was rebuilt from nothing, this command gives them up, and they are launched anew:`,
      tasks: [],
      command: annotate('give-up-unknown', unknown.token),
    });
  }
  return words;
}

/** A reconciliation pass as a row. */
export interface Pass extends NonNullable<NonNullable<Status['reconciliation']>['current']> {
  which: string;
  took: string;
}

export function passes({ status }: MesosFramework): Pass[] {
  const { current, last } = status?.reconciliation ?? {};
  const row = (which: string, pass: typeof current): Pass[] => {
    const took = Date.parse(pass?.completionTime ?? '') - Date.parse(pass?.startTime ?? '');
    return pass ? [{ ...pass, which, took: took >= 0 ? duration(took) : '' }] : [];
  };
  return [...row('runs', current), ...row('last', last)];
}
