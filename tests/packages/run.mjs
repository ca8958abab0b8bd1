// Packs the npm package, checks the archive, installs it into empty projects as a user does, and tests it there: in
// Node, and in the other runtimes as far as npm can install them.
// The package has been built before: `make package`.

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
 * Every command adds to it; what makes it grow by leaps should be noticed. Snapshots and the loading of files are in it for the
 * databases that a package will keep in files.
 */
const PACKAGE_BYTES_MAX = 690_000;

const NPM_OPTIONS = ['--prefer-offline', '--no-audit', '--no-fund', '--silent'];

if (!existsSync(path.join(source, 'dist/sanderling.wasm'))) throw new Error('the package is not built: `make package`');
for (const folder of [project, runtimes]) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
}

for (const old of readdirSync(work).filter((name) => name.endsWith('.tgz'))) rmSync(path.join(work, old));
run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', work], source);
const archive = path.join(work, readdirSync(work).find((name) => name.endsWith('.tgz')));
const wasm = gzipSync(readFileSync(path.join(source, 'dist/sanderling.wasm')), { level: 9 }).length;
const archiveBytes = readFileSync(archive).length;
console.log(`sanderling.wasm gzipped: ${wasm} bytes; the whole package: ${archiveBytes} bytes.`);
if (archiveBytes > PACKAGE_BYTES_MAX) throw new Error(`the package may have ${PACKAGE_BYTES_MAX} bytes: pages download it`);

run(tool('publint'), [archive, '--strict'], source);
run(tool('attw'), [archive, '--exclude-entrypoints', './sanderling.wasm'], source);

cpSync(path.join(root, 'tests/packages/project'), project, { recursive: true });
cpSync(path.join(root, 'tests/clients/use-cases'), path.join(project, 'use-cases'), { recursive: true });
cpSync(path.join(root, 'tests/examples.mjs'), path.join(project, 'examples.mjs'));
cpSync(path.join(root, 'README.md'), path.join(project, 'README.md'));
run('npm', ['ci', ...NPM_OPTIONS], project);
run('npm', ['install', '--no-save', ...NPM_OPTIONS, archive], project);
for (const config of ['tsconfig.json', 'tsconfig.node.json']) run('npx', ['--no-install', 'tsc', '--project', config], project);
run(process.execPath, ['--test', '--test-timeout=60000'], project);

cpSync(path.join(root, 'tests/packages/runtimes'), runtimes, { recursive: true });
// Not `npm ci`: the runtimes bring a package per platform, and a lock file only names those of where it was written.
if (tryToRun('npm', ['install', ...NPM_OPTIONS, archive], runtimes) === 0) {
  run(process.execPath, ['--test', '--test-timeout=120000'], runtimes);
} else {
  console.log('Skipped: Deno, Bun, workerd and edge-runtime. npm cannot install them; `npm install` in tests/packages/runtimes tells why.');
}
