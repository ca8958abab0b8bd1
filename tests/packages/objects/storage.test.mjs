// What an object stores: that it is there after any end, whole; what cannot be stored or loaded; and that it is Redis's.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createInterface } from 'node:readline';
import { TOKEN, doorsOf, missing, start } from './runtime.mjs';
import { closed, openSocket, refusal } from './sockets.mjs';
import { mayBeMissing } from './skip.mjs';

const redis = process.env.SANDERLING_REDIS_SERVER ?? 'redis-server';
const hasRedis = spawnSync(redis, ['--version'], { encoding: 'utf8' }).stdout?.includes('v=7.0.15');
const withRedis = { skip: missing || mayBeMissing(!hasRedis && 'redis-server 7.0.15 is not installed') };

let runtime;
if (!missing) {
  before(async () => (runtime = await start()));
  after(() => runtime.close());
}

/** Numbers that are the same in each run. */
function randomBelow(limit) {
  state = (state * 48271) % 2147483647;
  return state % limit;
}
let state = 7;

describe('what is stored', { skip: missing }, () => {
  test('is there in the next life', async () => {
    const large = 'x'.repeat(3_000_000);
    await runtime.post('lives', 'pipeline', [
      ['SET', 'large', large],
      ['HSET', 'hash', 'field', 'value'],
      ['SET', 'due', 'later', 'PXAT', 4_000_000_000_000],
      ['XADD', 'stream', '1-1', 'f', 'v'],
      ['FUNCTION', 'LOAD', "#!lua name=lib\nredis.register_function('answer', function() return 42 end)"],
    ]);
    for (let life = 1; life <= 3; life += 1) {
      await runtime.abort('lives');
      assert.equal(await runtime.ask('lives', 'INCR', 'life'), life);
      assert.equal(await runtime.ask('lives', 'GET', 'large'), large);
      assert.deepEqual(await runtime.ask('lives', 'HGETALL', 'hash'), ['field', 'value']);
      assert.equal(await runtime.ask('lives', 'PEXPIRETIME', 'due'), 4_000_000_000_000);
      assert.equal(await runtime.ask('lives', 'FCALL', 'answer', 0), 42);
    }
    // No row is longer than the platform takes.
    const files = await runtime.rpc('lives', 'files');
    assert.ok(files.flatMap(({ pieces }) => pieces).every(([, length]) => length <= 1024 * 1024));
  });

  test('takes a row for a write', async () => {
    await runtime.ask('rows', 'SET', 'key:0', 'value');
    await runtime.rpc('rows', 'rows');
    for (let at = 0; at < 100; at += 1) await runtime.ask('rows', 'SET', `key:${at}`, 'a value of some length');
    assert.equal(await runtime.rpc('rows', 'rows'), 100);
    await runtime.post('rows', 'pipeline', Array.from({ length: 100 }, (_, at) => ['INCR', `n:${at}`]));
    assert.ok((await runtime.rpc('rows', 'rows')) <= 3);
    for (let at = 0; at < 100; at += 1) await runtime.ask('rows', 'GET', `key:${at}`);
    assert.equal(await runtime.rpc('rows', 'rows'), 0);
    // What has expired is written once, with all that is found at the same time.
    await runtime.post('rows', 'pipeline', Array.from({ length: 100 }, (_, at) => ['PEXPIRE', `n:${at}`, 1]));
    await runtime.rpc('rows', 'rows');
    while ((await runtime.ask('rows', 'EXISTS', 'n:0', 'n:99')) > 0);
    await runtime.ask('rows', 'MGET', ...Array.from({ length: 100 }, (_, at) => `n:${at}`));
    assert.ok((await runtime.rpc('rows', 'rows')) <= 5);
  });

  test('is rewritten when it has grown', async () => {
    const bytesOf = (files) => files.flatMap(({ pieces }) => pieces).reduce((sum, [, length]) => sum + length, 0);
    const value = 'x'.repeat(20_000);
    let files;
    for (let at = 0; ; at += 1) {
      await runtime.ask('grown', 'SET', `key:${at % 10}`, `${value}${at}`);
      files = await runtime.rpc('grown', 'files');
      if (files.some(({ name }) => name.endsWith('.base.rdb'))) break;
    }
    assert.ok(bytesOf(files) < 1_000_000, String(bytesOf(files)));
    await runtime.abort('grown');
    assert.equal(await runtime.ask('grown', 'DBSIZE'), 10);
  });

  test('is rewritten also when each life adds little', async () => {
    const value = 'x'.repeat(100_000);
    const hasBase = async () => (await runtime.rpc('short', 'files')).some(({ name }) => name.endsWith('.base.rdb'));
    for (let life = 0; life < 3; life += 1) {
      for (let at = 0; at < 4; at += 1) await runtime.ask('short', 'SET', 'key', `${value}${life}${at}`);
      await runtime.abort('short');
    }
    await runtime.ask('short', 'SET', 'key', 'last');
    while (!(await hasBase()));
    await runtime.abort('short');
    assert.equal(await runtime.ask('short', 'GET', 'key'), 'last');
  });
});

describe('what cannot be', { skip: missing }, () => {
  test('stored is undone, and said to be', async () => {
    await runtime.ask('full', 'SET', 'key', 'before');
    const [socket, next] = await openSocket(runtime.socketUrl('full'), 'resp');
    socket.send('PING\r\n');
    await next();
    await runtime.rpc('full', 'plan', 'full', 0);
    const gone = closed(socket);
    const answer = await runtime.post('full', '', ['SET', 'key', 'after']);
    assert.match(answer.error, /^ERR what was to be written to durable-object:full is undone: No space left on device/);
    assert.equal((await gone).code, 1011);
    assert.equal(await runtime.ask('full', 'GET', 'key'), 'before');
    assert.equal(await runtime.ask('full', 'SET', 'key', 'after'), 'OK');
    await runtime.abort('full');
    assert.equal(await runtime.ask('full', 'GET', 'key'), 'after');
    // The same for who has the database in the object.
    await runtime.rpc('full', 'plan', 'full', 0);
    await assert.rejects(runtime.rpc('full', 'call', 'SET', 'key', 'never'), /is undone/);
    assert.equal(await runtime.rpc('full', 'call', 'GET', 'key'), 'after');
  });

  test('run any more is opened again from what is stored', async () => {
    await runtime.ask('trap', 'SET', 'key', 'value');
    const born = await runtime.rpc('trap', 'born');
    await assert.rejects(runtime.rpc('trap', 'trap'), /the engine failed/);
    assert.equal(await runtime.ask('trap', 'GET', 'key'), 'value');
    assert.equal(await runtime.ask('trap', 'INCR', 'n'), 1);
    assert.equal(await runtime.rpc('trap', 'born'), born);
  });

  test('loaded is refused, and kept', async () => {
    for (let at = 0; at < 20; at += 1) await runtime.ask('spoilt', 'SET', `key:${at}`, 'value');
    await runtime.rpc('spoilt', 'spoil', 60);
    await runtime.abort('spoilt');
    const files = await runtime.rpc('spoilt', 'files');
    const get = await runtime.post('spoilt', '', ['GET', 'key:0']);
    assert.match(get.error, /^ERR the log in durable-object:spoilt: .*appendonly\.aof\.1\.incr\.aof/);
    const set = await runtime.post('spoilt', '', ['SET', 'key:0', 'other']);
    assert.equal(set.error, get.error);
    const health = await fetch(`${runtime.url}open/spoilt/health`);
    assert.equal(health.status, 503);
    assert.equal(await refusal(`${runtime.url}db/spoilt/`, ['resp', `token.${btoa(TOKEN)}`]), 503);
    assert.deepEqual(await runtime.rpc('spoilt', 'files'), files);
    // Once it is as it was, so is the database.
    await runtime.rpc('spoilt', 'spoil', 60);
    await runtime.abort('spoilt');
    assert.equal(await runtime.ask('spoilt', 'DBSIZE'), 20);
  });
});

describe('ends at any point', { skip: missing }, () => {
  /** Counts what is acknowledged, and what is asked for. */
  async function count(doors, name, journal) {
    journal.asked += 1;
    const outcome = await doors
      .post(name, 'multi-exec', [['INCR', 'a'], ['RPUSH', 'list', 'x'.repeat(randomBelow(3_000))], ['INCR', 'b']])
      .catch(() => undefined);
    if (Array.isArray(outcome)) journal.acknowledged = outcome[0].result;
    const script = "redis.call('INCR', 'c') redis.call('SET', KEYS[1], ARGV[1]) return redis.call('INCR', 'd')";
    journal.scripts.asked += 1;
    const done = await doors.post(name, '', ['EVAL', script, 1, `key:${randomBelow(50)}`, 'y'.repeat(randomBelow(3_000))]).catch(() => undefined);
    if (done?.result !== undefined) journal.scripts.acknowledged = done.result;
  }

  const newJournal = () => ({ asked: 0, acknowledged: 0, scripts: { asked: 0, acknowledged: 0 } });

  async function check(doors, name, journal) {
    const [a, b, c, d, length] = await Promise.all([...'abcd'].map((key) => doors.ask(name, 'GET', key).then(Number)).concat(doors.ask(name, 'LLEN', 'list')));
    assert.equal(a, b);
    assert.equal(a, length);
    assert.equal(c, d);
    for (const [found, { asked, acknowledged }] of [[a, journal], [c, journal.scripts]]) {
      assert.ok(found >= acknowledged && found <= asked, `${acknowledged} acknowledged, ${found} found, ${asked} asked for`);
    }
  }

  test('of an object lose nothing that was acknowledged, and halve nothing', async () => {
    const journal = newJournal();
    for (let life = 0; life < 60; life += 1) {
      await runtime.rpc('ends', 'plan', 'abort', randomBelow(life % 10 === 0 ? 200 : 12));
      const before = await runtime.rpc('ends', 'born');
      for (let requests = randomBelow(10); requests >= 0; requests -= 1) await count(runtime, 'ends', journal);
      if ((await runtime.rpc('ends', 'born')) === before) await runtime.abort('ends');
      await check(runtime, 'ends', journal);
    }
    assert.ok(journal.acknowledged > 60 && journal.acknowledged <= journal.asked);
  });

  test('of the process lose nothing either', { timeout: 60_000 }, async () => {
    const persist = mkdtempSync(path.join(tmpdir(), 'sanderling-objects-'));
    const journal = newJournal();
    try {
      for (let life = 0; life < 3; life += 1) {
        const child = spawn(process.execPath, [path.join(import.meta.dirname, 'runtime.mjs'), persist], {
          stdio: ['ignore', 'pipe', 'inherit'],
          detached: true,
        });
        const exit = once(child, 'exit');
        const [url] = await once(createInterface(child.stdout), 'line');
        const doors = doorsOf(url);
        if (life > 0) await check(doors, 'killed', journal);
        const end = setTimeout(() => process.kill(-child.pid, 'SIGKILL'), 300 + randomBelow(400));
        while (child.signalCode === null) {
          await count(doors, 'killed', journal);
          if (journal.acknowledged % 5 === 0) await new Promise((resolve) => setImmediate(resolve));
        }
        clearTimeout(end);
        await exit;
      }
    } finally {
      rmSync(persist, { recursive: true, force: true });
    }
    assert.ok(journal.acknowledged > 10);
  });
});

describe('what an object has', withRedis, () => {
  test('is one of Redis, as a dump and as it is stored', async () => {
    for (let at = 0; at < 200; at += 1) {
      await runtime.post('dump', 'pipeline', [
        ['SET', `string:${at}`, `value ${at}`],
        ['RPUSH', 'list', at],
        ['SADD', 'set', at, `member ${at}`],
        ['ZADD', 'zset', at / 7, `member ${at}`],
        ['HSET', 'hash', `field ${at}`, at],
        ['XADD', 'stream', '*', 'index', at],
      ]);
    }
    await runtime.ask('dump', 'SET', 'due', 'later', 'PXAT', 4_000_000_000_000);
    const dump = await runtime.rpc('dump', 'export');
    const imported = await fetch(`${runtime.url}rpc/copy/import`, { method: 'POST', body: dump });
    assert.equal((await imported.json()).keys, 206);
    await runtime.abort('copy');
    const folder = mkdtempSync(path.join(tmpdir(), 'sanderling-dump-'));
    try {
      const digest = await digestOf(path.join(folder, 'dump'), { 'dump.rdb': dump });
      assert.match(digest, /^[0-9a-f]{40}$/);
      assert.equal(await digestOf(path.join(folder, 'copy'), { 'dump.rdb': await runtime.rpc('copy', 'export') }), digest);
      for (const name of ['dump', 'copy']) assert.equal(await digestOf(path.join(folder, `${name}-log`), await filesOf(name)), digest, name);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

/** What an object stores, by its names. */
async function filesOf(name) {
  const found = {};
  for (const { name: file } of await runtime.rpc(name, 'files')) found[file] = await runtime.rpc(name, 'read', file);
  return found;
}

/** What redis-server makes of files, as one number. */
async function digestOf(directory, files) {
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(directory, name)), { recursive: true });
    writeFileSync(path.join(directory, name), bytes);
  }
  const socket = path.join(directory, 'redis.sock');
  const appendonly = 'dump.rdb' in files ? 'no' : 'yes';
  const words = { port: 0, unixsocket: socket, dir: directory, appendonly, save: '', 'enable-debug-command': 'yes' };
  const server = spawn(redis, Object.entries(words).flatMap(([name, value]) => [`--${name}`, String(value)]), { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(server, 'exit');
  try {
    for await (const chunk of server.stdout) if (/ready to accept connections/i.test(chunk)) break;
    const client = net.connect(socket);
    client.write('DEBUG DIGEST\r\n');
    const [reply] = await once(client, 'data');
    client.destroy();
    return String(reply).trim().slice(1);
  } finally {
    server.kill();
    await exit;
  }
}
