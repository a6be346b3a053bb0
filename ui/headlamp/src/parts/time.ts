import { useEffect, useState } from 'react';

/** The present time, anew every so many milliseconds: what is said of times goes stale by itself. */
export function useNow(interval = 10_000): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), interval);
    return () => clearInterval(timer);
  }, [interval]);
  return now;
}
