import { iconExists } from '@iconify/react';
import { expect, test } from 'vitest';
import { addIcons } from './icons';
import { sources } from './testing/sources';

test('every icon that is named comes with the plugin', () => {
  addIcons();
  const named = sources().flatMap(text =>
    [...text.matchAll(/'(mdi:[a-z-]+)'/g)].map(([, icon]) => icon)
  );
  expect(named.length).toBeGreaterThan(15);
  expect(named.filter(icon => !iconExists(icon))).toEqual([]);
});
