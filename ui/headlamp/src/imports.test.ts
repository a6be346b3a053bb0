import { expect, test } from 'vitest';
import { sources } from './testing/sources';

/** What Headlamp offers to plugins as it runs, of what is used here. Its package has types and files of more, which are not there then. */
const offered = ['lib', 'lib/CommonComponents', 'lib/k8s/cluster'];

test('nothing is imported that Headlamp does not have as it runs', () => {
  const imported = sources().flatMap(text =>
    [...text.matchAll(/^import (?!type )[^;]*? from '@kinvolk\/headlamp-plugin\/([^']+)'/gm)].map(
      ([, module]) => module
    )
  );
  expect(new Set(imported)).toEqual(new Set(offered));
});
