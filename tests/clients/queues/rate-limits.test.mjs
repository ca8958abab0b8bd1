// Libraries that limit rates with Lua scripts, as they are. Windows are long where a test needs to be inside one.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, beforeEach, describe, test } from 'node:test';
import express from 'express';
import { rateLimit } from 'express-rate-limit';
import Redis from 'ioredis';
import { RedisStore } from 'rate-limit-redis';
import { BurstyRateLimiter, RateLimiterQueue, RateLimiterRedis } from 'rate-limiter-flexible';
import { createClient } from 'redis';
import { testLimits } from '../upstash/limits.mjs';
import { ENOUGH, openTarget } from './target.mjs';

const target = await openTarget();
const client = new Redis(target.connection);
// The package's own client takes the calls of node-redis, whose place it has where there is no server.
const nodeRedis = target.db ?? (await createClient({ url: target.url }).connect());
after(async () => {
  client.disconnect();
  nodeRedis.destroy();
  await target.stop();
});
beforeEach(() => client.flushall());

const HOUR = 3600;

describe('rate-limiter-flexible', () => {
  for (const [name, options] of [
    ['ioredis', { storeClient: client }],
    ['node-redis', { storeClient: nodeRedis, useRedisPackage: true }],
  ]) {
    test(`points are consumed, with ${name}`, ENOUGH, async () => {
      const limiter = new RateLimiterRedis({ ...options, points: 3, duration: HOUR, keyPrefix: 'login' });
      const consumed = [];
      for (let turn = 0; turn < 3; turn += 1) consumed.push((await limiter.consume('ann')).remainingPoints);
      assert.deepEqual(consumed, [2, 1, 0]);
      const refused = await limiter.consume('ann').catch((result) => result);
      assert.equal(refused.consumedPoints, 4);
      assert.ok(refused.msBeforeNext > 3_000_000 && refused.msBeforeNext <= 3_600_000);
      assert.equal((await limiter.consume('bob', 2)).remainingPoints, 1);

      assert.equal((await limiter.get('bob')).consumedPoints, 2);
      assert.equal((await limiter.penalty('bob', 5)).consumedPoints, 7);
      assert.equal((await limiter.reward('bob', 6)).consumedPoints, 1);
      assert.equal((await limiter.set('bob', 3, 60)).consumedPoints, 3);
      await assert.rejects(limiter.consume('bob'), { remainingPoints: 0 });
      assert.equal(await limiter.delete('bob'), true);
      assert.equal(await limiter.delete('bob'), false);
      assert.equal(await limiter.get('bob'), null);
      assert.equal((await limiter.block('bob', HOUR)).consumedPoints, 4);
      await assert.rejects(limiter.consume('bob'), { remainingPoints: 0 });
    });
  }

  test('who takes too much is blocked, and windows end', ENOUGH, async () => {
    const strict = new RateLimiterRedis({
      ...{ storeClient: client, points: 1, duration: 1, keyPrefix: 'strict' },
      ...{ blockDuration: HOUR, inMemoryBlockOnConsumed: 2, inMemoryBlockDuration: HOUR },
    });
    await strict.consume('ann');
    const blocked = await strict.consume('ann').catch((result) => result);
    assert.ok(blocked.msBeforeNext > 3_000_000);

    const short = new RateLimiterRedis({ storeClient: client, points: 1, duration: 1, keyPrefix: 'short' });
    const firsts = [];
    while (firsts.length < 2) {
      const result = await short.consume('ann').catch((refused) => refused);
      if (result.isFirstInDuration) firsts.push(Date.now());
    }
    assert.ok(firsts[1] > firsts[0]);

    const burst = new BurstyRateLimiter(
      new RateLimiterRedis({ storeClient: client, points: 1, duration: HOUR, keyPrefix: 'steady' }),
      new RateLimiterRedis({ storeClient: client, points: 2, duration: HOUR, keyPrefix: 'burst' }),
    );
    for (let turn = 0; turn < 3; turn += 1) await burst.consume('ann');
    await assert.rejects(burst.consume('ann'));
  });

  test('tasks wait in line for their turn', ENOUGH, async () => {
    const limiter = new RateLimiterRedis({ storeClient: client, points: 2, duration: 1, keyPrefix: 'line' });
    const line = new RateLimiterQueue(limiter, { maxQueueSize: 3 });
    const turns = await Promise.all([1, 2, 3].map(() => line.removeTokens(1)));
    assert.equal(turns.length, 3);
  });
});

describe('express-rate-limit with rate-limit-redis', () => {
  for (const [name, sendCommand] of [
    ['ioredis', (command, ...args) => client.call(command, ...args)],
    ['node-redis', (...args) => nodeRedis.sendCommand(args)],
  ]) {
    test(`visitors are let in until it is too much, with ${name}`, ENOUGH, async () => {
      const store = new RedisStore({ sendCommand, prefix: `visits-${name}:` });
      const app = express();
      const options = { windowMs: HOUR * 1000, limit: 2, standardHeaders: 'draft-8', legacyHeaders: false, store };
      app.use(rateLimit({ ...options, keyGenerator: (request) => String(request.query.who) }));
      app.get('/', (_request, response) => response.send('welcome'));
      const server = app.listen(0, '127.0.0.1');
      await once(server, 'listening');
      try {
        const visit = (who) => fetch(`http://127.0.0.1:${server.address().port}/?who=${who}`);
        const replies = [await visit('ann'), await visit('ann'), await visit('ann'), await visit('bob')];
        assert.deepEqual(replies.map(({ status }) => status), [200, 200, 429, 200]);
        assert.match(replies[1].headers.get('ratelimit'), /r=0; t=\d+/);
        // Scripts may go at any time, and come back.
        await client.script('FLUSH');
        assert.equal((await visit('bob')).status, 200);
        assert.equal((await visit('bob')).status, 429);
        assert.equal((await store.get('ann')).totalHits, 3);
        assert.ok((await store.get('ann')).resetTime.getTime() > Date.now());
        await store.decrement('bob');
        assert.equal((await store.get('bob')).totalHits, 2);
        await store.resetKey('ann');
        assert.equal((await visit('ann')).status, 200);
      } finally {
        server.closeAllConnections();
        server.close();
      }
    });
  }
});

describe('@upstash/ratelimit', () => {
  /** The two methods of `@upstash/redis` that limits use, over ioredis. */
  const redis = {
    evalsha: async () => {
      throw new Error('NOSCRIPT the script is always sent');
    },
    eval: (script, keys, args) => client.eval(script, keys.length, ...keys, ...args),
  };

  testLimits(() => redis, ENOUGH);

  test('their scripts have a flag that Redis refuses, and others are refused here too', ENOUGH, async () => {
    assert.equal(await client.eval('#!lua flags=allow-key-locking\nreturn 1', 0), 1);
    await assert.rejects(client.eval('#!lua flags=allow-key-locks\nreturn 1', 0), /Unexpected flag in script shebang/);
  });
});

test('a sliding window of our own, with the clock of the server', ENOUGH, async () => {
  client.defineCommand('admit', {
    numberOfKeys: 1,
    lua: `
      local seconds, micros = unpack(redis.call('TIME'))
      local now = seconds * 1000 + math.floor(micros / 1000)
      local window, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
      redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
      local count = redis.call('ZCARD', KEYS[1])
      if count >= limit then
        local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
        return { 0, oldest[2] + window - now }
      end
      redis.call('ZADD', KEYS[1], now, ARGV[3])
      redis.call('PEXPIRE', KEYS[1], window)
      return { 1, limit - count - 1 }`,
  });
  const replies = [];
  for (let turn = 0; turn < 4; turn += 1) replies.push(await client.admit('visits', 3_600_000, 3, turn));
  assert.deepEqual(replies.slice(0, 3), [[1, 2], [1, 1], [1, 0]]);
  assert.equal(replies[3][0], 0);
  assert.ok(replies[3][1] > 3_000_000 && replies[3][1] <= 3_600_000);

  // In a short window everyone gets in at last, never more than the limit at once.
  let admitted = 0;
  for (let turn = 0; admitted < 6; turn += 1) {
    const [isIn, number] = await client.admit('short', 20, 2, turn);
    if (isIn === 1) admitted += 1;
    else assert.ok(number > 0 && number <= 20);
  }
});
