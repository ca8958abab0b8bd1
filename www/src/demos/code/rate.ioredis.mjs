import { Redis } from 'ioredis';

const redis = new Redis();

async function isAllowed(address, limit, seconds) {
  const key = `requests:${address}`;
  const [, [, count]] = await redis
    .multi()
    .set(key, 0, 'EX', seconds, 'NX') // only the first opens the window
    .incr(key)
    .exec();
  return { allowed: count <= limit, count };
}

await isAllowed('203.0.113.7', 2, 10); // { allowed: true, count: 1 }
await isAllowed('203.0.113.7', 2, 10); // { allowed: true, count: 2 }
await isAllowed('203.0.113.7', 2, 10); // { allowed: false, count: 3 }

await redis.quit();
