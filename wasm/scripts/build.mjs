// Builds the package into dist/: the engine with wasm-pack and binaryen, the TypeScript with esbuild and tsc.
//
//   node scripts/build.mjs            everything
//   node scripts/build.mjs --js-only  the TypeScript, around the module that was built before

import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { makeGlue } from './glue.mjs';
import { run } from './run.mjs';
import { ensureTarget, ensureTools, toolsFolder } from './tools.mjs';

const folder = fileURLToPath(new URL('..', import.meta.url));
const dist = path.join(folder, 'dist');
const pkg = path.join(folder, 'pkg');
const binaries = path.join(folder, 'node_modules/.bin');

/** The same as for the server's guest. Wide arithmetic stays off: code built with it gave wrong results. */
const RUST_FLAGS = '-Ctarget-feature=+bulk-memory,+simd128';
const FEATURES = ['bulk-memory', 'simd', 'sign-ext', 'nontrapping-float-to-int', 'mutable-globals', 'multivalue', 'reference-types'];

process.chdir(folder);
if (!process.argv.includes('--js-only')) buildEngine();
await buildScripts();
buildTypes();
await tryOut();

function buildEngine() {
  ensureTarget();
  ensureTools();
  // wasm-pack would optimise with any wasm-opt on PATH, and some of those miscompile.
  run('wasm-pack', ['build', '.', '--mode', 'no-install', '--no-opt', '--no-pack', '--target', 'bundler', '--profile', 'guest', '--', '--features', 'bindings'], {
    PATH: `${toolsFolder}${path.delimiter}${process.env.PATH}`,
    RUSTFLAGS: RUST_FLAGS,
  });
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist);
  run(path.join(binaries, 'wasm-opt'), [
    '-O3',
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

  };
  const entry = (name) => path.join('js', `${name}.ts`);
  const file = (name) => path.join('dist', name);
  await Promise.all([
    build({ ...common, entryPoints: [entry('node')], outfile: file('node.js'), format: 'esm', platform: 'node' }),
    build({
      ...common,
      entryPoints: [entry('node')],
      outfile: file('node.cjs'),
      format: 'cjs',
      platform: 'node',
      define: { 'import.meta.url': 'moduleUrl_' },
      banner: { js: "const moduleUrl_ = require('node:url').pathToFileURL(__filename).href;" },
    }),
    ...['browser', 'workerd', 'edge-light'].map((name) =>
      build({ ...common, entryPoints: [entry(name)], outfile: file(`${name}.js`), format: 'esm', platform: 'neutral' }),
    ),
  ]);
}

/** Declarations, once for `import` and once for `require`. */
function buildTypes() {
  run(path.join(binaries, 'tsc'), ['--project', 'tsconfig.json']);
  const entries = new Set(['node', 'browser', 'workerd', 'edge-light'].map((name) => `${name}.d.ts`));
  for (const name of readdirSync(dist).filter((name) => name.endsWith('.d.ts'))) {
    if (entries.has(name)) {
      // All entries have the types of index.
      rmSync(path.join(dist, name));
      continue;
    }
    const text = readFileSync(path.join(dist, name), 'utf8');
    writeFileSync(path.join(dist, name.replace(/\.ts$/, '.cts')), text.replaceAll(/(['"]\.\/[^'"]+)\.js(['"])/g, '$1.cjs$2'));
  }
  for (const licence of ['LICENSE-APACHE', 'LICENSE-MIT']) cpSync(path.join('..', licence), licence);
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
