import { createClient } from 'redis';

const redis = await createClient().connect();

await redis.zAdd('scores', [
  { score: 310, value: 'Ada' },
  { score: 280, value: 'Grace' },
  { score: 265, value: 'Linus' },
]);
await redis.zIncrBy('scores', 50, 'Grace'); // 330

// The best first.
await redis.zRangeWithScores('scores', 0, 0, { REV: true }); // [{ value: 'Grace', score: 330 }]
await redis.zRevRank('scores', 'Linus'); // 2

await redis.close();
