import { createClient } from 'redis';

const redis = await createClient().connect();
const now = () => Math.floor(Date.now() / 1000);

async function count(page, by = 1) {
  const second = `${page}:${now()}`;
  const [total] = await redis
    .multi()
    .incrBy(page, by)
    .incrBy(second, by)
    .expire(second, 60)
    .exec();
  return total;
}

async function lastSeconds(page, seconds) {
  const keys = Array.from({ length: seconds }, (_, ago) => `${page}:${now() - ago}`);
  return (await redis.mGet(keys)).map(Number).reverse();
}

await count('home'); // 1
await count('home', 10); // 11
await lastSeconds('home', 40).then((visits) => visits.length); // 40

await redis.close();
