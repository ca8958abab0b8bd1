import { Redis } from 'ioredis';

const redis = new Redis();
const worker = redis.duplicate(); // waiting holds up its connection

async function workOnce(name, handle) {
  const own = `working:${name}`;
  // Waits for a job, and keeps it in a list of its own until it is done.
  const job = await worker.blmove('waiting', own, 'RIGHT', 'LEFT', 0);
  await handle(job);
  await worker.lmove(own, 'done', 'LEFT', 'LEFT');
}

const working = workOnce('one', async (job) => console.log(job));
await redis.lpush('waiting', 'count the shells');
await working;
await redis.lrange('done', 0, -1); // ['count the shells']
await redis.llen('working:one'); // 0

await worker.quit();
await redis.quit();
