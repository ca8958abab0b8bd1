// What tests of others use: images, databases that begin alike, and what takes the place of redis-memory-server and
// ioredis-mock.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { mock, test } from 'node:test';
import { Redis as RealRedis } from 'ioredis';
import { createClient } from 'redis';
import { Sanderling } from 'sanderling';
import Redis, { Redis as Named } from 'sanderling/ioredis';
import { RedisMemoryServer, prepare } from 'sanderling/test';

const require = createRequire(import.meta.url);

test('a database that begins with an image has all that the other one knew, and goes its own way', async (t) => {
  const first = await Sanderling.open({ databases: 4 });
  t.after(() => first.close());
  await first.set('text', 'value', { PX: 50_000 });
  for (let index = 0; index < 5000; index += 1) first.sync.call('HSET', 'hash', `field:${index}`, index);
  await first.call('SELECT', 3);
  await first.call('XADD', 'stream', '1-1', 'field', 'value');
  await first.call('SELECT', 0);
  await first.call('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
  await first.call('ACL', 'SETUSER', 'ada', 'on', '>secret', '+@all', '~*');
  const sha = await first.call('SCRIPT', 'LOAD', 'return ARGV[1]');
  const hash = await first.call('HGETALL', 'hash');

  const image = first.image();
  const second = await Sanderling.open({ image });
  t.after(() => second.close());
  holdsOwnConnectionsOnly(second);
  assert.deepEqual(await second.call('HGETALL', 'hash'), hash);
  assert.ok(Math.abs(Number(await second.call('PTTL', 'text')) - Number(await first.call('PTTL', 'text'))) < 5000);
  assert.deepEqual(await second.call('CONFIG', 'GET', 'maxmemory-policy'), { 'maxmemory-policy': 'allkeys-lru' });
  assert.equal(await second.call('EVALSHA', sha, 0, 'kept'), 'kept');
  assert.equal(await second.duplicate().call('AUTH', 'ada', 'secret'), 'OK');
  await assert.rejects(second.call('SELECT', 4), /out of range/);

  // Both change, and neither knows of the other; what was taken before begins as it was.
  for (let index = 0; index < 50_000; index += 1) second.sync.set(`key:${index}`, 'x'.repeat(50));
  await first.del('hash');
  assert.equal(await first.call('DBSIZE'), 1);
  assert.equal(await second.call('HLEN', 'hash'), 5000);
  const third = Sanderling.openSync({ image });
  t.after(() => third.close());
  assert.deepEqual(await third.call('HGETALL', 'hash'), hash);
  await third.call('SELECT', 3);
  assert.equal(await third.call('XLEN', 'stream'), 1);
  await third.call('SELECT', 0);
  // A dump is tried out in an engine of the same settings.
  await third.import(await second.export());
  assert.equal(await third.call('DBSIZE'), 50_002);
});

/** Connections of the other one are not there. */
function holdsOwnConnectionsOnly(db) {
  const own = db.duplicate();
  const clients = String(own.sync.call('CLIENT', 'LIST')).trim().split('\n');
  assert.equal(clients.length, 2, clients.join('\n'));
  own.close();
}

test('images are of a database at rest, and say what they are not', async (t) => {
  const db = await Sanderling.open();
  t.after(() => db.close());
  const waiting = db.duplicate().call('BLPOP', 'list', 0);
  const second = await Sanderling.open({ image: db.image() });
  t.after(() => second.close());
  // Who waits here does not wait there.
  await second.rpush('list', 'element');
  assert.equal(await second.call('LLEN', 'list'), 1);
  await db.rpush('list', 'own');
  assert.deepEqual(await waiting, ['list', 'own']);
  const dump = db.export();
  assert.throws(() => db.image(), /a dump is being written/);
  await dump;
  await assert.rejects(Sanderling.open({ image: {} }), /what db\.image\(\) returned/);
  await assert.rejects(Sanderling.open({ image: db.image(), databases: 2 }), /CONFIG SET/);
});

test('each test has a database that begins as it was prepared', async (t) => {
  let prepared = 0;
  const open = await prepare(async (db) => {
    prepared += 1;
    await db.hset('user:1', { name: 'Ada' });
  });
  for (let index = 0; index < 20; index += 1) {
    const db = open();
    t.after(() => db.close());
    assert.equal(await db.hget('user:1', 'name'), 'Ada');
    assert.equal(await db.call('INCR', 'count'), 1);
  }
  assert.equal(prepared, 1);
  const empty = await prepare();
  assert.equal(await empty().call('DBSIZE'), 0);
});

test('prepared databases follow the timers and the clock of a test', async (t) => {
  const open = await prepare((db) => db.set('key', 'value', { EX: 60 }));
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.now() });
  try {
    const db = open();
    t.after(() => db.close());
    mock.timers.tick(59_000);
    assert.equal(await db.get('key'), 'value');
    mock.timers.tick(2000);
    assert.equal(await db.get('key'), null);
  } finally {
    mock.timers.reset();
  }
});

test('it is used as redis-memory-server is', async () => {
  const server = new RedisMemoryServer({ instance: { args: ['--maxmemory', '100mb', '--requirepass', 'secret'] } });
  assert.equal(server.getInstanceInfo(), false);
  const [host, port] = [await server.getHost(), await server.getPort()];
  assert.deepEqual([server.getInstanceInfo().ip, server.getInstanceInfo().port], [host, port]);
  const redis = new RealRedis(port, host, { password: 'secret' });
  assert.equal(await redis.set('key', 'value'), 'OK');
  assert.deepEqual(await redis.config('GET', 'maxmemory'), ['maxmemory', '104857600']);
  const client = createClient({ url: `redis://:secret@${host}:${port}` });
  await client.connect();
  assert.equal(await client.get('key'), 'value');
  client.destroy();
  redis.disconnect();
  assert.equal(await server.stop(), true);
  assert.equal(await server.stop(), true);
  assert.equal(server.getInstanceInfo(), false);

  const again = await RedisMemoryServer.create({ autoStart: true });
  await assert.rejects(again.start(), /has been started/);
  await again.stop();
  await assert.rejects(RedisMemoryServer.create({ autoStart: true, instance: { args: ['--nonsense', '1'] } }), /nonsense/);
});

test('a port that is taken is not waited for', async () => {
  const other = createServer();
  await new Promise((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address();
  const server = new RedisMemoryServer({ instance: { port } });
  assert.notEqual(await server.getPort(), port);
  await server.stop();
  other.close();
});

test('it is used as ioredis-mock is', async () => {
  const redis = new Redis({
    data: {
      user_next: '3',
      count: 5,
      emails: { 'clark@daily.planet': '1', 'bruce@wayne.enterprises': '2' },
      queue: ['a', 'b'],
      tags: new Set(['x', 'y']),
      map: new Map([['field', 'value']]),
    },
  });
  assert.ok(redis instanceof RealRedis);
  assert.equal(await redis.incr('user_next'), 4);
  assert.equal(await redis.incr('count'), 6);
  assert.deepEqual(await redis.hgetall('emails'), { 'clark@daily.planet': '1', 'bruce@wayne.enterprises': '2' });
  assert.deepEqual(await redis.lrange('queue', 0, -1), ['a', 'b']);
  assert.deepEqual((await redis.smembers('tags')).sort(), ['x', 'y']);
  assert.deepEqual(await redis.hgetall('map'), { field: 'value' });
  assert.throws(() => new Redis({ data: { key: null } }), /'key' cannot begin as null/);

  // The same address is the same data, another one is not.
  const [same, other] = [new Redis('redis://localhost:6379'), new Redis(6380)];
  assert.equal(await same.get('user_next'), '4');
  assert.equal(await other.get('user_next'), null);
  assert.equal(await redis.createConnectedClient().get('user_next'), '4');
  assert.equal(await redis.duplicate().get('user_next'), '4');
  assert.equal(await new Named().get('user_next'), '4');

  const message = once(same, 'message');
  await same.subscribe('news');
  await redis.publish('news', 'hello');
  assert.deepEqual(await message, ['news', 'hello']);

  const cluster = new Redis.Cluster(['redis://localhost:7001']);
  assert.equal(await cluster.set('key', 'value'), 'OK');
  assert.equal(await cluster.nodes()[0].get('key'), 'value');
  for (const client of [redis, same, other, cluster]) client.disconnect();
});

test('what is required is a class, as ioredis is', async () => {
  const Required = require('sanderling/ioredis');
  const redis = new Required({ data: { key: 'value' } });
  assert.equal(await redis.get('key'), 'value');
  assert.equal(Required.default, Required);
  assert.equal(Required.Redis, Required);
  redis.disconnect();
  const { prepare: required } = require('sanderling/test');
  const db = (await required())();
  assert.equal(await db.set('key', 'value'), 'OK');
  await db.close();
});
