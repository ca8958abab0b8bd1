import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { beforeEach, describe, test } from 'node:test';
import { inspect } from 'node:util';
import { BatchError, ClosedError, LimitError, ReplyError, Sanderling } from 'sanderling';

const plain = (object) => ({ ...object });

let db;
beforeEach(async () => {
  await db?.close();
  db = await Sanderling.open();
});

describe('values', () => {
  test('text of all lengths and alphabets comes back', async () => {
    for (const length of [0, 1, 9, 10, 47, 48, 49, 99, 100, 1000, 90_000, 1_000_000]) {
      for (const character of ['x', 'é', '€', '😀']) {
        const text = character.repeat(length);
        await db.set(text.slice(0, 500), text);
        assert.equal(await db.get(text.slice(0, 500)), text, `${length} × ${character}`);
      }
    }
  });

  test('bytes come back as they were', async () => {
    const bytes = Uint8Array.from({ length: 70_000 }, (_, index) => index * 7);
    await db.set(Uint8Array.of(0, 255, 13, 10), bytes);
    assert.deepEqual(await db.buffers.get(Buffer.from([0, 255, 13, 10])), bytes);
    assert.deepEqual(await db.callBuffer('GET', Uint8Array.of(0, 255, 13, 10)), bytes);
    assert.equal(await db.strlen(new DataView(Uint8Array.of(0, 255, 13, 10).buffer)), 70_000);
  });

  test('text keeps its byte order mark, in messages too', async () => {
    for (const text of ['\ufeffshort', `\ufeff${'long '.repeat(50)}`]) {
      await db.set(text, text);
      assert.equal(await db.get(text), text);
      const heard = new Promise((resolve) => void db.subscribe(text, (...all) => resolve(all)));
      await db.publish(text, text);
      assert.deepEqual(await heard, [text, text]);
    }
  });

  test('numbers and booleans are sent as text', async () => {
    await db.mset({ n: 12.5, b: true, i: 12345678901234567890n });
    assert.deepEqual(await db.mget('n', 'b', 'i'), ['12.5', 'true', '12345678901234567890']);
    await db.zadd('z', Infinity, 'most', -Infinity, 'least');
    assert.deepEqual(await db.zrange('z', 0, -1, 'WITHSCORES'), [['least', -Infinity], ['most', Infinity]]);
  });

  test('what cannot be sent is a TypeError', async () => {
    for (const bad of [undefined, null, () => 1, Symbol('s'), new Date()]) {
      await assert.rejects(db.rpush('list', 'a', bad, 'b'), TypeError);
      assert.throws(() => db.sync.rpush('list', 'a', bad, 'b'), TypeError);
      await assert.rejects(db.pipeline().rpush('list', 'x').rpush('list', bad, 'b').exec(), TypeError);
    }
    assert.equal(await db.exists('list'), 0, 'and nothing of it was sent');
  });

  test('what is too long is refused, and everything goes on', async () => {
    const big = Buffer.alloc(600e6);
    const many = Array.from({ length: 1_100_000 }, (_, index) => index);
    await assert.rejects(db.set('big', big), LimitError);
    assert.throws(() => db.sync.set('big', big), LimitError);
    await assert.rejects(db.sadd('many', many), LimitError);
    await assert.rejects(db.hset('many', Object.fromEntries(many.slice(0, 600_000).map((n) => [`f${n}`, n]))), LimitError);
    await assert.rejects(db.set('big', Buffer.alloc(513 * 2 ** 20)), LimitError);
    await assert.rejects(db.pipeline().set('a', 1).set('big', big).exec(), LimitError);
    await assert.rejects(db.multi().set('a', 1).set('big', big).exec(), LimitError);
    await db.configSet('proto-max-bulk-len', '1mb');
    await assert.rejects(db.set('big', 'é'.repeat(600_000)), (error) => {
      return error instanceof LimitError && error instanceof RangeError && error.message.includes('1200000 bytes');
    });
    await assert.rejects(db.set('big', 10n ** 1_200_000n), LimitError);
    assert.equal(await db.set('big', 'e'.repeat(1 << 20)), 'OK');
    assert.equal(await db.exists('a', 'many'), 0, 'and nothing of it was sent');
  });

  test('integers beyond what a number holds are bigints', async () => {
    assert.equal(await db.incrby('n', '9007199254740991'), 9007199254740991);
    assert.equal(await db.incrby('n', 2n), 9007199254740993n);
    assert.equal(await db.decrby('n', '9007199254741000'), -7);
  });

  test('integers of any length are sent, and nothing beside them is overwritten', async () => {
    // Around what a request may have that is sent in one piece, and beyond.
    for (const digits of [399, 401, 10_000, 262_000, 262_100, 262_144, 400_000]) {
      const number = 10n ** BigInt(digits - 1);
      const text = String(number);
      assert.equal(await db.set('n', number), 'OK');
      assert.equal(await db.get('n'), text);
      assert.deepEqual(await db.multi().set('n', number).get('n').exec(), ['OK', text]);
      assert.deepEqual(await db.pipeline().call('CLIENT', 'ID').append('n', number).strlen('n').exec().then((replies) => replies.slice(1)), [digits * 2, digits * 2]);
      assert.equal(db.sync.eval('return #ARGV[1]', 0, number), digits);
    }
  });

  test('bytes that were given to another thread are refused, and everything goes on', async () => {
    const given = new Uint8Array(8);
    structuredClone(given, { transfer: [given.buffer] });
    const rest = new Uint8Array(new SharedArrayBuffer(8), 8);
    await assert.rejects(db.set('given', given), TypeError);
    assert.throws(() => db.sync.set('given', given), TypeError);
    await assert.rejects(db.pipeline().set('a', 1).set('given', given).set('b', 2).exec(), TypeError);
    await assert.rejects(db.multi().set('a', 1).set('given', given).exec(), TypeError);
    assert.throws(() => db.pipeline().set('a', 1).set('given', given).execSync(), TypeError);
    await assert.rejects(db.subscribe(given, () => undefined), TypeError);
    const blocked = db.blpop('list', 5);
    await assert.rejects(db.set('given', given), TypeError);
    await db.duplicate().rpush('list', 'x');
    assert.deepEqual(await blocked, ['list', 'x']);
    assert.deepEqual(await db.pipeline().set('rest', rest).set('none', new Uint8Array()).mget('rest', 'none', 'a', 'given').exec(), [
      'OK',
      'OK',
      ['', '', null, null],
    ]);
  });

  test('a hash with any field names', async () => {
    await db.hset('h', { __proto__x: 1 }, 'constructor', 2);
    await db.hset('h', new Map([['__proto__', 3]]));
    const all = await db.hgetall('h');
    assert.deepEqual(Object.entries(all).sort(), [['__proto__', '3'], ['__proto__x', '1'], ['constructor', '2']]);
  });
});

describe('arguments', () => {
  test('options as ioredis and as node-redis write them', async () => {
    assert.equal(await db.set('k', 'v', 'EX', 60, 'NX'), 'OK');
    assert.equal(await db.set('k', 'w', { EX: 60, NX: true }), null);
    assert.equal(await db.set('k', 'w', { expiration: { type: 'PX', value: 90_000 }, condition: 'XX', GET: true }), 'v');
    assert.equal(await db.ttl('k'), 90);
    assert.equal(await db.getEx('k', { type: 'EX', value: 10 }), 'w');
    assert.equal(await db.expire('k', 100, 'LT'), 0);
    assert.equal(await db.set('k', 'x', { EX: undefined, NX: false }), 'OK');
    assert.equal(await db.ttl('k'), -1);
    assert.equal(await db.set('k', 'x', undefined), 'OK');
  });

  test('sorted sets', async () => {
    assert.equal(await db.zAdd('z', { score: 1, value: 'a' }), 1);
    assert.equal(await db.zAdd('z', [{ score: 5, value: 'a' }, { score: 2, value: 'b' }], { NX: true }), 1);
    assert.equal(await db.zadd('z', 'CH', 3, 'a', 2, 'b'), 1);
    assert.deepEqual(await db.zRange('z', '(1', '+inf', { BY: 'SCORE', LIMIT: { offset: 0, count: 1 } }), ['b']);
    assert.deepEqual(await db.zunion(['z', 'none']), ['b', 'a']);
    assert.deepEqual(await db.zunion(2, 'z', 'none'), ['b', 'a']);
    assert.equal(await db.zunionstore('u', ['z', 'z'], { WEIGHTS: [1, 10], AGGREGATE: 'MAX' }), 2);
    assert.equal(await db.zscore('u', 'a'), 30);
    assert.deepEqual(await db.zmPop(['none', 'z'], 'MAX', { COUNT: 2 }), ['z', [['a', 3], ['b', 2]]]);
  });

  test('arrays are flattened', async () => {
    assert.equal(await db.rpush('l', ['a', 'b'], 'c'), 3);
    assert.deepEqual(await db.lPos('l', 'b', { COUNT: 0 }), [1]);
    assert.equal(await db.del(['l', 'm'], 'n'), 1);
  });

  test('subcommands', async () => {
    assert.equal(await db.clientSetName('me'), 'OK');
    assert.equal(await db.client('GETNAME'), 'me');
    assert.deepEqual(plain(await db.configGet('databases')), { databases: '16' });
  });
});

describe('errors', () => {
  test('an error reply rejects or throws', async () => {
    await db.set('k', 'v');
    await assert.rejects(db.lpush('k', 'x'), (error) => {
      assert.ok(error instanceof ReplyError && error instanceof Error);
      assert.match(error.message, /^WRONGTYPE Operation against a key/);
      assert.equal(error.code, 'WRONGTYPE');
      return true;
    });
    assert.throws(() => db.sync.lpush('k', 'x'), ReplyError);
    await assert.rejects(db.call('NOSUCH', 'x'), /ERR unknown command 'NOSUCH'/);
  });

  test('commands that would confuse the connection are refused', async () => {
    await assert.rejects(db.call(), /a command's name is a string/);
    for (const name of ['subscribe', 'RESET', 'Hello']) await assert.rejects(db.call(name, 'x'), TypeError);
    await assert.rejects(db.call('CLIENT', 'REPLY', 'OFF'), TypeError);
    await assert.rejects(db.call('CLIENT', [Uint8Array.from(Buffer.from('Reply')), 'OFF']), TypeError);
    await assert.rejects(db.client('REPLY', 'SKIP'), TypeError);
    assert.throws(() => db.sync.client('REPLY', 'OFF'), TypeError);
    assert.throws(() => db.multi().client('REPLY', 'OFF'), TypeError);
    assert.equal(await db.client('ID'), await db.clientId());
    assert.equal(await db.ping(), 'PONG');
  });

  test('settings that do not exist, or cannot be so, are refused', async () => {
    for (const bad of [5, null, [], true, { maxMemory: 1 }, { databases: 0 }, { databases: 1e9 }, { maxclients: 0 }]) {
      await assert.rejects(Sanderling.open(bad), TypeError, JSON.stringify(bad));
    }
    for (const bad of ['many', -1, 0.5, null, NaN]) {
      await assert.rejects(Sanderling.open({ databases: bad }), TypeError);
      await assert.rejects(Sanderling.open({ maxmemory: bad }), TypeError);
    }
    const small = await Sanderling.open({ databases: 2, maxclients: undefined });
    await assert.rejects(small.select(2), /ERR DB index is out of range/);
    await small.close();
  });

  test('nothing is answered after close', async () => {
    const other = db.duplicate();
    const waiting = other.blpop('l', 0);
    await db.close();
    await assert.rejects(waiting, ClosedError);
    await assert.rejects(db.get('k'), ClosedError);
    await assert.rejects(other.get('k'), ClosedError);
    assert.throws(() => db.sync.get('k'), ClosedError);
    assert.equal(db.isOpen, false);
  });
});

describe('batches', () => {
  test('a pipeline', async () => {
    assert.deepEqual(await db.pipeline().set('a', 1).incr('a').get('a').exec(), ['OK', 2, '2']);
    assert.deepEqual(await db.pipeline().exec(), []);
    assert.deepEqual(db.pipeline().call('ECHO', 'x').execSync(), ['x']);
    const failing = db.pipeline().set('a', 'x').incr('a').get('a');
    await assert.rejects(failing.exec(), (error) => {
      assert.ok(error instanceof BatchError);
      assert.equal(error.message, 'ERR value is not an integer or out of range (INCR, command 2 of 3)');
      assert.deepEqual([error.replies[0], error.replies[2]], ['OK', 'x']);
      return true;
    });
  });

  test('a pipeline larger than any buffer, up and down', async () => {
    const text = 'x'.repeat(100_000);
    let pipeline = db.pipeline();
    for (let n = 0; n < 100; n += 1) pipeline = pipeline.set(`k${n}`, text).get(`k${n}`);
    const replies = await pipeline.exec();
    assert.equal(replies.filter((reply) => reply === text).length, 100);
    for (let n = 0; n < 100; n += 1) pipeline = pipeline.get(`k${n}`);
    assert.equal(pipeline.execSync().filter((reply) => reply === text).length, 100);
  });

  test('a transaction', async () => {
    assert.deepEqual(await db.multi().set('a', 1).incr('a').exec(), ['OK', 2]);
    await db.watch('a');
    await db.duplicate().set('a', 5);
    assert.equal(await db.multi().incr('a').exec(), null);
    await assert.rejects(db.multi().call('SET', 'a').get('a').exec(), /wrong number of arguments for 'set'/);
    await assert.rejects(db.multi().lpush('a', 'x').get('a').exec(), BatchError);
    assert.equal(await db.get('a'), '5');
  });
});

describe('connections', () => {
  test('each has a database of its own', async () => {
    const other = db.duplicate();
    await other.select(1);
    await other.set('k', 'one');
    assert.deepEqual([await db.get('k'), await other.get('k')], [null, 'one']);
    await other.close();
    assert.equal(other.isOpen, false);
    await other.connect();
    assert.equal(await other.get('k'), null, 'a connection that was opened again is a fresh one');
  });

  test('a connection is printed in a line', async () => {
    assert.equal(inspect({ db }), '{ db: [Sanderling connection, open] }');
    await db.close();
    assert.equal(inspect(db), '[Sanderling connection, closed]');
  });

  test('databases do not know of each other', async () => {
    const other = Sanderling.openSync('memory://');
    await db.set('k', 'mine');
    assert.equal(await other.get('k'), null);
    await other.close();
    assert.equal(await db.get('k'), 'mine');
  });

  test('a blocked command is answered when its element comes', async () => {
    const worker = db.duplicate();
    const popped = worker.blpop(['one', 'two'], 0);
    const behind = worker.get('k');
    assert.throws(() => worker.sync.get('k'), /still waits/);
    await db.multi().set('k', 'v').rpush('two', 'element').exec();
    assert.deepEqual(await popped, ['two', 'element']);
    assert.equal(await behind, 'v');
    assert.deepEqual(worker.sync.get('k'), 'v');
  });

  test('a wait ends in time, without anybody asking', async () => {
    const start = performance.now();
    assert.equal(await db.blpop('none', 0.05), null);
    assert.ok(performance.now() - start >= 49);
  });

  test('a synchronous call never waits', () => {
    assert.equal(db.sync.blpop('none', 0), null);
    assert.deepEqual(db.pipeline().blpop('none', 0).set('k', 'v').execSync(), [null, 'OK']);
  });

  test('an expired key goes without being asked for', async () => {
    const heard = new Promise((resolve) => void db.subscribe('__keyevent@0__:expired', resolve));
    await db.configSet('notify-keyspace-events', 'Ex');
    await db.set('k', 'v', { PX: 20 });
    // Neither keys nor subscriptions keep a process alive.
    const alive = setInterval(() => undefined, 1000);
    assert.equal(await heard, 'k');
    clearInterval(alive);
  });
});

describe('publish and subscribe', () => {
  test('channels, patterns and shards, to the listeners that are left', async () => {
    const heard = [];
    const hear = (message, channel) => heard.push([channel, message]);
    const also = (message) => heard.push(['also', message]);
    await db.subscribe(['a', 'b'], hear);
    await db.subscribe('a', also);
    await db.psubscribe('[ac]*', hear);
    await db.ssubscribe('a', hear);
    const sender = db.duplicate();
    assert.equal(await sender.publish('a', '1'), 2);
    assert.equal(await sender.publish('c', '2'), 1);
    assert.equal(await sender.spublish('a', '3'), 1);
    assert.equal(await db.get('a'), null, 'a subscribed connection still takes commands');
    assert.deepEqual(heard, [['a', '1'], ['also', '1'], ['a', '1'], ['c', '2'], ['a', '3']]);

    await db.unsubscribe('a', also);
    assert.equal(await sender.publish('a', '4'), 2);
    await db.unsubscribe();
    await db.punsubscribe('[ac]*');
    await db.sunsubscribe('a');
    assert.equal(await sender.publish('a', '5'), 0);
    assert.equal(heard.length, 7);
  });

  test('messages as bytes', async () => {
    const heard = new Promise((resolve) => void db.buffers.subscribe(Uint8Array.of(200), (...all) => resolve(all)));
    await db.publish(Uint8Array.of(200), Uint8Array.of(0, 255));
    assert.deepEqual(await heard, [Uint8Array.of(0, 255), Uint8Array.of(200)]);
  });
});

describe('the process', () => {
  const evaluate = (code) =>
    execFileSync(process.execPath, ['--input-type=module', '--eval', `import { Sanderling } from 'sanderling'; const db = await Sanderling.open(); ${code}`], { encoding: 'utf8', timeout: 20_000 });

  test('can exit while keys wait to expire', () => {
    assert.equal(evaluate("await db.set('k', 'v', { EX: 1000 }); console.log('end');"), 'end\n');
  });

  test('stays while a command waits for its time', () => {
    assert.equal(evaluate("console.log(await db.blpop('none', 0.1));"), 'null\n');
  });
});

test('memory grows and is counted', async () => {
  const before = db.memoryUsedBytes;
  for (let n = 0; n < 200; n += 1) db.sync.set(`k${n}`, 'x'.repeat(100_000));
  assert.ok(db.memoryUsedBytes - before > 20_000_000);
  assert.equal((await db.get('k0')).length, 100_000);
});

test('memory has a limit', async () => {
  const small = await Sanderling.open({ maxmemory: 4_000_000 });
  await assert.rejects(async () => {
    for (let n = 0; n < 100; n += 1) await small.set(`k${n}`, 'x'.repeat(100_000));
  }, /^ReplyError: OOM /);
  await assert.rejects(small.set('large', Buffer.alloc(40_000_000)), { code: 'OOM' });
  assert.equal(small.isOpen, true);
  assert.equal((await small.get('k0')).length, 100_000);
});

test('a port speaks the protocol in bytes', async () => {
  const db = await Sanderling.open();
  const chunks = [];
  const text = () => Buffer.concat(chunks).toString();
  let replied;
  let closed;
  const isClosed = new Promise((resolve) => (closed = resolve));
  const port = db.port(
    (chunk) => {
      chunks.push(chunk);
      if (text().endsWith('$1\r\nv\r\n')) replied();
    },
    (error) => closed(error),
  );
  const isReplied = new Promise((resolve) => (replied = resolve));
  // A request may come in any pieces.
  port.input(Buffer.from('SET k v\r\n*2\r\n$3\r\nGE'));
  port.input(Buffer.from('T\r\n$1\r\nk\r\n'));
  await isReplied;
  assert.equal(text(), '+OK\r\n$1\r\nv\r\n');
  port.input(Buffer.from('QUIT\r\n'));
  assert.equal(await isClosed, undefined);
  assert.throws(() => port.input(Buffer.from('PING\r\n')), /closed/);
  await db.close();
});
