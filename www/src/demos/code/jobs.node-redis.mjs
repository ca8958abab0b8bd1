import { createClient } from 'redis';

const redis = await createClient().connect();
const worker = await redis.duplicate().connect(); // waiting holds it up

async function workOnce(name, handle) {
  const own = `working:${name}`;
  // Waits for a job, and keeps it in a list of its own until it is done.
  const job = await worker.blMove('waiting', own, 'RIGHT', 'LEFT', 0);
  await handle(job);
  await worker.lMove(own, 'done', 'LEFT', 'LEFT');
}

const working = workOnce('one', async (job) => console.log(job));
await redis.lPush('waiting', 'count the shells');
await working;
await redis.lRange('done', 0, -1); // ['count the shells']
await redis.lLen('working:one'); // 0

await worker.close();
await redis.close();
