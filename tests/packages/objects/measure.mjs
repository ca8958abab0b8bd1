// Measures what ARCHITECTURE.md says of objects: how many rows a write takes, and how long an object takes to open. Run by hand,
// in target/packages/objects once the tests have been there: `node measure.mjs`.

import { start } from './runtime.mjs';

const KEYS = 100_000;
const BATCH = 1_000;

const runtime = await start();
const { ask, post, rpc, abort } = runtime;

await ask('writes', 'SET', 'key', 'value');
for (const [what, write] of [
  ['1,000 SETs of 32 bytes, one request each', async () => {
    for (let at = 0; at < 1000; at += 1) await ask('writes', 'SET', `key:${at}`, 'x'.repeat(32));
  }],
  ['1,000 SETs in one pipeline', () => post('writes', 'pipeline', commands(0, 1000))],
  ['a value of 3 MB', () => ask('writes', 'SET', 'large', 'x'.repeat(3_000_000))],
]) {
  await rpc('writes', 'rows');
  const begun = performance.now();
  await write();
  console.log(`${what}: ${await rpc('writes', 'rows')} rows, ${Math.round(performance.now() - begun)} ms`);
}

for (let from = 0; from < KEYS; from += BATCH) await post('boot', 'pipeline', commands(from, from + BATCH));
await opening(`${KEYS} keys, a log of commands`);
await ask('boot', 'BGREWRITEAOF');
while ((await ask('boot', 'INFO', 'persistence')).includes('aof_rewrite_in_progress:1'));
await opening(`${KEYS} keys, a base`);
await runtime.close();

function commands(from, to) {
  return Array.from({ length: to - from }, (_, at) => ['SET', `key:${from + at}`, 'x'.repeat(32)]);
}

/** How much longer the first request of a life takes than the next one, of which it opens the database. */
async function opening(what) {
  const times = [];
  for (let life = 0; life < 5; life += 1) {
    await abort('boot');
    await rpc('boot', 'born');
    const [first, second] = [await timed(), await timed()];
    times.push(first - second);
  }
  const bytes = (await rpc('boot', 'files')).flatMap(({ pieces }) => pieces).reduce((sum, [, length]) => sum + length, 0);
  await rpc('boot', 'rows');
  await abort('boot');
  await ask('boot', 'PING');
  console.log(`${what} (${bytes} bytes): opened in ${times.map(Math.round).sort((a, b) => a - b).join(', ')} ms, ${await rpc('boot', 'rows')} rows written`);
}

async function timed() {
  const begun = performance.now();
  await ask('boot', 'PING');
  return performance.now() - begun;
}
