// Upstash's SDKs for JavaScript as they are, the newest and one from before the sync token, and Vercel's around it.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { Redis } from '@upstash/redis';
import { Redis as CloudflareRedis } from '@upstash/redis/cloudflare';
import { createClient } from '@vercel/kv';
import { Redis as OldRedis } from 'upstash-redis-1.20';
import { ENOUGH } from '../queues/target.mjs';
import { missing, openEndpoint } from './endpoint.mjs';
import { ask } from './http.mjs';

/** @type {import('./endpoint.mjs').Endpoint} */
let endpoint;
if (!missing) {
  before(async () => {
    endpoint = await openEndpoint();
  });
  after(() => endpoint.close());
  beforeEach(() => ask(endpoint, 'FLUSHALL'));
}

/** All ways in which clients are set up that change what they send. */
const CLIENTS = {
  '@upstash/redis': () => new Redis(endpoint),
  '@upstash/redis, without pipelines of its own': () => new Redis({ ...endpoint, enableAutoPipelining: false }),
  '@upstash/redis, without base64': () => new Redis({ ...endpoint, responseEncoding: false }),
  '@upstash/redis/cloudflare': () => new CloudflareRedis({ ...endpoint, readYourWrites: false, enableTelemetry: false }),
  '@upstash/redis 1.20': () => new OldRedis(endpoint),
  '@vercel/kv': () => createClient(endpoint),
};

for (const [name, open] of Object.entries(CLIENTS)) {
  describe(name, { skip: missing }, () => {
    test('values of all types', ENOUGH, async () => {
      const redis = open();
      assert.equal(await redis.set('key', 'value', { ex: 60 }), 'OK');
      assert.equal(await redis.get('key'), 'value');
      assert.equal(await redis.get('none'), null);
      assert.equal(await redis.set('key', 'other', { nx: true }), null);
      await redis.set('object', { a: 1, b: ['é', null, true] });
      assert.deepEqual(await redis.get('object'), { a: 1, b: ['é', null, true] });
      await redis.set('ok', 'OK');
      assert.equal(await redis.get('ok'), 'OK');
      assert.deepEqual(await redis.mget('key', 'none', 'object'), ['value', null, { a: 1, b: ['é', null, true] }]);
      assert.equal(await redis.incr('n'), 1);
      assert.equal(await redis.incrbyfloat('n', 0.5), 1.5);
      assert.equal(await redis.ttl('key'), 60);

      assert.equal(await redis.hset('hash', { name: 'ann', age: 7 }), 2);
      assert.deepEqual(await redis.hgetall('hash'), { name: 'ann', age: 7 });
      assert.equal(await redis.hgetall('none'), null);
      assert.equal(await redis.zadd('zset', { score: 1.5, member: 'a' }, { score: 2, member: 'b' }), 2);
      assert.deepEqual(await redis.zrange('zset', 0, -1, { withScores: true }), ['a', 1.5, 'b', 2]);
      assert.equal(await redis.zscore('zset', 'a'), 1.5);
      assert.equal(await redis.rpush('list', 'a', { b: 1 }), 2);
      assert.deepEqual(await redis.lrange('list', 0, -1), ['a', { b: 1 }]);
      assert.equal(await redis.sadd('set', 'a', 'b'), 2);
      assert.deepEqual((await redis.smembers('set')).sort(), ['a', 'b']);
      assert.equal(await redis.dbsize(), 8);
      assert.equal(await redis.ping(), 'PONG');
      assert.deepEqual((await redis.keys('*s*t')).sort(), ['hash', 'list', 'set', 'zset'].filter((key) => /s.*t$/.test(key)));
    });

    test('pipelines, transactions and many calls at once', ENOUGH, async () => {
      const redis = open();
      assert.deepEqual(await redis.pipeline().set('a', 1).incr('a').get('a').hgetall('none').exec(), ['OK', 2, 2, null]);
      assert.deepEqual(await redis.multi().set('a', 1).incr('a').get('a').exec(), ['OK', 2, 2]);
      await assert.rejects(redis.multi().set('a', 5).lpush('a', 1).exec(), /WRONGTYPE/);
      const results = await Promise.all(Array.from({ length: 200 }, (_, index) => redis.set(`k${index}`, index)));
      assert.ok(results.every((result) => result === 'OK'));
      const values = await Promise.all(Array.from({ length: 200 }, (_, index) => redis.get(`k${index}`)));
      assert.deepEqual(values, Array.from({ length: 200 }, (_, index) => index));
      // A read sees what was written before it.
      for (let turn = 0; turn < 20; turn += 1) {
        await redis.set('turn', turn);
        assert.equal(await redis.get('turn'), turn);
      }
    });

    test('errors', ENOUGH, async () => {
      const redis = open();
      await redis.set('key', 'value');
      await assert.rejects(redis.lpush('key', 1), /WRONGTYPE Operation against a key/);
      await assert.rejects(redis.eval('return redis.error_reply("MINE so it is")', [], []), /MINE so it is/);
    });

    test('scripts', ENOUGH, async () => {
      const redis = open();
      const reply = await redis.eval("return {KEYS[1],ARGV[1],1,false,redis.status_reply('OK')}", ['k1'], ['a1']);
      assert.deepEqual(reply, ['k1', 'a1', 1, null, 'OK']);
      const script = redis.createScript?.('return ARGV[1]');
      if (!script) return;
      // It is not known yet, so that it is sent when its digest was not enough.
      assert.equal(await script.exec([], ['hello']), 'hello');
      assert.equal(await script.exec([], ['again']), 'again');
      const sha = await redis.scriptLoad('return 7');
      assert.deepEqual(await redis.scriptExists(sha, 'f'.repeat(40)), [1, 0]);
      assert.equal(await redis.evalsha(sha, [], []), 7);
    });

    test('scans', ENOUGH, async () => {
      const redis = open();
      const all = Array.from({ length: 50 }, (_, index) => `user:${index}`);
      await redis.mset(Object.fromEntries(all.map((key) => [key, 1])));
      const seen = [];
      let cursor = 0;
      do {
        const [next, keys] = await redis.scan(cursor, { match: 'user:*', count: 10 });
        seen.push(...keys);
        cursor = Number(next);
      } while (cursor !== 0);
      assert.deepEqual(seen.sort(), all.sort());
    });

    test('streams', ENOUGH, async () => {
      const redis = open();
      if (!redis.xadd || !redis.xrange) return;
      const id = await redis.xadd('stream', '*', { name: 'ann', n: 1 });
      assert.match(id, /^\d+-\d+$/);
      assert.deepEqual(await redis.xrange('stream', '-', '+'), { [id]: { name: 'ann', n: 1 } });
    });
  });
}

describe('@upstash/redis, what is new in it', { skip: missing }, () => {
  test('a scan with types', ENOUGH, async () => {
    const redis = new Redis(endpoint);
    await redis.set('string', 1);
    await redis.sadd('set', 1);
    const [cursor, found] = await redis.scan(0, { withType: true, count: 100 });
    assert.equal(cursor, '0');
    found.sort((a, b) => (a.key < b.key ? -1 : 1));
    assert.deepEqual(found, [{ key: 'set', type: 'set' }, { key: 'string', type: 'string' }]);
  });

  test('subscriptions, of channels and patterns', ENOUGH, async () => {
    const redis = new Redis(endpoint);
    for (const [subscribe, event] of [[() => redis.subscribe(['news', 'ch 2/x']), 'message'], [() => redis.psubscribe('ne*'), 'pmessage']]) {
      const subscriber = subscribe();
      const messages = [];
      let wake;
      subscriber.on('error', (error) => assert.fail(error));
      subscriber.on(event, (message) => {
        messages.push(message);
        wake?.();
      });
      await new Promise((resolve) => subscriber.on(event === 'message' ? 'subscribe' : 'psubscribe', resolve));
      while ((await ask(endpoint, 'PUBLISH', 'news', '{"hello":"wörld"}')) === 0);
      if (messages.length === 0) await new Promise((resolve) => (wake = resolve));
      assert.equal(messages[0].channel, 'news');
      assert.deepEqual(messages[0].message, { hello: 'wörld' });
      await subscriber.unsubscribe();
    }
    while (Number(await ask(endpoint, 'PUBSUB', 'NUMPAT')) + (await ask(endpoint, 'PUBSUB', 'CHANNELS')).length > 0);
  });

  test('every answer has another token, of which the next request takes the last', ENOUGH, async () => {
    const redis = new Redis(endpoint);
    const tokens = new Set();
    for (let turn = 0; turn < 5; turn += 1) {
      await redis.set('key', turn);
      tokens.add(redis.client.upstashSyncToken);
    }
    assert.equal(tokens.size, 5);
    assert.ok(!tokens.has(''));
  });

  test('a wrong token', ENOUGH, async () => {
    const redis = new Redis({ url: endpoint.url, token: 'wrong' });
    await assert.rejects(redis.get('key'), /WRONGPASS invalid or missing auth token/);
  });

  test('a request that is given up', ENOUGH, async () => {
    const given = new AbortController();
    const redis = new Redis({ ...endpoint, enableAutoPipelining: false, signal: given.signal });
    const waits = redis.exec(['BLPOP', 'queue', 0]);
    while (!/blocked_clients:1/.test(await ask(endpoint, 'INFO', 'clients')));
    given.abort('enough');
    await waits.catch(() => undefined);
    while (!/blocked_clients:0/.test(await ask(endpoint, 'INFO', 'clients')));
    await ask(endpoint, 'RPUSH', 'queue', 'a');
    assert.equal(await ask(endpoint, 'LLEN', 'queue'), 1);
  });
});
