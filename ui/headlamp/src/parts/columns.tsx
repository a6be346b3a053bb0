import { Link } from '@kinvolk/headlamp-plugin/lib/CommonComponents';
import type { KubeObject } from '@kinvolk/headlamp-plugin/lib/k8s/cluster';
import { Typography } from '@mui/material';
import type { Judged } from '../state/attention';
import type { Verdict } from '../state/verdict';
import { briefly, levels } from '../state/verdict';
import { LevelLabel } from './Level';

/** A link to the page of an object, by its kind: routes bear the names of kinds. */
export function ObjectLink({ kind, name, namespace }: Pick<Judged, 'kind' | 'name' | 'namespace'>) {
  return (
    <Link routeName={kind} params={namespace ? { name, namespace } : { name }}>
      {name}
    </Link>
  );
}

/** The columns that tell how objects are and why. Sorted, what is most urgent comes first. */
export function verdictColumns<T extends KubeObject>(verdict: (item: T) => Verdict) {
  const urgency = (item: T) => levels.indexOf(verdict(item).level);
  return [
    {
      id: 'status',
      label: 'Status',
      gridTemplate: 'min-content',
      filterVariant: 'multi-select' as const,
      getValue: (item: T) => verdict(item).word,
      render: (item: T) => <LevelLabel {...verdict(item)} />,
      sort: (a: T, b: T) =>
        urgency(a) - urgency(b) || verdict(a).word.localeCompare(verdict(b).word),
    },
    {
      id: 'why',
      label: 'Why',
      gridTemplate: 'minmax(12rem, 2fr)',
      getValue: (item: T) => briefly(verdict(item)),
      render: (item: T) => <Reason verdict={verdict(item)} />,
    },
  ];
}

/** Three lines of a sentence at most; the object's page has all of it. */
export function Reason({ verdict }: { verdict: Verdict }) {
  return (
    <Typography
      variant="body2"
      title={verdict.why}
      sx={{
        display: '-webkit-box',
        WebkitLineClamp: 3,
        WebkitBoxOrient: 'vertical',
        overflow: 'hidden',
        overflowWrap: 'anywhere',
      }}
    >
      {briefly(verdict)}
    </Typography>
  );
}

export const worstFirst = { id: 'status', desc: false };

/** What runs, as it was written: scripts have several lines. */
export function Script({ text }: { text: string }) {
  return (
    <Typography
      component="pre"
      variant="body2"
      sx={{
        fontFamily: 'monospace',
        whiteSpace: 'pre-wrap',
        overflowWrap: 'anywhere',
        maxHeight: '9em',
        overflow: 'auto',
        m: 0,
      }}
    >
      {text}
    </Typography>
  );
}
