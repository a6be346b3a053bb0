/** What some of the offers of the last round came to. */
export interface Shortfall {
  offers: number;
  what: string;
}

export interface PendingCount {
  offers: number;
  shortfalls: Shortfall[];
  /** What follows the count, where something does. */
  rest: string;
}

/**
 * Reads status.pending.message, such as "3 offers: 2 lack memory (want 64Mi), 1 fails rack In [a b]". What does not look like that
 * is undefined: the message is shown as it is then.
 */
export function readPending(message: string): PendingCount | undefined {
  const whole = /^(\d+) offers?: (.*)$/s.exec(message);
  if (!whole) {
    return undefined;
  }
  const [counted, ...rest] = whole[2].split(/\. (?=[A-Z])/);
  // The count comes before its words, and a comma within parentheses or brackets does not separate.
  const shortfalls = counted
    .split(/, (?=\d+ [a-z])(?![^([]*[)\]])/)
    .map(part => /^(\d+) (.*)$/s.exec(part));
  if (shortfalls.some(part => part === null)) {
    return undefined;
  }
  return {
    offers: Number(whole[1]),
    shortfalls: shortfalls.map(part => ({ offers: Number(part![1]), what: part![2] })),
    rest: rest.join('. '),
  };
}
