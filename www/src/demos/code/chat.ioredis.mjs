import { once } from 'node:events';
import { Redis } from 'ioredis';

const redis = new Redis();
const listener = redis.duplicate(); // it can only listen then

await listener.subscribe('room:harbour'); // 1
const heard = once(listener, 'message'); // or listener.on('message', …)

async function say(from, text) {
  const message = JSON.stringify({ from, text });
  await redis.rpush('last:harbour', message);
  await redis.ltrim('last:harbour', -50, -1);
  return redis.publish('room:harbour', message);
}

await say('Ada', 'Ahoy!'); // 1
await heard; // ['room:harbour', '{"from":"Ada","text":"Ahoy!"}']
await redis.lrange('last:harbour', 0, -1); // ['{"from":"Ada","text":"Ahoy!"}']

await listener.quit();
await redis.quit();
