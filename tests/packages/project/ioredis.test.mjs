// ioredis as it is, without a server.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { Redis } from 'ioredis';
import { Sanderling } from 'sanderling';

const db = await Sanderling.open();
const Connector = db.connector();
const client = new Redis({ Connector });
after(() => {
  client.disconnect();
  return db.close();
});

test('commands, and the same data as the package sees', async () => {
  await client.set('k', 'v', 'EX', 60);
  assert.equal(await db.get('k'), 'v');
  await db.hset('h', { a: 1 });
  assert.deepEqual(await client.hgetall('h'), { a: '1' });
  assert.deepEqual(await client.getBuffer('k'), Buffer.from('v'));
  await assert.rejects(client.lpush('k', 'x'), { name: 'ReplyError', message: /^WRONGTYPE/ });
});

test('pipelines and transactions', async () => {
  assert.deepEqual(await client.pipeline().set('p', 1).incr('p').exec(), [[null, 'OK'], [null, 2]]);
  assert.deepEqual(await client.multi().incr('p').get('p').exec(), [[null, 3], [null, '3']]);
  const text = 'x'.repeat(3_000_000);
  await client.set('long', text);
  assert.equal(await client.get('long'), text);
});

test('duplicates, blocking and messages', async () => {
  const waiting = client.duplicate();
  const popped = waiting.blpop('list', 0);
  await client.rpush('list', 'element');
  assert.deepEqual(await popped, ['list', 'element']);

  const heard = new Promise((resolve) => waiting.on('message', (...all) => resolve(all)));
  await waiting.subscribe('channel');
  assert.equal(await db.publish('channel', 'hello'), 1);
  assert.deepEqual(await heard, ['channel', 'hello']);
  waiting.disconnect();
});

test('quit closes, and a killed connection comes back', async () => {
  const one = new Redis({ Connector, retryStrategy: () => 1 });
  const back = new Promise((resolve) => one.once('ready', () => one.once('ready', resolve)));
  await db.client('KILL', 'ID', await one.client('ID'));
  await back;
  assert.equal(await one.ping(), 'PONG');
  assert.equal(await one.quit(), 'OK');
});

test('a client that never pauses leaves others their turn', async () => {
  const timer = new Promise((resolve) => setTimeout(resolve, 1, 'fired'));
  let outcome;
  timer.then((value) => (outcome = value));
  while (outcome === undefined) await client.ping();
  assert.equal(outcome, 'fired');
});

test('a client that is closed while replies come hears no more of them', async () => {
  for (let turn = 0; turn < 50; turn += 1) {
    const errors = [];
    const one = new Redis({ Connector, retryStrategy: null }).on('error', (error) => errors.push(error));
    await one.ping();
    const pending = Array.from({ length: 5 }, () => one.get('k').catch(() => undefined));
    const ended = once(one, 'end');
    one.disconnect();
    await Promise.all([...pending, ended]);
    assert.deepEqual(errors, []);
  }
});

test('a client that goes on after its end is told so, without an error event', async () => {
  const errors = [];
  const one = new Redis({ Connector, retryStrategy: null }).on('error', (error) => errors.push(error));
  assert.equal(await one.quit(), 'OK');
  await assert.rejects(one.get('k'), /Connection is closed/);
  assert.deepEqual(errors, []);
});

test('a client of a database that is closed does not keep the process', () => {
  const code = `
    import { Redis } from 'ioredis'; import { Sanderling } from 'sanderling';
    const db = await Sanderling.open();
    const options = { Connector: db.connector(), lazyConnect: true, retryStrategy: (times) => (times < 3 ? 1 : null) };
    await db.close();
    const client = new Redis(options).on('error', () => undefined);
    await client.connect().catch((error) => console.log(error.message));`;
  assert.equal(execFileSync(process.execPath, ['--input-type=module', '--eval', code], { encoding: 'utf8', timeout: 20_000 }), 'the engine is closed\n');
});

test('an open client keeps the process, a closed one does not', () => {
  const code = `
    import { Redis } from 'ioredis'; import { Sanderling } from 'sanderling';
    const client = new Redis({ Connector: (await Sanderling.open()).connector() });
    console.log(await client.blpop('none', 0.1));
    client.disconnect();`;
  assert.equal(execFileSync(process.execPath, ['--input-type=module', '--eval', code], { encoding: 'utf8', timeout: 20_000 }), 'null\n');
});
