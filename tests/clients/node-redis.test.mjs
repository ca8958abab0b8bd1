// node-redis (the package `redis`) with RESP2 and RESP3.

import assert from 'node:assert/strict';
import { after, beforeEach, describe, test } from 'node:test';
import { createClient, RESP_TYPES, WatchError } from 'redis';
import { startServer } from './server.mjs';

const server = await startServer();
after(() => server.stop());

const ENOUGH = { timeout: 30_000 };

for (const RESP of [2, 3]) describe(`node-redis, RESP${RESP}`, () => conformance(RESP));

/** @param {2 | 3} RESP */
function conformance(RESP) {
  const opened = [];
  /** A connected client that is closed when the tests of this protocol are over. */
  const connect = async (options = {}) => {
    const client = createClient({ url: server.url, RESP, ...options });
    // Tests that break connections on purpose listen for themselves.
    client.on('error', () => {});
    opened.push(client);
    return client.connect();
  };
  let redis;
  beforeEach(async () => {
    redis ??= await connect();
    await redis.flushAll();
  });
  after(() => opened.forEach((client) => client.isOpen && client.destroy()));

  test('handshake, name and client lists', ENOUGH, async () => {
    const named = await connect({ name: 'gull', database: 3 });
    assert.equal(await named.clientGetName(), 'gull');
    assert.equal(await named.ping(), 'PONG');
    const info = await named.clientInfo();
    assert.equal(info.name, 'gull');
    assert.equal(info.db, 3);
    assert.equal(info.id, await named.clientId());
    const names = (await redis.clientList()).map((client) => client.name);
    assert.ok(names.includes('gull'));
    assert.equal(await named.clientSetName('tern'), 'OK');
    assert.equal(await named.clientGetName(), 'tern');
    const hello = await named.hello(RESP);
    assert.equal(hello.proto, RESP);
    assert.equal(hello.role, 'master');
    assert.match(await redis.info('server'), /^redis_mode:standalone\r$/m);
    assert.ok((await redis.commandCount()) > 100);
    const [seconds] = await redis.time();
    assert.ok(Math.abs(Number(seconds) - Date.now() / 1000) < 60);
  });

  test('strings and expiry', ENOUGH, async () => {
    assert.equal(await redis.set('k', 'v', { EX: 60 }), 'OK');
    assert.equal(await redis.ttl('k'), 60);
    assert.equal(await redis.set('k', 'w', { NX: true }), null);
    assert.equal(await redis.set('k', 'w', { expiration: { type: 'KEEPTTL' }, GET: true }), 'v');
    assert.equal(await redis.ttl('k'), 60);
    assert.equal(await redis.getEx('k', { type: 'PERSIST' }), 'w');
    assert.equal(await redis.ttl('k'), -1);
    assert.equal(await redis.expire('k', 10, 'NX'), 1);
    assert.equal(await redis.incrBy('n', 5), 5);
    assert.equal(await redis.decr('n'), 4);
    assert.equal(await redis.incrByFloat('n', 0.25), '4.25');
    assert.equal(await redis.mSet({ a: '1', b: '2' }), 'OK');
    assert.deepEqual(await redis.mGet(['a', 'b', 'c']), ['1', '2', null]);
    assert.equal(await redis.getDel('a'), '1');
    assert.equal(await redis.append('b', '!'), 2);
    assert.equal(await redis.getRange('b', -1, -1), '!');
    assert.equal(await redis.exists(['a', 'b']), 1);
    assert.equal(await redis.type('b'), 'string');
    assert.equal(await redis.rename('b', 'c'), 'OK');
    assert.equal(await redis.copy('c', 'd'), 1);
    assert.equal(await redis.del(['c', 'd', 'e']), 2);
  });

  test('lists', ENOUGH, async () => {
    assert.equal(await redis.rPush('l', ['a', 'b', 'c', 'd']), 4);
    assert.equal(await redis.lPush('l', 'z'), 5);
    assert.deepEqual(await redis.lRange('l', 0, -1), ['z', 'a', 'b', 'c', 'd']);
    assert.equal(await redis.lMove('l', 'm', 'RIGHT', 'LEFT'), 'd');
    assert.equal(await redis.lPos('l', 'b'), 2);
    assert.equal(await redis.lRem('l', 1, 'a'), 1);
    assert.deepEqual(await redis.lPopCount('l', 2), ['z', 'b']);
    assert.deepEqual(await redis.lmPop(['none', 'l'], 'LEFT', { COUNT: 3 }), ['l', ['c']]);
    assert.equal(await redis.lLen('l'), 0);
  });

  test('hashes', ENOUGH, async () => {
    assert.equal(await redis.hSet('h', { name: 'gull', legs: 2 }), 2);
    assert.deepEqual({ ...(await redis.hGetAll('h')) }, { name: 'gull', legs: '2' });
    assert.equal(await redis.hIncrBy('h', 'legs', -1), 1);
    assert.deepEqual(await redis.hmGet('h', ['name', 'none']), ['gull', null]);
    assert.equal(await redis.hExists('h', 'none'), 0);
    assert.deepEqual((await redis.hKeys('h')).sort(), ['legs', 'name']);
    const fields = await redis.hRandFieldCountWithValues('h', 2);
    assert.deepEqual(fields.map(({ field }) => field).sort(), ['legs', 'name']);
    assert.equal(await redis.hDel('h', ['name', 'legs']), 2);
    assert.equal(await redis.exists('h'), 0);
  });

  test('sets', ENOUGH, async () => {
    assert.equal(await redis.sAdd('s', ['1', '2', '3']), 3);
    assert.equal(await redis.sAdd('t', ['2', '3', '4']), 3);
    assert.deepEqual([...(await redis.sInter(['s', 't']))].sort(), ['2', '3']);
    assert.deepEqual([...(await redis.sDiff(['s', 't']))], ['1']);
    assert.equal(await redis.sUnionStore('u', ['s', 't']), 4);
    assert.equal((await redis.sMembers('u')).length, 4);
    assert.deepEqual(await redis.smIsMember('u', ['1', '9']), [1, 0]);
    assert.equal(await redis.sInterCard(['s', 't']), 2);
    assert.equal((await redis.sPopCount('u', 3)).length, 3);
  });

  test('sorted sets', ENOUGH, async () => {
    const members = [
      { value: 'ann', score: 1 },
      { value: 'bob', score: 2.5 },
      { value: 'cid', score: Infinity },
    ];
    assert.equal(await redis.zAdd('z', members), 3);
    assert.deepEqual(await redis.zRangeWithScores('z', 0, -1), members);
    assert.equal(await redis.zScore('z', 'bob'), 2.5);
    assert.equal(await redis.zScore('z', 'none'), null);
    assert.deepEqual(await redis.zmScore('z', ['ann', 'none']), [1, null]);
    assert.equal(await redis.zIncrBy('z', 2, 'ann'), 3);
    assert.deepEqual(await redis.zRange('z', '-inf', 3, { BY: 'SCORE', LIMIT: { offset: 0, count: 1 } }), ['bob']);
    assert.equal(await redis.zRevRank('z', 'cid'), 0);
    assert.deepEqual(await redis.zPopMin('z'), { value: 'bob', score: 2.5 });
    assert.equal(await redis.zCount('z', 0, 10), 1);
    assert.deepEqual(await redis.zUnionWithScores(['z', 'z']), [
      { value: 'ann', score: 6 },
      { value: 'cid', score: Infinity },
    ]);
    assert.equal(await redis.zRem('z', ['ann', 'cid']), 2);
  });

  test('binary keys and values come back as they were', ENOUGH, async () => {
    const raw = redis.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
    const bytes = Buffer.from(Array.from({ length: 512 }, (_, n) => n % 256));
    const key = Buffer.from([0, 13, 10, 36, 255, 254]);
    await raw.set(key, bytes);
    assert.deepEqual(await raw.get(key), bytes);
    assert.deepEqual(await raw.keys('*'), [key]);
    await raw.rPush('l', [bytes, Buffer.alloc(0)]);
    assert.deepEqual(await raw.lRange('l', 0, -1), [bytes, Buffer.alloc(0)]);
  });

  test('a pipeline of 10,000 commands', ENOUGH, async () => {
    const replies = await Promise.all(Array.from({ length: 10_000 }, (_, n) => redis.rPush('numbers', String(n))));
    assert.deepEqual(replies, Array.from({ length: 10_000 }, (_, n) => n + 1));
    const numbers = await redis.lRange('numbers', 0, -1);
    assert.ok(numbers.every((text, n) => text === String(n)));
  });

  test('MULTI, EXEC and WATCH', ENOUGH, async () => {
    assert.deepEqual(await redis.multi().set('k', '1').incr('k').hSet('h', 'f', 'v').hGetAll('h').exec().then(plain), [
      'OK',
      2,
      1,
      { f: 'v' },
    ]);

    const other = await connect();
    await other.watch('k');
    await redis.set('k', 'changed');
    await assert.rejects(other.multi().set('k', 'mine').exec(), WatchError);
    assert.equal(await redis.get('k'), 'changed');
    await other.watch('k');
    await other.unwatch();
    assert.deepEqual(await other.multi().get('k').exec(), ['changed']);

    await redis.set('text', 'abc');
    await assert.rejects(redis.multi().incr('text').get('text').exec(), (error) => {
      assert.deepEqual(error.errorIndexes.length, 1);
      assert.equal(error.replies[0].message, 'ERR value is not an integer or out of range');
      assert.equal(error.replies[1], 'abc');
      return true;
    });
    // The client reports the first refusal, which makes EXEC fail.
    await assert.rejects(redis.multi().addCommand(['NOSUCH']).set('k', 'never').exec(), /ERR unknown command 'NOSUCH'/);
    assert.equal(await redis.get('k'), 'changed');
    assert.deepEqual(await redis.multi().ping().execAsPipeline(), ['PONG']);
  });

  test('publish and subscribe, patterns and sharded channels', ENOUGH, async () => {
    const listener = await connect();
    const heard = [];
    const hear = (kind) => (message, channel) => heard.push([kind, channel, message]);
    await listener.subscribe(['news', 'weather'], hear('channel'));
    await listener.pSubscribe('n?ws', hear('pattern'));
    await listener.sSubscribe('shard', hear('shard'));
    assert.deepEqual({ ...(await redis.pubSubNumSub(['news', 'none'])) }, { news: 1, none: 0 });
    assert.equal(await redis.pubSubNumPat(), 1);
    assert.deepEqual(await redis.pubSubShardChannels(), ['shard']);

    assert.equal(await redis.publish('news', 'extra'), 2);
    assert.equal(await redis.sPublish('shard', 'local'), 1);
    await listener.unsubscribe('news');
    assert.equal(await redis.publish('news', 'only the pattern'), 1);
    // Its reply comes after everything that was published before.
    await listener.pUnsubscribe('n?ws');
    assert.deepEqual(heard, [
      ['channel', 'news', 'extra'],
      ['pattern', 'news', 'extra'],
      ['shard', 'shard', 'local'],
      ['pattern', 'news', 'only the pattern'],
    ]);
    await listener.unsubscribe();
    await listener.sUnsubscribe();
    // The client hands out bytes here when the protocol is RESP2.
    assert.equal(String(await listener.echo('ordinary again')), 'ordinary again');
  });

  test('subscriptions hold binary messages', ENOUGH, async () => {
    const listener = await connect();
    const message = Buffer.from([255, 0, 13, 10]);
    const heard = new Promise((resolve) => listener.subscribe('raw', resolve, true));
    await listener.ping();
    assert.equal(await redis.publish('raw', message), 1);
    assert.deepEqual(await heard, message);
  });

  test('blocking pops wait for other connections', ENOUGH, async () => {
    const worker = await connect();
    const id = await worker.clientId();
    const blocked = async (reply) => {
      for (let asked = 0; asked < 100_000; asked += 1) {
        const flags = (await redis.clientList()).find((client) => client.id === id).flags;
        if (flags.includes('b')) return reply;
      }
      return assert.fail('the worker never blocked');
    };
    let popped = worker.blPop(['a', 'b'], 0);
    await blocked();
    await redis.rPush('b', 'job');
    assert.deepEqual({ ...(await popped) }, { key: 'b', element: 'job' });

    popped = worker.blMove('from', 'to', 'LEFT', 'LEFT', 0);
    await blocked();
    await redis.rPush('from', 'job');
    assert.equal(await popped, 'job');

    popped = worker.blmPop(0, ['x', 'y'], 'LEFT', { COUNT: 10 });
    await blocked();
    await redis.rPush('y', ['1', '2']);
    assert.deepEqual(await popped, ['y', ['1', '2']]);

    popped = worker.bzPopMax('z', 0);
    await blocked();
    await redis.zAdd('z', { value: 'm', score: 7 });
    assert.deepEqual({ ...(await popped) }, { key: 'z', value: 'm', score: 7 });

    assert.equal(await worker.brPop('nothing', 0.01), null);
  });

  test('scan iterators see every element', ENOUGH, async () => {
    const replies = [];
    for (let n = 0; n < 1500; n += 1) {
      replies.push(redis.set(`key:${n}`, n), redis.hSet('hash', `f${n}`, n), redis.sAdd('set', `m${n}`));
      replies.push(redis.zAdd('zset', { value: `m${n}`, score: n }));
    }
    await Promise.all(replies);
    const seen = { keys: new Set(), fields: new Set(), members: new Set(), scores: new Set() };
    for await (const keys of redis.scanIterator({ MATCH: 'key:*', COUNT: 50 })) keys.forEach((key) => seen.keys.add(key));
    for await (const entries of redis.hScanIterator('hash')) entries.forEach(({ field }) => seen.fields.add(field));
    for await (const members of redis.sScanIterator('set')) members.forEach((member) => seen.members.add(member));
    for await (const members of redis.zScanIterator('zset')) members.forEach(({ score }) => seen.scores.add(score));
    for (const [what, set] of Object.entries(seen)) assert.equal(set.size, 1500, what);
  });

  test('errors are exceptions with the exact text', ENOUGH, async () => {
    await redis.rPush('list', 'x');
    await redis.set('text', 'abc');
    await assert.rejects(redis.get('list'), {
      message: 'WRONGTYPE Operation against a key holding the wrong kind of value',
    });
    await assert.rejects(redis.incr('text'), { message: 'ERR value is not an integer or out of range' });
    await assert.rejects(redis.sendCommand(['GET']), { message: "ERR wrong number of arguments for 'get' command" });
    await assert.rejects(redis.sendCommand(['NOSUCH', 'a']), {
      message: "ERR unknown command 'NOSUCH', with args beginning with: 'a' ",
    });
    await assert.rejects(redis.hIncrBy('text', 'f', 1), /^Error: WRONGTYPE/);
    await assert.rejects(redis.lSet('none', 0, 'v'), { message: 'ERR no such key' });
    await assert.rejects(redis.sendCommand(['HELLO', '9']), { message: 'NOPROTO unsupported protocol version' });
    assert.equal(await redis.get('text'), 'abc');
  });

  test('databases are apart', ENOUGH, async () => {
    const second = await connect({ database: 1 });
    await redis.set('k', 'zero');
    await second.set('k', 'one');
    assert.equal(await redis.get('k'), 'zero');
    assert.equal(await redis.swapDb(0, 1), 'OK');
    assert.equal(await redis.get('k'), 'one');
    await second.flushDb();
    assert.equal(await redis.dbSize(), 1);
    await second.select(2);
    assert.equal(await second.dbSize(), 0);
  });

  test('reconnects after CLIENT KILL', ENOUGH, async () => {
    const victim = await connect({ name: 'victim', database: 4, socket: { reconnectStrategy: () => 1 } });
    await victim.set('k', 'v');
    const back = new Promise((resolve) => victim.once('ready', resolve));
    assert.equal(await redis.clientKill({ filter: 'ID', id: await victim.clientId() }), 1);
    await back;
    assert.equal(await victim.clientGetName(), 'victim');
    assert.equal(await victim.get('k'), 'v');
  });

  test('a value of 5 MB', ENOUGH, async () => {
    const large = 'sanderling'.repeat(500_000);
    assert.equal(await redis.set('large', large), 'OK');
    assert.equal(await redis.strLen('large'), large.length);
    assert.equal((await redis.get('large')) === large, true);
  });

  test('typed replies of the protocol', ENOUGH, async () => {
    await redis.zAdd('z', { value: 'm', score: 1.5 });
    await redis.hSet('h', 'f', 'v');
    const score = await redis.sendCommand(['ZSCORE', 'z', 'm']);
    assert.deepEqual(score, RESP === 3 ? 1.5 : '1.5');
    const all = await redis.sendCommand(['HGETALL', 'h']);
    assert.deepEqual(RESP === 3 ? { ...all } : all, RESP === 3 ? { f: 'v' } : ['f', 'v']);
    const config = await redis.configGet('maxclients');
    assert.match(config.maxclients, /^\d+$/);
  });

  test('a pool shares its connections', ENOUGH, async () => {
    const { createClientPool } = await import('redis');
    const pool = await createClientPool({ url: server.url, RESP }, { minimum: 2, maximum: 4 }).connect();
    const counts = await Promise.all(Array.from({ length: 200 }, () => pool.incr('n')));
    assert.deepEqual(counts.sort((a, b) => a - b), Array.from({ length: 200 }, (_, n) => n + 1));
    await pool.close();
  });
}

test('a password is asked for and checked', ENOUGH, async () => {
  const guarded = await startServer(['--requirepass', 'a secret']);
  for (const RESP of [2, 3]) {
    const open = (password) =>
      createClient({ url: guarded.url, RESP, password, socket: { reconnectStrategy: false } })
        .on('error', () => {})
        .connect();
    const known = await open('a secret');
    assert.equal(await known.set('k', 'v'), 'OK');
    known.destroy();
    await assert.rejects(open('a guess'), { message: 'WRONGPASS invalid username-password pair or user is disabled.' });
  }
  const stranger = await createClient({ url: guarded.url, RESP: 2 }).on('error', () => {}).connect();
  await assert.rejects(stranger.get('k'), { message: 'NOAUTH Authentication required.' });
  stranger.destroy();
  await guarded.stop();
});

/** Replies with their null-prototype objects as ordinary ones. */
function plain(replies) {
  return replies.map((reply) => (reply && typeof reply === 'object' ? { ...reply } : reply));
}
