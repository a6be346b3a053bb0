import { DateLabel, SectionBox, SimpleTable } from '@kinvolk/headlamp-plugin/lib/CommonComponents';
import { Box, Link as MuiLink, Typography } from '@mui/material';
import type { MesosTask } from '../api.gen';
import type { Attempt } from '../state/attempts';
import { attemptsOf, duration, howItEnded, ranFor, sandboxURL } from '../state/attempts';
import { LevelLabel } from './Level';

/** The attempts of a task: where they ran, for how long, and how they ended. */
export function Attempts({
  task,
  masterURL,
  now,
}: {
  task: MesosTask;
  masterURL?: string;
  now: number;
}) {
  return (
    <SectionBox title="Attempts">
      <SimpleTable
        emptyMessage="It was never launched."
        data={attemptsOf(task)}
        columns={[
          {
            label: 'How it is or ended',
            gridTemplate: 'auto',
            getter: (attempt: Attempt) => <End attempt={attempt} />,
          },
          {
            label: 'Agent',
            gridTemplate: 'auto',
            getter: ({ hostname, agentID }: Attempt) => hostname ?? agentID,
          },
          {
            label: 'Began',
            gridTemplate: 'auto',
            getter: (attempt: Attempt) => <Began attempt={attempt} />,
          },
          {
            label: 'Ran for',
            gridTemplate: 'auto',
            getter: (attempt: Attempt) => ran(attempt, now),
          },
          {
            label: 'What Mesos says',
            getter: (attempt: Attempt) => <Said attempt={attempt} masterURL={masterURL} />,
          },
        ]}
      />
    </SectionBox>
  );
}

function End({ attempt }: { attempt: Attempt }) {
  const { level, text } = howItEnded(attempt);
  return <LevelLabel level={level} word={text} />;
}

function Began({ attempt: { startTime, boundTime } }: { attempt: Attempt }) {
  const time = startTime ?? boundTime;
  return time ? <DateLabel date={time} format="mini" /> : <>-</>;
}

function ran(attempt: Attempt, now: number): string {
  const milliseconds = ranFor(attempt, now);
  return milliseconds === undefined ? '-' : duration(milliseconds);
}

function Said({ attempt, masterURL }: { attempt: Attempt; masterURL?: string }) {
  const { id, state, reason, message } = attempt;
  const url = sandboxURL(attempt, masterURL);
  return (
    <Box sx={{ overflowWrap: 'anywhere' }}>
      <Typography variant="body2">
        {[state, reason].filter(Boolean).join(', ')}
        {message ? `: ${message}` : ''}
      </Typography>
      <Typography variant="body2" color="text.secondary" sx={{ fontFamily: 'monospace' }}>
        {url ? (
          <MuiLink
            href={url}
            target="_blank"
            rel="noreferrer"
            title="The sandbox, with stdout and stderr, in Mesos' web interface"
          >
            {id}
          </MuiLink>
        ) : (
          id
        )}
      </Typography>
    </Box>
  );
}
