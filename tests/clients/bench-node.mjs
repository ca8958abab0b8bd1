// Nanoseconds per SET and GET in a Node process: a Map, ioredis-mock, ioredis over loopback, and the
// engine in this very process. Prints a Markdown table; what is missing is named and skipped.
//
//   BENCH_REDIS_URL, BENCH_WASM_URL, BENCH_NATIVE_URL  running servers; theirs are flushed!
//   SANDERLING_PACKAGE  folder of the built npm package (default: wasm/)
//   ROUNDS              rounds whose median counts (default: 5)

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import Redis from 'ioredis';
import RedisMock from 'ioredis-mock';
import { repository } from './server.mjs';

const KEYS = 10_000;
const IN_FLIGHT = 100;
const ROUND_MILLISECONDS = 300;
const ROUNDS = Number(process.env.ROUNDS || 5);

const keys = Array.from({ length: KEYS }, (_, n) => `key:${String(n).padStart(12, '0')}`);
const value = 'x'.repeat(32);

/**
 * @typedef {object} Subject
 * @property {string} name
 * @property {'sync' | 'await' | number} calls  not async; awaited one by one; or so many in flight
 * @property {(key: string) => any} set
 * @property {(key: string) => any} get
 */

/** @type {Subject[]} */
const subjects = [];
const closers = [];
const notes = [];

function skip(name, why) {
  notes.push(`Skipped: ${name}: ${why}.`);
}

function addClient(name, client, inFlight = [1]) {
  const set = (key) => client.set(key, value);
  const get = (key) => client.get(key);
  for (const count of inFlight) {
    const calls = count === 1 ? 'await' : count;
    subjects.push({ name: count === 1 ? name : `${name}, ${count} in flight`, calls, set, get });
  }
}

const map = new Map();
subjects.push({ name: 'JS Map', calls: 'sync', set: (key) => map.set(key, value), get: (key) => map.get(key) });
addClient('ioredis-mock', new RedisMock());

for (const [name, variable] of [
  ['redis-server', 'BENCH_REDIS_URL'],
  ['sanderling wasm', 'BENCH_WASM_URL'],
  ['sanderling native', 'BENCH_NATIVE_URL'],
]) {
  const url = process.env[variable];
  if (!url) {
    skip(`ioredis to ${name}`, `${variable} is not set`);
    continue;
  }
  const client = new Redis(url);
  await client.flushall();
  addClient(`ioredis to ${name}, loopback`, client, [1, IN_FLIGHT]);
  closers.push(() => client.disconnect());
}

await addPackage();

/** The npm package: its own API, and ioredis on its connector. */
async function addPackage() {
  const folder = path.resolve(process.env.SANDERLING_PACKAGE || path.join(repository, 'wasm'));
  const manifest = path.join(folder, 'package.json');
  const built = existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8'));
  if (!built || !existsSync(path.join(folder, 'dist'))) {
    skip('sanderling in process', 'the npm package is not built');
    return;
  }
  // A package can name itself, so this finds the entry that a user would get.
  const entry = createRequire(manifest).resolve(built.name);
  const { Sanderling } = await import(pathToFileURL(entry).href);
  const database = await Sanderling.open();
  const { sync } = database;
  subjects.push({
    name: 'sanderling in process, synchronous',
    calls: 'sync',
    set: (key) => sync.set(key, value),
    get: (key) => sync.get(key),
  });
  addClient('sanderling in process, awaited', database, [1, IN_FLIGHT]);
  const client = new Redis({ Connector: database.connector() });
  addClient('ioredis on the in-process connector', client, [1, IN_FLIGHT]);
  closers.push(() => client.disconnect(), () => database.close?.());
}

/** Nanoseconds per operation over about ROUND_MILLISECONDS. */
async function round(calls, operation) {
  const start = process.hrtime.bigint();
  const end = start + BigInt(ROUND_MILLISECONDS) * 1_000_000n;
  let done = 0;
  let now = start;
  while (now < end) {
    // Looking at the clock costs as much as a Map does, hence the inner loops.
    if (calls === 'sync') {
      for (let n = 0; n < KEYS; n += 1) operation(keys[n]);
      done += KEYS;
    } else if (calls === 'await') {
      for (let n = 0; n < 500; n += 1) await operation(keys[(done + n) % KEYS]);
      done += 500;
    } else {
      const batch = [];
      for (let n = 0; n < calls; n += 1) batch.push(operation(keys[(done + n) % KEYS]));
      await Promise.all(batch);
      done += calls;
    }
    now = process.hrtime.bigint();
  }
  return Number(now - start) / done;
}

const samples = new Map(subjects.map(({ name }) => [name, { set: [], get: [] }]));
// The first round lets the compiler settle and does not count.
for (let turn = 0; turn <= ROUNDS; turn += 1) {
  for (const { name, calls, set, get } of subjects) {
    const setTime = await round(calls, set);
    const getTime = await round(calls, get);
    if (turn === 0) continue;
    samples.get(name).set.push(setTime);
    samples.get(name).get.push(getTime);
  }
}
for (const close of closers) await close();

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const grouped = (number) => Math.round(number).toLocaleString('en-US');
console.log(`Nanoseconds per operation, ${KEYS.toLocaleString('en-US')} keys of 16 bytes, values of 32.\n`);
console.log('| subject | SET ns | GET ns |\n|:--|--:|--:|');
for (const [name, { set, get }] of samples) console.log(`| ${name} | ${grouped(median(set))} | ${grouped(median(get))} |`);
if (notes.length > 0) console.log(`\n${notes.join('\n')}`);
for (const note of notes) console.error(note);
process.exit(0);
