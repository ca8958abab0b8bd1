// Builds the page into dist/: files whose names hold a hash of their contents, the page that names them, and the
// service worker that keeps them. Prints what a visitor downloads.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const folder = fileURLToPath(new URL('.', import.meta.url));
const source = path.join(folder, 'src');
const dist = path.join(folder, 'dist');

const engine = path.join(folder, '../wasm/dist/sanderling.wasm');
if (!existsSync(engine)) throw new Error('the npm package is not built yet: run `npm ci && npm run build` in wasm/');

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);
const icon = hashed('icon.svg', readFileSync(path.join(source, 'icon.svg')));
const worker = await bundle('worker.ts');
const demos = await bundle('demos/main.ts');
const demosStyle = await bundle('demos/demos.css');
const urls = { WORKER_URL: worker, DEMOS_URL: `./${demos}`, DEMOS_STYLE_URL: demosStyle };
const main = await bundle('main.ts', Object.fromEntries(Object.entries(urls).map(([name, url]) => [name, JSON.stringify(url)])));
const style = await bundle('style.css');
for (const name of ['index.html', 'manifest.webmanifest']) {
  const text = readFileSync(path.join(source, name), 'utf8');
  const names = { icon, worker, main, style, engine: readdirSync(dist).find((file) => file.endsWith('.wasm')) };
  write(name, text.replaceAll(/%(\w+)%/g, (_, key) => names[key]).replaceAll(/\n\s+/g, '\n'));
}
const files = readdirSync(dist).sort();
const version = createHash('sha256');
for (const file of files) version.update(file).update(readFileSync(path.join(dist, file)));
// The page is asked for by its folder.
const kept = files.map((file) => (file === 'index.html' ? './' : file));
await bundle('sw.ts', { VERSION: JSON.stringify(version.digest('hex').slice(0, 16)), FILES: JSON.stringify(kept) });
report();

/** Bundles an entry and returns the name of the file that it became. */
async function bundle(entry, define = {}) {
  const { metafile } = await build({
    absWorkingDir: folder,
    entryPoints: [path.join(source, entry)],
    outdir: dist,
    // Browsers look for a new service worker at its old address.
    entryNames: entry === 'sw.ts' ? '[name]' : `${entry.replace('/', '-').replace(/\.\w+$/, '')}-[hash]`,
    assetNames: '[name]-[hash]',
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: ['es2022', 'safari16'],
    // The programs that demos show are text.
    loader: { '.wasm': 'file', '.mjs': 'text' },
    // Scripts that are loaded when they are wanted are entries of their own.
    external: ['./demos-*.js'],
    legalComments: 'none',
    define,
    metafile: true,
    logLevel: 'warning',
  });
  const output = Object.entries(metafile.outputs).find(([, about]) => about.entryPoint !== undefined);
  return path.basename(output[0]);
}

function hashed(name, bytes) {
  const { name: stem, ext } = path.parse(name);
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 8).toUpperCase();
  return write(`${stem}-${hash}${ext}`, bytes);
}

function write(name, contents) {
  writeFileSync(path.join(dist, name), contents);
  return name;
}

function report() {
  let all = 0;
  for (const file of readdirSync(dist).sort()) {
    const bytes = readFileSync(path.join(dist, file));
    const small = gzipSync(bytes, { level: 9 }).length;
    all += small;
    console.log(`${file.padEnd(32)} ${String(bytes.length).padStart(8)} bytes ${String(small).padStart(8)} gzipped`);
  }
  console.log(`${'all'.padEnd(32)} ${''.padStart(14)} ${String(all).padStart(8)} gzipped`);
}
