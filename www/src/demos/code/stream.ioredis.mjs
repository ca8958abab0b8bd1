import { Redis } from 'ioredis';

const redis = new Redis();

await redis.xgroup('CREATE', 'harbour', 'crew', '0', 'MKSTREAM');
await redis.xadd('harbour', 'MAXLEN', 100, '*', 'event', 'ship arrives');
await redis.xadd('harbour', 'MAXLEN', 100, '*', 'event', 'gate opens');

// Each of the group gets entries that no other one has.
async function take(name) {
  const reply = await redis.xreadgroup('GROUP', 'crew', name, 'COUNT', 1, 'STREAMS', 'harbour', '>');
  if (reply === null) return null;
  const [[, [[id, [, event]]]]] = reply;
  return { id, event };
}

const job = await take('ann');
await redis.xack('harbour', 'crew', job.id); // 1

// Bob takes one and is gone: Ann takes over what is not done.
const left = await take('bob');
await redis.xclaim('harbour', 'crew', 'ann', 0, left.id);
await redis.xack('harbour', 'crew', left.id); // 1
await redis.xpending('harbour', 'crew'); // [0, null, null, null]

await redis.quit();
