import { Redis } from 'ioredis';

const redis = new Redis();

await redis.zadd('scores', 310, 'Ada', 280, 'Grace', 265, 'Linus');
await redis.zincrby('scores', 50, 'Grace'); // '330'

// The best first, each name before its score.
await redis.zrange('scores', 0, 1, 'REV', 'WITHSCORES'); // ['Grace', '330', 'Ada', '310']
await redis.zrevrank('scores', 'Linus'); // 2

await redis.quit();
