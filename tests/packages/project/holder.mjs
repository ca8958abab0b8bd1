// A program that opens a database in files and keeps it until it is told to end, by its input or by a signal. Run by
// files.test.mjs: `node holder.mjs DIRECTORY`.

import { Sanderling } from 'sanderling';

const db = await Sanderling.open(process.argv[2]);
await db.set('holder', process.pid);
console.log('open');
process.stdin.resume();
process.stdin.on('end', () => void db.close());
