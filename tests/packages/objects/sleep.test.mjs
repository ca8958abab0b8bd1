// Objects that sleep: all of their memory is gone, and their WebSockets are not. The platform puts an object to sleep that has
// had nothing to do for ten seconds, and tells nobody; so all tests here let the same time pass, at once.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pass } from 'node:timers/promises';
import Redis from 'ioredis';
import { Sanderling } from 'sanderling';
import { TOKEN, missing, start } from './runtime.mjs';
import { openSocket } from './sockets.mjs';

/** In which an idle object is put to sleep, and some. */
const IDLE_MILLISECONDS = 13_000;

let runtime;
if (!missing) {
  before(async () => (runtime = await start()));
  after(() => runtime.close());
}

/** Lets time pass without a word to an object; whether it has slept. */
async function sleeps(name) {
  const born = await runtime.rpc(name, 'born');
  await pass(IDLE_MILLISECONDS);
  return async () => (await runtime.rpc(name, 'born')) !== born;
}

describe('an object that nobody asks for anything', { skip: missing, concurrency: true }, () => {
  test('sleeps, whatever is to expire, and what has expired is not there', async () => {
    await runtime.ask('expiry', 'SET', 'long', 'value', 'EX', 3600);
    await runtime.ask('expiry', 'SET', 'short', 'value', 'PX', 2000);
    await runtime.ask('expiry', 'HSET', 'hash', 'field', 'value');
    await runtime.ask('expiry', 'HPEXPIRE', 'hash', 2000, 'FIELDS', 1, 'field');
    const hasSlept = await sleeps('expiry');
    assert.equal(await runtime.ask('expiry', 'GET', 'short'), null);
    assert.equal(await runtime.ask('expiry', 'HGET', 'hash', 'field'), null);
    assert.equal(await runtime.ask('expiry', 'GET', 'long'), 'value');
    const left = await runtime.ask('expiry', 'TTL', 'long');
    assert.ok(left > 3500 && left <= 3600 - IDLE_MILLISECONDS / 1000 + 1, String(left));
    assert.ok(await hasSlept());
  });

  test('is woken for its subscribers by a request', async () => {
    const [resp, nextResp] = await openSocket(runtime.socketUrl('news'), 'resp');
    resp.send('SELECT 3\r\nCLIENT SETNAME reader\r\nSUBSCRIBE news\r\n');
    assert.match(await nextResp(), /^\+OK\r\n\+OK\r\n\*3\r\n/);
    const [json, nextJson] = await openSocket(runtime.socketUrl('news'), 'json');
    json.send('["PSUBSCRIBE","n*"]');
    assert.equal(await nextJson(), '{"push":["psubscribe","n*",1]}');
    const [user, nextUser] = await openSocket(runtime.socketUrl('news').replace('/db/', '/open/'), 'resp', btoa('ann:secret'));
    user.send('PING\r\n');
    assert.equal(await nextUser(), '+PONG\r\n');
    const hasSlept = await sleeps('news');
    assert.equal(await runtime.ask('news', 'PUBLISH', 'news', 'hello'), 2);
    // Nothing is said again that was said before.
    assert.equal(await nextResp(), '*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nhello\r\n');
    assert.equal(await nextJson(), '{"push":["pmessage","n*","news","hello"]}');
    const clients = await runtime.ask('news', 'CLIENT', 'LIST');
    assert.match(clients, / name=reader .* db=3 /);
    user.send('ACL WHOAMI\r\n');
    assert.equal(await nextUser(), '$3\r\nann\r\n');
    assert.ok(await hasSlept());
    for (const socket of [resp, json, user]) socket.close();
  });

  test('is woken by its clients, which notice nothing', async () => {
    const db = await Sanderling.connect(runtime.socketUrl('clients'), { token: TOKEN });
    const client = new Redis({ Connector: db.connector(), db: 2 });
    await client.set('key', 'value');
    await db.set('key', 'other');
    const heard = [];
    const subscriber = db.duplicate();
    await subscriber.subscribe('news', (message) => heard.push(message));
    const hasSlept = await sleeps('clients');
    assert.equal(await client.get('key'), 'value');
    assert.equal(await db.get('key'), 'other');
    await db.publish('news', 'hello');
    while (heard.length === 0) await db.ping();
    assert.deepEqual(heard, ['hello']);
    assert.ok(await hasSlept());
    await client.quit();
    await db.close();
  });

  test('tells who keeps values to forget them', async () => {
    const [socket, next] = await openSocket(runtime.socketUrl('tracking'), 'json');
    socket.send('["CLIENT","TRACKING","ON"]');
    assert.equal(await next(), '{"result":"OK"}');
    socket.send('["GET","key"]');
    assert.equal(await next(), '{"result":null}');
    const hasSlept = await sleeps('tracking');
    await runtime.ask('tracking', 'SET', 'key', 'value');
    assert.equal(await next(), '{"push":["invalidate",null]}');
    assert.ok(await hasSlept());
    socket.close();
  });

  for (const [what, name, opening, replies, ending, wanted] of [
    ['a transaction is open', 'multi', 'MULTI\r\nINCR n\r\n', '+OK\r\n+QUEUED\r\n', 'EXEC\r\n', '*1\r\n:1\r\n'],
    ['keys are watched', 'watch', 'WATCH n\r\n', '+OK\r\n', 'MULTI\r\nEXEC\r\n', '+OK\r\n*0\r\n'],
    ['a request is half there', 'half', 'PING\r\nECHO he', '+PONG\r\n', 'llo\r\n', '$5\r\nhello\r\n'],
  ]) {
    test(`stays awake while ${what}`, async () => {
      const [socket, next] = await openSocket(runtime.socketUrl(name), 'resp');
      socket.send(opening);
      assert.equal(await next(), replies);
      const hasSlept = await sleeps(name);
      assert.equal(await hasSlept(), false);
      socket.send(ending);
      assert.equal(await next(), wanted);
      await pass(IDLE_MILLISECONDS);
      assert.equal(await hasSlept(), true);
      socket.close();
    });
  }

  test('stays awake while a client waits', async () => {
    const [socket, next] = await openSocket(runtime.socketUrl('waiting'), 'resp');
    socket.send('BLPOP jobs 0\r\n');
    while (!(await runtime.ask('waiting', 'INFO', 'clients')).includes('blocked_clients:1'));
    const hasSlept = await sleeps('waiting');
    await runtime.ask('waiting', 'RPUSH', 'jobs', 'one');
    assert.equal(await next(), '*2\r\n$4\r\njobs\r\n$3\r\none\r\n');
    assert.equal(await hasSlept(), false);
    socket.close();
  });
});
