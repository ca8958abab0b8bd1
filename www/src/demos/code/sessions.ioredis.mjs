import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';

const redis = new Redis();
const SECONDS = 30;

async function signIn(user) {
  const token = randomUUID();
  await redis
    .multi()
    .hset(`session:${token}`, { user, visits: 1 })
    .expire(`session:${token}`, SECONDS)
    .exec();
  return token;
}

// Who is it? Each visit gives the full time again.
async function visit(token) {
  const key = `session:${token}`;
  if ((await redis.expire(key, SECONDS)) === 0) return null;
  await redis.hincrby(key, 'visits', 1);
  return redis.hgetall(key);
}

const token = await signIn('Ada');
await visit(token); // { user: 'Ada', visits: '2' }
await redis.del(`session:${token}`); // 1

await redis.quit();
