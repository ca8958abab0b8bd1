import { createClient } from 'redis';

const redis = await createClient().connect();
const listener = await redis.duplicate().connect();

const heard = new Promise((resolve) => {
  void listener.subscribe('room:harbour', resolve);
});

async function say(from, text) {
  const message = JSON.stringify({ from, text });
  await redis.rPush('last:harbour', message);
  await redis.lTrim('last:harbour', -50, -1);
  return redis.publish('room:harbour', message);
}

await listener.ping(); // 'PONG'
await say('Ada', 'Ahoy!'); // 1
await heard; // '{"from":"Ada","text":"Ahoy!"}'
await redis.lRange('last:harbour', 0, -1); // ['{"from":"Ada","text":"Ahoy!"}']

await listener.close();
await redis.close();
