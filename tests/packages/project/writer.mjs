// A program that writes to a database in files until it is killed, and notes outside of it, on its output, what it was
// told. Run by kills.test.mjs: `node writer.mjs DIRECTORY DURABILITY`.

import { writeSync } from 'node:fs';
import { Sanderling } from 'sanderling';

const [directory, durability] = process.argv.slice(2);
const db = await Sanderling.open(directory, { durability });
const note = (text) => writeSync(1, `${text}\n`);

// Both counters change together or not at all; what a script does is whole as well.
const SCRIPT = `
  redis.call('INCR', 'script:a')
  redis.call('RPUSH', 'script:list', redis.call('INCR', 'script:b'))
  return redis.call('GET', 'script:a')`;

let count = Number((await db.get('count')) ?? 0);
note('ready');
for (;;) {
  count += 1;
  const [value] = await db.multi().incr('count').incr('twin').exec();
  note(`count ${value}`);
  note(`script ${await db.eval(SCRIPT, 0)}`);
  if (count % 50 === 0) await Promise.all([db.rpush('list', 'x'.repeat(20_000)), db.incr('many'), db.sadd('set', count)]);
  // Now and then the log is rewritten in the midst of it.
  if (count % 400 === 0) await db.bgrewriteaof().catch(() => undefined);
  // Timers and the disk get their turn.
  if (count % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
}
