// What builds on Upstash's SDK, as it is: rate limits, locks, queues, storage.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { Lock } from '@upstash/lock';
import { Queue } from '@upstash/queue';
import { Ratelimit } from '@upstash/ratelimit';
import { Redis } from '@upstash/redis';
import { createStorage } from 'unstorage';
import upstashDriver from 'unstorage/drivers/upstash';
import { ENOUGH } from '../queues/target.mjs';
import { missing, openEndpoint } from './endpoint.mjs';
import { ask } from './http.mjs';
import { testLimits } from './limits.mjs';

/** @type {import('./endpoint.mjs').Endpoint} */
let endpoint;
let redis;
if (!missing) {
  before(async () => {
    endpoint = await openEndpoint();
    redis = new Redis(endpoint);
  });
  after(() => endpoint.close());
  beforeEach(() => ask(endpoint, 'FLUSHALL'));
}

describe('@upstash/ratelimit', { skip: missing }, () => {
  testLimits(() => redis, ENOUGH);

  test('with analytics, and names that are denied', ENOUGH, async () => {
    const limit = new Ratelimit({
      ...{ redis, limiter: Ratelimit.fixedWindow(3, '30 d'), ephemeralCache: false, prefix: 'api' },
      ...{ analytics: true, enableProtection: true },
    });
    await ask(endpoint, 'SADD', 'api:denyList:all', 'eve');
    // So that it does not download a list of addresses.
    await ask(endpoint, 'SET', 'api:ipDenyListStatus', 'valid');
    const allowed = await limit.limit('ann', { ip: '10.0.0.1' });
    const denied = await limit.limit('eve');
    await Promise.all([allowed.pending, denied.pending]);
    assert.equal(allowed.success, true);
    assert.deepEqual([denied.success, denied.reason, denied.deniedValue], [false, 'denyList', 'eve']);
    assert.equal((await redis.keys('api:events:*')).length, 1);
  });

  test('many at once are let in as often as is allowed', ENOUGH, async () => {
    const limit = new Ratelimit({ redis, limiter: Ratelimit.slidingWindow(10, '30 d'), ephemeralCache: false });
    const replies = await Promise.all(Array.from({ length: 30 }, () => limit.limit('ann')));
    assert.equal(replies.filter(({ success }) => success).length, 10);
  });
});

test('@upstash/lock', { ...ENOUGH, skip: missing }, async () => {
  const lock = new Lock({ id: 'printer', redis, lease: 60_000 });
  assert.equal(await lock.acquire(), true);
  const other = new Lock({ id: 'printer', redis, retry: { attempts: 1, delay: 0 } });
  assert.equal(await other.acquire(), false);
  assert.equal(await lock.getStatus(), 'ACQUIRED');
  assert.equal(await lock.extend(60_000), true);
  assert.ok((await redis.pttl('printer')) > 60_000);
  assert.equal(await other.release(), false);
  assert.equal(await lock.release(), true);
  assert.equal(await lock.getStatus(), 'FREE');
  assert.equal(await other.acquire(), true);
});

test('@upstash/queue', { ...ENOUGH, skip: missing }, async () => {
  const queue = new Queue({ redis, queueName: 'mail', concurrencyLimit: 2, autoVerify: false });
  await queue.sendMessage({ to: 'ann' });
  await queue.sendMessage({ to: 'bob' });
  const first = await queue.receiveMessage();
  assert.deepEqual(first.body, { to: 'ann' });
  assert.equal(await queue.verifyMessage(first.streamId), 'VERIFIED');
  const second = await queue.receiveMessage(50);
  assert.deepEqual(second.body, { to: 'bob' });
  assert.equal(await queue.verifyMessage(second.streamId), 'VERIFIED');
  assert.equal(await queue.receiveMessage(), null);
});

test("unstorage's driver", { ...ENOUGH, skip: missing }, async () => {
  const storage = createStorage({ driver: upstashDriver({ url: endpoint.url, token: endpoint.token, base: 'app' }) });
  await storage.setItem('user:ann', { name: 'Ann' });
  await storage.setItem('user:bob', 'Bob', { ttl: 60 });
  assert.deepEqual(await storage.getItem('user:ann'), { name: 'Ann' });
  assert.equal(await redis.ttl('app:user:bob'), 60);
  assert.equal(await storage.hasItem('user:eve'), false);
  assert.deepEqual((await storage.getKeys('user')).sort(), ['user:ann', 'user:bob']);
  const items = await storage.getItems(['user:ann', 'user:eve']);
  assert.deepEqual(items.map(({ value }) => value), [{ name: 'Ann' }, null]);
  await storage.removeItem('user:ann');
  await storage.clear();
  assert.deepEqual(await storage.getKeys(), []);
});
