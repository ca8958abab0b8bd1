// The listener for clients that want a socket.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, test } from 'node:test';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { ClosedError, Sanderling } from 'sanderling';

const db = await Sanderling.open({ maxclients: 20 });
const listener = await db.listen();
after(() => db.close());

test('clients on sockets and the package see the same data', async () => {
  assert.equal(listener.url, `redis://127.0.0.1:${listener.port}`);
  const nodeRedis = await createClient({ url: listener.url }).connect();
  const ioredis = new Redis(listener.url);
  await nodeRedis.set('k', 'v');
  assert.equal(await ioredis.get('k'), 'v');
  assert.equal(await db.get('k'), 'v');

  const popped = ioredis.blpop('list', 0);
  await nodeRedis.rPush('list', 'element');
  assert.deepEqual(await popped, ['list', 'element']);
  nodeRedis.destroy();
  await ioredis.quit();
});

test('the package connects to itself as to any server', async () => {
  const remote = await Sanderling.connect(listener.url);
  const messages = [];
  await remote.subscribe('channel', (message) => messages.push(message));
  await db.set('far', 'v');
  assert.equal(await remote.get('far'), 'v');
  assert.deepEqual(await remote.multi().incr('times').get('far').exec(), [1, 'v']);
  await db.publish('channel', 'hello');
  assert.equal(await remote.echo('behind it'), 'behind it');
  assert.deepEqual(messages, ['hello']);
  await remote.close();
  await assert.rejects(remote.get('far'), ClosedError);
});

test('much is read and written, however slowly it is read', async () => {
  const client = new Redis(listener.url);
  const value = Buffer.alloc(1_000_000, 'x');
  await client.set('big', value);
  const replies = await Promise.all(Array.from({ length: 60 }, () => client.getBuffer('big')));
  assert.ok(replies.every((reply) => reply.equals(value)));
  client.disconnect();
});

test('connections end on both sides', async () => {
  const socket = net.connect(listener.port, listener.host);
  socket.write('QUIT\r\n');
  const [reply] = await once(socket, 'data');
  assert.equal(String(reply), '+OK\r\n');
  await once(socket, 'close');

  // One that just goes away is forgotten.
  const rude = net.connect(listener.port, listener.host);
  rude.write('CLIENT SETNAME rude\r\n');
  await once(rude, 'data');
  assert.match(await db.client('LIST'), /name=rude/);
  rude.resetAndDestroy();
  while (/name=rude/.test(await db.client('LIST'))) await new Promise((resolve) => setImmediate(resolve));

  const many = Array.from({ length: 30 }, () => net.connect(listener.port, listener.host).on('error', () => undefined).resume());
  await Promise.any(many.map((socket) => once(socket, 'close')));
  for (const socket of many) socket.destroy();
});

test('a listener is closed with its connections, by itself or with its database', async () => {
  const other = await Sanderling.open();
  const [first, second] = [await other.listen(), await other.listen({ host: '127.0.0.1', port: 0 })];
  assert.notEqual(first.port, second.port);
  await assert.rejects(other.listen({ port: first.port }), { code: 'EADDRINUSE' });
  const [one, two] = [net.connect(first.port), net.connect(second.port)];
  await Promise.all([once(one, 'connect'), once(two, 'connect')]);
  const ends = [one, two].map((socket) => once(socket.on('error', () => undefined).resume(), 'close'));
  await first.close();
  await first.close();
  await ends[0];
  await other.close();
  await ends[1];
  await assert.rejects(other.listen(), { name: 'ClosedError' });
});
