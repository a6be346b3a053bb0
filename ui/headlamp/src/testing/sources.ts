import fs from 'node:fs';
import path from 'node:path';

/** The plugin's own sources, without tests and what they need. */
export function sources(): string[] {
  const root = path.resolve(__dirname, '..');
  return fs
    .readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter(name => /\.tsx?$/.test(name) && !name.includes('.test.') && !name.startsWith('testing'))
    .map(name => fs.readFileSync(path.join(root, name), 'utf8'));
}
