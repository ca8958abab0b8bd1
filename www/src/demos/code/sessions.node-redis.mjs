import { randomUUID } from 'node:crypto';
import { createClient } from 'redis';

const redis = await createClient().connect();
const SECONDS = 30;

async function signIn(user) {
  const token = randomUUID();
  await redis
    .multi()
    .hSet(`session:${token}`, { user, visits: 1 })
    .expire(`session:${token}`, SECONDS)
    .exec();
  return token;
}

// Who is it? Each visit gives the full time again.
async function visit(token) {
  const key = `session:${token}`;
  if ((await redis.expire(key, SECONDS)) === 0) return null;
  await redis.hIncrBy(key, 'visits', 1);
  return redis.hGetAll(key);
}

const token = await signIn('Ada');
await visit(token); // { user: 'Ada', visits: '2' }
await redis.del(`session:${token}`); // 1

await redis.close();
