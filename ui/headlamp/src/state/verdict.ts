import type { MesosCronTask, MesosFramework, MesosTask, MesosTaskSet } from '../api.gen';
import { howItEnded } from './attempts';
import { causeFirst } from './cause';
import { condition, fails, holds, isCurrent, MesosObject } from './conditions';

/**
 * How much an object wants of a person:
 * broken - nothing will come of it until somebody changes something;
 * degraded - not as it should be, though it may come right by itself;
 * working - on its way to what it should be;
 * idle - nothing is left to do, or somebody has put it to rest;
 * healthy - as it should be.
 */
export type Level = 'broken' | 'degraded' | 'working' | 'idle' | 'healthy';

/** The levels, the most urgent first. */
export const levels: Level[] = ['broken', 'degraded', 'working', 'idle', 'healthy'];

export interface Verdict {
  level: Level;
  /** One word, as the column STATUS of kubectl get has it. */
  word: string;
  /** A sentence: the operator's own where it has one. */
  why: string;
  /** The same with the cause first, where the sentence is this page's own. */
  brief?: string;
  /** Since when it is so (RFC 3339), where that is known. */
  since?: string;
}

/** How long the operator may take to look at a new object, in milliseconds, before its silence is told. */
export const silence = 60_000;

type Rule<T> = (object: T, now: number) => Verdict | undefined;

/** The verdict of a condition, if there is one of that type. */
function says(object: MesosObject, type: string, level: Level, word?: string): Verdict | undefined {
  const found = condition(object, type);
  return (
    found && {
      level,
      word: word ?? found.reason,
      why: found.message,
      since: found.lastTransitionTime,
    }
  );
}

const deleting: Rule<MesosObject> = object => {
  const since = object.metadata.deletionTimestamp;
  if (!since) {
    return undefined;
  }
  const why = condition(object, 'Ready')?.message ?? 'The operator has not let it go yet';
  return {
    level: holds(object, 'AgentUnreachable') ? 'degraded' : 'working',
    word: 'Deleting',
    why,
    since,
  };
};

const unseen: Rule<MesosObject> = (object, now) => {
  if (object.status?.conditions?.length) {
    return undefined;
  }
  const since = object.metadata.creationTimestamp;
  return now - Date.parse(since) > silence
    ? {
        level: 'degraded',
        word: 'Unseen',
        why: 'Nothing has looked at it yet: does the operator run?',
        since,
      }
    : { level: 'working', word: 'New', why: 'The operator has not looked at it yet', since };
};

const outdated: Rule<MesosObject> = object =>
  isCurrent(object)
    ? undefined
    : {
        level: 'working',
        word: 'Changed',
        why: 'The operator has not taken up the latest change yet',
      };

const stalled: Rule<MesosObject> = object =>
  holds(object, 'Stalled') ? says(object, 'Stalled', 'broken') : undefined;

const suspended: Rule<MesosObject> = object =>
  holds(object, 'Suspended') || condition(object, 'Ready')?.reason === 'Suspended'
    ? says(object, 'Ready', 'idle', 'Suspended')
    : undefined;

/** The rules that all kinds begin with. */
const first: Array<Rule<MesosObject>> = [deleting, unseen, outdated, stalled];

const otherwise: Verdict = {
  level: 'degraded',
  word: 'Unknown',
  why: 'The operator does not say how it is',
};

/** Reasons of condition Ready that are no part of the way to a task that runs: a person would want to know. */
const amiss = [
  'AwaitingOffer',
  'BackOff',
  'NeverStarts',
  'TaskUnauthorized',
  'Unhealthy',
  'ReferenceUnread',
  'WriteRefused',
  'DeadlineExceeded',
];

const taskRules: Array<Rule<MesosTask>> = [
  ...first,
  task => (fails(task, 'Succeeded') ? says(task, 'Succeeded', 'broken') : undefined),
  task =>
    holds(task, 'AgentUnreachable') ? says(task, 'AgentUnreachable', 'degraded') : undefined,
  suspended,
  task => (condition(task, 'Ready')?.reason === 'Paused' ? says(task, 'Ready', 'idle') : undefined),
  task => {
    const ready = condition(task, 'Ready');
    return ready?.status !== 'True' && amiss.includes(ready?.reason ?? '')
      ? says(task, 'Ready', 'degraded')
      : undefined;
  },
  loops,
  task =>
    condition(task, 'AgentMaintenance')?.reason === 'MaintenanceUnderway'
      ? says(task, 'AgentMaintenance', 'degraded')
      : undefined,
  task => (holds(task, 'Succeeded') ? says(task, 'Succeeded', 'idle') : undefined),
  task => (holds(task, 'Ready') ? says(task, 'Ready', 'healthy') : undefined),
  task => (fails(task, 'Ready') ? says(task, 'Ready', 'working') : undefined),
  task => says(task, 'Ready', 'degraded'),
];

/** A task that runs and has ended again and again: relaunches start anew once it has run for ten minutes. */
function loops(task: MesosTask): Verdict | undefined {
  const { relaunches = 0, history = [] } = task.status ?? {};
  const last = history[0];
  if (!holds(task, 'Ready') || relaunches < 2 || !last) {
    return undefined;
  }
  const end = howItEnded(last).text;
  const often = `was launched ${relaunches} times since it last lasted for ten minutes`;
  return {
    level: 'degraded',
    word: 'Restarts',
    why: `It runs, and ${often}. The last one: ${end}`,
    brief: `The last one: ${end}. It runs, and ${often}`,
    since: last.finishTime,
  };
}

export function taskVerdict(task: MesosTask, now: number): Verdict {
  return judge(task, now, taskRules);
}

const setRules: Array<Rule<MesosTaskSet>> = [
  ...first,
  suspended,
  set => {
    const { unreachableReplicas: lost = 0, replicas = 0 } = set.status ?? {};
    return lost > 0
      ? {
          level: 'degraded',
          word: 'Unreachable',
          why: `Mesos cannot say of ${lost} of ${replicas} tasks whether they run`,
        }
      : undefined;
  },
  set => {
    const ready = condition(set, 'Ready');
    const underway = ready?.reason === 'RollingOut' || ready?.reason === 'Scaling';
    return ready?.status === 'False'
      ? says(set, 'Ready', underway ? 'working' : 'degraded')
      : undefined;
  },
  set => (fails(set, 'ServicePublished') ? says(set, 'ServicePublished', 'degraded') : undefined),
  set =>
    set.spec.paused && holds(set, 'Ready') ? says(set, 'Ready', 'idle', 'Paused') : undefined,
  set => says(set, 'Ready', holds(set, 'Ready') ? 'healthy' : 'degraded'),
];

export function setVerdict(set: MesosTaskSet, now: number): Verdict {
  return judge(set, now, setRules);
}

const cronRules: Array<Rule<MesosCronTask>> = [
  ...first,
  cron => (holds(cron, 'Behind') ? says(cron, 'Behind', 'degraded') : undefined),
  suspended,
  cron => says(cron, 'Ready', holds(cron, 'Ready') ? 'healthy' : 'degraded'),
];

/** lastRun is the run that ended last, where it is kept: condition Ready does not say how runs end. */
export function cronVerdict(cron: MesosCronTask, now: number, lastRun?: MesosTask): Verdict {
  const verdict = judge(cron, now, cronRules);
  const end = lastRun && condition(lastRun, 'Succeeded');
  if (
    !lastRun ||
    end?.status !== 'False' ||
    verdict.level === 'broken' ||
    verdict.level === 'degraded'
  ) {
    return verdict;
  }
  const which = `The last run that ended, ${lastRun.metadata.name}, failed`;
  return {
    level: 'degraded',
    word: 'RunFailed',
    why: `${which}: ${end.message}`,
    brief: `${causeFirst(end.message)}. ${which}`,
    since: end.lastTransitionTime,
  };
}

const frameworkRules: Array<Rule<MesosFramework>> = [
  ...first,
  framework => {
    const { reason } = condition(framework, 'Connected') ?? {};
    return fails(framework, 'Connected')
      ? says(framework, 'Connected', reason === 'Connecting' ? 'working' : 'degraded')
      : undefined;
  },
  framework =>
    holds(framework, 'Contested') ? says(framework, 'Contested', 'degraded') : undefined,
  framework => (fails(framework, 'Ready') ? says(framework, 'Ready', 'degraded') : undefined),
  framework =>
    condition(framework, 'TasksReconciled')?.reason === 'Unanswered'
      ? says(framework, 'TasksReconciled', 'degraded')
      : undefined,
  framework => {
    const { orphans } = framework.status ?? {};
    return orphans
      ? {
          level: 'degraded',
          word: 'Orphans',
          why: `${count(
            orphans.count,
            'Mesos task lives',
            'Mesos tasks live'
          )} that no MesosTask accounts for`,
        }
      : undefined;
  },
  framework => {
    const { unknown } = framework.status ?? {};
    return unknown
      ? {
          level: 'degraded',
          word: 'Unknown',
          why: `Mesos knows nothing of ${count(unknown.count, 'task', 'tasks')} that may still run`,
        }
      : undefined;
  },
  framework =>
    fails(framework, 'TasksReconciled') ? says(framework, 'TasksReconciled', 'working') : undefined,
  framework => says(framework, 'Ready', holds(framework, 'Ready') ? 'healthy' : 'degraded'),
];

export function frameworkVerdict(framework: MesosFramework, now: number): Verdict {
  return judge(framework, now, frameworkRules);
}

function judge<T>(object: T, now: number, rules: Array<Rule<T>>): Verdict {
  for (const rule of rules) {
    const verdict = rule(object, now);
    if (verdict) {
      return verdict;
    }
  }
  return otherwise;
}

/** A number and its noun. */
export function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}

/** Of what is well there is nothing to explain, and of the rest the cause comes first: a list has room for a few words. */
export function briefly({ level, why, brief }: Pick<Verdict, 'level' | 'why' | 'brief'>): string {
  return level === 'healthy' || level === 'idle' ? '' : brief ?? causeFirst(why);
}
