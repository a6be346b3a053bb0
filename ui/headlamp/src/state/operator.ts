import { duration } from './attempts';

/** What a Lease says of who leads. */
export interface LeaseSpec {
  holderIdentity?: string;
  renewTime?: string;
  leaseDurationSeconds?: number;
}

/** How far the clocks of a browser and a cluster may lie apart, in milliseconds, before one of them is blamed. */
const skew = 60_000;

/** What is to be said of the operator whose Lease it is, where it seems not to run; undefined while it does. */
export function operatorSilence(
  { holderIdentity, renewTime, leaseDurationSeconds = 0 }: LeaseSpec,
  now: number
) {
  const silent = now - Date.parse(renewTime ?? '') - 1000 * leaseDurationSeconds;
  if (holderIdentity && !(silent > skew)) {
    return undefined;
  }
  const since = renewTime
    ? ` It was last heard of ${duration(Math.max(0, now - Date.parse(renewTime)))} ago.`
    : '';
  return `The operator does not run.${since} What runs on Mesos runs on; until it is back nothing is launched, killed or written down, and these pages show what was.`;
}

/** The namespace and name of the Lease that a framework's status names. */
export function leaseOf(claim?: {
  lease?: string;
}): { namespace: string; name: string } | undefined {
  const [namespace, name] = claim?.lease?.split('/') ?? [];
  return namespace && name ? { namespace, name } : undefined;
}
