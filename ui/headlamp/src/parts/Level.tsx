import { Icon } from '@iconify/react';
import { StatusLabel } from '@kinvolk/headlamp-plugin/lib/CommonComponents';
import { Box, Tooltip, useTheme } from '@mui/material';
import type { Level, Verdict } from '../state/verdict';
import { levels } from '../state/verdict';

/** How a level looks. Icons differ as well as colours. */
const looks: Record<
  Level,
  { status: 'error' | 'warning' | 'success' | ''; icon: string; title: string }
> = {
  broken: {
    status: 'error',
    icon: 'mdi:close-octagon',
    title: 'wants somebody to change something',
  },
  degraded: { status: 'warning', icon: 'mdi:alert', title: 'not as it should be' },
  working: { status: '', icon: 'mdi:progress-clock', title: 'on its way' },
  idle: { status: '', icon: 'mdi:check', title: 'done or put to rest' },
  healthy: { status: 'success', icon: 'mdi:check-circle', title: 'as it should be' },
};

export function useLevelColor(): (level: Level) => string {
  const { palette } = useTheme();
  const colors: Record<Level, string> = {
    broken: palette.error.main,
    degraded: palette.warning.main,
    working: palette.info.main,
    idle: palette.grey[400],
    healthy: palette.success.main,
  };
  return level => colors[level];
}

/** A word with the look of a level. */
export function LevelLabel({
  level,
  word,
  why,
}: Pick<Verdict, 'level' | 'word'> & { why?: string }) {
  const { status, icon } = looks[level];
  const label = (
    <StatusLabel status={status}>
      <Icon icon={icon} aria-hidden width="1.1em" style={{ alignSelf: 'center' }} />
      {word}
    </StatusLabel>
  );
  // A tooltip needs an element that takes a ref.
  return why ? (
    <Tooltip title={why}>
      <span>{label}</span>
    </Tooltip>
  ) : (
    label
  );
}

/** Parts of a whole as a bar, and as words for those who do not see it. */
export function Bar({
  parts,
  total,
}: {
  parts: Array<{ level: Level; number: number; what: string }>;
  total: number;
}) {
  const color = useLevelColor();
  const shown = parts.filter(({ number }) => number > 0);
  const label = shown.map(({ number, what }) => `${number} ${what}`).join(', ') || 'none';
  return (
    <Tooltip title={label}>
      <Box
        role="img"
        aria-label={label}
        sx={{
          display: 'flex',
          height: 10,
          borderRadius: 1,
          overflow: 'hidden',
          bgcolor: 'action.hover',
          minWidth: 80,
        }}
      >
        {shown.map(({ level, number, what }) => (
          <Box
            key={what}
            sx={{ width: `${(100 * number) / Math.max(total, 1)}%`, bgcolor: color(level) }}
          />
        ))}
      </Box>
    </Tooltip>
  );
}

/** How many of something are at each level, in words: "1 broken, 3 healthy" with their colours. */
export function LevelCounts({ counts }: { counts: Record<Level, number> }) {
  const color = useLevelColor();
  return (
    <Box sx={{ display: 'flex', flexWrap: 'wrap', columnGap: 1.5 }}>
      {levels
        .filter(level => counts[level] > 0)
        .map(level => (
          <Tooltip key={level} title={looks[level].title}>
            <Box component="span" sx={{ display: 'inline-flex', alignItems: 'center', gap: 0.5 }}>
              <Icon icon={looks[level].icon} aria-hidden color={color(level)} />
              {counts[level]} {level}
            </Box>
          </Tooltip>
        ))}
    </Box>
  );
}
