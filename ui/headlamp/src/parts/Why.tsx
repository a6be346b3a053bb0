import { SectionBox } from '@kinvolk/headlamp-plugin/lib/CommonComponents';
import { Box, Table, TableBody, TableCell, TableRow, Typography } from '@mui/material';
import type { MesosTask } from '../api.gen';
import { duration } from '../state/attempts';
import type { MesosObject } from '../state/conditions';
import { sentences } from '../state/conditions';
import { readPending } from '../state/pending';
import { launchText } from '../state/schedule';
import type { Verdict } from '../state/verdict';
import { Bar, LevelLabel, useLevelColor } from './Level';

/** How the object is and why, in the operator's own sentences: what one looks for first on a page. */
export function Why({
  object,
  verdict,
  now,
}: {
  object: MesosObject;
  verdict: Verdict;
  now: number;
}) {
  const color = useLevelColor();
  const others = sentences(object).filter(({ message }) => message !== verdict.why);
  return (
    <SectionBox>
      <Box
        role="status"
        sx={{
          borderLeft: `6px solid ${color(verdict.level)}`,
          pl: 2,
          py: 1,
          my: 1,
          overflowWrap: 'anywhere',
        }}
      >
        <Box sx={{ display: 'flex', alignItems: 'center', gap: 1.5, mb: 0.5 }}>
          <LevelLabel level={verdict.level} word={verdict.word} />
          {verdict.since && (
            <Typography variant="body2" color="text.secondary" title={verdict.since}>
              for {duration(Math.max(0, now - Date.parse(verdict.since)))}
            </Typography>
          )}
        </Box>
        <Typography sx={{ fontSize: '1.1rem' }}>{verdict.why}</Typography>
        <Waits task={object as MesosTask} now={now} />
        {others.map(({ types, reason, message }) => (
          <Typography key={types[0]} variant="body2" color="text.secondary" sx={{ mt: 0.5 }}>
            {types.join(', ')} ({reason}): {message}
          </Typography>
        ))}
      </Box>
    </SectionBox>
  );
}

/** What a task waits for: its next launch, or offers that would do. */
function Waits({ task, now }: { task: MesosTask; now: number }) {
  const { nextLaunchTime, pending } = task.status ?? {};
  const counted = pending && readPending(pending.message);
  return (
    <>
      {nextLaunchTime && <Typography variant="body2">{launchText(nextLaunchTime, now)}</Typography>}
      {pending && (
        <Typography variant="body2">
          It has waited for an offer for {duration(Math.max(0, now - Date.parse(pending.since)))}.
        </Typography>
      )}
      {counted && <Offers {...counted} />}
    </>
  );
}

/** What became of the offers of the last round, as bars. */
function Offers({ offers, shortfalls }: NonNullable<ReturnType<typeof readPending>>) {
  return (
    <Table size="small" aria-label="What became of the last offers" sx={{ width: 'auto', mt: 1 }}>
      <TableBody>
        {shortfalls.map(({ offers: some, what }) => (
          <TableRow key={what}>
            <TableCell sx={{ width: 140 }}>
              <Bar total={offers} parts={[{ level: 'degraded', number: some, what }]} />
            </TableCell>
            <TableCell>
              {some} of {offers}
            </TableCell>
            <TableCell>{what}</TableCell>
          </TableRow>
        ))}
      </TableBody>
    </Table>
  );
}
