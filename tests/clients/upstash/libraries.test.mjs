// What builds on Upstash's SDK, as it is: rate limits, locks, queues, storage, events, log-ins.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { UpstashRedisAdapter } from '@auth/upstash-redis-adapter';
import { Lock } from '@upstash/lock';
import { Queue } from '@upstash/queue';
import { Ratelimit } from '@upstash/ratelimit';
import { Realtime, handle } from '@upstash/realtime';
import { Redis } from '@upstash/redis';
import { createStorage } from 'unstorage';
import upstashDriver from 'unstorage/drivers/upstash';
import { z } from 'zod';
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

describe('@upstash/realtime', { skip: missing }, () => {
  const schema = { chat: { message: z.object({ text: z.string() }) } };

  test('events reach who listens, those from before first', ENOUGH, async ({ mock }) => {
    // Its pings of a subscription go on after that has ended, and would keep the test from ending.
    mock.timers.enable({ apis: ['setInterval'] });
    const realtime = new Realtime({ schema, redis, history: { maxLength: 10, expireAfterSecs: 60 } });
    const room = realtime.channel('room');
    await room.emit('chat.message', { text: 'before' });
    assert.equal(await redis.ttl('room'), 60);
    const seen = [];
    const whole = deferred();
    const stop = await room.subscribe({
      events: ['chat.message'],
      history: true,
      onData: ({ data, cursor }) => {
        assert.match(cursor, /^\d+-\d+$/);
        if (seen.push(data.text) === 3) whole.resolve();
      },
    });
    await room.emit('chat.message', { text: 'a, "b"\n\u00e9' });
    await room.emit('chat.message', { text: 'last' });
    await whole.promise;
    assert.deepEqual(seen, ['before', 'a, "b"\n\u00e9', 'last']);
    await stop();
    const history = await room.history();
    assert.deepEqual(history.map(({ data }) => data.text), seen);
    await assert.rejects(room.emit('chat.message', { text: 7 }), { name: /ZodError/ });
  });

  test('a page gets them as a stream', ENOUGH, async () => {
    const realtime = new Realtime({ schema, redis });
    const leaving = new AbortController();
    const request = new Request('http://localhost/api/realtime?channel=room', { signal: leaving.signal });
    const response = await handle({ realtime })(request);
    const pieces = response.body.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
    const next = async () => JSON.parse((await pieces.next()).value.replace(/^data: /, ''));
    assert.deepEqual(await next(), { type: 'connected', channel: 'room' });
    await realtime.channel('room').emit('chat.message', { text: 'hello' });
    const { event, data, channel } = await next();
    assert.deepEqual({ event, data, channel }, { event: 'chat.message', data: { text: 'hello' }, channel: 'room' });
    leaving.abort();
  });
});

/** What `Promise.withResolvers` gives, which Node 20 does not have. */
function deferred() {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
}

test("Auth.js's adapter", { ...ENOUGH, skip: missing }, async () => {
  const adapter = UpstashRedisAdapter(redis, { baseKeyPrefix: 'auth:' });
  const user = await adapter.createUser({ name: 'Ann', email: 'ann@a.example', emailVerified: new Date(0) });
  assert.deepEqual(await adapter.getUserByEmail('ann@a.example'), user);
  const account = { userId: user.id, type: 'oauth', provider: 'hub', providerAccountId: '7' };
  await adapter.linkAccount(account);
  assert.deepEqual(await adapter.getUserByAccount(account), user);
  const expires = new Date(1_900_000_000_000);
  await adapter.createSession({ sessionToken: 't', userId: user.id, expires });
  const found = await adapter.getSessionAndUser('t');
  assert.deepEqual([found.user.name, found.session.expires], ['Ann', expires]);
  await adapter.createVerificationToken({ identifier: 'ann@a.example', token: 'v', expires });
  assert.deepEqual((await adapter.useVerificationToken({ identifier: 'ann@a.example', token: 'v' })).expires, expires);
  assert.equal(await adapter.useVerificationToken({ identifier: 'ann@a.example', token: 'v' }), null);
  await adapter.deleteSession('t');
  assert.equal(await adapter.getSessionAndUser('t'), null);
  await adapter.deleteUser(user.id);
  assert.equal(await adapter.getUser(user.id), null);
});
