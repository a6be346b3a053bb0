import { K8s } from '@kinvolk/headlamp-plugin/lib';
import { Alert } from '@mui/material';
import type { MesosFramework } from '../api.gen';
import { leaseOf, operatorSilence } from '../state/operator';

interface Props {
  framework: MesosFramework;
  now: number;
}

/** Says that the operator which serves a framework does not run, to those who may read its Lease. */
export function OperatorSilence({ framework, now }: Props) {
  const lease = leaseOf(framework.status?.controller);
  return lease ? <Silence {...lease} now={now} /> : null;
}

function Silence({ namespace, name, now }: { namespace: string; name: string; now: number }) {
  const [lease] = K8s.ResourceClasses.Lease.useGet(name, namespace);
  const said = lease && operatorSilence(lease.jsonData.spec, now);
  return said ? (
    <Alert severity="error" sx={{ my: 1 }}>
      {said}
    </Alert>
  ) : null;
}
