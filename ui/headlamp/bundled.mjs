// Writes into bundled.gen.json what the bundle really contains of other people's work, and what it takes from Headlamp as it runs: Rollup says so, which
// builds the bundle as `npm run build` does. --check fails where the file does not say the same.
import config from '@kinvolk/headlamp-plugin/config/vite.config.mjs';
import fs from 'node:fs';
import path from 'node:path';
import { build } from 'vite';

const here = import.meta.dirname;
const file = path.join(here, 'bundled.gen.json');

const packageOf = specifier => specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/');

/** What a package says of itself; its texts are those that its licence wants to go along, where it has some. */
function described(name) {
  const directory = path.join(here, 'node_modules', name);
  const { version, license, iconSetInfo } = JSON.parse(fs.readFileSync(path.join(directory, 'package.json'), 'utf8'));
  const kept = fs.readdirSync(directory).filter(entry => /^(licen[cs]e|copying|notice)(-\w+)?(\.(md|txt))?$/i.test(entry));
  return {
    name,
    version,
    licence: license,
    ...(iconSetInfo && { of: `${iconSetInfo.name} by ${iconSetInfo.author.name}` }),
    texts: kept.sort().map(entry => fs.readFileSync(path.join(directory, entry), 'utf8')),
  };
}

const bundled = new Set();
const provided = new Set();
const collect = {
  name: 'collect',
  generateBundle(_options, bundle) {
    for (const chunk of Object.values(bundle).filter(one => one.type === 'chunk')) {
      chunk.imports.forEach(specifier => provided.add(packageOf(specifier)));
      for (const [id, module] of Object.entries(chunk.modules)) {
        const inPackages = id.split('/node_modules/');
        if (inPackages.length > 2) {
          throw new Error(`${id} is a package within another: its licence is to be looked for there`);
        }
        // What is neither of a package nor of the plugin is a helper that Rollup makes up.
        if (inPackages.length === 2 && module.renderedLength > 0) {
          bundled.add(packageOf(inPackages[1]));
        }
      }
    }
  },
};

await build({
  ...config,
  configFile: false,
  logLevel: 'error',
  plugins: [...config.plugins, collect],
  build: { ...config.build, write: false },
});
const now = JSON.stringify({ bundled: [...bundled].sort().map(described), provided: [...provided].sort() }, null, 2) + '\n';
if (!process.argv.includes('--check')) {
  fs.writeFileSync(file, now);
} else if (!fs.existsSync(file) || fs.readFileSync(file, 'utf8') !== now) {
  console.error('The bundle contains, or takes from Headlamp, other packages than bundled.gen.json says: run make ui-licences, then make licences.');
  process.exit(1);
}
