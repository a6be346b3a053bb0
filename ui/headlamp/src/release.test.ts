import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const script = path.resolve(__dirname, '../../../hack/release/ui.sh');
const names = ['LICENSE', 'main.js', 'package.json'];
let scratch: string;

beforeEach(() => {
  scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'headlamp-plugin-'));
});

afterEach(() => fs.rmSync(scratch, { recursive: true }));

/** Files as a build leaves them, which were made at a time and may be read by some. */
function build(name: string, mode: number, time: Date): string {
  const directory = path.join(scratch, name);
  fs.mkdirSync(directory);
  for (const file of names) {
    const text =
      file === 'package.json' ? '{\n  "version": "1.2.3",\n  "private": true\n}\n' : file;
    fs.writeFileSync(path.join(directory, file), text);
    fs.chmodSync(path.join(directory, file), mode);
    fs.utimesSync(path.join(directory, file), time, time);
  }
  return directory;
}

/** Packs what was built, and returns the archive's name. */
function pack(built: string, version = 'v1.2.3'): string {
  const out = path.join(scratch, `${path.basename(built)}-packed`);
  execFileSync(script, [out, version, built], { stdio: 'pipe' });
  return path.join(out, `headlamp-mesos-operator-${version}.tar.gz`);
}

test('the archive has a directory with what Headlamp loads', () => {
  const archive = pack(build('dist', 0o600, new Date()));
  execFileSync('tar', ['--extract', '--file', archive, '--directory', scratch]);
  const unpacked = path.join(scratch, 'mesos-operator');
  expect(fs.readdirSync(unpacked).sort()).toEqual(names);
  expect(fs.statSync(path.join(unpacked, 'main.js')).mode & 0o777).toBe(0o644);
});

test('the archive is the same whoever packs it, and when', () => {
  const one = pack(build('one', 0o600, new Date('2026-01-02T03:04:05Z')));
  const other = pack(build('other', 0o644, new Date('2027-01-02T03:04:05Z')));
  expect(fs.readFileSync(one).equals(fs.readFileSync(other))).toBe(true);
});

test('no archive is packed of another version than the plugin says', () => {
  const built = build('dist', 0o644, new Date());
  const { status, stderr } = spawnSync(script, [scratch, 'v1.2.4', built], { encoding: 'utf8' });
  expect(status).toBe(1);
  expect(stderr).toContain('released as v1.2.4');
});
