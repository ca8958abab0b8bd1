// ioredis, the client most Node programs use: version 5 (RESP2) and 6 (RESP2, RESP3).

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, beforeEach, describe, test } from 'node:test';
import Redis5 from 'ioredis';
import Redis6 from 'ioredis6';
import { startServer } from './server.mjs';

const server = await startServer();
after(() => server.stop());

const ENOUGH = { timeout: 30_000 };
const variants = [
  ['ioredis 5', (options) => new Redis5(server.url, options)],
  ['ioredis 6, RESP2', (options) => new Redis6(server.url, { protocol: 2, ...options })],
  ['ioredis 6, RESP3', (options) => new Redis6(server.url, { protocol: 3, ...options })],
];

for (const [name, open] of variants) describe(name, () => conformance(open));

function conformance(open) {
  const opened = [];
  /** A client that is closed when the tests of this variant are over. */
  const connect = (options) => {
    const client = open(options);
    // Tests that break connections on purpose listen for themselves.
    client.on('error', () => {});
    opened.push(client);
    return client;
  };
  const redis = connect({});
  after(() => opened.forEach((client) => client.disconnect()));
  beforeEach(() => redis.flushall());

  test('handshake, name and INFO', ENOUGH, async () => {
    const named = connect({ connectionName: 'gull', db: 3 });
    assert.equal(await named.client('GETNAME'), 'gull');
    assert.equal(await named.ping(), 'PONG');
    assert.equal(await named.echo('hello'), 'hello');
    assert.match(await named.client('INFO'), /name=gull .*db=3/);
    const id = await named.client('ID');
    const list = await redis.client('LIST');
    assert.match(list, new RegExp(`^id=${id} addr=127.0.0.1:\\d+ .*name=gull`, 'm'));
    assert.match(await redis.info('server'), /^redis_version:\d+\.\d+\.\d+\r$/m);
    assert.match(await redis.info(), /^# Keyspace\r$/m);
  });

  test('strings', ENOUGH, async () => {
    assert.equal(await redis.set('k', 'v'), 'OK');
    assert.equal(await redis.get('k'), 'v');
    assert.equal(await redis.get('missing'), null);
    assert.equal(await redis.set('k', 'w', 'NX'), null);
    assert.equal(await redis.set('k', 'w', 'EX', 100, 'XX', 'GET'), 'v');
    assert.equal(await redis.ttl('k'), 100);
    assert.equal(await redis.getset('k', 'x'), 'w');
    assert.equal(await redis.ttl('k'), -1);
    assert.equal(await redis.append('k', 'yz'), 3);
    assert.equal(await redis.strlen('k'), 3);
    assert.equal(await redis.getrange('k', 1, -1), 'yz');
    assert.equal(await redis.setrange('k', 5, '!'), 6);
    assert.equal(await redis.get('k'), 'xyz\0\0!');
    assert.equal(await redis.incr('n'), 1);
    assert.equal(await redis.incrby('n', 41), 42);
    assert.equal(await redis.decrby('n', 50), -8);
    assert.equal(await redis.incrbyfloat('n', 0.5), '-7.5');
    assert.equal(await redis.mset({ a: 1, b: 2 }), 'OK');
    assert.equal(await redis.msetnx('b', 3, 'c', 4), 0);
    assert.deepEqual(await redis.mget('a', 'b', 'c'), ['1', '2', null]);
    assert.equal(await redis.setex('e', 10, 'v'), 'OK');
    assert.equal(await redis.getex('e', 'PERSIST'), 'v');
    assert.equal(await redis.ttl('e'), -1);
    assert.equal(await redis.getdel('e'), 'v');
    assert.equal(await redis.exists('e', 'a', 'a'), 2);
  });

  test('keys', ENOUGH, async () => {
    await redis.mset('a', 1, 'b', 2, 'ab', 3);
    assert.deepEqual((await redis.keys('a*')).sort(), ['a', 'ab']);
    assert.equal(await redis.rename('a', 'z'), 'OK');
    assert.equal(await redis.renamenx('z', 'b'), 0);
    assert.equal(await redis.copy('b', 'copy'), 1);
    assert.equal(await redis.type('copy'), 'string');
    assert.equal(await redis.object('ENCODING', 'b'), 'int');
    assert.equal(await redis.expire('b', 100), 1);
    assert.equal(await redis.expire('b', 50, 'GT'), 0);
    assert.equal(await redis.persist('b'), 1);
    assert.equal(await redis.pexpireat('b', Date.now() - 1), 1);
    assert.equal(await redis.exists('b'), 0);
    assert.equal(await redis.unlink('ab', 'z', 'none'), 2);
    assert.equal(await redis.dbsize(), 1);
    await redis.rpush('list', 3, 1, 2);
    assert.deepEqual(await redis.sort('list', 'DESC', 'LIMIT', 0, 2), ['3', '2']);
    assert.equal(await redis.randomkey() !== null, true);
    assert.equal(await redis.touch('list', 'none'), 1);
  });

  test('lists', ENOUGH, async () => {
    assert.equal(await redis.rpush('l', 'a', 'b', 'c'), 3);
    assert.equal(await redis.lpush('l', 'z'), 4);
    assert.deepEqual(await redis.lrange('l', 0, -1), ['z', 'a', 'b', 'c']);
    assert.equal(await redis.lindex('l', -1), 'c');
    assert.equal(await redis.linsert('l', 'BEFORE', 'b', 'x'), 5);
    assert.equal(await redis.lset('l', 0, 'y'), 'OK');
    assert.equal(await redis.lpos('l', 'x'), 2);
    assert.equal(await redis.lrem('l', 0, 'x'), 1);
    assert.deepEqual(await redis.lpop('l', 2), ['y', 'a']);
    assert.equal(await redis.rpop('l'), 'c');
    assert.equal(await redis.lmove('l', 'm', 'LEFT', 'RIGHT'), 'b');
    assert.equal(await redis.exists('l'), 0);
    assert.equal(await redis.rpoplpush('m', 'l'), 'b');
    await redis.rpush('l', 1, 2, 3, 4);
    assert.equal(await redis.ltrim('l', 1, 2), 'OK');
    assert.deepEqual(await redis.lmpop(2, 'none', 'l', 'RIGHT', 'COUNT', 5), ['l', ['2', '1']]);
    assert.equal(await redis.lpop('none'), null);
    assert.equal(await redis.rpushx('none', 'v'), 0);
  });

  test('hashes', ENOUGH, async () => {
    assert.equal(await redis.hset('h', { name: 'gull', legs: 2, flies: true }), 3);
    assert.equal(await redis.hset('h', 'legs', 2, 'eggs', 3), 1);
    assert.equal(await redis.hget('h', 'flies'), 'true');
    assert.deepEqual({ ...(await redis.hgetall('h')) }, { name: 'gull', legs: '2', flies: 'true', eggs: '3' });
    assert.deepEqual(await redis.hgetall('none'), {});
    assert.deepEqual(await redis.hmget('h', 'name', 'none'), ['gull', null]);
    assert.equal(await redis.hincrby('h', 'legs', 40), 42);
    assert.equal(await redis.hincrbyfloat('h', 'eggs', '0.25'), '3.25');
    assert.equal(await redis.hexists('h', 'name'), 1);
    assert.equal(await redis.hstrlen('h', 'name'), 4);
    assert.equal(await redis.hsetnx('h', 'name', 'tern'), 0);
    assert.deepEqual((await redis.hkeys('h')).sort(), ['eggs', 'flies', 'legs', 'name']);
    assert.equal((await redis.hvals('h')).length, 4);
    assert.equal(await redis.hdel('h', 'eggs', 'none'), 1);
    assert.equal(await redis.hlen('h'), 3);
    assert.equal((await redis.hrandfield('h', 2)).length, 2);
  });

  test('sets', ENOUGH, async () => {
    assert.equal(await redis.sadd('s', 1, 2, 3, 'x'), 4);
    assert.equal(await redis.sadd('t', 2, 3, 4), 3);
    assert.deepEqual((await redis.smembers('s')).sort(), ['1', '2', '3', 'x']);
    assert.deepEqual((await redis.sinter('s', 't')).sort(), ['2', '3']);
    assert.deepEqual((await redis.sunion('s', 't')).sort(), ['1', '2', '3', '4', 'x']);
    assert.deepEqual((await redis.sdiff('s', 't')).sort(), ['1', 'x']);
    assert.equal(await redis.sinterstore('both', 's', 't'), 2);
    assert.equal(await redis.sintercard(2, 's', 't', 'LIMIT', 1), 1);
    assert.equal(await redis.sismember('s', 'x'), 1);
    assert.deepEqual(await redis.smismember('s', 'x', 'y'), [1, 0]);
    assert.equal(await redis.smove('s', 't', 'x'), 1);
    assert.equal(await redis.srem('t', 'x', 'none'), 1);
    assert.equal(await redis.scard('s'), 3);
    assert.equal((await redis.spop('s', 2)).length, 2);
    assert.ok(['1', '2', '3'].includes(await redis.srandmember('s')));
  });

  test('sorted sets', ENOUGH, async () => {
    assert.equal(await redis.zadd('z', 1, 'one', 2.5, 'two and a half', '-inf', 'nothing'), 3);
    assert.equal(await redis.zadd('z', 'XX', 'CH', 3, 'one'), 1);
    assert.equal(await redis.zscore('z', 'two and a half'), '2.5');
    assert.deepEqual(await redis.zmscore('z', 'one', 'none'), ['3', null]);
    assert.deepEqual(await redis.zrange('z', 0, -1), ['nothing', 'two and a half', 'one']);
    assert.deepEqual(await redis.zrange('z', '(2.5', '+inf', 'BYSCORE'), ['one']);
    assert.deepEqual(await redis.zrangebyscore('z', 0, 10, 'LIMIT', 1, 1), ['one']);
    assert.equal(await redis.zrank('z', 'one'), 2);
    assert.equal(await redis.zrevrank('z', 'none'), null);
    assert.equal(await redis.zincrby('z', 0.5, 'one'), '3.5');
    assert.equal(await redis.zcount('z', '-inf', '+inf'), 3);
    assert.equal((await redis.zpopmin('z'))[0], 'nothing');
    assert.equal(await redis.zrem('z', 'one'), 1);
    await redis.zadd('lex', 0, 'a', 0, 'b', 0, 'c');
    assert.deepEqual(await redis.zrange('lex', '[b', '+', 'BYLEX'), ['b', 'c']);
    assert.equal(await redis.zlexcount('lex', '-', '(c'), 2);
    assert.equal(await redis.zunionstore('u', 2, 'z', 'lex', 'WEIGHTS', 2, 1), 4);
    assert.equal(await redis.zscore('u', 'two and a half'), '5');
    assert.equal(await redis.zremrangebyrank('u', 0, 1), 2);
    assert.equal(await redis.zcard('u'), 2);
  });

  test('binary keys and values come back as they were', ENOUGH, async () => {
    const bytes = Buffer.from(Array.from({ length: 512 }, (_, n) => n % 256));
    const key = Buffer.from([0, 13, 10, 36, 255, 254]);
    await redis.set(key, bytes);
    assert.deepEqual(await redis.getBuffer(key), bytes);
    assert.deepEqual(await redis.keysBuffer('*'), [key]);
    await redis.hset('h', key, bytes);
    assert.deepEqual(await redis.hgetBuffer('h', key), bytes);
    await redis.sadd('s', bytes);
    assert.deepEqual(await redis.smembersBuffer('s'), [bytes]);
    await redis.set('empty', '');
    assert.equal(await redis.get('empty'), '');
    await redis.set('ключ', '値 🐦');
    assert.equal(await redis.get('ключ'), '値 🐦');
  });

  test('pipelines answer in order, errors in their place', ENOUGH, async () => {
    const replies = await redis
      .pipeline()
      .set('k', 'v')
      .lpush('k', 'x')
      .get('k')
      .incr('k')
      .exec();
    assert.equal(replies.length, 4);
    assert.deepEqual(replies[0], [null, 'OK']);
    assert.match(replies[1][0].message, /^WRONGTYPE Operation against a key holding the wrong kind of value$/);
    assert.deepEqual(replies[2], [null, 'v']);
    assert.match(replies[3][0].message, /^ERR value is not an integer or out of range$/);
  });

  test('a pipeline of 10,000 commands', ENOUGH, async () => {
    const pipeline = redis.pipeline();
    for (let n = 0; n < 10_000; n += 1) pipeline.rpush('numbers', n);
    const replies = await pipeline.exec();
    assert.deepEqual(replies.map(([, length]) => length), Array.from({ length: 10_000 }, (_, n) => n + 1));
    const numbers = await redis.lrange('numbers', 0, -1);
    assert.ok(numbers.every((text, n) => text === String(n)));
  });

  test('autopipelining', ENOUGH, async () => {
    const auto = connect({ enableAutoPipelining: true });
    const replies = await Promise.all(Array.from({ length: 1000 }, () => auto.incr('n')));
    assert.deepEqual(replies, Array.from({ length: 1000 }, (_, n) => n + 1));
  });

  test('MULTI, EXEC, DISCARD and WATCH', ENOUGH, async () => {
    assert.deepEqual(await redis.multi().set('k', 1).incr('k').get('k').exec(), [
      [null, 'OK'],
      [null, 2],
      [null, '2'],
    ]);

    const other = connect({});
    await redis.watch('k');
    await other.set('k', 'changed');
    assert.equal(await redis.multi().set('k', 'mine').exec(), null);
    assert.equal(await redis.get('k'), 'changed');

    await redis.watch('k');
    await redis.unwatch();
    await other.set('k', 'changed again');
    assert.deepEqual(await redis.multi().get('k').exec(), [[null, 'changed again']]);

    await redis.multi({ pipeline: false });
    assert.equal(await redis.set('k', 'never'), 'QUEUED');
    assert.equal(await redis.discard(), 'OK');
    assert.equal(await redis.get('k'), 'changed again');

    await assert.rejects(redis.multi().call('NOSUCH', 'command').set('k', 'v').exec(), (error) => {
      assert.match(error.message, /^EXECABORT Transaction discarded because of previous errors\.$/);
      return true;
    });
    await assert.rejects(redis.call('EXEC'), { message: 'ERR EXEC without MULTI' });
  });

  test('publish and subscribe, patterns and sharded channels', ENOUGH, async () => {
    const listener = connect({});
    const heard = [];
    listener.on('message', (channel, message) => heard.push(['message', channel, message]));
    listener.on('pmessage', (pattern, channel, message) => heard.push(['pmessage', pattern, channel, message]));
    listener.on('smessage', (channel, message) => heard.push(['smessage', channel, message]));

    assert.equal(await listener.subscribe('news', 'weather'), 2);
    assert.equal(await listener.psubscribe('n?ws'), 3);
    assert.equal(await listener.ssubscribe('shard'), 1);
    assert.deepEqual(await redis.pubsub('NUMSUB', 'news', 'none'), ['news', 1, 'none', 0]);
    assert.equal(await redis.pubsub('NUMPAT'), 1);
    assert.deepEqual((await redis.pubsub('CHANNELS')).sort(), ['news', 'weather']);
    assert.deepEqual(await redis.pubsub('SHARDCHANNELS'), ['shard']);

    assert.equal(await redis.publish('news', 'extra'), 2);
    assert.equal(await redis.publish('nobody', 'there'), 0);
    assert.equal(await redis.spublish('shard', 'local'), 1);
    assert.equal(await listener.unsubscribe('news'), 2);
    assert.equal(await redis.publish('weather', 'rain'), 1);
    // Its reply comes after everything that was published before.
    await listener.punsubscribe('n?ws');

    assert.deepEqual(heard, [
      ['message', 'news', 'extra'],
      ['pmessage', 'n?ws', 'news', 'extra'],
      ['smessage', 'shard', 'local'],
      ['message', 'weather', 'rain'],
    ]);
  });

  test('blocking pops wait for other connections, first come first served', ENOUGH, async () => {
    const waiters = [connect({}), connect({}), connect({})];
    const popped = [];
    for (const [n, waiter] of waiters.entries()) {
      const id = await waiter.client('ID');
      popped.push(waiter.blpop('queue', 'other', 0));
      await untilBlocked(redis, id, `waiter ${n}`);
    }
    assert.equal(await redis.rpush('queue', 'first', 'second'), 2);
    assert.equal(await redis.rpush('other', 'third'), 1);
    assert.deepEqual(await Promise.all(popped), [
      ['queue', 'first'],
      ['queue', 'second'],
      ['other', 'third'],
    ]);
    assert.equal(await redis.exists('queue', 'other'), 0);

    const [worker] = waiters;
    const moved = worker.blmove('from', 'to', 'LEFT', 'RIGHT', 0);
    await untilBlocked(redis, await idOf(redis, 'blmove'), 'BLMOVE');
    await redis.rpush('from', 'job');
    assert.equal(await moved, 'job');
    assert.deepEqual(await redis.lrange('to', 0, -1), ['job']);

    const lowest = worker.bzpopmin('board', 0);
    await untilBlocked(redis, await idOf(redis, 'bzpopmin'), 'BZPOPMIN');
    await redis.zadd('board', 2, 'b', 1, 'a');
    const [key, member, score] = await lowest;
    assert.deepEqual([key, member, Number(score)], ['board', 'a', 1]);

    assert.equal(await worker.brpop('nothing', 0.01), null);
    assert.equal(await worker.ping(), 'PONG');
  });

  test('scan streams see every element', ENOUGH, async () => {
    const pipeline = redis.pipeline();
    for (let n = 0; n < 2000; n += 1) {
      pipeline.set(`key:${n}`, n).hset('hash', `f${n}`, n).sadd('set', `m${n}`).zadd('zset', n, `m${n}`);
    }
    await pipeline.exec();
    const gather = async (stream) => {
      const seen = [];
      for await (const batch of stream) seen.push(...batch);
      return seen;
    };
    assert.equal(new Set(await gather(redis.scanStream({ match: 'key:*', count: 100 }))).size, 2000);
    assert.equal(new Set(await gather(redis.scanStream({ type: 'zset' }))).size, 1);
    assert.equal(new Set(await gather(redis.sscanStream('set'))).size, 2000);
    const fields = await gather(redis.hscanStream('hash', { match: 'f1*' }));
    assert.equal(new Set(fields.filter((_, n) => n % 2 === 0)).size, 1111);
    const members = await gather(redis.zscanStream('zset'));
    assert.equal(new Set(members.filter((_, n) => n % 2 === 0)).size, 2000);
  });

  test('errors are exceptions with the exact text', ENOUGH, async () => {
    await redis.rpush('list', 'x');
    await redis.set('text', 'abc');
    const fails = async (text, ...command) => assert.rejects(redis.call(...command), { name: 'ReplyError', message: text });
    await fails('WRONGTYPE Operation against a key holding the wrong kind of value', 'GET', 'list');
    await fails('ERR value is not an integer or out of range', 'INCR', 'text');
    await fails('ERR value is not a valid float', 'INCRBYFLOAT', 'text', '1');
    await fails("ERR wrong number of arguments for 'get' command", 'GET');
    await fails('ERR syntax error', 'SET', 'k', 'v', 'EX');
    await fails("ERR invalid expire time in 'set' command", 'SET', 'k', 'v', 'EX', '0');
    await fails("ERR unknown command 'NOSUCH', with args beginning with: 'a' 'b' ", 'NOSUCH', 'a', 'b');
    await fails('ERR no such key', 'RENAME', 'none', 'k');
    await fails('ERR index out of range', 'LSET', 'list', '5', 'v');
    await fails('ERR DB index is out of range', 'SELECT', '99');
    await fails('ERR min or max is not a float', 'ZCOUNT', 'z', 'a', 'b');
    await fails('ERR timeout is negative', 'BLPOP', 'k', '-1');
    assert.equal(await redis.get('text'), 'abc');
  });

  test('databases are apart', ENOUGH, async () => {
    const second = connect({ db: 1 });
    await redis.set('k', 'zero');
    await second.set('k', 'one');
    await second.set('only', 'one');
    assert.equal(await redis.get('k'), 'zero');
    assert.equal(await redis.exists('only'), 0);
    assert.equal(await second.move('only', 0), 1);
    assert.equal(await redis.get('only'), 'one');
    assert.match(await redis.info('keyspace'), /^db0:keys=2,.*\r\ndb1:keys=1,/m);
    assert.equal(await redis.swapdb(0, 1), 'OK');
    assert.equal(await redis.get('k'), 'one');
    await second.flushdb();
    assert.equal(await second.dbsize(), 0);
    assert.equal(await redis.dbsize(), 1);
  });

  test('reconnects after CLIENT KILL and keeps its subscriptions', ENOUGH, async () => {
    const victim = connect({ connectionName: 'victim', retryStrategy: () => 1 });
    await victim.ping();
    const back = once(victim, 'ready');
    assert.equal(await redis.client('KILL', 'ID', await victim.client('ID')), 1);
    await back;
    assert.equal(await victim.client('GETNAME'), 'victim');

    const listener = connect({ retryStrategy: () => 1 });
    const id = await listener.client('ID');
    await listener.subscribe('news');
    const restored = once(listener, 'ready');
    assert.equal(await redis.client('KILL', 'ID', id, 'TYPE', 'pubsub'), 1);
    await restored;
    const heard = once(listener, 'message');
    while ((await redis.publish('news', 'again')) === 0);
    assert.deepEqual(await heard, ['news', 'again']);
  });

  test('a value of 5 MB', ENOUGH, async () => {
    const large = Buffer.alloc(5_000_000, 'sanderling ');
    assert.equal(await redis.set('large', large), 'OK');
    assert.equal(await redis.strlen('large'), large.length);
    assert.ok(large.equals(await redis.getBuffer('large')));
    assert.equal(await redis.getrange('large', 4_999_990, -1), large.subarray(4_999_990).toString());
    assert.equal(await redis.append('large', '!'), large.length + 1);
  });

  test('connections quit when asked to', ENOUGH, async () => {
    const leaver = connect({});
    await leaver.ping();
    const ended = once(leaver, 'end');
    assert.equal(await leaver.quit(), 'OK');
    await ended;
  });
}

test('a password is asked for and checked', ENOUGH, async () => {
  const guarded = await startServer(['--requirepass', 'a secret']);
  for (const Redis of [Redis5, Redis6]) {
    const options = { host: guarded.host, port: guarded.port, retryStrategy: () => null };
    const known = new Redis({ ...options, password: 'a secret' });
    assert.equal(await known.set('k', 'v'), 'OK');
    known.disconnect();

    const wrong = new Redis({ ...options, password: 'a guess', lazyConnect: true });
    wrong.on('error', () => {});
    const refused = { message: 'WRONGPASS invalid username-password pair or user is disabled.' };
    await assert.rejects(wrong.call('AUTH', 'a guess'), refused);
    wrong.disconnect();

    const stranger = new Redis({ ...options, enableReadyCheck: false, lazyConnect: true, protocol: 2 });
    stranger.on('error', () => {});
    await assert.rejects(stranger.get('k'), { message: 'NOAUTH Authentication required.' });
    stranger.disconnect();
  }
  await guarded.stop();
});

/** Waits until the connection `id` waits in a blocking command, as the server itself tells. */
async function untilBlocked(redis, id, what) {
  for (let asked = 0; asked < 100_000; asked += 1) {
    const line = await redis.client('LIST', 'ID', id);
    if (/ flags=\w*b/.test(line)) return;
  }
  assert.fail(`${what} never blocked`);
}

/** The id of the connection that runs `command`. */
async function idOf(redis, command) {
  for (let asked = 0; asked < 100_000; asked += 1) {
    const match = new RegExp(`^id=(\\d+) .*cmd=${command} `, 'm').exec(await redis.client('LIST'));
    if (match) return match[1];
  }
  return assert.fail(`no connection runs ${command}`);
}
