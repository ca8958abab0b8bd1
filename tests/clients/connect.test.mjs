// Sanderling.connect: the package's client on a server, by WebSocket and by sockets.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import Redis from 'ioredis';
import { WebSocket as UndiciWebSocket } from 'undici';
import { WebSocket as WsWebSocket } from 'ws';
import { freePort, repository, startServer } from './server.mjs';

const { ClosedError, ConnectionError, NotLocalError, ReplyError, Sanderling } = await import(path.join(repository, 'wasm/dist/node.js'));

const ENOUGH = { timeout: 60_000 };
const file = (name) => path.join(repository, 'tests/clients/tls', name);
const tls = { ca: readFileSync(file('ca.crt')) };
/** What the platform has; the package brings its own where it has none. */
const { WebSocket: platformWebSocket } = globalThis;
after(() => (globalThis.WebSocket = platformWebSocket));

const ports = { http: await freePort(), https: await freePort(), rediss: await freePort() };
const server = await startServer([
  ...['--http-port', String(ports.http), '--https-port', String(ports.https), '--http-token', 'secret'],
  ...['--tls-port', String(ports.rediss), '--tls-cert-file', file('server.crt'), '--tls-key-file', file('server.key')],
  ...['--tls-auth-clients', 'no', '--databases', '16'],
]);
after(() => server.stop());
const plain = new Redis(server.url);
after(() => plain.disconnect());
await plain.call('ACL', 'SETUSER', 'ann', 'on', '>pass:word', '~*', '&*', '+@all');

const ways = [
  ['ws: by the package', `ws://127.0.0.1:${ports.http}`, { token: 'secret' }, undefined],
  ['ws: by undici', `ws://127.0.0.1:${ports.http}`, { token: 'secret' }, UndiciWebSocket],
  ['ws: by ws', `ws://127.0.0.1:${ports.http}`, { token: 'secret' }, WsWebSocket],
  ['wss:', `wss://localhost:${ports.https}`, { token: 'secret', tls }, undefined],
  ['redis:', server.url, {}, undefined],
  ['rediss:', `rediss://localhost:${ports.rediss}`, { tls }, undefined],
];

for (const [name, url, given, WebSocketClass] of ways) describe(name, () => {
  const connect = (more) => {
    globalThis.WebSocket = WebSocketClass;
    return Sanderling.connect(url, { ...given, ...more });
  };
  /** Ends all connections but that of the tests themselves. */
  const cut = () => plain.client('KILL', 'TYPE', 'normal', 'SKIPME', 'yes');

  test('has the methods of a database', ENOUGH, async () => {
    const db = await connect({ database: 3 });
    await db.flushDb();
    assert.equal(await db.set('k', 'v\u00e9', { EX: 60 }), 'OK');
    assert.equal(await db.get('k'), 'v\u00e9');
    assert.deepEqual(await db.buffers.get('k'), new TextEncoder().encode('v\u00e9'));
    await db.hSet('h', { a: 1, b: 2 });
    assert.deepEqual(await db.hgetall('h'), { a: '1', b: '2' });
    assert.deepEqual(await db.pipeline().incr('n').get('k').exec(), [1, 'v\u00e9']);
    assert.deepEqual(await db.multi().incr('n').incr('n').exec(), [2, 3]);
    await assert.rejects(db.lpush('k', 'x'), (error) => error instanceof ReplyError && error.code === 'WRONGTYPE' && error.command.name === 'LPUSH');
    const digits = 10n ** 99_999n;
    assert.deepEqual(await db.pipeline().set('large', digits).get('large').exec(), ['OK', String(digits)]);
    const large = 'x'.repeat(3_000_000) + '\u00e9';
    await db.set('large', large);
    assert.equal(await db.get('large'), large);
    const many = await Promise.all(Array.from({ length: 2000 }, (_, index) => db.echo(String(index))));
    assert.deepEqual(many, Array.from({ length: 2000 }, (_, index) => String(index)));
    assert.match(await db.call('CLIENT', 'INFO'), / db=3 .* resp=3/);
    const keys = [];
    for await (const page of db.scanIterator()) keys.push(...page);
    assert.deepEqual(keys.sort(), ['h', 'k', 'large', 'n']);
    await db.close();
    await assert.rejects(db.get('k'), ClosedError);
    assert.equal(await (await db.connect()).get('n'), '3', 'as it is when it is opened anew');
    await db.close();
  });

  test('says what was on its way when the connection went, and is as it was', ENOUGH, async () => {
    const db = await connect();
    const messages = [];
    let heard;
    const listen = db.duplicate();
    await listen.subscribe('news', (message) => heard(messages.push(message)));
    await listen.select(5);
    const next = (ask) => new Promise((resolve) => ((heard = resolve), ask()));
    await next(() => plain.publish('news', 'one'));
    await db.select(4);
    await db.set('k', 'of 4');
    const ready = new Promise((resolve) => db.once('ready', resolve));
    const lost = new Promise((resolve) => db.once('error', resolve));
    const blocked = db.blpop('queue', 0);
    // What is asked for next is on its way behind it.
    const behind = db.incr('never');
    while (!/blocked_clients:1/.test(await plain.info('clients')));
    await cut();
    for (const asked of [blocked, behind]) {
      await assert.rejects(asked, (error) => error instanceof ConnectionError && error.mayHaveRun);
    }
    assert.ok((await lost) instanceof ConnectionError);
    // What is asked for meanwhile waits.
    assert.equal(await db.get('k'), 'of 4');
    await ready;
    assert.equal(db.isReady, true);
    while (!(await listen.call('CLIENT', 'INFO').catch(() => '')).includes(' sub=1 '));
    assert.match(await listen.call('CLIENT', 'INFO'), / db=5 /);
    await next(() => plain.publish('news', 'two'));
    assert.deepEqual(messages, ['one', 'two']);
    assert.equal(await plain.rpush('queue', 'kept'), 1);
    assert.equal(await plain.del('queue'), 1);
    await db.close();
    assert.equal(listen.isOpen, false);
  });

  test('runs no transaction whose watch or beginning was lost', ENOUGH, async () => {
    const db = await connect();
    const again = () => new Promise((resolve) => db.once('ready', resolve));
    await db.watch('w');
    let ready = again();
    await cut();
    await ready;
    await assert.rejects(db.multi().set('w', 'wrong').exec(), (error) => error instanceof ConnectionError && !error.mayHaveRun);
    assert.equal(await db.get('w'), null);
    assert.deepEqual(await db.multi().set('w', 'right').exec(), ['OK'], 'the next one has lost nothing');
    await db.call('MULTI');
    await db.call('SET', 'w', 'wrong');
    ready = again();
    await cut();
    await ready;
    await assert.rejects(db.call('SET', 'w', 'wrong'), ConnectionError);
    await assert.rejects(db.call('EXEC'), ConnectionError);
    assert.equal(await db.get('w'), 'right');
    await db.del('w');
    await db.close();
  });

  test('is for unmodified ioredis, too', ENOUGH, async () => {
    const db = await connect();
    const redis = new Redis({ Connector: db.connector(), enableReadyCheck: true });
    assert.equal(await redis.set('by', 'ioredis'), 'OK');
    assert.equal(await db.get('by'), 'ioredis');
    const received = once(redis, 'message');
    await redis.subscribe('channel');
    await plain.publish('channel', 'hello');
    assert.deepEqual(await received, ['channel', 'hello']);
    redis.disconnect();
    await db.close();
  });

  test('does what needs no engine here, and says what does', ENOUGH, async () => {
    const db = await connect();
    assert.throws(() => db.sync, NotLocalError);
    assert.throws(() => db.image(), NotLocalError);
    assert.throws(() => db.pipeline().get('k').execSync(), NotLocalError);
    for (const asked of [db.export(), db.import(new Uint8Array(0)), db.listen()]) await assert.rejects(asked, NotLocalError);
    await db.close();
    // With nothing to make it anew, the end is the end.
    const once_ = await connect({ reconnect: false });
    const ended = new Promise((resolve) => once_.on('end', resolve));
    await cut();
    await ended;
    await assert.rejects(once_.get('k'), ClosedError);
  });
});

describe('who connects', () => {
  const http = `127.0.0.1:${ports.http}`;
  const accepted = [
    [`ws://ann:pass%3Aword@${http}/?db=2`, {}, 'ann', 2],
    [`ws://${http}`, { username: 'ann', password: 'pass:word', database: 1 }, 'ann', 1],
    [server.url.replace('//', '//ann:pass%3Aword@') + '/7', {}, 'ann', 7],
    [new URL(server.url), {}, 'default', 0],
  ];
  for (const [url, options, user, database] of accepted) {
    test(`${url}`, ENOUGH, async () => {
      globalThis.WebSocket = undefined;
      const db = await Sanderling.connect(url, options);
      assert.equal(await db.call('ACL', 'WHOAMI'), user);
      assert.match(await db.call('CLIENT', 'INFO'), new RegExp(` db=${database} `));
      await db.close();
    });
  }

  test('nobody else', ENOUGH, async () => {
    for (const WebSocketClass of [undefined, UndiciWebSocket]) {
      globalThis.WebSocket = WebSocketClass;
      for (const options of [{}, { token: 'wrong' }, { password: 'wrong' }, { username: 'ann', password: 'wrong' }]) {
        await assert.rejects(Sanderling.connect(`ws://${http}`, options), ConnectionError);
      }
    }
    globalThis.WebSocket = undefined;
    await assert.rejects(Sanderling.connect(`ws://${http}`), /401 .*WRONGPASS/);
    await assert.rejects(Sanderling.connect(server.url, { username: 'ann', password: 'wrong' }), (error) => error instanceof ReplyError && error.code === 'WRONGPASS');
    await assert.rejects(Sanderling.connect(`redis://127.0.0.1:${await freePort()}`), (error) => error instanceof ConnectionError && /ECONNREFUSED/.test(error.message));
    await assert.rejects(Sanderling.connect(`wss://localhost:${ports.https}`, { token: 'secret' }), ConnectionError, 'whose certificate nobody knows');
  });

  test('with what makes no sense', ENOUGH, async () => {
    for (const [url, options, reason] of [
      ['nowhere', {}, /takes a URL/],
      ['http://localhost', {}, /ws:, wss:, redis: and rediss:/],
      ['redis://localhost/x', {}, /'database'/],
      ['redis://localhost', { token: 't' }, /'token'/],
      ['ws://ann:p@localhost', { token: 't' }, /either/],
      ['ws://ann@localhost', {}, /a password/],
      ['ws://localhost', { connectTimeout: 0 }, /'connectTimeout'/],
      ['ws://localhost', 5, /an object/],
    ]) {
      await assert.rejects(Sanderling.connect(url, options), (error) => error instanceof TypeError && reason.test(error.message), url);
    }
  });
});

describe('a server that is none', () => {
  /** Answers each connection by a function of its socket. */
  async function serve(answer) {
    const sockets = new Set();
    const listener = net.createServer((socket) => {
      sockets.add(socket.on('error', () => {}));
      answer(socket);
    });
    await once(listener.listen(0, '127.0.0.1'), 'listening');
    after(() => (sockets.forEach((socket) => socket.destroy()), listener.close()));
    return listener.address().port;
  }

  test('silence ends at some time', ENOUGH, async () => {
    const port = await serve(() => {});
    for (const scheme of ['redis', 'ws']) {
      globalThis.WebSocket = undefined;
      await assert.rejects(Sanderling.connect(`${scheme}://127.0.0.1:${port}`, { connectTimeout: 50 }), /within 50 ms/);
    }
  });

  test('what waits for one that is gone is limited, and was not run', ENOUGH, async () => {
    let isGone = false;
    const port = await serve((socket) => {
      if (isGone) return socket.destroy();
      socket.once('data', () => socket.write('%1\r\n$2\r\nid\r\n:7\r\n'));
      socket.once('data', () => setImmediate(() => socket.once('data', () => ((isGone = true), socket.destroy()))));
    });
    const db = await Sanderling.connect(`redis://127.0.0.1:${port}`);
    const reconnecting = new Promise((resolve) => db.once('reconnecting', resolve));
    await assert.rejects(db.get('k'), (error) => error instanceof ConnectionError && error.mayHaveRun);
    await reconnecting;
    assert.deepEqual([db.isOpen, db.isReady], [true, false]);
    const other = db.duplicate();
    const unsent = (error) => error instanceof ConnectionError && !error.mayHaveRun;
    const waiting = Array.from({ length: 10_000 }, () => assert.rejects(db.get('k'), unsent));
    await assert.rejects(db.get('k'), /10000 requests wait/);
    const others = assert.rejects(other.get('k'), unsent);
    await db.close();
    await Promise.all([...waiting, others]);
  });

  test('nonsense is no reply', ENOUGH, async () => {
    const port = await serve((socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'));
    for (const scheme of ['redis', 'ws']) await assert.rejects(Sanderling.connect(`${scheme}://127.0.0.1:${port}`), ConnectionError);
  });

  test('replies and frames may be cut anywhere', ENOUGH, async () => {
    const replies = '%1\r\n$2\r\nid\r\n:7\r\n' + '|1\r\n+ttl\r\n:1\r\n*3\r\n$1\r\na\r\n%1\r\n+k\r\n~1\r\n_\r\n$-1\r\n' + '+end\r\n';
    // In frames: the first is text, in two pieces with a ping between; then one of bytes.
    const frame = (first, text) => Buffer.concat([Buffer.from([first, text.length]), Buffer.from(text)]);
    const frames = Buffer.concat([frame(0x01, replies.slice(0, 9)), frame(0x89, 'hi'), frame(0x80, replies.slice(9, 40)), frame(0x82, replies.slice(40))]);
    const { createHash } = await import('node:crypto');
    const drip = async (socket, bytes) => {
      for (const byte of bytes) {
        socket.write(Buffer.of(byte));
        await new Promise(setImmediate);
      }
    };
    const port = await serve((socket) => {
      socket.setNoDelay();
      socket.once('data', (chunk) => {
        const key = /sec-websocket-key: (.+)\r\n/i.exec(String(chunk))?.[1];
        if (key === undefined) return drip(socket, Buffer.from(replies));
        const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
        const head = `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\nsec-websocket-protocol: resp\r\n\r\n`;
        return drip(socket, Buffer.concat([Buffer.from(head), frames]));
      });
    });
    for (const [scheme, WebSocketClass] of [['redis', undefined], ['ws', undefined], ['ws', WsWebSocket]]) {
      globalThis.WebSocket = WebSocketClass;
      const db = await Sanderling.connect(`${scheme}://127.0.0.1:${port}`);
      assert.deepEqual(await Promise.all([db.call('FIRST'), db.call('SECOND')]), [['a', { k: [null] }, null], 'end']);
      await db.close();
    }
  });
});
