// Takes the pictures of docs/ui.md, in headless Chromium (CHROMIUM names another program): node pictures.mjs URL [NAME]...
// URL is a cluster in a Headlamp that has the plugin, such as http://127.0.0.1:4466/c/envtest. The objects in them are those of `make demo`, and, once that
// stays up, of pictures.yaml, whose head says how its rollout comes to stop. It needs Node.js 22 or
// later, or 20 with --experimental-websocket.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

// ui-framework.png is not among them: it has an orphan, which nothing here makes.
// Each picture's page below /mesos, its height in pixels, and a text that is there once all is.
const pages = {
  overview: ['', 860, 'Needs attention'],
  tasks: ['/tasks', 800, 'flaky'],
  task: ['/tasks/default/flaky', 960, 'exit code'],
  sets: ['/sets', 400, 'of 4'],
  set: ['/sets/shop/api', 1890, 'Templates that it had'],
  crons: ['/crons', 480, 'Last success'],
  cron: ['/crons/shop/backup', 1080, 'exit code'],
  frameworks: ['/frameworks', 340, 'run'],
};
const patience = 60_000;

const [url, ...names] = process.argv.slice(2);
if (!url || names.some(name => !pages[name])) {
  console.error(`usage: node pictures.mjs URL [NAME]...\nnames: ${Object.keys(pages).join(' ')}`);
  process.exit(1);
}

const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'pictures-'));
const browser = spawn(process.env.CHROMIUM ?? 'chromium', [
  '--headless=new', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--force-color-profile=srgb',
  '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank',
]);
// The browser says on stderr where it listens.
const address = await new Promise((resolve, reject) => {
  let said = '';
  browser.stderr.on('data', data => {
    said += data;
    const found = /DevTools listening on ws:\/\/([^/]+)/.exec(said);
    found && resolve(found[1]);
  });
  browser.on('error', reject);
  browser.on('exit', () => reject(new Error(`the browser ended: ${said}`)));
});

const [target] = (await (await fetch(`http://${address}/json`)).json()).filter(({ type }) => type === 'page');
const socket = new WebSocket(target.webSocketDebuggerUrl);
await new Promise(resolve => socket.addEventListener('open', resolve));
const waiting = new Map();
socket.addEventListener('message', ({ data }) => {
  const { id, result, error } = JSON.parse(data);
  const settle = waiting.get(id);
  waiting.delete(id);
  settle?.(error ? Promise.reject(new Error(error.message)) : result);
});
let calls = 0;
const call = (method, params = {}) =>
  new Promise(resolve => {
    waiting.set(++calls, resolve);
    socket.send(JSON.stringify({ id: calls, method, params }));
  });
const pause = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));
const textOf = async () =>
  (await call('Runtime.evaluate', { expression: 'document.querySelector("main")?.innerText ?? ""', returnByValue: true })).result.value;

/** Waits until the page has the text, and then until nothing on it has changed for a second but clocks. */
async function settled(text) {
  const end = Date.now() + patience;
  for (let before = ''; Date.now() < end; await pause(1000)) {
    const shown = await textOf();
    const now = shown.replace(/\d/g, '');
    if (shown.includes(text) && !now.includes('Loading') && now === before) {
      return;
    }
    before = now;
  }
  throw new Error(`no "${text}" on the page: ${await textOf()}`);
}

try {
  await call('Page.enable');
  for (const name of names.length > 0 ? names : Object.keys(pages)) {
    const [page, height, text] = pages[name];
    await call('Emulation.setDeviceMetricsOverride', { width: 1280, height, deviceScaleFactor: 1, mobile: false });
    await call('Page.navigate', { url: `${url}/mesos${page}` });
    await settled(text);
    const { data } = await call('Page.captureScreenshot', { format: 'png' });
    fs.writeFileSync(path.join(import.meta.dirname, `../../docs/images/ui-${name}.png`), Buffer.from(data, 'base64'));
    console.log(`ui-${name}.png`);
  }
} finally {
  browser.removeAllListeners('exit');
  const ended = new Promise(resolve => browser.on('exit', resolve));
  browser.kill();
  await ended;
  fs.rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
}
process.exit(0);
