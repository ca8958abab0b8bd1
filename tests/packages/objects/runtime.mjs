// Cloudflare's runtime with the Worker of the tests, in this process or, run as a program, in one that can be killed.

import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { mayBeMissing } from './skip.mjs';

const folder = import.meta.dirname;
const require = createRequire(import.meta.url);

/** Why there is no runtime; `false` where there is one. */
export const missing = mayBeMissing(!isThere('miniflare') && 'npm has not installed miniflare, which is optional');

export const TOKEN = 'secret';

function isThere(name) {
  try {
    return Boolean(require.resolve(name));
  } catch {
    return false;
  }
}

async function bundled(contents) {
  const { build } = require('esbuild');
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: folder },
    bundle: true,
    write: false,
    format: 'esm',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['*.wasm', 'cloudflare:*', 'node:*'],
    logLevel: 'error',
  });
  return outputFiles[0].text;
}

/** Starts it with a script; what objects store is kept in a directory, if there is one. */
export async function start({ persist, script = readFileSync(path.join(folder, 'worker.mjs'), 'utf8') } = {}) {
  const { Miniflare } = await import('miniflare');
  const module = readFileSync(path.join(folder, 'node_modules/sanderling/dist/sanderling.wasm'));
  const runtime = new Miniflare({
    host: '127.0.0.1',
    port: 0,
    modules: [
      { type: 'ESModule', path: 'worker.js', contents: await bundled(script) },
      { type: 'CompiledWasm', path: 'sanderling.wasm', contents: module },
    ],
    compatibilityDate: '2026-04-01',
    durableObjects: { REDIS: { className: 'Redis', useSQLite: true } },
    bindings: { SANDERLING_TOKEN: TOKEN },
    ...(persist && { durableObjectsPersist: persist }),
  });
  const url = String(await runtime.ready);
  return { ...doorsOf(url), close: () => runtime.dispose() };
}

/** What a test does with a Worker at an address. */
export function doorsOf(url) {
  const headers = { authorization: `Bearer ${TOKEN}` };
  /** Sends a body of JSON to an object; the answer of JSON. */
  const post = async (name, place, body) => {
    const response = await fetch(`${url}db/${name}/${place}`, { method: 'POST', headers, body: JSON.stringify(body) });
    return response.json();
  };
  /** Runs a command; its result. */
  const ask = async (name, ...command) => {
    const { result, error } = await post(name, '', command);
    if (error !== undefined) throw new Error(error);
    return result;
  };
  /** Calls a method of an object. */
  const rpc = async (name, method, ...args) => {
    const response = await fetch(`${url}rpc/${name}/${method}`, { method: 'POST', body: JSON.stringify(args) });
    if (response.headers.get('content-type')?.startsWith('application/json')) {
      const result = await response.json();
      if (response.status !== 200) throw Object.assign(new Error(result.message), { name: result.name });
      return result;
    }
    return new Uint8Array(await response.arrayBuffer());
  };
  /** Ends the life of an object, from which only what it stores is left. */
  const abort = (name) => rpc(name, 'abort').catch(() => undefined);
  return { url, post, ask, rpc, abort, socketUrl: (name) => `${url.replace('http', 'ws')}db/${name}/` };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await start({ persist: process.argv[2] });
  console.log(url);
}
