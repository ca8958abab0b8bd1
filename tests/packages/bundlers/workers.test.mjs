// The package with bundlers, in Chromium: databases of browsers are kept by a worker, which has to be found.

import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import resolve from '@rollup/plugin-node-resolve';
import esbuild from 'esbuild';
import { rollup } from 'rollup';
import * as vite from 'vite';
import webpack from 'webpack';
import { Browser, reasonToSkip, serve } from './browser.mjs';

const folder = import.meta.dirname;
const module = path.join(folder, 'node_modules/sanderling/dist/sanderling.wasm');
const options = { skip: reasonToSkip, timeout: 100_000 };
let browser;
before(async () => (browser = reasonToSkip ? undefined : await Browser.start()));
after(() => browser?.close());

function target(name) {
  const made = path.join(folder, 'out', `kept-${name}`);
  rmSync(made, { recursive: true, force: true });
  mkdirSync(made, { recursive: true });
  return made;
}

/** Visits a page twice. */
async function visit(url) {
  for (const visits of [1, 2]) {
    const page = await browser.context.newPage();
    page.on('pageerror', (error) => console.log(error.message));
    await page.goto(url);
    await page.waitForFunction(() => window.visit !== undefined);
    assert.equal(await page.evaluate(() => window.visit()), visits);
    await page.close();
  }
}

/** Visits a page that has only this script. */
async function visitBundle(made, script) {
  writeFileSync(path.join(made, 'index.html'), `<!doctype html><meta charset="utf-8"><script type="module" src="${script}"></script>`);
  const host = await serve(made);
  try {
    await visit(`${host.url}index.html`);
  } finally {
    host.close();
  }
}

test('esbuild, with the worker as an entry of its own', options, async () => {
  const outdir = target('esbuild');
  const entryPoints = { bundle: 'kept.mjs', worker: 'sanderling/worker' };
  await esbuild.build({ absWorkingDir: folder, entryPoints, bundle: true, format: 'esm', outdir, logLevel: 'error' });
  copyFileSync(module, path.join(outdir, 'sanderling.wasm'));
  await visitBundle(outdir, 'bundle.js');
});

test('Rollup, with the worker as an entry of its own', options, async () => {
  const dir = target('rollup');
  const entry = readFileSync(path.join(folder, 'kept.mjs'), 'utf8').replace("from 'sanderling'", "from 'sanderling/inline'");
  writeFileSync(path.join(folder, 'kept-inline.mjs'), entry);
  const input = { bundle: path.join(folder, 'kept-inline.mjs'), worker: 'sanderling/worker' };
  const bundle = await rollup({ input, plugins: [resolve({ browser: true })] });
  await bundle.write({ dir, format: 'esm' });
  await bundle.close();
  await visitBundle(dir, 'bundle.js');
});

test('webpack', options, async () => {
  const made = target('webpack');
  const stats = await new Promise((resolve, reject) => {
    const config = { mode: 'production', context: folder, entry: './kept.mjs', target: 'web', output: { path: made, filename: 'bundle.js' } };
    webpack(config, (error, stats) => (error ? reject(error) : resolve(stats)));
  });
  assert.equal(stats.hasErrors(), false, stats.toString());
  await visitBundle(made, 'bundle.js');
});

test('Vite, `build`', options, async () => {
  const outDir = target('vite');
  const build = { outDir, emptyOutDir: true, rollupOptions: { input: path.join(folder, 'kept.mjs') } };
  await vite.build({ root: folder, configFile: false, logLevel: 'error', base: './', build });
  const files = readdirSync(outDir, { recursive: true });
  await visitBundle(outDir, files.find((name) => /(^|\/)kept[^/]*\.js$/.test(name)));
});

for (const [name, optimizeDeps] of [['', undefined], [', which leaves the package alone', { exclude: ['sanderling'] }]]) {
  test(`Vite, its dev server${name}`, options, async () => {
    writeFileSync(path.join(folder, 'kept.html'), '<!doctype html><meta charset="utf-8"><script type="module" src="/kept.mjs"></script>');
    const server = await vite.createServer({
      root: folder,
      configFile: false,
      logLevel: 'error',
      cacheDir: target(`vite-cache-${optimizeDeps ? 'alone' : 'plain'}`),
      server: { host: '127.0.0.1', port: 0, ws: false, watch: null, hmr: false },
      optimizeDeps: optimizeDeps ?? { noDiscovery: true, include: ['sanderling'] },
    });
    await server.listen();
    try {
      await visit(`http://127.0.0.1:${server.httpServer.address().port}/kept.html`);
    } finally {
      await server.close();
    }
  });
}
