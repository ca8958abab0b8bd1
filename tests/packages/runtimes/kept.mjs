// A database in files that each runtime opens in turn: `kept.mjs DIRECTORY RUNS`, how many have run before.
import { Sanderling } from 'sanderling';

const [directory, before] = process.argv.slice(2);
const db = await Sanderling.open(directory);
if (Number((await db.get('runs')) ?? 0) !== Number(before)) throw new Error(`${await db.get('runs')} runs, not ${before}`);
if ((await db.llen('list')) !== Number(before) * 1000) throw new Error(`${await db.llen('list')} elements`);
await db.multi().incr('runs').rpush('list', ...Array.from({ length: 1000 }, (_, index) => index)).exec();
await db.bgrewriteaof();
await db.set('due', 'v', { EX: 1000 });
while ((await db.info('persistence')).includes('aof_rewrite_in_progress:1')) await new Promise((resolve) => setTimeout(resolve));
// Another one is locked out meanwhile.
const refusal = await Sanderling.open(directory).catch((error) => error);
if (refusal.code !== 'locked') throw new Error(`opened twice: ${refusal}`);
await db.close();
const again = Sanderling.openSync(directory, { durability: 'always' });
again.sync.set('sync', 1);
await again.close();
console.log('ok');
