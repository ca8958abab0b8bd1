// Upstash's REST API as data, in contract.json, streams.json and guard.json, and what cannot be data: requests that wait, that
// are cut off, that are too much. endpoint.mjs says what is tested.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { after, before, beforeEach, describe, test } from 'node:test';
import { ENOUGH } from '../queues/target.mjs';
import { fixed, missing, openEndpoint, steady } from './endpoint.mjs';
import { ask, begin, send } from './http.mjs';

const read = (name) => JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8'));
const { groups } = read('contract.json');
const { streams } = read('streams.json');
const guard = read('guard.json');

/** @type {import('./endpoint.mjs').Endpoint} */
let endpoint;
if (!missing) {
  before(async () => {
    endpoint = await openEndpoint();
  });
  after(() => endpoint.close());
  beforeEach(() => ask(endpoint, 'FLUSHALL'));
}

describe('requests and answers', { skip: missing }, () => {
  const seen = new Set();

  for (const { name, headers, requests } of groups) {
    test(name, ENOUGH, async () => {
      for (const wanted of requests) {
        const answer = await send(endpoint, { ...wanted, headers: { ...headers, ...wanted.headers } });
        check(answer, wanted);
        const token = answer.headers['upstash-sync-token'];
        assert.ok(token && !seen.has(token), `the sync token ${token} came twice`);
        seen.add(token);
      }
    });
  }
});

/** Compares an answer with what a test describes, and with what every answer has to have. */
function check(answer, wanted) {
  const { method = 'POST', path, body, status = 200, json, text, error, headersOut = {} } = wanted;
  const what = `${method} ${path} ${JSON.stringify(body ?? '')}: ${answer.status} ${answer.text}`;
  assert.equal(answer.status, status, what);
  for (const [name, value] of Object.entries(headersOut)) assert.equal(answer.headers[name] ?? null, value, `${name} of ${what}`);
  assert.equal(answer.headers['cache-control'], 'no-store', what);
  assert.equal(answer.headers['x-content-type-options'], 'nosniff', what);
  if (method !== 'HEAD') assert.equal(Number(answer.headers['content-length']), Buffer.byteLength(answer.text), what);
  if (text !== undefined) assert.equal(answer.text, text, what);
  if (json !== undefined) assert.deepEqual(JSON.parse(answer.text), json, what);
  if (error) {
    const isRaw = answer.headers['content-type'] === 'application/octet-stream';
    assert.equal(isRaw, false, what);
    assert.deepEqual(Object.keys(JSON.parse(answer.text)), ['error'], what);
    assert.match(JSON.parse(answer.text).error, /^[A-Z]+ \S/, what);
  }
}

describe('streams', { skip: missing }, () => {
  for (const { name, open, steps } of streams) {
    test(name, ENOUGH, async () => {
      const outgoing = begin(endpoint, open, { agent: false });
      const [incoming] = await once(outgoing, 'response');
      assert.equal(incoming.statusCode, 200);
      assert.equal(incoming.headers['content-type'], 'text/event-stream');
      assert.equal(incoming.headers['content-length'], undefined);
      const next = eventsOf(incoming);
      for (const step of steps) {
        if (step.ask) await ask(endpoint, ...step.ask);
        for (const event of step.events) assert.match(await next(), patternOf(event));
      }
      const clients = await connections();
      outgoing.destroy();
      // Who goes away is subscribed no longer.
      await until(async () => (await connections()) < clients);
      assert.equal(await ask(endpoint, 'PUBSUB', 'NUMPAT'), 0);
      assert.deepEqual(await ask(endpoint, 'PUBSUB', 'CHANNELS'), []);
    });
  }

  test('a user without the right to a channel is told so', ENOUGH, async () => {
    await ask(endpoint, 'ACL', 'SETUSER', 'ann', 'reset', 'on', '>secret', '+@all', 'resetchannels', '&mine');
    const headers = { authorization: 'Basic YW5uOnNlY3JldA==' };
    check(await send(endpoint, { path: '/subscribe/theirs', headers }), { path: '/subscribe/theirs', status: 400, error: true });
    await ask(endpoint, 'ACL', 'DELUSER', 'ann');
  });

  test('a connection that is killed ends its stream', ENOUGH, async () => {
    const [incoming] = await once(begin(endpoint, { method: 'GET', path: '/subscribe/ch' }, { agent: false }), 'response');
    const next = eventsOf(incoming);
    assert.equal(await next(), 'data: subscribe,ch,1\n\n');
    assert.equal(await ask(endpoint, 'CLIENT', 'KILL', 'TYPE', 'pubsub'), 1);
    assert.equal(await next(), undefined);
  });

  test('a stream that is silent tells that it is alive', { ...ENOUGH, skip: steady }, async () => {
    const lively = await openEndpoint({ pingSeconds: 0.01 });
    const outgoing = begin(lively, { method: 'GET', path: '/subscribe/ch' }, { agent: false });
    const [incoming] = await once(outgoing, 'response');
    const next = eventsOf(incoming);
    assert.equal(await next(), 'data: subscribe,ch,1\n\n');
    assert.equal(await next(), ': ping\n\n');
    outgoing.destroy();
    await lively.close();
  });
});

/** What hands out the events of a stream, one at a time; `undefined` when it has ended. */
function eventsOf(incoming) {
  const pieces = incoming.setEncoding('utf8')[Symbol.asyncIterator]();
  let text = '';
  return async () => {
    while (!text.includes('\n\n')) {
      const { done, value } = await pieces.next();
      if (done) return undefined;
      text += value;
    }
    const end = text.indexOf('\n\n') + 2;
    const event = text.slice(0, end);
    text = text.slice(end);
    return event;
  };
}

function patternOf(event) {
  const escaped = event.split('*').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${escaped.join('.*')}$`, 's');
}

/** The status of an answer whose content may not end. */
async function statusOf(endpoint, wanted) {
  const outgoing = begin(endpoint, wanted, {});
  const [incoming] = await once(outgoing, 'response');
  incoming.destroy();
  return incoming.statusCode;
}

describe('pages of others', { skip: fixed }, () => {
  const { hosts, corsOrigins, rows } = guard;
  let guarded;
  if (!fixed) {
    before(async () => {
      guarded = await openEndpoint({ hosts, corsOrigins });
    });
    after(() => guarded.close());
  }

  const headersOf = ([host, origin, site]) => ({
    host,
    ...(origin === null ? {} : { origin }),
    ...(site === null ? {} : { 'sec-fetch-site': site }),
  });

  /** A request with what a row says of the token. */
  const withToken = (wanted, token) => {
    if (typeof token === 'boolean') return { ...wanted, token };
    const isWrong = token.startsWith('wrong');
    if (token === 'wrong') return { ...wanted, headers: { ...wanted.headers, authorization: 'Bearer wrong' } };
    return { ...wanted, token: false, path: `${wanted.path}?_token=${isWrong ? 'wrong' : '{token}'}` };
  };

  test('are let in or not', ENOUGH, async () => {
    assert.ok(rows.length >= 60);
    for (const row of rows) {
      const [, origin, , token, status] = row;
      for (const request of [
        { method: 'GET', path: '/exists/k' },
        { path: '/', body: ['PING'] },
        { path: '/pipeline', body: [['PING']] },
      ]) {
        const answer = await send(guarded, withToken({ ...request, headers: headersOf(row) }, token));
        const what = `${JSON.stringify(row)} ${request.path}: ${answer.status} ${answer.text}`;
        assert.equal(answer.status, status, what);
        // Answers may be read by pages of allowed origins alone, and nothing is allowed that would send credentials.
        const isAllowed = corsOrigins.includes(origin) && status !== 403;
        assert.equal(answer.headers['access-control-allow-origin'], isAllowed ? origin : undefined, what);
        assert.equal(answer.headers['access-control-allow-credentials'], undefined, what);
        if (status === 200 || status === 401) assert.equal(answer.headers.vary, 'Origin', what);
      }
      const stream = withToken({ method: 'GET', path: '/subscribe/ch', headers: headersOf(row) }, token);
      assert.equal(await statusOf(guarded, stream), status, `${JSON.stringify(row)} as a stream`);
    }
  });

  test('are refused before anything runs', ENOUGH, async () => {
    const headers = { host: 'localhost', origin: 'https://evil.example' };
    assert.equal((await send(guarded, { method: 'GET', path: '/set/k/v', headers })).status, 403);
    assert.equal(await ask(guarded, 'EXISTS', 'k'), 0);
  });

  test('ask first what they may send', ENOUGH, async () => {
    const wanted = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization, upstash-encoding' };
    const asked = (origin) => send(guarded, { method: 'OPTIONS', path: '/pipeline', token: false, headers: { host: 'localhost', origin, ...wanted } });
    const allowed = await asked('https://page.example');
    assert.equal(allowed.status, 204);
    assert.equal(allowed.headers['access-control-allow-origin'], 'https://page.example');
    assert.equal(allowed.headers['access-control-allow-methods'], 'GET, HEAD, POST, PUT');
    assert.equal(allowed.headers['access-control-allow-headers'], 'authorization, upstash-encoding');
    assert.equal(allowed.headers['access-control-max-age'], '86400');
    assert.equal((await asked('https://evil.example')).status, 403);
  });

  test('may read nothing unless told otherwise', ENOUGH, async () => {
    const headers = { origin: `http://${endpoint.host}:${endpoint.port}` };
    const answer = await send(endpoint, { path: '/', body: ['PING'], headers });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['access-control-allow-origin'], undefined);
    const elsewhere = { origin: 'https://page.example' };
    assert.equal((await send(endpoint, { path: '/', body: ['PING'], headers: elsewhere })).status, 403);
    assert.equal((await send(endpoint, { path: '/', body: ['PING'], headers: { host: 'evil.example' } })).status, 403);
  });
});

describe('requests that wait', { skip: missing }, () => {
  const blocked = async () => Number(/blocked_clients:(\d+)/.exec(await ask(endpoint, 'INFO', 'clients'))[1]);

  /** Sends a request on a connection of its own; it waits when this resolves. */
  async function waiting(wanted) {
    const outgoing = begin(endpoint, wanted, { agent: false });
    outgoing.on('error', () => {});
    await until(async () => (await blocked()) === 1);
    return outgoing;
  }

  test('are answered by what they wait for', ENOUGH, async () => {
    const outgoing = await waiting({ path: '/', body: ['BLPOP', 'queue', 0] });
    await ask(endpoint, 'RPUSH', 'queue', 'a', 'b');
    const [incoming] = await once(outgoing, 'response');
    incoming.setEncoding('utf8');
    assert.equal((await incoming.toArray()).join(''), '{"result":["queue","a"]}');
  });

  test('answer a whole pipeline', ENOUGH, async () => {
    const body = [['SET', 'k', 'v'], ['BLPOP', 'queue', 0], ['GET', 'k']];
    const outgoing = await waiting({ path: '/pipeline', body });
    await ask(endpoint, 'RPUSH', 'queue', 'a');
    const [incoming] = await once(outgoing, 'response');
    incoming.setEncoding('utf8');
    assert.equal((await incoming.toArray()).join(''), '[{"result":"OK"},{"result":["queue","a"]},{"result":"v"}]');
  });

  for (const [name, body] of [
    ['a command', ['BLPOP', 'queue', 0]],
    ['a move', ['BLMOVE', 'queue', 'done', 'LEFT', 'RIGHT', 0]],
    ['a member', ['BZPOPMIN', 'members', 0]],
    ['a script behind it', undefined],
  ]) {
    test(`that are cut off take nothing: ${name}`, ENOUGH, async () => {
      const pipeline = [['BLPOP', 'queue', 0], ['SET', 'behind', 'x']];
      const outgoing = await waiting(body ? { path: '/', body } : { path: '/pipeline', body: pipeline });
      outgoing.destroy();
      await until(async () => (await blocked()) === 0);
      await ask(endpoint, 'RPUSH', 'queue', 'a');
      await ask(endpoint, 'ZADD', 'members', 1, 'a');
      assert.equal(await ask(endpoint, 'LLEN', 'queue'), 1);
      assert.equal(await ask(endpoint, 'ZCARD', 'members'), 1);
      assert.equal(await ask(endpoint, 'EXISTS', 'done', 'behind'), 0);
    });
  }

  test('end on their own time', ENOUGH, async () => {
    assert.equal(await ask(endpoint, 'BLPOP', 'queue', 0.01), null);
  });

  test('end after the time that a request may take', { ...ENOUGH, skip: fixed }, async () => {
    const impatient = await openEndpoint({ blockSecondsMax: 0.05 });
    const forever = ['BLPOP', 'queue', 0];
    check(await send(impatient, { path: '/', body: forever }), { path: '/', body: forever, json: { result: null } });
    const body = [['SET', 'k', 'v'], forever, ['GET', 'k']];
    const answer = await send(impatient, { path: '/pipeline', body });
    const [first, second, third] = JSON.parse(answer.text);
    assert.deepEqual([first, second], [{ result: 'OK' }, { result: null }]);
    assert.match(third.error, /^ERR not run/);
    // What a pause holds up was not run, which is no answer of a command.
    await ask(impatient, 'CLIENT', 'PAUSE', 60_000, 'WRITE');
    const paused = { path: '/', body: ['SET', 'k', 'other'] };
    check(await send(impatient, paused), { ...paused, status: 503, error: true });
    await ask(impatient, 'CLIENT', 'UNPAUSE');
    assert.equal(await ask(impatient, 'GET', 'k'), 'v');
    assert.equal(await ask(impatient, 'RPUSH', 'queue', 'a'), 1);
    await impatient.close();
  });
});

describe('requests that are too much', { skip: missing }, () => {
  const LONG = 'x'.repeat(10 * 1024 * 1024);

  test('by the length of the body', ENOUGH, async () => {
    const within = { path: '/set/k', body: LONG };
    check(await send(endpoint, within), { ...within, body: '', json: { result: 'OK' } });
    assert.equal(await ask(endpoint, 'STRLEN', 'k'), LONG.length);
    check(await send(endpoint, { path: '/set/k', body: `${LONG}x` }), { path: '/set/k', status: 413, json: { error: 'ERR max request size exceeded' } });
    assert.equal(await ask(endpoint, 'STRLEN', 'k'), LONG.length);
  });

  test('by a body whose length is not told', ENOUGH, async () => {
    const socket = net.connect(endpoint.port, endpoint.host);
    socket.on('error', () => {});
    socket.write(`POST /set/k HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${endpoint.token}\r\ntransfer-encoding: chunked\r\n\r\n`);
    for (let piece = 0; piece < 11; piece += 1) socket.write(`100000\r\n${'x'.repeat(0x100000)}\r\n`);
    socket.write('0\r\n\r\n');
    const text = await answerOn(socket);
    assert.match(text, /^HTTP\/1\.1 413 /);
    assert.match(text, /\{"error":"ERR max request size exceeded"\}/);
    assert.equal(await ask(endpoint, 'EXISTS', 'k'), 0);
  });

  test('by the depth of a body, which may be 64 levels', ENOUGH, async () => {
    const nested = (levels) => ({ path: '/', body: `["SET","k",${'['.repeat(levels)}${']'.repeat(levels)}]` });
    assert.equal((await send(endpoint, nested(64))).status, 200);
    check(await send(endpoint, nested(65)), { ...nested(65), body: '', status: 400, error: true });
    check(await send(endpoint, nested(1_000_000)), { path: '/', status: 400, error: true });
  });

  test('by the number of arguments and commands', ENOUGH, async () => {
    const many = { path: '/', body: `["DEL"${',1'.repeat(1_048_576)}]` };
    check(await send(endpoint, many), { path: '/', status: 400, error: true });
    const commands = (count) => ({ path: '/pipeline', body: `[["PING"]${',["PING"]'.repeat(count - 1)}]` });
    check(await send(endpoint, commands(100_001)), { path: '/pipeline', status: 400, error: true });
    assert.equal(JSON.parse((await send(endpoint, commands(100_000))).text).length, 100_000);
  });

  test('by the head', ENOUGH, async () => {
    const answer = await raw(`GET /get/k HTTP/1.1\r\nhost: localhost\r\nx: ${'x'.repeat(17_000)}\r\n\r\n`);
    assert.match(answer, /^HTTP\/1\.1 431 /);
    assert.match(answer, /content-type: application\/json/i);
  });

  test('by a coding of the body', ENOUGH, async () => {
    const head = `POST /set/k HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${endpoint.token}\r\ntransfer-encoding: gzip, chunked\r\n`;
    assert.match(await raw(`${head}connection: close\r\n\r\n1\r\nx\r\n0\r\n\r\n`), /^HTTP\/1\.1 501 /);
    assert.equal(await ask(endpoint, 'EXISTS', 'k'), 0);
  });

  for (const [name, head] of [
    ['no host', 'GET /get/k HTTP/1.1\r\n\r\n'],
    ['a host that is none', 'GET /get/k HTTP/1.1\r\nhost: local/host\r\n\r\n'],
    ['two hosts', 'GET /get/k HTTP/1.1\r\nhost: localhost\r\nhost: localhost\r\nconnection: close\r\n\r\n'],
    ['a host in the address', 'GET http://evil.example/get/k HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n'],
    ['two lengths', 'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n[]'],
    ['no HTTP', 'SET k v\r\n\r\n'],
  ]) {
    test(`as they are no requests: ${name}`, ENOUGH, async () => {
      const answer = await raw(head);
      assert.match(answer, /^HTTP\/1\.1 400 /);
      assert.match(answer, /content-type: application\/json/i);
      assert.match(answer, /\r\n\r\n\{"error":"ERR [^"]+"\}$/);
    });
  }

  // Who believes the chunks says so by ending the connection, so that nothing behind them can be taken for a request.
  test('with a length and chunks they are the last ones', ENOUGH, async () => {
    const head = 'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n';
    const answer = await raw(`${head}GET /ping HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${endpoint.token}\r\n\r\n`);
    assert.match(answer, /^HTTP\/1\.1 40[01] /);
    assert.match(answer, /\r\nconnection: close\r\n/i);
    assert.doesNotMatch(answer, /PONG/);
  });

  test('and others are served all the while', ENOUGH, async () => {
    // Half a request is none yet.
    const socket = net.connect(endpoint.port, endpoint.host);
    socket.write('POST / HTTP/1.1\r\nhost: local');
    await once(socket, 'connect');
    assert.equal(await ask(endpoint, 'PING'), 'PONG');
    socket.destroy();
  });

  /** Sends bytes and returns the answer. */
  async function raw(text) {
    const socket = net.connect(endpoint.port, endpoint.host);
    socket.on('error', () => {});
    socket.write(text);
    return answerOn(socket);
  }

  /** The first answer on a socket. */
  async function answerOn(socket) {
    let text = '';
    for await (const piece of socket.setEncoding('latin1')) {
      text += piece;
      if (/\r\n\r\n\{.*\}$/s.test(text)) break;
    }
    socket.destroy();
    return text;
  }
});

describe('requests at once', { skip: missing }, () => {
  test('of different users on one connection keep apart', ENOUGH, async () => {
    await ask(endpoint, 'ACL', 'SETUSER', 'ann', 'reset', 'on', '>secret', '~*', '+@all');
    const who = { path: '/', body: ['ACL', 'WHOAMI'] };
    const ann = { authorization: 'Basic YW5uOnNlY3JldA==' };
    for (const [headers, name] of [[{}, 'default'], [ann, 'ann'], [{}, 'default'], [ann, 'ann']]) {
      assert.equal(JSON.parse((await send(endpoint, { ...who, headers })).text).result, name);
    }
    await ask(endpoint, 'ACL', 'DELUSER', 'ann');
  });

  test('on one connection run one after the other, though none is waited for', ENOUGH, async () => {
    const socket = net.connect(endpoint.port, endpoint.host);
    const head = (line) => `${line} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${endpoint.token}\r\n`;
    const body = 'x'.repeat(100_000);
    socket.write(
      `${head('POST /set/k')}content-length: ${body.length}\r\n\r\n${body}${head('GET /strlen/k')}\r\n` +
        `${head('GET /del/k')}\r\n${head('GET /exists/k')}connection: close\r\n\r\n`,
    );
    let text = '';
    for await (const piece of socket.setEncoding('latin1')) text += piece;
    assert.deepEqual(text.match(/\{.*?\}/g), ['{"result":"OK"}', '{"result":100000}', '{"result":1}', '{"result":0}']);
  });

  test('run each transaction whole', ENOUGH, async () => {
    const body = [['INCR', 'n'], ['INCR', 'n'], ['INCR', 'n'], ['GET', 'n']];
    const answers = await Promise.all(
      Array.from({ length: 50 }, () =>
        fetch(`${endpoint.url}/multi-exec`, { method: 'POST', headers: { authorization: `Bearer ${endpoint.token}` }, body: JSON.stringify(body) }),
      ),
    );
    for (const answer of answers) {
      const [first, , third, last] = (await answer.json()).map(({ result }) => result);
      assert.equal(third, first + 2);
      assert.equal(last, String(third));
    }
    assert.equal(await ask(endpoint, 'GET', 'n'), '150');
  });
});

async function connections() {
  return (await ask(endpoint, 'CLIENT', 'LIST')).trim().split('\n').length;
}

/** Asks until it is so; each question is a request, which lets the endpoint go on. */
async function until(isSo) {
  while (!(await isSo()));
}
