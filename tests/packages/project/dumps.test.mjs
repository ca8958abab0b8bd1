// All data as an RDB file, and back.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import { DumpError, Sanderling } from 'sanderling';
import { ORDERED, contents, inOrder, latin } from './contents.mjs';

let db;
let other;
beforeEach(async () => {
  db = await Sanderling.open();
  other = await Sanderling.open();
});
afterEach(() => Promise.all([db.close(), other.close()]));

/** The same of what a server has told of its dump. */
function contentsOf(databases) {
  const found = [];
  for (const [number, keys] of Object.entries(databases)) {
    for (const { key, type, value, pexpiretime = -1 } of keys) {
      let plain = type === 'string' ? [told(value)] : told(value);
      if (type === 'zset') plain = plain.map(([member, score]) => [member, Number(score.replace('inf', 'Infinity'))]);
      if (!ORDERED.has(type)) plain.sort();
      found.push([Number(number), told(key), type, pexpiretime, plain]);
    }
  }
  return inOrder(found);
}

function told(value) {
  if (Array.isArray(value)) return value.map(told);
  if (value.sha256 !== undefined) return `${value.len} bytes: ${value.sha256}`;
  return latin(typeof value === 'string' ? Buffer.from(value) : Buffer.from(value.base64, 'base64'));
}

async function fill(of, count = 1) {
  await of.set('text', 'żółw');
  await of.set('gone', 'x', { PX: 1 });
  await of.set('later', 'x', { EX: 1000 });
  for (let at = 0; at < count; at += 1000) {
    await of.rpush('list', ...Array.from({ length: Math.min(count - at, 1000) }, (_, index) => `element ${at + index}`));
  }
  await of.hset('hash', { field: 'value', number: 7 });
  await of.sadd('set', 'a', 'b');
  await of.zadd('zset', { score: 1.5, value: 'a' });
  await of.xadd('stream', '1-1', { f: 'v' });
  await of.xgroup('CREATE', 'stream', 'group', '0').catch(() => of.sendCommand(['XGROUP', 'CREATE', 'stream', 'group', '0']));
  await of.sendCommand(['FUNCTION', 'LOAD', "#!lua name=lib\nredis.register_function('answer', function() return 42 end)"]);
  await of.sendCommand(['SELECT', '3']);
  await of.set('elsewhere', '1');
  await of.sendCommand(['SELECT', '0']);
}

describe('a dump', () => {
  test('has all databases, deadlines and functions, and replaces what is there', async () => {
    await fill(db);
    await other.set('old', '1');
    await other.sendCommand(['FUNCTION', 'LOAD', "#!lua name=old\nredis.register_function('old', function() return 1 end)"]);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const dump = await db.export();
    assert.equal(new TextDecoder().decode(dump.subarray(0, 5)), 'REDIS');
    const { keys, expired } = await other.import(dump);
    assert.deepEqual({ keys, expired }, { keys: 8, expired: 0 });
    assert.deepEqual(await contents(other), await contents(db));
    assert.equal(await other.get('text'), 'żółw');
    assert.equal(await other.get('old'), null);
    assert.ok((await other.ttl('later')) > 900);
    assert.equal(await other.sendCommand(['FCALL', 'answer', '0']), 42);
    await assert.rejects(other.sendCommand(['FCALL', 'old', '0']), /Function not found/);
  });

  test('is of the moment of the call, whatever is changed while it is written', async () => {
    await fill(db, 200_000);
    const before = await contents(db);
    const dumps = [db.export(), db.export()];
    for (let index = 0; index < 50; index += 1) {
      await db.lpop('list');
      await db.rpush('list', `new ${index}`);
      await db.set(`new${index}`, 'x');
    }
    await db.del('hash');
    const [first, second] = await Promise.all(dumps);
    await other.import(first);
    assert.deepEqual(await contents(other), before);
    // The other one began when the first was done, and is whole as well.
    assert.ok((await other.import(second)).keys > 8);
  });

  test('can be taken from an empty database and under fake timers', async () => {
    mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
    try {
      await db.set('a', '1');
      assert.deepEqual(await other.import(await db.export()), { keys: 1, expired: 0, skipped: 0 });
      await db.flushall();
      assert.deepEqual(await other.import(await db.export()), { keys: 0, expired: 0, skipped: 0 });
      assert.equal(await other.dbsize(), 0);
    } finally {
      mock.timers.reset();
    }
  });

  test('of which not all can be read changes nothing', async () => {
    await fill(db, 1000);
    const dump = await db.export();
    await other.set('kept', '1');
    for (const spoiled of [
      new Uint8Array(0),
      new TextEncoder().encode('no dump at all'),
      dump.subarray(0, dump.length - 20),
      dump.with(dump.length >> 1, dump[dump.length >> 1] ^ 0x55),
      dump.with(dump.length - 1, dump[dump.length - 1] ^ 1),
    ]) {
      await assert.rejects(other.import(spoiled), (error) => {
        assert.ok(error instanceof DumpError, String(error));
        assert.match(error.message, /^the dump cannot be read: ./);
        return true;
      });
      assert.equal(await other.get('kept'), '1');
    }
    await other.import(dump.buffer);
    assert.deepEqual(await contents(other), await contents(db));
  });

  test('ends where it ends', async () => {
    await db.set('a', '1');
    const dump = await db.export();
    const longer = new Uint8Array([...dump, ...new TextEncoder().encode('*1\r\n$8\r\nFLUSHALL\r\n')]);
    await assert.rejects(other.import(longer), { name: 'DumpError', message: `the dump cannot be read: something follows its end, at offset ${dump.length}` });
  });

  test('wakes those who wait for what is in it, and stops transactions on it', async () => {
    await db.rpush('q', 'job');
    await db.set('watched', '1');
    const dump = await db.export();
    const [waiting, watching] = [other.duplicate(), other.duplicate()];
    const popped = waiting.blpop('q', 0);
    await watching.watch('watched', 'none');
    await other.import(dump);
    assert.equal(await watching.multi().set('none', '1').exec(), null);
    assert.deepEqual(await popped, ['q', 'job']);
    // Who waits on is woken by what comes later.
    const later = waiting.blpop('q', 0);
    await other.rpush('q', 'later');
    assert.deepEqual(await later, ['q', 'later']);
  });

  test('waits until a long script has ended', async () => {
    const dump = await db.export();
    const script = "redis.call('SET', 'first', 1) local n = 0 while n < 2e6 do n = n + 1 end redis.call('SET', 'last', 1) return redis.call('DBSIZE')";
    const running = other.duplicate().eval(script, []);
    const importing = other.import(dump);
    assert.equal(await running, 2);
    await importing;
    assert.equal(await other.dbsize(), 0);
  });

  test('is bytes', async () => {
    for (const wrong of [undefined, null, 'REDIS', 7, [82], {}, Promise.resolve(new Uint8Array(9))]) {
      const outcome = other.import(wrong);
      await assert.rejects(outcome, { name: 'TypeError', message: 'a dump is a Uint8Array or an ArrayBuffer' });
    }
  });

  test('says how many keys are there now, and how many had expired', async () => {
    let time = Date.UTC(2020, 0, 1);
    const old = await Sanderling.open({ now: () => time });
    await old.set('session', 'x', { EX: 10 });
    await old.set('user', 'ann');
    const dump = await old.export();
    assert.deepEqual(await other.import(dump), { keys: 1, expired: 1, skipped: 0 });
    assert.deepEqual(await other.keys('*'), ['user']);
    await old.flushall();
    assert.deepEqual(await old.import(dump), { keys: 2, expired: 0, skipped: 0 });
    await old.set('user', 'x', { PX: 1 });
    await old.del('session');
    assert.deepEqual(await other.import(await old.export()), { keys: 0, expired: 1, skipped: 0 });
    await old.close();
  });

  test('takes its turn among commands, and the bytes may be used again', async () => {
    await db.set('in', 'the dump');
    const dump = await db.export();
    const bytes = dump.slice();
    const importing = other.import(bytes);
    bytes.fill(0);
    const writing = other.set('after', '1');
    await Promise.all([importing, writing]);
    assert.deepEqual((await other.keys('*')).sort(), ['after', 'in']);
    // One that waits for another dump has the bytes as they were, too.
    await fill(other, 200_000);
    bytes.set(dump);
    const exporting = other.export();
    const waiting = other.import(bytes);
    bytes.fill(0);
    assert.deepEqual(await waiting, { keys: 1, expired: 0, skipped: 0 });
    assert.equal((await db.import(await exporting)).keys, 10);
  });

  test('cannot be taken from a database that is closed', async () => {
    await fill(db, 200_000);
    const dump = await db.export();
    const writing = [db.export(), db.export()];
    await Promise.all([db.close(), ...writing.map((one) => assert.rejects(one, { name: 'ClosedError' }))]);
    const [exporting, importing] = [db.export(), db.import(dump)];
    await assert.rejects(exporting, { name: 'ClosedError' });
    await assert.rejects(importing, { name: 'ClosedError' });
  });
});

describe('dumps of servers', () => {
  const folder = new URL('fixtures/', import.meta.url);
  const servers = readdirSync(folder);
  for (const server of servers.filter((name) => name.includes('stack'))) {
    test(`${server}, which has what belongs to modules`, async () => {
      const dump = readFileSync(new URL(`${server}/dump.rdb`, folder));
      await assert.rejects(db.import(dump), { name: 'DumpError', message: /data of a module \(skipUnsupported leaves it out\)/ });
      const { skipped } = await db.import(dump, { skipUnsupported: true });
      assert.ok(skipped > 5);
    });
  }
  for (const server of servers.filter((name) => !name.includes('stack'))) {
    test(server, async () => {
      const { databases } = JSON.parse(readFileSync(new URL(`${server}/dump.rdb.json`, folder), 'utf8'));
      const expected = contentsOf(databases);
      await db.import(readFileSync(new URL(`${server}/dump.rdb`, folder)));
      assert.deepEqual(await contents(db), expected);
      await other.import(await db.export());
      assert.deepEqual(await contents(other), expected);
    });
  }
});
