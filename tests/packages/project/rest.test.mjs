// The handler for Upstash's REST API, where it is no server: options, mounting, limits and ends. What it answers is tested in
// tests/clients/upstash.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { after, test } from 'node:test';
import { Sanderling } from 'sanderling';
import { createRestHandler } from 'sanderling/rest';
import { listenRest, nodeListener } from 'sanderling/rest/node';

const token = 'secret';
const db = await Sanderling.open({ maxclients: 20 });
after(() => db.close());
const handler = createRestHandler(db, { token });

const post = (body, { path = '/', ...init } = {}) =>
  new Request(`https://example.com${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, ...init.headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...init,
  });
const ask = async (...command) => (await (await handler(post(command))).json()).result;
const clients = () => db.sync.clientList().trim().split('\n').length;

test('a request is answered on the database', async () => {
  const response = await handler(post(['SET', 'key', 'value']));
  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), { result: 'OK' });
  assert.equal(await db.get('key'), 'value');
  assert.equal(clients(), 1);
});

test('CommonJS has the same', async () => {
  const require = createRequire(import.meta.url);
  const answer = await require('sanderling/rest').createRestHandler(db, { token })(post(['ECHO', 'hello']));
  assert.deepEqual(await answer.json(), { result: 'hello' });
  const rest = await require('sanderling/rest/node').listenRest(db, { token });
  assert.equal((await fetch(rest.url, { method: 'POST', headers: { authorization: `Bearer ${token}` }, body: '["PING"]' })).status, 200);
  await rest.close();
});

test('arguments go out as they are written, whatever JSON they are', async () => {
  let state = 7;
  const random = (below) => (state = (state * 48271) % 2147483647) % below;
  const space = () => [' ', '', '\n', '\t'][random(4)];
  const list = (make) => Array.from({ length: random(4) }, make).join(`${space()},${space()}`);
  const string = () => JSON.stringify(['', '"', '\\', '\\"', ']', '},{', 'é\u2028', '[1,', 'x'.repeat(random(50))][random(9)]);
  const json = (depth) => {
    const kind = random(depth > 4 ? 4 : 6);
    if (kind === 0) return ['0', '-0', '1.50', '1e400', '123456789012345678901234567890'][random(5)];
    if (kind === 1) return ['true', 'false', 'null'][random(3)];
    if (kind < 4) return string();
    if (kind === 4) return `[${space()}${list(() => json(depth + 1))}${space()}]`;
    return `{${space()}${list(() => `${string()}${space()}:${json(depth + 1)}`)}}`;
  };
  for (let turn = 0; turn < 2_000; turn += 1) {
    const values = Array.from({ length: 1 + random(4) }, () => json(0));
    const written = values.map((text) => `${space()}${text}${space()}`);
    const [first, second] = await (
      await handler(post(`[["DEL","l"] , ["RPUSH","l",${written}],["LRANGE","l",0,-1]]`, { path: '/pipeline' }))
    ).json().then((items) => [items[1].result, items[2].result]);
    assert.equal(first, values.length);
    assert.deepEqual(second, values.map((text) => (text.startsWith('"') ? JSON.parse(text) : text)));
  }
});

test('options that are none', () => {
  for (const options of [
    {},
    { token: '' },
    { token: undefined },
    { token: 7 },
    { token: 'two words' },
    { token, basePath: 'redis' },
    { token, hosts: 'localhost' },
    { token, corsOrigins: '*' },
    { token, requestBytesMax: 0 },
    { token, requestBytesMax: '10mb' },
    { token, replyBytesMax: 1e9 },
    { token, blockSecondsMax: Infinity },
    { token, unsentBytesMax: NaN },
    { token, pingSeconds: -1 },
    { token, pendingBytesMax: '64mb' },
  ]) {
    assert.throws(() => createRestHandler(db, options), TypeError, JSON.stringify(options));
  }
  assert.throws(() => createRestHandler(undefined, { token }), /needs a database/);
});

test('under a path', async () => {
  for (const basePath of ['/api/redis', '/api/redis/']) {
    const mounted = createRestHandler(db, { token, basePath });
    for (const [path, body, result] of [
      ['/api/redis', ['PING'], { result: 'PONG' }],
      ['/api/redis/', ['PING'], { result: 'PONG' }],
      ['/api/redis/pipeline', [['PING']], [{ result: 'PONG' }]],
      ['/api/redis/echo/hi', '', { result: 'hi' }],
    ]) {
      assert.deepEqual(await (await mounted(post(body, { path }))).json(), result, path);
    }
    for (const path of ['/', '/api', '/api/redisx', '/pipeline']) {
      assert.equal((await mounted(post(['PING'], { path }))).status, 404, path);
    }
  }
});

test('any origin, if it is told so', async () => {
  const open = createRestHandler(db, { token, corsOrigins: ['*'] });
  const response = await open(post(['PING'], { headers: { authorization: `Bearer ${token}`, origin: 'https://any.example', 'sec-fetch-site': 'cross-site' } }));
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('access-control-allow-origin'), 'https://any.example');
});

test('a request that is given up is not run, or takes nothing', async () => {
  const aborted = await handler(post(['SET', 'aborted', 'x'], { signal: AbortSignal.abort() }));
  assert.equal(aborted.status, 503);
  assert.equal(await db.exists('aborted'), 0);

  const abort = new AbortController();
  const waiting = handler(post(['BLPOP', 'queue', 0], { signal: abort.signal }));
  while (!db.sync.info('clients').includes('blocked_clients:1')) await new Promise(setImmediate);
  abort.abort();
  assert.equal((await waiting).status, 503);
  assert.equal(await db.rpush('queue', 'element'), 1);
  assert.equal(await db.llen('queue'), 1);
  assert.equal(clients(), 1);
});

test('a body that fails is an error', async () => {
  const broken = new ReadableStream({
    pull(controller) {
      controller.error(new Error('the network is gone'));
    },
  });
  const response = await handler(post('', { body: broken, duplex: 'half' }));
  assert.equal(response.status, 500);
  assert.match((await response.json()).error, /the network is gone/);
});

test('bodies beyond what all may have together', async () => {
  const narrow = createRestHandler(db, { token, pendingBytesMax: 1000 });
  const waiting = narrow(post(['BLPOP', 'queue of those', 0]));
  const long = post(['ECHO', 'x'.repeat(970)]);
  assert.equal((await narrow(long)).status, 503);
  await db.rpush('queue of those', 'element');
  assert.equal((await waiting).status, 200);
  assert.equal((await narrow(post(['ECHO', 'x'.repeat(970)]))).status, 200);
  assert.equal((await narrow(post(['ECHO', 'x'.repeat(1000)]))).status, 503);
  assert.equal((await narrow(post(['ECHO', 'x']))).status, 200);
});

test('replies beyond their limit', async () => {
  const short = createRestHandler(db, { token, replyBytesMax: 1000 });
  await db.set('long', 'x'.repeat(900));
  assert.equal((await short(post(['GET', 'long']))).status, 200);
  const pipeline = await short(post([['GET', 'long'], ['GET', 'long'], ['SET', 'behind', '1']], { path: '/pipeline' }));
  const [first, second] = await pipeline.json();
  assert.equal(first.result?.length ?? first.error, first.error ?? 900);
  assert.match(second.error, /^ERR the replies have more than 1000 bytes/);
  await db.append('long', 'x'.repeat(100));
  const single = await short(post(['GET', 'long']));
  assert.equal(single.status, 400);
  assert.match((await single.json()).error, /replyBytesMax/);

  // What is within limits may be long: strings, and arrays of many elements, in many pieces.
  await db.set('megabytes', 'é'.repeat(5_000_000));
  assert.equal((await ask('GET', 'megabytes')).length, 5_000_000);
  await db.rpush('elements', ...Array.from({ length: 50_000 }, (_, index) => `element ${index}`));
  const elements = await ask('LRANGE', 'elements', 0, -1);
  assert.equal(elements.length, 50_000);
  assert.equal(elements[49_999], 'element 49999');
  await db.del('megabytes', 'elements');
});

test('an engine with as many connections as it may have', async () => {
  const open = Array.from({ length: 19 }, () => db.duplicate());
  const response = await handler(post(['PING']));
  assert.equal(response.status, 503);
  assert.deepEqual(await response.json(), { error: 'ERR max number of clients reached' });
  for (const path of ['/pipeline', '/multi-exec']) assert.equal((await handler(post([['PING']], { path }))).status, 503);
  assert.equal((await handler(post('', { path: '/subscribe/news' }))).status, 503);
  for (const client of open) client.close();
  assert.equal(await ask('PING'), 'PONG');
});

test('a subscriber that does not read is cut off', async () => {
  const narrow = createRestHandler(db, { token, unsentBytesMax: 10_000 });
  const response = await narrow(post('', { path: '/subscribe/news' }));
  assert.equal(response.status, 200);
  const message = 'x'.repeat(1_000);
  let heard = 0;
  for (let turn = 0; turn < 20; turn += 1) {
    heard += await db.publish('news', message);
    await new Promise(setImmediate);
  }
  assert.ok(heard >= 9 && heard < 15, `${heard} messages were kept`);
  await assert.rejects(response.text(), /unsentBytesMax/);
  assert.equal(clients(), 1);
});

test('a stream that is cancelled, aborted or left behind ends its subscription', async () => {
  const first = await handler(post('', { path: '/subscribe/news' }));
  assert.equal(clients(), 2);
  await first.body.cancel();
  assert.equal(clients(), 1);

  const abort = new AbortController();
  const second = await handler(post('', { path: '/subscribe/news', signal: abort.signal }));
  abort.abort();
  assert.equal(await second.text(), 'data: subscribe,news,1\n\n');
  assert.equal(clients(), 1);
});

test('a database that needs a password, or is closed', async () => {
  const guarded = await Sanderling.open();
  await guarded.configSet('requirepass', 'password');
  const rest = createRestHandler(guarded, { token });
  assert.equal((await rest(post(['PING']))).status, 401);
  assert.equal((await rest(post([['PING']], { path: '/multi-exec' }))).status, 401);
  const basic = { authorization: `Basic ${btoa('default:password')}` };
  assert.equal((await rest(post(['PING'], { headers: basic }))).status, 200);

  const events = await rest(post('', { path: '/subscribe/news', headers: basic }));
  const waiting = rest(post(['BLPOP', 'queue', 0], { headers: basic }));
  await guarded.close();
  assert.equal((await waiting).status, 503);
  assert.match(await events.text(), /^data: subscribe,news,1\n\n/);
  const closed = await rest(post(['PING']));
  assert.equal(closed.status, 503);
  assert.match((await closed.json()).error, /^ERR .*closed/);
  const health = await rest(new Request('https://example.com/health'));
  assert.equal(health.status, 503);
});

test("a server of Node's own with other things in it", async () => {
  const listener = nodeListener(createRestHandler(db, { token, basePath: '/redis' }));
  const server = createServer((request, response) => {
    if (request.url.startsWith('/redis')) listener(request, response);
    else response.end('something else');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${server.address().port}`;
  assert.equal(await (await fetch(url)).text(), 'something else');
  assert.deepEqual(await (await fetch(`${url}/redis/echo/hi?_token=${token}`)).json(), { result: 'hi' });
  server.closeAllConnections();
  server.close();
});

test('a listener makes a token of its own, and knows only this machine', async () => {
  const [one, other] = [await listenRest(db), await listenRest(db)];
  assert.match(one.token, /^[0-9a-f]{64}$/);
  assert.notEqual(one.token, other.token);
  assert.equal(one.url, `http://127.0.0.1:${one.port}`);
  assert.equal((await fetch(`${one.url}/ping?_token=${one.token}`)).status, 200);
  assert.equal((await fetch(`${one.url}/ping?_token=${other.token}`)).status, 401);
  assert.equal((await fetch(`http://localhost:${one.port}/ping?_token=${one.token}`)).status, 200);
  await one.close();
  await other.close();
  await one.close();
  await assert.rejects(fetch(`${one.url}/ping`));
});
