// Redlock as it is: locks that are taken, extended and released by Lua scripts.

import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import Redis from 'ioredis';
import Redlock, { ExecutionError } from 'redlock';
import { ENOUGH, openTarget } from './target.mjs';

const target = await openTarget();
const client = new Redis(target.connection);
const redlock = new Redlock([client], { retryCount: 0 });
after(async () => {
  await redlock.quit();
  await target.stop();
});
beforeEach(() => client.flushall());

test('a lock is held by one at a time', ENOUGH, async () => {
  const lock = await redlock.acquire(['account:1', 'account:2'], 60_000);
  assert.ok((await client.pttl('account:1')) > 30_000);
  await assert.rejects(redlock.acquire(['account:2'], 60_000), ExecutionError);
  assert.equal(await client.exists('account:1', 'account:2'), 2, 'who failed has released nothing of another');
  const other = await redlock.acquire(['account:3'], 60_000);

  await lock.release();
  assert.equal(await client.exists('account:1', 'account:2'), 0);
  const next = await redlock.acquire(['account:2'], 60_000);
  await assert.rejects(lock.release(), ExecutionError);
  await next.release();
  await other.release();
});

test('a lock is extended, and lost when its time is up', ENOUGH, async () => {
  const lock = await redlock.acquire(['room'], 60_000);
  const extended = await lock.extend(3_600_000);
  assert.ok((await client.pttl('room')) > 60_000);
  await client.pexpire('room', 5);
  // Whoever tries often enough gets it.
  const patient = new Redlock([client], { retryCount: -1, retryDelay: 2, retryJitter: 1 });
  const taken = await patient.acquire(['room'], 60_000);
  await assert.rejects(extended.release(), ExecutionError);
  await taken.release();
});

test('work holds its lock as long as it takes', ENOUGH, async () => {
  let running = 0;
  let most = 0;
  const patient = new Redlock([client], { retryCount: -1, retryDelay: 2, retryJitter: 1 });
  // The lock is extended when a tenth of a second of it has passed.
  const settings = { automaticExtensionThreshold: 59_900, driftFactor: 0 };
  const work = () =>
    patient.using(['printer'], 60_000, settings, async (signal) => {
      running += 1;
      most = Math.max(most, running);
      const first = await client.pexpiretime('printer');
      while ((await client.pexpiretime('printer')) === first);
      running -= 1;
      return signal.aborted;
    });
  assert.deepEqual(await Promise.all([work(), work(), work()]), [false, false, false]);
  assert.equal(most, 1);
  assert.equal(await client.exists('printer'), 0);
});
