// The package in the runtimes besides Node and browsers, as their users get it. Run by tests/packages/run.mjs in a
// project that the packed package is installed into.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

const folder = import.meta.dirname;
const require = createRequire(import.meta.url);

/**
 * The program of a package, if it can be run. Each brings it in another package for every platform, and moves or
 * links it when it is installed; npm may be told to leave that out.
 */
function program(name, scope) {
  const modules = path.join(folder, 'node_modules');
  const platforms = existsSync(path.join(modules, scope)) ? readdirSync(path.join(modules, scope)) : [];
  const candidates = [path.join(name, 'bin', `${name}.exe`), path.join('.bin', name)];
  for (const platform of platforms) {
    for (const place of ['', 'bin/']) {
      for (const suffix of ['', '.exe']) candidates.push(path.join(scope, platform, `${place}${name}${suffix}`));
    }
  }
  return candidates
    .map((candidate) => path.join(modules, candidate))
    .find((file) => existsSync(file) && spawnSync(file, ['--version']).status === 0);
}

const deno = program('deno', '@deno');
const bun = program('bun', '@oven');
const workerd = program('workerd', '@cloudflare');
const missing = (name) =>
  `npm has not installed ${name} into target/packages/runtimes, which is optional; \`npm install ${name}\` there says why`;

/** Runs a program to its end and returns what it printed. */
function run(file, args, variables = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd: folder, env: { ...process.env, ...variables } });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve(output.trim()) : reject(new Error(`${path.basename(file)} ended with ${code}:\n${output}`)),
    );
  });
}

/** Bundles a worker as the platforms' own tools do, with their condition and the module left beside it. */
async function bundle(entry, conditions, options) {
  const { build } = require('esbuild');
  const { outputFiles } = await build({
    entryPoints: [path.join(folder, entry)],
    bundle: true,
    write: false,
    conditions,
    target: 'es2022',
    logLevel: 'silent',
    ...options,
  });
  return outputFiles[0].text;
}

test('Deno, as a module', { skip: deno ? false : missing('deno') }, async () => {
  // What the README says it needs: to read its own files. ioredis looks at the environment, and the REST API gets a port.
  const args = ['run', '--no-prompt', '--allow-read', '--allow-env', '--allow-net=127.0.0.1', 'module.mjs'];
  assert.equal(await run(deno, args, { DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1' }), 'ok');
});

test('Deno, as CommonJS', { skip: deno ? false : missing('deno') }, async () => {
  const args = ['run', '--no-prompt', '--allow-read', 'common.cjs'];
  assert.equal(await run(deno, args, { DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1' }), 'ok');
});

test('Bun, as a module', { skip: bun ? false : missing('bun') }, async () => {
  assert.equal(await run(bun, ['module.mjs']), 'ok');
});

test('Bun, as CommonJS', { skip: bun ? false : missing('bun') }, async () => {
  assert.equal(await run(bun, ['common.cjs']), 'ok');
});

test('a database in files, opened by Node, Bun and Deno in turn', { skip: deno || bun ? false : missing('deno') }, async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'sanderling-kept-'));
  const programs = [[process.execPath], bun && [bun], deno && [deno, 'run', '--no-prompt', '--allow-all'], [process.execPath]];
  try {
    let runs = 0;
    for (const [file, ...args] of programs.filter(Boolean)) {
      assert.equal(await run(file, [...args, 'kept.mjs', directory, String(runs)], { DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1' }), 'ok');
      runs += 1;
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test('workerd, which runs Cloudflare Workers', { skip: workerd ? false : missing('workerd') }, async () => {
  const script = await bundle('worker.mjs', ['workerd', 'worker', 'browser'], { format: 'esm', external: ['*.wasm'] });
  writeFileSync(path.join(folder, 'worker.bundled.js'), script);
  writeFileSync(
    path.join(folder, 'worker.capnp'),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "main", worker = (
  modules = [
    (name = "worker.js", esModule = embed "worker.bundled.js"),
    (name = "sanderling.wasm", wasm = embed "node_modules/sanderling/dist/sanderling.wasm"),
  ],
  compatibilityDate = "2025-01-01",
))]);
`,
  );
  await run(workerd, ['test', 'worker.capnp']);
});

const hasEdgeRuntime = existsSync(path.join(folder, 'node_modules/edge-runtime'));

test('edge-runtime, which runs Vercel Edge Functions', { skip: hasEdgeRuntime ? false : missing('edge-runtime') }, async () => {
  // Their build turns an import of `….wasm?module` into a module that the runtime is given.
  const modules = {
    name: 'modules',
    setup(build) {
      build.onResolve({ filter: /\.wasm\?module$/ }, () => ({ path: 'module', namespace: 'modules' }));
      build.onLoad({ filter: /.*/, namespace: 'modules' }, () => ({ contents: 'export default sanderlingModule' }));
    },
  };
  const script = await bundle('edge.mjs', ['edge-light'], { format: 'iife', plugins: [modules] });
  const module = new WebAssembly.Module(readFileSync(path.join(folder, 'node_modules/sanderling/dist/sanderling.wasm')));
  const { EdgeRuntime } = require('edge-runtime');
  const runtime = new EdgeRuntime({
    extend: (context) => Object.assign(context, { sanderlingModule: module }),
    codeGeneration: { strings: false, wasm: false },
  });
  runtime.evaluate(script);
  assert.equal(await runtime.context.outcome, 'ok');
});
