// The rate limits of @upstash/ratelimit, whatever its scripts run on.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ratelimit } from '@upstash/ratelimit';

/**
 * Declares a test for each kind of limit.
 * @param {() => object} redisOf  what the limits are kept in, once tests run
 * @param {object} options  those of the tests
 */
export function testLimits(redisOf, options) {
  for (const [name, limiter] of [
    ['sliding windows', Ratelimit.slidingWindow(3, '30 d')],
    ['fixed windows', Ratelimit.fixedWindow(3, '30 d')],
    ['token buckets', Ratelimit.tokenBucket(1, '30 d', 3)],
  ]) {
    test(name, options, async () => {
      const limit = new Ratelimit({ redis: redisOf(), limiter, ephemeralCache: false, prefix: 'api' });
      const replies = [];
      for (let turn = 0; turn < 5; turn += 1) replies.push(await limit.limit('ann'));
      assert.deepEqual(replies.map(({ success }) => success), [true, true, true, false, false]);
      assert.deepEqual(replies.map(({ remaining }) => remaining), [2, 1, 0, 0, 0]);
      assert.ok(replies[4].reset > Date.now());
      assert.equal((await limit.getRemaining('ann')).remaining, 0);
      assert.equal((await limit.limit('bob', { rate: 2 })).remaining, 1);
      await limit.resetUsedTokens('ann');
      assert.equal((await limit.limit('ann')).success, true);
    });
  }
}
