// An object over HTTP, RPC and WebSocket: what it answers, and whom.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import Redis from 'ioredis';
import { Sanderling } from 'sanderling';
import { markedBlocks } from './examples.mjs';
import { ask as askAt, send } from './http.mjs';
import { TOKEN, missing, start } from './runtime.mjs';
import { closed, openSocket, refusal } from './sockets.mjs';

const { groups } = JSON.parse(readFileSync(new URL('contract.json', import.meta.url), 'utf8'));
/** What the platform's own HTTP says of a connection is for the platform to say. */
const OF_CONNECTIONS = new Set(['keep-alive']);

let runtime;
if (!missing) {
  before(async () => (runtime = await start()));
  after(() => runtime.close());
}

describe("Upstash's REST API", { skip: missing }, () => {
  // The platform closes a connection whose request it has not read to its end, so none is used twice.
  const contract = () => ({ host: '127.0.0.1', port: Number(new URL(runtime.url).port), token: TOKEN, agent: false });

  for (const { name, headers, requests } of groups) {
    test(name, async () => {
      const endpoint = contract();
      await askAt(endpoint, 'FLUSHALL');
      for (const wanted of requests) {
        const answer = await send(endpoint, { ...wanted, headers: { ...headers, ...wanted.headers } });
        const { status = 200, json, text, headersOut = {} } = wanted;
        const what = `${wanted.method ?? 'POST'} ${wanted.path}: ${answer.status} ${answer.text}`;
        assert.equal(answer.status, status, what);
        if (text !== undefined) assert.equal(answer.text, text, what);
        if (json !== undefined) assert.deepEqual(JSON.parse(answer.text), json, what);
        if (wanted.error) assert.match(JSON.parse(answer.text).error, /^[A-Z]+ \S/, what);
        for (const [header, value] of Object.entries(headersOut)) {
          if (!OF_CONNECTIONS.has(header)) assert.equal(answer.headers[header] ?? null, value, `${header} of ${what}`);
        }
        assert.equal(answer.headers['cache-control'], 'no-store', what);
      }
    });
  }

  test('requests that wait are answered by what they wait for', async () => {
    const waiting = runtime.ask('queue', 'BLPOP', 'jobs', 0);
    while (!(await runtime.ask('queue', 'INFO', 'clients')).includes('blocked_clients:1'));
    await runtime.ask('queue', 'RPUSH', 'jobs', 'one');
    assert.deepEqual(await waiting, ['jobs', 'one']);
    // The engine's own timer ends this wait.
    assert.equal(await runtime.ask('queue', 'BLPOP', 'jobs', 0.05), null);
  });

  test('messages come as events, and who has gone is noticed with the next one', async () => {
    const abort = new AbortController();
    const headers = { authorization: `Bearer ${TOKEN}` };
    const { body } = await fetch(`${runtime.url}db/events/subscribe/news`, { headers, signal: abort.signal });
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    assert.equal((await reader.read()).value, 'data: subscribe,news,1\n\n');
    assert.equal(await runtime.ask('events', 'PUBLISH', 'news', 'hello'), 1);
    assert.equal((await reader.read()).value, 'data: message,news,hello\n\n');
    abort.abort();
    while ((await runtime.ask('events', 'PUBLISH', 'news', 'bye')) === 1);
  });
});

describe('objects', { skip: missing }, () => {
  test('are found by their names, and have nothing of each other', async () => {
    await runtime.ask('one', 'SET', 'key', '1');
    await runtime.ask('two%20%2F', 'SET', 'key', '2');
    assert.equal(await runtime.ask('one', 'GET', 'key'), '1');
    assert.equal(await runtime.ask('two%20%2F', 'GET', 'key'), '2');
    assert.equal(await runtime.rpc('one', 'call', 'GET', 'key'), '1');
    for (const path of ['db', 'db/', 'db//get/key']) assert.equal((await fetch(`${runtime.url}${path}`)).status, 404, path);
    assert.equal((await fetch(`${runtime.url}db/%zz/`)).status, 400);
  });

  test('store nothing for who is not let in', async () => {
    for (const headers of [{}, { authorization: 'Bearer wrong' }]) {
      for (const path of ['open', 'db']) {
        const response = await fetch(`${runtime.url}${path}/strange/get/key`, { headers });
        assert.equal(response.status, 401);
        assert.deepEqual(await response.json(), { error: 'WRONGPASS invalid or missing auth token' });
      }
    }
    assert.equal(await runtime.rpc('strange', 'tables'), 0);
  });

  test('know the users of their setup, in each of their lives', async () => {
    const headers = { authorization: `Basic ${btoa('ann:secret')}` };
    for (let life = 0; life < 2; life += 1) {
      const get = async (path) => (await fetch(`${runtime.url}open/users/${path}`, { headers })).json();
      assert.deepEqual(await get('acl/whoami'), { result: 'ann' });
      assert.match((await get('keys/*')).error, /^NOPERM/);
      await runtime.abort('users');
    }
  });

  test('have as much memory as they are given', async () => {
    await assert.rejects(async () => {
      for (let at = 0; ; at += 1) await runtime.ask('small', 'SET', `key:${at}`, 'x'.repeat(500_000));
    }, /^Error: OOM /);
    assert.equal(await runtime.ask('one', 'CONFIG', 'GET', 'maxmemory').then(([, bytes]) => bytes), String(32 * 1024 * 1024));
  });
});

test("the Worker of the package's README", { skip: missing }, async () => {
  const readme = readFileSync(new URL('node_modules/sanderling/README.md', import.meta.url), 'utf8');
  const scripts = markedBlocks(readme).filter(({ kind }) => kind === 'object');
  assert.equal(scripts.length, 1);
  const shown = await start({ script: scripts[0].text });
  assert.equal(await shown.ask('cache', 'SET', 'key', 'value'), 'OK');
  assert.equal(await shown.ask('cache', 'GET', 'key'), 'value');
  assert.equal((await fetch(`${shown.url}db/cache/get/key`)).status, 401);
  await shown.close();
});

describe('RPC', { skip: missing }, () => {
  test('runs @upstash/redis as it is', async () => {
    assert.deepEqual(await runtime.rpc('sdk', 'sdk'), [
      'OK',
      { nested: [1, 'é'] },
      1,
      { field: 1 },
      [1, 2],
      [3, 3],
      ['k', 'a', 7],
      [3, 0],
      'WRONGTYPE Operation against a key holding the wrong kind of value',
      'EXECABORT Transaction discarded because of previous errors.',
      "ERR 'subscribe/news' is not available by RPC: use fetch, or a WebSocket",
    ]);
  });

  test('runs commands, and methods of a class of its own', async () => {
    assert.equal(await runtime.rpc('rpc', 'call', 'SET', 'key', 'value'), 'OK');
    assert.deepEqual(await runtime.rpc('rpc', 'call', 'MGET', 'key', 'none'), ['value', null]);
    assert.equal(await runtime.rpc('rpc', 'visit', 'home'), 1);
    assert.equal(await runtime.rpc('rpc', 'visit', 'home'), 2);
    await assert.rejects(runtime.rpc('rpc', 'call', 'INCR', 'key'), /not an integer/);
    for (const command of ['SELECT', 'MULTI', 'AUTH']) await assert.rejects(runtime.rpc('rpc', 'call', command), /is about a connection/);
  });
});

describe('WebSockets', { skip: missing }, () => {
  test('are connections with everything that belongs to one', async () => {
    const db = await Sanderling.connect(runtime.socketUrl('sockets'), { token: TOKEN });
    assert.equal(await db.set('key', 'value'), 'OK');
    assert.deepEqual(await db.multi().incr('n').get('key').exec(), [1, 'value']);
    await db.select(3);
    assert.equal(await db.get('key'), null);
    await db.select(0);
    const large = 'x'.repeat(3_000_000);
    await db.set('large', large);
    assert.equal(await db.get('large'), large);
    const worker = db.duplicate();
    const job = worker.blpop('jobs', 0);
    await db.rpush('jobs', 'one');
    assert.deepEqual(await job, ['jobs', 'one']);
    await db.close();
  });

  test('carry ioredis', async () => {
    const db = await Sanderling.connect(runtime.socketUrl('ioredis'), { token: TOKEN });
    const client = new Redis({ Connector: db.connector() });
    assert.equal(await client.set('key', 'value'), 'OK');
    assert.deepEqual(await client.pipeline().incr('n').incr('n').exec(), [[null, 1], [null, 2]]);
    const subscriber = client.duplicate();
    await subscriber.subscribe('news');
    const heard = new Promise((resolve) => subscriber.once('message', (channel, message) => resolve([channel, message])));
    await runtime.ask('ioredis', 'PUBLISH', 'news', 'hello');
    assert.deepEqual(await heard, ['news', 'hello']);
    await subscriber.quit();
    // Who has a connection of what is closed hears of it.
    const end = new Promise((resolve) => client.once('close', resolve));
    await db.close();
    await end;
    client.disconnect();
  });

  test('are had by Workers, too', async () => {
    const response = await fetch(`${runtime.url}socket`, { method: 'POST', body: runtime.socketUrl('from-worker') });
    assert.deepEqual(await response.json(), ['OK', 'vé', [1, 2], 'hello']);
  });

  test('have commands in JSON', async () => {
    const [socket, next] = await openSocket(runtime.socketUrl('json'), 'json');
    for (const [message, wanted] of [
      ['["SET","key",1.50]', '{"result":"OK"}'],
      ['["GET","key"]', '{"result":"1.50"}'],
      ['["HSET","hash","field","é"]', '{"result":1}'],
      ['["HGETALL","hash"]', '{"result":{"field":"é"}}'],
      ['["INCRBY","large","9007199254740993"]', '{"result":9007199254740993}'],
      ['["ZADD","zset","inf","a","1.5","b"]', '{"result":2}'],
      ['["ZSCORE","zset","a"]', '{"result":"inf"}'],
      ['["ZSCORE","zset","b"]', '{"result":1.5}'],
      ['["GET","none"]', '{"result":null}'],
      ['["INCR","hash"]', '{"error":"WRONGTYPE Operation against a key holding the wrong kind of value"}'],
      ['no JSON', '{"error":"ERR the message is not JSON"}'],
      ['{}', '{"error":"ERR the message has to be an array of a command and its arguments, in JSON"}'],
      ['["SUBSCRIBE","news"]', '{"push":["subscribe","news",1]}'],
    ]) {
      socket.send(message);
      assert.equal(await next(), wanted, message);
    }
    await runtime.ask('json', 'PUBLISH', 'news', 'hello');
    assert.equal(await next(), '{"push":["message","news","hello"]}');
    const end = closed(socket);
    socket.send(new Uint8Array([1]));
    assert.equal((await end).code, 1003);
  });

  test('are for who is let in, and for what there is', async () => {
    const wrong = `token.${btoa('wrong').replaceAll('=', '')}`;
    for (const [protocols, path, status] of [
      [['resp'], 'db', 401],
      [['resp', wrong], 'db', 401],
      [['resp', wrong], 'open', 401],
      [['resp', 'token.!'], 'open', 401],
      [['other', `token.${btoa(TOKEN)}`], 'open', 400],
    ]) {
      assert.equal(await refusal(`${runtime.url}${path}/guarded/`, protocols), status, protocols.join());
    }
    assert.equal(await runtime.rpc('guarded', 'tables'), 0);
    const [socket, next] = await openSocket(runtime.socketUrl('guarded').replace('/db/', '/open/'), 'resp', btoa('ann:secret'));
    socket.send('ACL WHOAMI\r\n');
    assert.equal(await next(), '$3\r\nann\r\n');
    socket.close();
  });

  test('that have set up more than can be kept are closed', async () => {
    const [socket] = await openSocket(runtime.socketUrl('long'), 'resp');
    const end = closed(socket);
    socket.send(`SUBSCRIBE ${'x'.repeat(9_000)} ${'y'.repeat(9_000)}\r\n`);
    const { code, reason } = await end;
    assert.equal(code, 1009);
    assert.match(reason, /more than 16256 bytes/);
    while ((await runtime.ask('long', 'PUBSUB', 'CHANNELS')).length > 0);
  });

  test('end with their connection, and it with them', async () => {
    const [socket, next] = await openSocket(runtime.socketUrl('ends'), 'resp');
    socket.send('CLIENT ID\r\n');
    const id = (await next()).slice(1, -2);
    const end = closed(socket);
    await runtime.ask('ends', 'CLIENT', 'KILL', 'ID', id);
    assert.equal((await end).code, 1000);
    const [other] = await openSocket(runtime.socketUrl('ends'), 'resp');
    other.send('SUBSCRIBE news\r\n');
    while ((await runtime.ask('ends', 'PUBSUB', 'CHANNELS')).length === 0);
    other.close();
    while ((await runtime.ask('ends', 'PUBSUB', 'CHANNELS')).length > 0);
  });
});
