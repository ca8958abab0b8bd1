// Builds the console of the server: the files that are compiled into it, compressed. They are checked in, so that the server
// is built without Node; tests/console-files.test.mjs holds them against the sources.

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const folder = fileURLToPath(new URL('.', import.meta.url));
const source = path.join(folder, 'src');
const target = path.join(folder, '../host/src/edge/http/console');

/** What the sources build to, by the files' names. */
export async function consoleFiles() {
  const { outputFiles } = await build({
    absWorkingDir: folder,
    entryPoints: { console: 'src/console/main.ts', style: 'src/console/console.css' },
    outdir: '.',
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: ['es2022', 'safari16'],
    legalComments: 'none',
    write: false,
    logLevel: 'warning',
  });
  const output = (ending) => Buffer.from(outputFiles.find((file) => file.path.endsWith(ending)).contents);
  const page = readFileSync(path.join(source, 'console/index.html'), 'utf8').replaceAll(/\n\s+/g, '\n');
  return {
    'index.html': Buffer.from(page),
    'console.js': output('console.js'),
    'console.css': output('style.css'),
    'icon.svg': readFileSync(path.join(source, 'icon.svg')),
  };
}

/** What is checked in; empty for a file that is not. */
export function checkedIn(name) {
  try {
    return gunzipSync(readFileSync(path.join(target, `${name}.gz`)));
  } catch {
    return Buffer.alloc(0);
  }
}

/** Bytes of all files as they are sent. */
export function sentBytes(names) {
  return names.reduce((sum, name) => sum + readFileSync(path.join(target, `${name}.gz`)).length, 0);
}

/** Writes the files whose contents have changed, and returns their names. Another compressor's bytes are no change. */
export async function refresh() {
  const stale = Object.entries(await consoleFiles()).filter(([name, bytes]) => !checkedIn(name).equals(bytes));
  for (const [name, bytes] of stale) writeFileSync(path.join(target, `${name}.gz`), gzipSync(bytes, { level: 9 }));
  return stale.map(([name]) => name);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const stale = await refresh();
  const names = Object.keys(await consoleFiles());
  console.log(`${stale.length === 0 ? 'nothing was stale' : `written: ${stale.join(', ')}`}; ${sentBytes(names)} bytes in all`);
}
