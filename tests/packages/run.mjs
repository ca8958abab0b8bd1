// Packs the npm package, checks the archive, installs it into empty projects as a user does, and tests it there: in
// Node, with bundlers and test runners, in Chromium, in Durable Objects, and in the other runtimes as far as npm can install them;
// with NIGHTLY=yes also with Next, whose builds take minutes. The package has been built before: `make package`.

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const root = fileURLToPath(new URL('../..', import.meta.url));
const source = path.join(root, 'wasm');
const work = path.join(root, 'target/packages');
const project = path.join(work, 'project');
const runtimes = path.join(work, 'runtimes');
const bundlers = path.join(work, 'bundlers');
const browsers = path.join(work, 'browsers');
const objects = path.join(work, 'objects');
const next = path.join(work, 'next');
const tool = (name) => path.join(source, 'node_modules/.bin', name);

function run(program, args, cwd) {
  const status = tryToRun(program, args, cwd);
  if (status !== 0) process.exit(status ?? 1);
}

function tryToRun(program, args, cwd) {
  console.log(`$ ${path.basename(program)} ${args.join(' ')}`);
  const { status, error } = spawnSync(program, args, { cwd, stdio: 'inherit', shell: process.platform === 'win32' });
  if (error) throw error;
  return status;
}

/**
 * Every command adds to it; what makes it grow by leaps should be noticed. Writing dumps and reading those of all servers
 * takes 20,000 of them, and the options of each command, so that objects which are none are refused, as many. Keeping data
 * in files takes 55,000, of which the log in the module is 34,000; Upstash's REST API, twice as every script, 25,000, which
 * only those load who import it; connections to servers, 13,000; what browsers keep and tabs share, 22,000 with its types, which
 * only those load who open such a database; Durable Objects, 12,000, which nobody else loads.
 */
const PACKAGE_BYTES_MAX = 900_000;

/** The same of the script that holds the module, packed, which only those load who import `sanderling/inline`. */
const INLINE_BYTES_MAX = 710_000;

const NPM_OPTIONS = ['--prefer-offline', '--no-audit', '--no-fund', '--silent'];

if (!existsSync(path.join(source, 'dist/sanderling.wasm'))) throw new Error('the package is not built: `make package`');
for (const folder of [project, runtimes, bundlers, browsers, objects, next]) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
}

for (const old of readdirSync(work).filter((name) => name.endsWith('.tgz'))) rmSync(path.join(work, old));
run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', work], source);
const archive = path.join(work, readdirSync(work).find((name) => name.endsWith('.tgz')));
const wasm = gzipSync(readFileSync(path.join(source, 'dist/sanderling.wasm')), { level: 9 }).length;
const inline = bytesOfInline();
const archiveBytes = readFileSync(archive).length - inline;
console.log(`sanderling.wasm gzipped: ${wasm} bytes; the package: ${archiveBytes} bytes, and ${inline} for sanderling/inline.`);
checkRest();
checkKept();
expectEntries(onlyScript('Durable Objects', (text) => text.includes('sanderling_pieces')), ['durable-object.js']);
if (inline > INLINE_BYTES_MAX) throw new Error(`sanderling/inline may have ${INLINE_BYTES_MAX} bytes`);
if (archiveBytes > PACKAGE_BYTES_MAX) throw new Error(`the package may have ${PACKAGE_BYTES_MAX} bytes: pages download it`);

run(tool('publint'), [archive, '--strict'], source);
// `require` returns the class of `sanderling/ioredis` itself, as with ioredis, whose types do not tell it either.
run(tool('attw'), [archive, '--exclude-entrypoints', './sanderling.wasm', './worker', './durable-object', '--ignore-rules', 'missing-export-equals'], source);

cpSync(path.join(root, 'tests/packages/project'), project, { recursive: true });
cpSync(path.join(root, 'tests/clients/use-cases'), path.join(project, 'use-cases'), { recursive: true });
cpSync(path.join(root, 'tests/examples.mjs'), path.join(project, 'examples.mjs'));
cpSync(path.join(root, 'README.md'), path.join(project, 'README.md'));
const isServer = (name) => existsSync(path.join(root, 'tests/fixtures', name, 'dump.rdb'));
for (const server of readdirSync(path.join(root, 'tests/fixtures')).filter(isServer)) {
  for (const file of ['dump.rdb', 'dump.rdb.json']) {
    cpSync(path.join(root, 'tests/fixtures', server, file), path.join(project, 'fixtures', server, file));
  }
}
run('npm', ['ci', ...NPM_OPTIONS], project);
run('npm', ['install', '--no-save', ...NPM_OPTIONS, archive], project);
for (const config of ['tsconfig.json', 'tsconfig.node.json']) run('npx', ['--no-install', 'tsc', '--project', config], project);
run(process.execPath, ['--test', '--test-timeout=60000'], project);

install('bundlers', bundlers, ['runtimes/smoke.mjs', '../examples.mjs', '../skip.mjs', '../chromium.mjs', 'browsers/browser.mjs']);
run(process.execPath, ['--test', '--test-timeout=120000'], bundlers);

install('browsers', browsers, ['../skip.mjs', '../chromium.mjs', '../examples.mjs']);
run(process.execPath, ['--test', '--test-concurrency=1', '--test-timeout=300000'], browsers);
install('objects', objects, ['../skip.mjs', '../examples.mjs', '../clients/upstash/http.mjs', '../clients/upstash/contract.json']);
run('npx', ['--no-install', 'tsc', '--project', 'tsconfig.json'], objects);
// Most of the time is that in which objects fall asleep.
run(process.execPath, ['--test', '--test-concurrency=3', '--test-timeout=120000'], objects);
if (process.env.NIGHTLY === 'yes') {
  install('next', next, ['runtimes/smoke.mjs']);
  run(process.execPath, ['--test', '--test-timeout=600000'], next);
}

cpSync(path.join(root, 'tests/packages/runtimes'), runtimes, { recursive: true });
// Not `npm ci`: the runtimes bring a package per platform, and a lock file only names those of where it was written.
if (tryToRun('npm', ['install', ...NPM_OPTIONS, archive], runtimes) === 0) {
  run(process.execPath, ['--test', '--test-timeout=120000'], runtimes);
} else {
  console.log('Skipped: Deno, Bun, workerd and edge-runtime. npm cannot install them; `npm install` in tests/packages/runtimes tells why.');
}

/**
 * Makes a project of a folder beside this file and of others, with the package installed. Not by `npm ci`, which misses
 * packages for other systems in lock files that npm itself has written.
 */
function install(name, folder, files) {
  cpSync(path.join(root, 'tests/packages', name), folder, { recursive: true });
  for (const file of files) cpSync(path.join(root, 'tests/packages', file), path.join(folder, path.basename(file)));
  run('npm', ['install', '--no-save', ...NPM_OPTIONS, archive], folder);
}

/**
 * What the script with the module in it takes of the archive. No other entry may lead to it: pages that do not ask for
 * it must not download it.
 */
function bytesOfInline() {
  const file = onlyScript('the module', (text) => text.length > 500_000);
  expectEntries(file, ['inline-browser.js', 'inline-node.js']);
  return gzipSync(readFileSync(path.join(source, 'dist', file)), { level: 9 }).length;
}

/** The same of what answers requests over HTTP. */
function checkRest() {
  const leading = ['durable-object.js', 'rest-node.js', 'rest.js'];
  expectEntries(onlyScript('the REST API', (text) => text.includes('upstash-sync-token')), leading);
}

/**
 * The same of what browsers keep databases by: pages whose data is in memory load neither the files nor what talks to other
 * tabs, but only when they open such a database, which is no static import.
 */
function checkKept() {
  expectEntries(onlyScript('what talks to other tabs', (text) => text.includes('goAway()')), []);
  expectEntries(onlyScript('the files of browsers', (text) => text.includes('createSyncAccessHandle')), ['worker.js']);
}

/** The one script that holds something. */
function onlyScript(what, isHeld) {
  const found = scripts().filter((name) => isHeld(readFileSync(path.join(source, 'dist', name), 'latin1')));
  if (found.length !== 1) throw new Error(`one script holds ${what}, not ${found.length}`);
  return found[0];
}

/** Only these entries may lead to a script. */
function expectEntries(file, expected) {
  const isLed = (name, seen = new Set()) => {
    if (seen.has(name)) return false;
    seen.add(name);
    const imports = readFileSync(path.join(source, 'dist', name), 'latin1').matchAll(/(?:from|import)\s*"\.\/([^"]+\.js)"/g);
    return name === file || [...imports].some(([, to]) => isLed(to, seen));
  };
  const leading = scripts().filter((name) => !name.startsWith('common-') && isLed(name));
  if (leading.join() !== expected.join()) throw new Error(`${leading} lead to ${file}, not ${expected}`);
}

/** The package's scripts, as modules. */
function scripts() {
  return readdirSync(path.join(source, 'dist')).filter((name) => name.endsWith('.js'));
}
