// The package with bundlers and test runners, as the table in its README says. Run by tests/packages/run.mjs in a project
// that the packed package is installed into.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { after, test } from 'node:test';
import resolve from '@rollup/plugin-node-resolve';
import esbuild from 'esbuild';
import { rollup } from 'rollup';
import * as vite from 'vite';
import webpack from 'webpack';
import { markedBlocks } from './examples.mjs';

const folder = import.meta.dirname;
const out = path.join(folder, 'out');
const module = path.join(folder, 'node_modules/sanderling/dist/sanderling.wasm');
const readme = readFileSync(path.join(folder, 'node_modules/sanderling/README.md'), 'utf8');

// The same program for both entries of the package.
const program = readFileSync(path.join(folder, 'entry.mjs'), 'utf8');
writeFileSync(path.join(folder, 'inline.mjs'), program.replace("from 'sanderling'", "from 'sanderling/inline'"));

/** What a program says that could not load the module. */
const REMEDY = /^failed: .+'sanderling\/inline'.+\{ module \}.+README\.md/;

const TYPES = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm' };
/** A host of static files that answers whatever it has not with the page, as hosts for single pages do. */
const host = createServer((request, response) => {
  const file = path.join(out, path.normalize(new URL(request.url, 'http://host').pathname));
  if (existsSync(file)) response.writeHead(200, { 'content-type': TYPES[path.extname(file)] }).end(readFileSync(file));
  else response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>');
});
await new Promise((resolve) => host.listen(0, '127.0.0.1', resolve));
after(() => host.close());

/** Runs a program to its end and returns what it printed. */
function run(file, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd: folder, ...options, env: { ...process.env, NODE_NO_WARNINGS: '1', ...options.env } });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve(output.trim()) : reject(new Error(`${path.basename(file)} ended with ${code}:\n${output}`))));
  });
}

const inNode = (file) => run(process.execPath, ['--import', 'data:text/javascript,globalThis.canOpenSync=true', file]);
const inPage = (address) => run(process.execPath, ['--experimental-vm-modules', 'page.mjs', address]);
const addressOf = (file) => `http://127.0.0.1:${host.address().port}/${path.relative(out, file)}`;

/** A folder of its own for what is built. */
function target(name) {
  const made = path.join(out, name);
  rmSync(made, { recursive: true, force: true });
  mkdirSync(made, { recursive: true });
  return made;
}

async function buildByEsbuild(entry, platform, format) {
  const outfile = path.join(target(`esbuild-${entry}-${platform}-${format}`), format === 'esm' ? 'bundle.mjs' : 'bundle.cjs');
  await esbuild.build({ absWorkingDir: folder, entryPoints: [`${entry}.mjs`], bundle: true, platform, format, outfile, logLevel: 'error' });
  return outfile;
}

async function buildByRollup(entry, options, external) {
  const dir = target(`rollup-${entry}-${external ? 'node' : 'browser'}`);
  const bundle = await rollup({ input: path.join(folder, `${entry}.mjs`), plugins: [resolve(options)], external });
  await bundle.write({ dir, format: 'esm', entryFileNames: 'bundle.mjs' });
  await bundle.close();
  return path.join(dir, 'bundle.mjs');
}

async function buildByWebpack(entry, kind) {
  const made = target(`webpack-${entry}-${kind}`);
  const output = kind === 'web' ? { module: true, filename: 'bundle.mjs' } : { filename: 'bundle.cjs' };
  const stats = await new Promise((resolve, reject) => {
    const config = {
      mode: 'production',
      context: folder,
      entry: `./${entry}.mjs`,
      target: kind,
      // What is looked at is where files go.
      optimization: { minimize: false },
      output: { path: made, ...output },
      ...(kind === 'web' ? { experiments: { outputModule: true } } : {}),
    };
    webpack(config, (error, stats) => (error ? reject(error) : resolve(stats)));
  });
  assert.equal(stats.hasErrors(), false, stats.toString());
  return path.join(made, output.filename);
}

async function buildByVite(entry, options) {
  const outDir = target(`vite-${entry}-${options.ssr ? 'ssr' : 'browser'}`);
  await vite.build({
    root: folder,
    configFile: false,
    logLevel: 'error',
    base: './',
    ssr: { noExternal: ['sanderling'] },
    build: { outDir, emptyOutDir: true, ...options, rollupOptions: { input: path.join(folder, `${entry}.mjs`) } },
  });
  const files = readdirSync(outDir, { recursive: true }).filter((name) => /\.m?js$/.test(name));
  const main = files.find((name) => path.basename(name).startsWith(entry));
  return path.join(outDir, main);
}

async function serveByVite(entry, config) {
  const server = await vite.createServer({
    root: folder,
    configFile: false,
    logLevel: 'error',
    cacheDir: target(`vite-cache-${entry}-${config ? 'configured' : 'plain'}`),
    server: { host: '127.0.0.1', port: 0, ws: false, watch: null },
    // Found by hand here, since no page is there to be crawled for imports.
    optimizeDeps: { noDiscovery: config !== undefined, include: config ? [] : [entry === 'inline' ? 'sanderling/inline' : 'sanderling'], ...config },
  });
  await server.listen();
  try {
    return await inPage(`http://127.0.0.1:${server.httpServer.address().port}/${entry}.mjs`);
  } finally {
    await server.close();
  }
}

/** Runs tests by a runner's own program, from a block of the README. */
async function runBlock(kind, runner, file) {
  const blocks = markedBlocks(readme).filter((block) => block.kind === kind);
  assert.ok(blocks.length > 0, `the README has no block for ${kind}`);
  return runTests(kind, runner, Object.fromEntries(blocks.map(({ text }, index) => [file(index), text])));
}

/** Runs files of tests in a folder of their own. */
async function runTests(name, [program, ...args], files) {
  const made = target(path.join('tests', name));
  for (const [file, text] of Object.entries({ ...files, 'package.json': '{}' })) writeFileSync(path.join(made, file), text);
  const output = await run(process.execPath, [path.join(folder, 'node_modules', program), ...args], { cwd: made });
  // Vitest adds colours wherever a terminal might be.
  return output.replaceAll(/\x1b\[\d+m/g, '');
}

const JEST = (environment) => ['jest/bin/jest.js', '--ci', `--env=${environment}`, '--rootDir=.', '--transform={}'];
const VITEST = ['vitest/vitest.mjs', 'run', '--root', '.', '--environment', 'node'];

/** For each row of the table: what it promises, and what happens otherwise. */
const ROWS = {
  esbuild: async () => {
    for (const platform of ['browser', 'node', 'neutral']) {
      for (const format of ['esm', 'cjs', 'iife']) {
        assert.equal(await inNode(await buildByEsbuild('inline', platform, format)), 'ok', `${platform}, ${format}`);
      }
    }
    const bundle = await buildByEsbuild('entry', 'browser', 'esm');
    const complaint = await inPage(addressOf(bundle));
    assert.match(complaint, REMEDY);
    assert.match(complaint, /what came is no WebAssembly but text\/html/);
    copyFileSync(module, path.join(path.dirname(bundle), 'sanderling.wasm'));
    assert.equal(await inPage(addressOf(bundle)), 'ok');
    for (const format of ['esm', 'cjs']) {
      assert.match(await inNode(await buildByEsbuild('entry', 'node', format)), REMEDY, format);
    }
  },
  Rollup: async () => {
    assert.equal(await inPage(addressOf(await buildByRollup('inline', { browser: true }))), 'ok');
    assert.equal(await inNode(await buildByRollup('inline', { exportConditions: ['node'] }, [/^node:/])), 'ok');
    assert.match(await inPage(addressOf(await buildByRollup('entry', { browser: true }))), REMEDY);
    assert.match(await inNode(await buildByRollup('entry', { exportConditions: ['node'] }, [/^node:/])), REMEDY);
  },
  webpack: async () => {
    for (const entry of ['entry', 'inline']) {
      assert.equal(await inPage(addressOf(await buildByWebpack(entry, 'web'))), 'ok', entry);
      assert.equal(await inNode(await buildByWebpack(entry, 'node')), 'ok', entry);
    }
  },
  'Vite, `build`': async () => {
    for (const entry of ['entry', 'inline']) assert.equal(await inPage(addressOf(await buildByVite(entry, {}))), 'ok', entry);
  },
  'Vite, its dev server': async () => {
    assert.equal(await serveByVite('entry'), 'ok');
    assert.equal(await serveByVite('entry', { exclude: ['sanderling'] }), 'ok');
    assert.equal(await serveByVite('inline'), 'ok');
  },
  'Vite, `ssr` with `noExternal`': async () => {
    assert.equal(await inNode(await buildByVite('inline', { ssr: true })), 'ok');
    assert.match(await inNode(await buildByVite('entry', { ssr: true })), REMEDY);
  },
  'Next, Turbopack': undefined,
  'Next, webpack': undefined,
  'Jest, also with jsdom': async () => {
    for (const environment of ['node', 'jsdom']) {
      const output = await runBlock('jest', JEST(environment), (index) => `${index}.test.js`);
      assert.match(output, /Tests: +2 passed, 2 total/, environment);
    }
  },
  Vitest: async () => {
    assert.match(await runBlock('vitest', VITEST, (index) => `${index}.test.mjs`), /Tests +2 passed \(2\)/);
  },
};

test('every row of the table is tested', () => {
  const [, table] = /^\| bundler or runner [^\n]+\n\|[-:|]+\n((?:\|[^\n]+\n)+)/m.exec(readme);
  const names = table.trim().split('\n').map((row) => row.split('|')[1].trim());
  assert.deepEqual(names.sort(), Object.keys(ROWS).sort());
});

/** A program that knows nothing of this package, and a test of it. */
const PROGRAM = {
  cjs: "const Redis = require('ioredis');\nmodule.exports = async () => new Redis(6379, 'cache.internal').incr('visits');\n",
  esm: "import Redis from 'ioredis';\nexport const visit = async () => new Redis(6379, 'cache.internal').incr('visits');\n",
};

test('ioredis is replaced, as the README says', { timeout: 100_000 }, async () => {
  const [, jest] = /`(jest\.mock\([^`]+)`/.exec(readme);
  const [, vitest] = /`(vi\.mock\([^`]+)`/.exec(readme);
  const inJest = await runTests('jest-mock', JEST('node'), {
    'visit.js': PROGRAM.cjs,
    'visit.test.js': `${jest};\nconst visit = require('./visit.js');\ntest('visits are counted', async () => expect(await visit()).toBe(1));\n`,
  });
  assert.match(inJest, /Tests: +1 passed, 1 total/);
  const inVitest = await runTests('vitest-mock', VITEST, {
    'visit.mjs': PROGRAM.esm,
    'visit.test.mjs': `import { expect, test, vi } from 'vitest';\n${vitest};\nimport { visit } from './visit.mjs';\ntest('visits are counted', async () => expect(await visit()).toBe(1));\n`,
  });
  assert.match(inVitest, /Tests +1 passed \(1\)/);
});

for (const [name, check] of Object.entries(ROWS)) {
  // Next has a project of its own.
  if (check) test(name, { timeout: 100_000 }, check);
}
