// Calls that mean something else than they say, what errors tell, and how the package's objects look to others.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { inspect } from 'node:util';
import v8 from 'node:v8';
import vm from 'node:vm';
import { BatchError, Client, ClosedError, ReplyError, Sanderling } from 'sanderling';

let db;
beforeEach(async () => {
  db = await Sanderling.open();
});
afterEach(() => db.close());

describe('objects and arrays that are no options', () => {
  /** Calls, and what the complaint has to name. */
  const CALLS = [
    ['set', ['user', { admin: true }], /^SET takes a value where an object with 'admin' stands: use JSON\.stringify/],
    ['set', ['a', { x: 1 }], /'x'.+JSON\.stringify/],
    ['set', ['a', {}], /an empty object.+JSON\.stringify/],
    ['set', ['a', 'b', { admin: true }], /^SET has no option 'admin' \(but NX, XX, .+EX, PX, .+\); .+JSON\.stringify/],
    ['set', ['a', 'b', { admin: false }], /no option 'admin'/],
    ['set', ['a', 'b', { EX: 5, admin: undefined }], /no option 'admin'/],
    ['set', ['a', ['b', 'NX']], /^SET takes a value where an array stands.+JSON\.stringify/],
    ['set', ['a', new Map([['x', 1]])], /a Map.+JSON\.stringify/],
    ['set', ['a', new (class User {})()], /^SET: .+not User; JSON\.stringify/],
    ['set', [{ key: 1 }, 'b'], /'key'/],
    ['setex', ['a', 10, { x: 1 }], /'x'.+JSON\.stringify/],
    ['getset', ['a', { x: 1 }], /'x'/],
    ['append', ['a', ['x']], /an array/],
    ['get', [['a']], /^GET takes a value where an array stands/],
    ['lpush', ['l', { id: true }], /^LPUSH has no option 'id'; a value that is an object is sent by JSON\.stringify/],
    ['rpush', ['l', { job: 'mail', to: 'ann' }], /^RPUSH has no option 'job'/],
    ['rpush', ['l', 'x', { job: 'mail' }], /'job'/],
    ['rPush', ['l', [{ job: 'mail' }]], /'job'/],
    ['rpush', ['l', [['a', 'b']]], /an array within an array.+JSON\.stringify/],
    ['lpush', ['l', new Map([['x', 1]])], /a Map/],
    ['linsert', ['l', 'BEFORE', { x: 1 }, 'y'], /'x'/],
    ['sadd', ['s', { a: true }], /^SADD has no option 'a'/],
    ['srem', ['s', { a: true }], /'a'/],
    ['sismember', ['s', { a: true }], /'a'/],
    ['publish', ['c', { a: true }], /^PUBLISH takes a value where an object with 'a' stands/],
    ['spublish', ['c', { a: true }], /'a'/],
    ['publish', ['c', ['a', 'b']], /an array/],
    ['hset', ['h', 'f', { a: 1 }], /^HSET takes a value where an object with 'a' stands.+JSON\.stringify/],
    ['hset', ['h', 'f', ['x']], /an array/],
    ['hset', ['h', 'f', new Map()], /a Map/],
    ['mset', ['k', { a: 1 }], /^MSET.+'a'/],
    ['hset', ['h', { f: { a: 1 } }], /not Object; JSON\.stringify/],
    ['hset', ['h', { f: [1, 2] }], /not Array; JSON\.stringify/],
    ['hSetNX', ['h', 'f', { a: 1 }], /'a'/],
    ['mset', [{ k: { a: 1 } }], /not Object; JSON\.stringify/],
    ['zadd', ['z', { a: 1 }], /^ZADD has no option 'a' \(but NX/],
    ['zadd', ['z', { score: 1, member: 'a' }], /^ZADD takes a member with its score as \{ score, value \}$/],
    ['zAdd', ['z', [{ score: 1, value: { a: 1 } }]], /not Object; JSON\.stringify/],
    ['xadd', ['x', '*', { f: { a: 1 } }], /not Object; JSON\.stringify/],
    ['pfadd', ['p', { a: true }], /'a'/],
    ['setbit', ['b', 1, { a: true }], /'a'/],
    ['expire', ['k', { seconds: 5 }], /'seconds'/],
    ['echo', [{ a: 1 }], /'a'/],
    ['del', [{ a: 1 }], /'a'/],
    ['eval', [{ script: 1 }, 0], /'script'/],
    ['zrange', ['z', 0, -1, { withscore: true }], /^ZRANGE has no option 'withscore' \(but BYSCORE, .+WITHSCORES\)/],
    ['getEx', ['k', { type: 'EXX', value: 1 }], /^GETEX has no option 'EXX'/],
    ['set', ['k', 'v', { expiration: { type: 'EXX', value: 1 } }], /no option 'EXX'/],
    ['set', ['k', new Date(0)], /not Date; date\.toISOString\(\)/],
    ['set', ['k', Promise.resolve('v')], /^SET: .+not Promise; it is to be awaited first$/],
    ['sadd', ['s', new Set(['a'])], /^SADD: .+not Set; \[\.\.\.value\] makes an array of it$/],
    ['set', ['k', 'v', { EX: { seconds: 5 } }], /^SET: option 'EX' takes a value, and not an object with 'seconds'$/],
    ['zrange', ['z', 0, -1, { LIMIT: { from: 0, count: 1 } }], /^ZRANGE: option 'LIMIT' takes \{ offset, count \}, and not an object with 'from'$/],
    ['set', ['k', 'v', 'EX', new Date(0)], /not Date/],
  ];

  for (const [method, args, complaint] of CALLS) {
    test(`${method}(${inspect(args).slice(1, -1).trim()})`, async () => {
      const isRight = (error) => error instanceof TypeError && complaint.test(error.message) || assert.fail(error);
      await assert.rejects(db[method](...args), isRight);
      assert.throws(() => db.sync[method](...args), isRight);
      await assert.rejects(db.buffers[method](...args), isRight);
      await assert.rejects(db.pipeline().set('before', 1)[method](...args).exec(), isRight);
      assert.throws(() => db.multi().set('before', 1)[method](...args).execSync(), isRight);
      assert.equal(await db.dbsize(), 0, 'and nothing of it was sent');
    });
  }

  test('also of what is called by its name', async () => {
    const bad = [
      ['SET', 'user', { admin: true }],
      ['lpush', 'l', { id: true }],
      ['RPUSH', 'l', 'x', { job: 'mail', to: 'ann' }],
      ['PUBLISH', 'c', { a: true }],
      ['SADD', 's', new Map([['a', 1]])],
      ['ZADD', 'z', { a: 1 }],
      ['HSET', 'h', { a: { b: 1 } }],
      ['HSET', 'h', 'a', { b: 1 }],
    ];
    for (const args of bad) {
      const isRight = { name: 'TypeError', message: /JSON\.stringify/ };
      await assert.rejects(db.call(...args), isRight, args[0]);
      await assert.rejects(db.sendCommand(args), isRight, args[0]);
      await assert.rejects(db.callBuffer(...args), isRight, args[0]);
      assert.throws(() => db.sync.call(...args), isRight, args[0]);
      await assert.rejects(db.pipeline().call(...args).exec(), isRight, args[0]);
      await assert.rejects(db.multi().call(...args).exec(), isRight, args[0]);
    }
    assert.equal(await db.dbsize(), 0);
    assert.equal(await db.call('HSET', 'h', { admin: true, off: false }), 2);
    assert.deepEqual(await db.hgetall('h'), { admin: 'true', off: 'false' });
    assert.equal(await db.call('ZADD', 'z', [{ score: 1, value: 'a' }], { NX: true }), 1);
    assert.equal(await db.call('MSETEX', 1, { k: 'v' }, 'EX', 9), 1);
    assert.deepEqual(await db.call('ZUNION', [1, 'z'], { WITHSCORES: true }), [['a', 1]]);
    assert.equal((await db.call('CONFIG', 'GET', ['maxmemory'])).maxmemory, '0');
  });

  test('parts of an option are sent in its order, whatever the order in the object', async () => {
    await db.zadd('z', 1, 'a', 2, 'b', 3, 'c');
    assert.deepEqual(await db.zrange('z', '-inf', '+inf', { BY: 'SCORE', LIMIT: { count: 2, offset: 1 } }), ['b', 'c']);
    await db.rpush('l', 3, 1, 2);
    assert.deepEqual(await db.sort('l', { limit: { count: 2, offset: 0 } }), ['1', '2']);
    await db.geoAdd('g', { longitude: 15, latitude: 37, member: 'here' });
    const box = { unit: 'km', height: 1, width: 9 };
    assert.deepEqual(await db.geosearch('g', { FROMLONLAT: { latitude: 37, longitude: 15 }, BYBOX: box }), ['here']);
    assert.deepEqual(await db.geosearch('g', { FROMMEMBER: 'here', BYRADIUS: { unit: 'm', radius: 5 } }), ['here']);
  });

  test('what is no command at all', async () => {
    for (const wrong of ['SET', [], undefined, { SET: 1 }]) {
      await assert.rejects(async () => db.sendCommand(wrong), { name: 'TypeError', message: /^sendCommand takes an array/ });
    }
    assert.equal(await db.sendCommand([new TextEncoder().encode('ECHO'), 'x']), 'x');
  });

  test('what would end a transaction or cannot be in one', async () => {
    for (const [word, ...args] of [['MULTI'], ['EXEC'], ['discard'], ['WATCH', 'k']]) {
      const isRight = { name: 'TypeError', message: new RegExp(`^${word.toUpperCase()} cannot be called within a transaction: .`) };
      await assert.rejects(db.multi().set('a', '1').call(word, ...args).set('b', '1').exec(), isRight);
      assert.throws(() => db.multi().set('a', '1').call(word, ...args).execSync(), isRight);
    }
    await assert.rejects(db.multi().watch('k').set('a', '1').exec(), /^TypeError: WATCH cannot be called/);
    assert.equal(await db.dbsize(), 0);
    assert.deepEqual(await db.pipeline().call('MULTI').incr('n').call('EXEC').exec(), ['OK', 'QUEUED', [1]]);
  });

  test('options in either case, and objects where they belong', async () => {
    assert.equal(await db.set('k', 'v', { ex: 5, nx: true }), 'OK');
    assert.equal(await db.ttl('k'), 5);
    await db.hset('h', { a: 1 }, new Map([['b', 2]]));
    assert.deepEqual(await db.hgetall('h'), { a: '1', b: '2' });
    await db.hset('h', [['c', 3], ['d', 4]]);
    assert.equal(await db.hlen('h'), 4);
    assert.equal(await db.geoAdd('g', [{ longitude: 13.4, latitude: 52.5, member: 'Berlin' }, { longitude: 2.3, latitude: 48.9, member: 'Paris' }], { NX: true }), 2);
    assert.deepEqual(await db.geosearch('g', { FROMMEMBER: 'Paris', BYRADIUS: { radius: 10, unit: 'km' } }), ['Paris']);
    assert.equal(await db.xAdd('none', '*', { f: 1 }, { NOMKSTREAM: true }), null);
    for (let n = 0; n < 5; n += 1) await db.xAdd('x', '*', { f: n, LIMIT: 'a field' }, { TRIM: { strategy: 'MAXLEN', strategyModifier: '=', threshold: 3 } });
    assert.equal(await db.xlen('x'), 3);
    assert.deepEqual((await db.xrange('x', '-', '+'))[2][1], ['f', '4', 'LIMIT', 'a field']);
    await db.xadd('x', { MAXLEN: 2 }, '*', { f: 5 });
    await db.xadd('x', 'MAXLEN', 2, '*', 'f', 6);
    assert.equal(await db.xlen('x'), 2);
    await db.set('text', 'v');
    assert.deepEqual((await db.scan(0, { type: 'hash' }))[1], ['h'], 'TYPE is an option here, and no name of a choice');
    assert.deepEqual(await db.eval('return {KEYS[1], ARGV[1]}', { keys: ['a'], arguments: ['b'] }), ['a', 'b']);
    assert.equal(await db.msetex({ EX: 'v', b: true }, { EX: 7, NX: true }), 1);
    assert.deepEqual([await db.mget('EX', 'b'), await db.ttl('b')], [['v', 'true'], 7]);
    assert.equal(await db.mSetEx([['c', 1], ['d', 2]], { expiration: { type: 'EX', value: 8 } }), 1);
    assert.equal(await db.msetex(1, { e: 'v' }, { EX: 6 }), 1);
    assert.equal(await db.msetex(1, 'f', 'v', 'EX', 6), 1);
    assert.deepEqual([await db.ttl('d'), await db.ttl('e'), await db.ttl('f')], [8, 6, 6]);
    assert.equal(await db.call('SET', ['flat', 'v'], { EX: 9 }), 'OK');
    assert.equal(await db.ttl('flat'), 9);
  });
});

describe('dates', () => {
  const later = new Date(Date.now() + 100_500);
  const seconds = Math.floor(later / 1000);

  test('stand for times in the unit of the command', async () => {
    for (const connection of [db, db.sync]) {
      await connection.set('k', 'v');
      await connection.expireAt('k', later);
      assert.equal(await connection.expireTime('k'), seconds);
      await connection.pExpireAt('k', later);
      assert.equal(await connection.pExpireTime('k'), +later);
      await connection.set('k', 'v', { EXAT: later });
      assert.equal(await connection.expireTime('k'), seconds);
      await connection.set('k', 'v', { expiration: { type: 'PXAT', value: later } });
      assert.equal(await connection.pExpireTime('k'), +later);
      await connection.set('k', 'v', 'EXAT', later);
      assert.equal(await connection.pExpireTime('k'), seconds * 1000);
      await connection.getEx('k', { type: 'PXAT', value: later });
      assert.equal(await connection.pExpireTime('k'), +later);
      await connection.hSet('h', 'f', 'v');
      await connection.hExpireAt('h', later, 'FIELDS', 1, 'f');
      assert.deepEqual(await connection.hExpireTime('h', 'FIELDS', 1, 'f'), [seconds]);
      await connection.hpExpireAt('h', later, 'FIELDS', 1, 'f');
      assert.deepEqual(await connection.hpExpireTime('h', 'FIELDS', 1, 'f'), [+later]);
    }
    assert.deepEqual(await db.multi().set('m', 1, { EXAT: later }).expireTime('m').exec(), ['OK', seconds]);
  });

  test('of another realm, and invalid ones', async () => {
    await db.set('k', 'v', { EXAT: vm.runInNewContext(`new Date(${+later})`) });
    assert.equal(await db.expireTime('k'), seconds);
    await assert.rejects(db.expireAt('k', new Date(NaN)), { name: 'TypeError', message: /invalid Date/ });
  });
});

describe('subscriptions', () => {
  test('take strings and bytes, and nothing is subscribed to otherwise', async () => {
    const listener = () => assert.fail('nothing is heard');
    for (const method of ['subscribe', 'pSubscribe', 'ssubscribe', 'unsubscribe', 'punsubscribe', 'sUnsubscribe']) {
      for (const wrong of [5, null, { a: 1 }, ['fine', null], [['a']]]) {
        const isRight = { name: 'TypeError', message: `${method.toLowerCase()} takes a channel, or an array of them: strings or bytes` };
        await assert.rejects(db[method](wrong, listener), isRight);
      }
    }
    assert.equal(await db.publish('fine', 'x'), 0);
    await db.unsubscribe([]);
  });

  test('of names that are too long are refused, and long ones are names', async () => {
    await assert.rejects(db.subscribe(Buffer.alloc(600e6), () => undefined), { name: 'LimitError' });
    const channel = 'x'.repeat(10e6);
    const heard = new Promise((hear) => void db.subscribe(channel, hear));
    assert.equal(await db.publish(channel, 'hello'), 1);
    assert.equal(await heard, 'hello');
    await db.unsubscribe(channel);
    assert.equal(await db.publish(channel, 'hello'), 0);
  });
});

test('text goes in and out while memory has more than 2 GiB', async () => {
  for (let index = 0; index < 5; index += 1) await db.setrange(`large${index}`, 512 * 1024 * 1024 - 1, 'x');
  assert.ok(db.memoryUsedBytes > 2 ** 31);
  const texts = ['é', 'żółw', 'x'.repeat(49), '🐢'.repeat(1000), 'a'.repeat(300_000), 'ż'.repeat(300_000)];
  for (const text of texts) {
    await db.set(text, text);
    assert.equal(await db.get(text), text);
    assert.equal(await db.append(text, text), Buffer.byteLength(text) * 2);
    assert.deepEqual(await db.mget(text, 'none'), [text + text, null]);
  }
});

describe('while clients are paused', () => {
  test('connections are made and wait like others, and what cannot wait says so', async () => {
    await db.set('k', 'v');
    await db.call('CLIENT', 'PAUSE', 100, 'ALL');
    const others = Array.from({ length: 3 }, () => db.duplicate());
    const replies = others.map((other) => other.get('k'));
    assert.throws(() => db.sync.incr('n'), { name: 'Error', message: /^clients are paused \(CLIENT PAUSE\)/ });
    const given = db.duplicate();
    const lost = assert.rejects(given.get('k'), { name: 'ClosedError' });
    await given.close();
    assert.deepEqual(await Promise.all(replies), ['v', 'v', 'v']);
    await lost;
    assert.equal(await db.get('n'), '1');
    assert.equal((await db.call('CLIENT', 'LIST')).trim().split('\n').length, 4);
    // A connection that waited has its number, by which its waits are ended.
    assert.equal(others[0].sync.blpop('none', 0), null);
  });

  test('the same of commands that write', async () => {
    await db.call('CLIENT', 'PAUSE', 100, 'WRITE');
    assert.equal(db.sync.get('k'), null);
    assert.throws(() => db.sync.set('k', 'v'), /CLIENT PAUSE/);
    assert.equal(await db.get('k'), 'v');
  });
});

test('words that are no names of commands are not kept', async () => {
  v8.setFlagsFromString('--expose-gc');
  const collect = vm.runInNewContext('gc');
  const kept = () => {
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const word = 'x'.repeat(2 ** 20);
  await assert.rejects(db.call(word), /unknown command/);
  const before = kept();
  for (let index = 0; index < 50; index += 1) await assert.rejects(db.call(`${index}${word}`), /unknown command/);
  assert.ok(kept() - before < 25 * 2 ** 20);
});

describe('errors name the request', () => {
  test('of a call, whichever way it was made', async () => {
    await db.set('k', 'v');
    const named = (name, ...args) => (error) => {
      assert.ok(error instanceof ReplyError);
      assert.deepEqual(error.command, { name, args });
      return true;
    };
    await assert.rejects(db.lpush('k', 'x', 1), named('LPUSH', 'k', 'x', 1));
    assert.throws(() => db.sync.lPush('k', 'x'), named('LPUSH', 'k', 'x'));
    await assert.rejects(db.call('lpush', 'k', 'x'), named('LPUSH', 'k', 'x'));
    await assert.rejects(db.buffers.incr('k'), named('INCR', 'k'));
    await assert.rejects(db.configSet('no-such', 1), { command: { name: 'CONFIG SET', args: ['(redacted)'] } });
    await assert.rejects(db.append('k', 'x'.repeat(70_000)).then(() => db.incr('k')), named('INCR', 'k'));
    const waiting = db.duplicate();
    const popped = waiting.blpop('list', 0);
    const behind = waiting.incr('k');
    await db.rpush('list', 'x');
    await popped;
    await assert.rejects(behind, named('INCR', 'k'));
    assert.match(inspect(await db.incr('k').catch((error) => error)), /ReplyError: ERR value[^]+command: \{ name: 'INCR', args: \[ 'k' \] \}/);
    await db.aclSetUser('someone', 'on', '>secret', '-subscribe', '+@all', '-subscribe', 'allchannels');
    await db.auth('someone', 'secret');
    await assert.rejects(db.subscribe('c', () => undefined), named('SUBSCRIBE', 'c'));
  });

  test('but not its passwords', async () => {
    await db.configSet('requirepass', 'right');
    for (const call of [db.auth('wrong'), db.call('AUTH', 'wrong'), db.aclSetUser('a', 'wrong'), db.acl('SETUSER', 'a', 'wrong')]) {
      const error = await call.catch((error) => error);
      assert.ok(error instanceof ReplyError);
      assert.deepEqual(error.command.args, ['(redacted)']);
      assert.ok(!inspect(error.command).includes('wrong'));
    }
  });

  test('of a batch', async () => {
    await db.set('k', 'v');
    const check = (length, count) => (error) => {
      assert.ok(error instanceof BatchError);
      const more = count > 1 ? `; and ${count - 1} more errors` : '';
      assert.equal(error.message, `ERR value is not an integer or out of range (INCR, command 2 of ${length}${more})`);
      assert.equal(error.code, 'ERR');
      assert.deepEqual(error.command, { name: 'INCR', args: ['k'] });
      assert.deepEqual(error.replies[1].command, { name: 'INCR', args: ['k'] });
      return true;
    };
    await assert.rejects(db.pipeline().get('k').incr('k').exec(), check(2, 1));
    await assert.rejects(db.pipeline().get('k').incr('k').lpush('k', 1).exec(), check(3, 2));
    assert.throws(() => db.pipeline().get('k').incr('k').execSync(), check(2, 1));
    await assert.rejects(db.multi().get('k').incr('k').exec(), check(2, 1));
    assert.throws(() => db.multi().get('k').incr('k').execSync(), check(2, 1));
    await assert.rejects(db.multi().get('k').call('GET').exec(), (error) => {
      assert.match(error.message, /^ERR wrong number of arguments for 'get' command \(GET, command 2 of 2\)$/);
      assert.deepEqual(error.command, { name: 'GET', args: [] });
      return true;
    });
  });

  test('after close they tell who called', async () => {
    async function caller() {
      await db.get('k');
    }
    await db.close();
    await assert.rejects(caller(), (error) => error instanceof ClosedError && /caller/.test(error.stack));
    assert.throws(() => db.sync.get('k'), ClosedError);
    await assert.rejects(db.pipeline().get('k').exec(), ClosedError);
    await assert.rejects(db.subscribe('c', () => undefined), ClosedError);
    assert.throws(() => db.duplicate(), ClosedError);
  });

  test('of a class that is not made by new', () => {
    assert.throws(() => new Sanderling(), { name: 'TypeError', message: /await Sanderling\.open\(\)/ });
    assert.throws(() => new Client(), { name: 'TypeError', message: /db\.duplicate\(\)/ });
  });
});

describe('how things look', () => {
  test('what is printed, and what JSON has, is a line', async () => {
    const things = [
      [db, '[Sanderling connection, open]'],
      [db.duplicate(), '[Sanderling connection, open]'],
      [db.buffers, '[Sanderling connection, open]'],
      [db.sync, '[Sanderling connection, open, synchronous]'],
      [db.pipeline().get('a').get('b'), '[Sanderling pipeline of 2 commands]'],
      [db.multi(), '[Sanderling transaction of 0 commands]'],
      [db.port(() => undefined, () => undefined), '[Sanderling connection in bytes]'],
    ];
    for (const [thing, line] of things) {
      assert.equal(inspect(thing), line);
      assert.equal(JSON.stringify({ thing }), JSON.stringify({ thing: line }));
    }
    const listener = await db.listen();
    assert.ok(inspect(listener).length < 300);
    await listener.close();
  });

  test('maps are plain objects, and any field is a field', async () => {
    await db.hset('h', { a: 1 });
    const all = await db.hgetall('h');
    assert.equal(Object.getPrototypeOf(all), Object.prototype);
    assert.deepEqual(all, { a: '1' });
    await db.hset('h', new Map([['__proto__', 'x'], ['constructor', 'y'], ['toString', 'z']]));
    for (const object of [await db.hgetall('h'), db.sync.hgetall('h'), (await db.pipeline().hgetall('h').exec())[0]]) {
      assert.equal(Object.getPrototypeOf(object), Object.prototype);
      assert.deepEqual(Object.keys(object).sort(), ['__proto__', 'a', 'constructor', 'toString']);
      assert.equal(Object.getOwnPropertyDescriptor(object, '__proto__').value, 'x');
      assert.equal({ ...object }.constructor, 'y');
    }
    assert.equal({}.x, undefined);
  });
});

describe('what node-redis has', () => {
  test('listeners of events, which never come', () => {
    const never = () => assert.fail('an event came');
    assert.equal(db.on('error', never).once('ready', never).off('error', never), db);
  });

  test('messages as bytes, by bufferMode', async () => {
    const heard = [];
    const hear = (message, channel) => heard.push([message, channel]);
    await db.subscribe('c', hear, true);
    await db.pSubscribe('c*', hear, true);
    await db.sSubscribe('c', hear, true);
    await db.subscribe('c', hear);
    await db.publish('c', 'm');
    await db.sPublish('c', Uint8Array.of(255));
    const bytes = (...all) => all.map((value) => Buffer.from(value));
    assert.deepEqual(heard, [bytes('m', 'c'), ['m', 'c'], bytes('m', 'c'), bytes([255], 'c')]);
    heard.length = 0;
    await db.unsubscribe('c', hear, true);
    await db.pUnsubscribe('c*', hear, true);
    await db.publish('c', 'n');
    assert.deepEqual(heard, [['n', 'c']], 'the listener of text stays');
    await db.unsubscribe('c', hear);
    assert.equal(await db.publish('c', 'n'), 0);
  });

  test('methods for replies of other forms', async () => {
    await db.zadd('z', 1, 'a', 2, 'b');
    await db.hset('h', 'f', 'v');
    await db.rpush('l', 'x', 'y', 'x');
    await db.sadd('s', 'm');
    await db.mset({ one: 'ohmytext', two: 'mynewtext' });
    const [a, b] = [{ value: 'a', score: 1 }, { value: 'b', score: 2 }];
    const calls = {
      zRangeWithScores: [['z', 0, -1, { REV: true }], [b, a]],
      zRangeByScoreWithScores: [['z', 2, '+inf', undefined], [b]],
      zDiffWithScores: [[['z', 'none']], [a, b]],
      zInterWithScores: [[['z', 'z'], { WEIGHTS: [1, 2] }], [{ value: 'a', score: 3 }, { value: 'b', score: 6 }]],
      zUnionWithScores: [[['z', 'none']], [a, b]],
      zRandMemberCountWithScores: [['z', 2], [a, b]],
      zRankWithScore: [['z', 'b'], { rank: 1, score: 2 }],
      hRandFieldCount: [['h', 2], ['f']],
      hRandFieldCountWithValues: [['h', 2], [{ field: 'f', value: 'v' }]],
      sRandMemberCount: [['s', 2], ['m']],
      lPosCount: [['l', 'x', 0, { RANK: 1 }], [0, 2]],
      lcsLen: [['one', 'two'], 6],
      lcsIdx: [['one', 'two', { MINMATCHLEN: 4 }], { matches: [{ key1: { start: 4, end: 7 }, key2: { start: 5, end: 8 } }], len: 6 }],
      sortStore: [['l', 'sorted', { ALPHA: true }], 3],
      xAddNoMkStream: [['none', '*', { f: 1 }], null],
      zAddIncr: [['z', { score: 0, value: 'a' }, { condition: 'XX' }], 1],
    };
    const sorted = (reply) => (Array.isArray(reply) && reply[0]?.value !== undefined && reply.length === 2 && reply[0].score !== 2 ? reply.sort((x, y) => x.score - y.score) : reply);
    for (const [method, [args, expected]] of Object.entries(calls)) {
      assert.deepEqual(sorted(await db[method](...args)), expected, method);
      assert.deepEqual(sorted(db.sync[method](...args)), expected, method);
      assert.deepEqual((await db.pipeline()[method](...args).exec()).map(sorted), [expected], method);
      assert.deepEqual((await db.multi()[method](...args).exec()).map(sorted), [expected], method);
    }
    assert.deepEqual((await db.lcsIdxWithMatchLen('one', 'two', { MINMATCHLEN: 4 })).matches[0].matchLen, 4);
    assert.deepEqual(await db.buffers.zRangeWithScores('z', 0, 0), [{ value: new Uint8Array(Buffer.from('a')), score: 1 }]);
    assert.deepEqual(await db.zPopMinCount('z', 1), [a]);
    assert.deepEqual(await db.zPopMaxCount('z', 5), [b]);
    assert.deepEqual(await db.lPopCount('l', 2), ['x', 'y']);
    assert.deepEqual(await db.rPopCount('l', 2), ['x']);
    assert.deepEqual(await db.sPopCount('s', 2), ['m']);
    assert.equal(await db.zRankWithScore('none', 'a'), null);
    await assert.rejects(db.lPopCount('l'), TypeError);
    await assert.rejects(db.zRangeWithScores('l', 0, -1, { BY: 'X' }), ReplyError);
  });

  test('fields behind the key, where Redis has them last', async () => {
    const later = new Date(Date.now() + 100_000);
    await db.hset('h', { f: 1, g: 2, FIELDS: 3 });
    for (const connection of [db, db.sync]) {
      assert.deepEqual(await connection.hExpire('h', ['f', 'none'], 100), [1, -2]);
      assert.deepEqual(await connection.hExpire('h', 'f', 100), [1]);
      assert.deepEqual(await connection.hExpire('h', 'f', 200, 'LT'), [0]);
      assert.deepEqual(await connection.hTTL('h', ['f', 'g']), [100, -1]);
      assert.deepEqual(await connection.hTTL('h', 'f'), [100]);
      assert.deepEqual(await connection.hTTL('h', ['FIELDS']), [-1]);
      assert.deepEqual(await connection.hpExpireAt('h', 'f', later), [1]);
      assert.deepEqual(await connection.hpExpireTime('h', 'f'), [+later]);
      assert.deepEqual(await connection.hExpireAt('h', ['f'], later, 'GT'), [0]);
      assert.deepEqual(await connection.hPersist('h', 'f'), [1]);
      assert.deepEqual(await connection.hGetEx('h', ['f'], { expiration: { type: 'EX', value: 50 } }), ['1']);
      assert.deepEqual(await connection.hTTL('h', 'FIELDS', 1, 'f'), [50]);
      for (const fields of [{ a: 1, b: 2 }, new Map([['a', 1], ['b', 2]]), ['a', 1, 'b', 2], [['a', 1], ['b', 2]]]) {
        assert.equal(await connection.hSetEx('h', fields, { expiration: { type: 'EX', value: 50 }, mode: 'FNX' }), 1);
        assert.deepEqual(await connection.hGetDel('h', ['a', 'b']), ['1', '2']);
      }
      assert.equal(await connection.hSetEx('h', { EX: 9 }, 'FIELDS', 1, 'c', 3), 1);
      assert.deepEqual(await connection.hGetDel('h', 'c'), ['3']);
    }
    assert.deepEqual(await db.multi().hExpire('h', ['f'], 100).hTTL('h', 'f').exec(), [[1], [100]]);
    await assert.rejects(db.hTTL('h', [{ a: 1 }]), TypeError);
    await assert.rejects(db.hTTL('h'), ReplyError);
  });

  test('pages of SCAN have names', async () => {
    await db.set('k', 'v');
    for (const page of [await db.scan('0', { MATCH: '*' }), db.sync.scan('0'), (await db.pipeline().scan('0').exec())[0]]) {
      assert.deepEqual([page.cursor, page.keys], ['0', ['k']]);
      assert.deepEqual(page, ['0', ['k']]);
    }
  });
});
