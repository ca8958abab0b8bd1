// Unmodified ioredis on a server by WebSocket, as in pages and Workers, which have no Node streams.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import path from 'node:path';
import { after, test } from 'node:test';
import Redis from 'ioredis';
import { WebSocket } from 'ws';
import { freePort, repository, startServer } from './server.mjs';

// What pages load, which knows of nothing that only Node has.
const { Sanderling } = await import(path.join(repository, 'wasm/dist/browser.js'));

const port = await freePort();
const server = await startServer(['--http-port', String(port), '--http-token', 'secret']);
after(() => server.stop());
const plain = new Redis(server.url);
after(() => plain.disconnect());

test('ioredis needs no Node streams', { timeout: 60_000 }, async () => {
  globalThis.WebSocket = WebSocket;
  const db = await Sanderling.connect(`ws://127.0.0.1:${port}`, { token: 'secret' });
  const redis = new Redis({ Connector: db.connector() });
  assert.equal(await redis.set('by', 'v\u00e9'), 'OK');
  assert.deepEqual(await redis.pipeline().getBuffer('by').incr('n').exec(), [[null, Buffer.from('v\u00e9')], [null, 1]]);
  const received = once(redis, 'message');
  await redis.subscribe('channel');
  await plain.publish('channel', 'hello');
  assert.deepEqual(await received, ['channel', 'hello']);
  const ready = once(redis, 'ready');
  await plain.client('KILL', 'TYPE', 'pubsub');
  await ready;
  const again = once(redis, 'message');
  while ((await plain.publish('channel', 'again')) === 0);
  assert.deepEqual(await again, ['channel', 'again']);
  const ended = once(redis, 'end');
  redis.disconnect();
  await ended;
  await plain.del('by', 'n');
  await db.close();
});
