import { createClient } from 'redis';

const redis = await createClient().connect();
const TRIM = { TRIM: { strategy: 'MAXLEN', threshold: 100 } };

await redis.xGroupCreate('harbour', 'crew', '0', { MKSTREAM: true });
await redis.xAdd('harbour', '*', { event: 'ship arrives' }, TRIM);
await redis.xAdd('harbour', '*', { event: 'gate opens' }, TRIM);

// Each of the group gets entries that no other one has.
async function take(name) {
  const stream = { key: 'harbour', id: '>' };
  const reply = await redis.xReadGroup('crew', name, stream, { COUNT: 1 });
  return reply === null ? null : reply[0].messages[0];
}

const job = await take('ann');
await redis.xAck('harbour', 'crew', job.id); // 1

// Bob takes one and is gone: Ann takes over what is not done.
const left = await take('bob');
await redis.xClaim('harbour', 'crew', 'ann', 0, left.id);
await redis.xAck('harbour', 'crew', left.id); // 1
await redis.xPending('harbour', 'crew').then(({ pending }) => pending); // 0

await redis.close();
