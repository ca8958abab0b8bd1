// Builds the package into dist/: the engine with wasm-pack and binaryen, the TypeScript with esbuild and tsc.
//
//   node scripts/build.mjs            everything
//   node scripts/build.mjs --js-only  the TypeScript, around the module that was built before

import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { makeGlue } from './glue.mjs';
import { run } from './run.mjs';
import { ensureTarget, ensureTools, toolsFolder } from './tools.mjs';

const folder = fileURLToPath(new URL('..', import.meta.url));
const dist = path.join(folder, 'dist');
const pkg = path.join(folder, 'pkg');
const binaries = path.join(folder, 'node_modules/.bin');

/**
 * The features are those of the server's guest. Wide arithmetic stays off: code built with it gave wrong results.
 * What is marked `#[inline]` goes inline up to half the usual size, which saves a twentieth; without this flag SET and
 * HSET take up to a tenth less time.
 */
const RUST_FLAGS = '-Ctarget-feature=+bulk-memory,+simd128 -Cllvm-args=-inlinehint-threshold=150';
const FEATURES = ['bulk-memory', 'simd', 'sign-ext', 'nontrapping-float-to-int', 'mutable-globals', 'multivalue', 'reference-types'];

/** What the package is entered by. */
const ENTRIES = ['node', 'browser', 'workerd', 'edge-light', 'inline-node', 'inline-browser'];

/** What runs in a worker, which a page makes. */
const WORKER = 'worker';

/** What runs in Cloudflare's runtime alone, whose modules are never required. */
const OBJECT = 'durable-object';

/** The same of what is beside it: each has types of its own. */
const SIDE_ENTRIES = ['rest', 'rest-node', 'test', 'ioredis'];

/** Puts the module, packed, into the scripts that ask for it. */
const inlineModule = {
  name: 'inline module',
  setup(build) {
    build.onResolve({ filter: /^inline:/ }, ({ path: name }) => ({ path: name.slice('inline:'.length), namespace: 'inline' }));
    build.onLoad({ filter: /.*/, namespace: 'inline' }, ({ path: name }) => ({
      contents: gzipSync(readFileSync(path.join(dist, name)), { level: 9 }).toString('base64'),
      loader: 'text',
    }));
  },
};

/** Leaves other entries in their own files, so that what is required twice is there once. */
const sharedEntries = {
  name: 'shared entries',
  setup(build) {
    build.onResolve({ filter: /^\.\/(rest|node)\.js$/ }, ({ path: name }) => ({ path: name.replace(/\.js$/, '.cjs'), external: true }));
  },
};

/** Declarations of what the package exports besides types. */
const WITH_VALUES = new Set(['index', 'client', 'errors', 'pipeline', 'image', 'remote', 'sanderling', ...SIDE_ENTRIES].map((name) => `${name}.d.ts`));

process.chdir(folder);
if (!process.argv.includes('--js-only')) buildEngine();
await buildScripts();
mendAddresses();
buildTypes();
await tryOut();

function buildEngine() {
  ensureTarget();
  ensureTools();
  // wasm-pack would optimise with any wasm-opt on PATH, and some of those miscompile.
  run('wasm-pack', ['build', '.', '--mode', 'no-install', '--no-opt', '--no-pack', '--target', 'bundler', '--profile', 'npm', '--', '--features', 'bindings'], {
    PATH: `${toolsFolder}${path.delimiter}${process.env.PATH}`,
    RUSTFLAGS: RUST_FLAGS,
  });
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist);
  run(path.join(binaries, 'wasm-opt'), [
    // Smaller than what -Oz makes of this module, once compressed, and faster.
    '-Os',
    // What is used most has the shortest numbers, which is a hundredth of the compressed module.
    '--reorder-functions',
    '--reorder-locals',
    ...FEATURES.map((feature) => `--enable-${feature}`),
    '-o',
    path.join(dist, 'sanderling.wasm'),
    path.join(pkg, 'sanderling_wasm_bg.wasm'),
  ]);
  writeFileSync(path.join(pkg, 'glue.js'), makeGlue(readFileSync(path.join(pkg, 'sanderling_wasm_bg.js'), 'utf8')));
}

async function buildScripts() {
  const common = {
    bundle: true,
    target: 'es2022',
    legalComments: 'none',
    external: ['*.wasm', '*.wasm?module'],
    logLevel: 'warning',
    minifySyntax: true,
    minifyWhitespace: true,
    // Node shows the line on which an error surfaces.
    lineLimit: 160,
  };
  const entry = (name) => path.join('js', `${name}.ts`);
  // Chunks of an earlier build have other names.
  for (const name of readdirSync(dist).filter((name) => name.startsWith('common'))) rmSync(path.join(dist, name));
  await Promise.all([
    // What the entries have in common is a file of its own; otherwise the package would hold it four times.
    build({
      ...common,
      entryPoints: [...ENTRIES, ...SIDE_ENTRIES, WORKER, OBJECT].map(entry),
      outdir: 'dist',
      format: 'esm',
      platform: 'neutral',
      external: [...common.external, 'node:*', 'cloudflare:*', 'ioredis/*'],
      splitting: true,
      chunkNames: 'common-[hash]',
      plugins: [inlineModule],
    }),
    build({
      ...common,
      entryPoints: [entry('node')],
      outfile: path.join('dist', 'node.cjs'),
      format: 'cjs',
      platform: 'node',
      define: { 'import.meta.url': 'moduleUrl_' },
      // jsdom, in which Jest runs programs for browsers, has no TextEncoder.
      banner: {
        js: "const { TextDecoder, TextEncoder } = require('node:util'); const moduleUrl_ = require('node:url').pathToFileURL(__filename).href;",
      },
    }),
    build({
      ...common,
      entryPoints: [entry('cli')],
      outfile: path.join('dist', 'cli.js'),
      format: 'esm',
      platform: 'node',
      external: [...common.external, './node.js'],
      banner: { js: '#!/usr/bin/env node' },
    }),
    ...SIDE_ENTRIES.map((name) =>
      build({
        ...common,
        entryPoints: [entry(name)],
        outfile: path.join('dist', `${name}.cjs`),
        external: [...common.external, 'ioredis/*'],
        format: 'cjs',
        platform: 'node',
        plugins: [sharedEntries],
        // What `require` returns is the class, as with the library in whose place it is.
        ...(name === 'ioredis' && { footer: { js: 'module.exports = module.exports.default;\nmodule.exports.default = module.exports;' } }),
      }),
    ),
  ]);
}

/** Addresses of files that bundlers look for, which have to stand on one line: a limit on lines also breaks strings. */
function mendAddresses() {
  for (const name of readdirSync(dist).filter((name) => name.endsWith('.js'))) {
    const file = path.join(dist, name);
    const text = readFileSync(file, 'latin1');
    const mended = text.replaceAll(/new URL\("(?:[^"\\]|\\\n|\\.)*"/g, (match) => match.replaceAll('\\\n', ''));
    if (mended !== text) writeFileSync(file, mended, 'latin1');
  }
}

/** Declarations, once for `import` and once for `require`. */
function buildTypes() {
  run(path.join(binaries, 'tsc'), ['--project', 'tsconfig.json']);
  // All entries have the types of index.
  const needed = declarationsOf(['index', ...SIDE_ENTRIES, WORKER, OBJECT]);
  for (const name of readdirSync(dist).filter((name) => name.endsWith('.d.ts'))) {
    if (!needed.has(name)) {
      rmSync(path.join(dist, name));
      continue;
    }
    if (name === `${OBJECT}.d.ts`) continue;
    const copy = path.join(dist, name.replace(/\.ts$/, '.cts'));
    if (!WITH_VALUES.has(name)) {
      // Types are the same for both; only values must be declared in a file that `require` may load.
      const module = `./${name.replace(/\.d\.ts$/, '.js')}`;
      writeFileSync(copy, `export type * from '${module}' with { 'resolution-mode': 'import' };\n`);
      continue;
    }
    const text = readFileSync(path.join(dist, name), 'utf8');
    writeFileSync(copy, text.replaceAll(/(['"]\.\/[^'"]+)\.js(['"])/g, '$1.cjs$2'));
  }
  for (const licence of ['LICENSE-APACHE', 'LICENSE-MIT']) cpSync(path.join('..', licence), licence);
}

/** The files of declarations that some of them lead to. */
function declarationsOf(names, found = new Set()) {
  for (const name of names) {
    const file = `${name}.d.ts`;
    if (found.has(file)) continue;
    found.add(file);
    const text = readFileSync(path.join(dist, file), 'utf8');
    declarationsOf([...text.matchAll(/from '\.\/([^']+)\.js'/g)].map(([, to]) => to), found);
  }
  return found;
}

/** An optimiser that succeeds may still have broken the module, so what it wrote has to answer. */
async function tryOut() {
  const { Sanderling } = await import(`${path.join(dist, 'node.js')}?${Date.now()}`);
  const db = await Sanderling.open();
  await db.set('key', 'value');
  const value = await db.get('key');
  if (value !== 'value') throw new Error(`the built package answered ${value}`);
  await db.close();
  if (!existsSync(path.join(dist, 'index.d.cts'))) throw new Error('declarations are missing');
  const { size } = statSync(path.join(dist, 'sanderling.wasm'));
  console.log(`Built ${dist}: sanderling.wasm has ${size.toLocaleString('en-US')} bytes.`);
}
