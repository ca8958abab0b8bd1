// Clocks that jump and timers that are replaced, as tests of programs do with them.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { Sanderling } from 'sanderling';

const HOUR = 3_600_000;

let db;
beforeEach(async () => {
  db = await Sanderling.open();
});
afterEach(async () => {
  mock.timers.reset();
  await db.close();
});

test('time runs by a clock that begins at nothing', async () => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 0 });
  await db.set('k', 'v', { EX: 1 });
  await db.hset('h', 'f', 'v');
  await db.hpexpire('h', 500, 'FIELDS', 1, 'f');
  assert.equal(await db.pttl('k'), 1000);
  mock.timers.tick(501);
  assert.deepEqual([await db.get('k'), await db.exists('h')], ['v', 0]);
  mock.timers.tick(500);
  assert.equal(await db.get('k'), null);
  mock.timers.reset();
  assert.equal(Math.abs(Number((await db.time())[0]) - Date.now() / 1000) < 60, true);
});

test('a database that was opened then lives on', async () => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 0 });
  const old = await Sanderling.open();
  await old.set('k', 'v', { EX: 1 });
  mock.timers.reset();
  assert.equal(await old.get('k'), null);
  await old.set('k', 'v', { PX: 30 });
  assert.equal(await old.blpop('none', 0.05), null);
  assert.equal(await old.get('k'), null);
  await old.close();
});

test('a wait ends by the time that the test lets pass', async () => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.now() });
  const wait = db.blpop('none', 2);
  mock.timers.tick(2000);
  assert.equal(await wait, null);
});

test('timers that were replaced hold up nobody afterwards', async () => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 0 });
  await db.set('k', 'v', { EX: 100 });
  mock.timers.reset();
  const began = performance.now();
  assert.equal(await db.blpop('none', 0.2), null);
  assert.ok(performance.now() - began > 190);
});

test('a wait that began under replaced timers ends when they are put back', async () => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.now() });
  const wait = db.blpop('none', 0.2);
  mock.timers.reset();
  assert.equal(await wait, null);
});

test('a clock that was ahead is followed when it is corrected', async () => {
  mock.timers.enable({ apis: ['Date'], now: Date.now() + HOUR });
  await db.set('late', 'v', { EX: 1 });
  const ahead = Number((await db.time())[0]) * 1000;
  mock.timers.reset();
  assert.ok(ahead - Date.now() > HOUR / 2);
  assert.ok(Math.abs(Number((await db.time())[0]) * 1000 - Date.now()) < 60_000);
  await db.set('k', 'v', { PX: 50 });
  await db.set('dated', 'v', { PXAT: Date.now() + 100_000 });
  assert.equal(await db.blpop('none', 0.1), null);
  assert.deepEqual([await db.get('k'), await db.get('dated'), await db.get('late')], [null, 'v', 'v']);
});

test('a wait ends after the rest of its time', async () => {
  mock.timers.enable({ apis: ['Date'], now: Date.now() + HOUR });
  const wait = db.blpop('none', 0.2);
  mock.timers.reset();
  assert.equal(await wait, null);
});

test('events of expiry come after a correction', async () => {
  await db.configSet('notify-keyspace-events', 'Ex');
  mock.timers.enable({ apis: ['Date'], now: Date.now() + HOUR });
  await db.set('late', 'v', { EX: 100 });
  mock.timers.reset();
  const heard = new Promise((resolve) => void db.subscribe('__keyevent@0__:expired', resolve));
  await db.set('k', 'v', { PX: 20 });
  // Subscriptions alone keep no process alive.
  const alive = setInterval(() => {}, HOUR);
  assert.equal(await heard, 'k');
  clearInterval(alive);
});

test('limits of more than 32 bits are what they say', async () => {
  for (const maxmemory of [5 * 2 ** 30, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
    const large = await Sanderling.open({ maxmemory });
    assert.deepEqual({ ...(await large.configGet('maxmemory')) }, { maxmemory: String(maxmemory) });
    assert.equal(await large.set('k', 'v'), 'OK');
    await large.close();
  }
  await db.configSet('client-query-buffer-limit', '4gb');
  await db.rpush('list', 'a', 'b');
  assert.deepEqual(await db.lpop('list', 2 ** 32), ['a', 'b']);
});

test('moments within a millisecond have an order', async () => {
  mock.timers.enable({ apis: ['Date'], now: Date.now() });
  const times = [];
  for (let call = 0; call < 1_500; call += 1) {
    const [seconds, micros] = await db.time();
    times.push(Number(seconds) * 1_000_000 + Number(micros));
  }
  const begin = Date.now() * 1_000;
  assert.ok(times.every((time) => time >= begin && time < begin + 1_000), 'it stays the same millisecond');
  assert.ok(times.slice(1, 500).every((time, at) => time > times[at]), 'each is later than the one before');
  mock.timers.tick(1);
  assert.equal(Number((await db.time())[1]) % 1_000, 0);
});

test('a clock of its own may leap, stand still and go back', async () => {
  let now = 1_000_000;
  const own = await Sanderling.open({ now: () => now });
  await own.set('k', 'v', { EX: 10 });
  assert.deepEqual(await own.time(), ['1000', '0']);
  now += 9_999.5;
  assert.equal(await own.get('k'), 'v');
  now += 1.5;
  assert.equal(await own.get('k'), null);
  now = 5_000;
  await own.set('k', 'v', { EXAT: 105 });
  assert.equal(await own.ttl('k'), 100);
  const wait = own.duplicate().blpop('none', 3_600);
  now += HOUR;
  // Nothing but a call tells of the leap.
  await own.ping();
  assert.equal(await wait, null);
  assert.equal(await own.get('k'), null);
  await own.close();
});

test('a clock that is none is refused, and costs nothing', async () => {
  for (const now of [5, 'now', null]) await assert.rejects(Sanderling.open({ now }), TypeError);
  for (const bad of [NaN, -1, '5', new Date(), undefined, Infinity, 9e15]) {
    await assert.rejects(Sanderling.open({ now: () => bad }), { name: 'TypeError', message: /'now' returned/ });
  }
  let time = 1_000;
  const own = await Sanderling.open({ now: () => time });
  await own.set('k', 'v');
  time = NaN;
  await assert.rejects(own.get('k'), TypeError);
  assert.throws(() => own.sync.get('k'), TypeError);
  time = 2_000;
  assert.equal(await own.get('k'), 'v');
  await own.close();
});

test('a wait whose time has come by a leap of the clock ends with the next call', async () => {
  mock.timers.enable({ apis: ['Date'], now: Date.now() });
  const wait = db.duplicate().blpop('none', 3_600);
  mock.timers.setTime(Date.now() + HOUR + 1);
  await db.ping();
  assert.equal(await wait, null);
});
