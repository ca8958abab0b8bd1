// Packs the npm package, checks the archive, installs it into an empty project as a user does, and tests it there.
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
const tool = (name) => path.join(source, 'node_modules/.bin', name);

function run(program, args, cwd) {
  console.log(`$ ${path.basename(program)} ${args.join(' ')}`);
  const { status, error } = spawnSync(program, args, { cwd, stdio: 'inherit', shell: process.platform === 'win32' });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

if (!existsSync(path.join(source, 'dist/sanderling.wasm'))) throw new Error('the package is not built: `make package`');
rmSync(project, { recursive: true, force: true });
mkdirSync(project, { recursive: true });

for (const old of readdirSync(work).filter((name) => name.endsWith('.tgz'))) rmSync(path.join(work, old));
run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', work], source);
const archive = path.join(work, readdirSync(work).find((name) => name.endsWith('.tgz')));
const wasm = gzipSync(readFileSync(path.join(source, 'dist/sanderling.wasm')), { level: 9 }).length;
const archiveBytes = readFileSync(archive).length;
console.log(`sanderling.wasm gzipped: ${wasm} bytes; the whole package: ${archiveBytes} bytes.`);

run(tool('publint'), [archive, '--strict'], source);
run(tool('attw'), [archive, '--exclude-entrypoints', './sanderling.wasm'], source);

cpSync(path.join(root, 'tests/packages/project'), project, { recursive: true });
cpSync(path.join(root, 'tests/clients/use-cases'), path.join(project, 'use-cases'), { recursive: true });
cpSync(path.join(root, 'tests/examples.mjs'), path.join(project, 'examples.mjs'));
cpSync(path.join(root, 'README.md'), path.join(project, 'README.md'));
run('npm', ['ci', '--prefer-offline', '--no-audit', '--no-fund', '--silent'], project);
run('npm', ['install', '--no-save', '--prefer-offline', '--no-audit', '--no-fund', '--silent', archive], project);
run('npx', ['--no-install', 'tsc', '--project', 'tsconfig.json'], project);
run(process.execPath, ['--test', '--test-timeout=60000'], project);
