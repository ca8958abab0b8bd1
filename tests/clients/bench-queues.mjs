// Jobs per second through BullMQ: on servers over loopback, and on the engine in this very process. Prints a Markdown
// table; what is missing is named and skipped.
//
//   BENCH_REDIS_URL, BENCH_WASM_URL, BENCH_NATIVE_URL  running servers
//   ROUNDS              rounds whose median counts (default: 5)

import { Queue, Worker } from 'bullmq';
import { isPackageBuilt, packageEntry } from './queues/target.mjs';

const JOBS = 2_000;
const BULK = 100;
const CONCURRENCIES = [1, 50];
const ROUNDS = Number(process.env.ROUNDS || 5);

/** @type {{ name: string, connection: object }[]} */
const subjects = [];
const notes = [];

for (const [name, variable] of [
  ['redis-server', 'BENCH_REDIS_URL'],
  ['sanderling wasm', 'BENCH_WASM_URL'],
  ['sanderling native', 'BENCH_NATIVE_URL'],
]) {
  const url = process.env[variable];
  if (url) subjects.push({ name: `${name}, loopback`, connection: { host: new URL(url).hostname, port: Number(new URL(url).port) } });
  else notes.push(`Skipped: ${name}: ${variable} is not set.`);
}
if (isPackageBuilt()) {
  const { Sanderling } = await import(packageEntry());
  const database = await Sanderling.open();
  subjects.push({ name: 'sanderling in process', connection: { Connector: database.connector() } });
} else {
  notes.push('Skipped: sanderling in process: the npm package is not built.');
}

/** Seconds that something takes. */
async function seconds(work) {
  const start = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - start) / 1e9;
}

/** Jobs per second: added, then worked off with each of CONCURRENCIES. */
async function round(connection) {
  const rates = [];
  for (const concurrency of CONCURRENCIES) {
    const queue = new Queue('bench', { connection });
    await queue.obliterate({ force: true });
    const adding = await seconds(async () => {
      for (let n = 0; n < JOBS; n += BULK) {
        await queue.addBulk(Array.from({ length: BULK }, (_, at) => ({ name: 'job', data: { n: n + at } })));
      }
    });
    if (rates.length === 0) rates.push(JOBS / adding);

    const worker = new Worker('bench', async (job) => job.data.n, { connection, concurrency, autorun: false });
    await worker.waitUntilReady();
    let left = JOBS;
    const working = await seconds(
      () =>
        new Promise((resolve) => {
          worker.on('completed', () => (left -= 1) === 0 && resolve());
          void worker.run();
        }),
    );
    rates.push(JOBS / working);
    await worker.close();
    await queue.obliterate({ force: true });
    await queue.close();
  }
  return rates;
}

const samples = new Map(subjects.map(({ name }) => [name, []]));
// The first round lets the compiler settle and does not count.
for (let turn = 0; turn <= ROUNDS; turn += 1) {
  for (const { name, connection } of subjects) {
    const rates = await round(connection);
    if (turn > 0) samples.get(name).push(rates);
  }
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const grouped = (number) => Math.round(number).toLocaleString('en-US');
console.log(
  `Jobs per second through BullMQ, ${JOBS.toLocaleString('en-US')} of them in a queue: added ${BULK} at a time, and worked off by jobs that do nothing. BullMQ itself, in its one process, takes most of the time; in process the engine is there too.\n`,
);
console.log(`| subject | added | ${CONCURRENCIES.map((count) => `done, concurrency ${count}`).join(' | ')} |`);
console.log(`|:--|--:|${CONCURRENCIES.map(() => '--:|').join('')}`);
for (const [name, rounds] of samples) {
  const columns = [0, ...CONCURRENCIES.map((_, index) => index + 1)].map((at) => grouped(median(rounds.map((rates) => rates[at]))));
  console.log(`| ${name} | ${columns.join(' | ')} |`);
}
if (notes.length > 0) console.log(`\n${notes.join('\n')}`);
for (const note of notes) console.error(note);
process.exit(0);
