// Libraries that want a node-redis client, given the package's own.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, test } from 'node:test';
import { createAdapter } from '@socket.io/redis-adapter';
import KeyvRedis from '@keyv/redis';
import Keyv from 'keyv';
import { Sanderling } from 'sanderling';
import { Server } from 'socket.io';
import { io } from 'socket.io-client';

const db = await Sanderling.open();
after(() => db.close());

test('@keyv/redis', async () => {
  const keyv = new Keyv({ store: new KeyvRedis(db), namespace: 'cache' });
  keyv.on('error', assert.fail);
  await keyv.set('a', { x: 1 }, 100_000);
  await keyv.set('b', 'text');
  assert.deepEqual([await keyv.get('a'), await keyv.get('b'), await keyv.has('c')], [{ x: 1 }, 'text', false]);
  assert.deepEqual(await keyv.get(['a', 'c']), [{ x: 1 }, undefined]);
  const all = [];
  for await (const entry of keyv.iterator()) all.push(entry);
  assert.deepEqual(all.sort(), [['a', { x: 1 }], ['b', 'text']]);
  await db.set('another', 1);
  assert.equal(await keyv.delete('a'), true);
  await keyv.clear();
  assert.deepEqual(await db.keys('*'), ['another']);
});

test('@socket.io/redis-adapter', async () => {
  const start = async () => {
    const http = createServer();
    const server = new Server(http, { adapter: createAdapter(db, db.duplicate()) });
    await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
    const client = io(`http://127.0.0.1:${http.address().port}`);
    await new Promise((resolve) => client.on('connect', resolve));
    return { server, client };
  };
  const [one, two] = [await start(), await start()];
  const heard = new Promise((resolve) => two.client.on('hello', resolve));
  one.server.emit('hello', { bytes: Buffer.from([1, 255]) });
  assert.deepEqual(await heard, { bytes: Buffer.from([1, 255]) });
  assert.equal((await one.server.fetchSockets()).length, 2);
  for (const { server, client } of [one, two]) {
    client.close();
    await server.close();
  }
});
