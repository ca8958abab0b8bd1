// Databases in files: what is there again, after an end, a kill, a torn write, a full disk, and who may open them.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { ClosedError, Sanderling, StorageError } from 'sanderling';
import { contents } from './contents.mjs';

let folder;
const opened = [];
beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sanderling-files-'))));
afterEach(async () => {
  for (const db of opened.splice(0)) await db.close().catch(() => undefined);
  fs.rmSync(folder, { recursive: true, force: true });
});

async function open(options = {}) {
  const db = await Sanderling.open(folder, options);
  opened.push(db);
  return db;
}

const log = (name) => path.join(folder, 'appendonlydir', name);
const lastLog = () => {
  const names = fs.readdirSync(path.join(folder, 'appendonlydir')).filter((name) => name.endsWith('.incr.aof'));
  return log(names.sort((a, b) => Number(a.split('.')[2]) - Number(b.split('.')[2])).at(-1));
};

/** A value of each type, with deadlines. */
async function fill(db) {
  await db.set('string', 'value');
  await db.set('bytes', Uint8Array.from({ length: 300 }, (_, index) => index));
  await db.set('due', 'later', { PXAT: 4_000_000_000_000 });
  await db.setrange('long', 100_000, 'end');
  await db.rpush('list', ...Array.from({ length: 500 }, (_, index) => `element ${index}`));
  await db.hset('hash', Object.fromEntries(Array.from({ length: 600 }, (_, index) => [`field ${index}`, index])));
  await db.call('HPEXPIREAT', 'hash', '4000000000000', 'FIELDS', '1', 'field 7');
  await db.sadd('set', ...Array.from({ length: 700 }, (_, index) => index));
  await db.zadd('zset', ...Array.from({ length: 300 }, (_, index) => [index / 3, `member ${index}`]).flat());
  for (let index = 0; index < 150; index += 1) await db.xadd('stream', '*', 'index', index);
  await db.xgroup('CREATE', 'stream', 'group', '0');
  await db.xreadgroup('GROUP', 'group', 'consumer', 'COUNT', 10, 'STREAMS', 'stream', '>');
  await db.pfadd('sketch', 'a', 'b', 'c');
  await db.functionLoad("#!lua name=lib\nredis.register_function('answer', function() return 42 end)");
  await db.select(3);
  await db.set('elsewhere', '1');
  await db.incrby('elsewhere', 9_007_199_254_740_000);
  await db.select(0);
}

async function checkFilled(db, expected) {
  assert.deepEqual(await contents(db), expected);
  assert.equal(await db.pexpiretime('due'), 4_000_000_000_000);
  assert.deepEqual(await db.call('HPEXPIRETIME', 'hash', 'FIELDS', '1', 'field 7'), [4_000_000_000_000]);
  assert.equal(await db.fcall('answer', 0), 42);
  assert.equal((await db.xpending('stream', 'group'))[0], 10);
  await db.select(3);
  assert.equal(await db.get('elsewhere'), '9007199254740001');
  await db.select(0);
}

describe('what was written is there again', () => {
  for (const durability of ['always', 'everysec', 'none']) {
    test(`with durability ${durability}, from commands, from a base and from both`, async () => {
      let db = await open({ durability });
      assert.deepEqual(db.files, { path: fs.realpathSync(folder), torn: undefined });
      await fill(db);
      const expected = await contents(db);
      await db.close();
      db = await open({ durability });
      await checkFilled(db, expected);
      await db.bgrewriteaof();
      await ended(db, 'aof_rewrites:1');
      await db.incr('more');
      const later = await contents(db);
      await db.close();
      assert.deepEqual(fs.readdirSync(path.join(folder, 'appendonlydir')).sort(), [
        'appendonly.aof.1.base.rdb',
        'appendonly.aof.2.incr.aof',
        'appendonly.aof.manifest',
      ]);
      db = Sanderling.openSync({ url: pathToFileURL(folder).href, durability });
      opened.push(db);
      await checkFilled(db, later);
      assert.equal(db.sync.get('more'), '1');
      assert.match(await db.info('persistence'), /aof_enabled:1/);
    });
  }

  test('without an end, as when the process just stops', async () => {
    const program = `
      import { Sanderling } from 'sanderling';
      const db = await Sanderling.open(process.argv[1]);
      db.sync.set('left', 'by exit');
      process.exit(0);`;
    const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program, folder], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    const db = await open();
    assert.equal(await db.get('left'), 'by exit');
  });

  test('of many databases at once, without a warning', () => {
    const program = `
      import { Sanderling } from 'sanderling';
      const open = (name) => Sanderling.openSync(process.argv[1] + '/' + name);
      for (let index = 0; index < 30; index += 1) open(index).sync.set('index', index);
      process.exitCode = 0;`;
    const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program, folder], { encoding: 'utf8' });
    assert.deepEqual([status, stderr], [0, '']);
    for (let index = 0; index < 30; index += 1) {
      const db = Sanderling.openSync(path.join(folder, String(index)));
      opened.push(db);
      assert.equal(db.sync.get('index'), String(index));
    }
  });

  test('what is due meanwhile is gone', async () => {
    let time = Date.UTC(2030, 0, 1);
    let db = await open({ now: () => time });
    await db.set('short', 'v', { PX: 1000 });
    await db.set('long', 'v', { PX: 100_000 });
    await db.close();
    time += 50_000;
    db = await open({ now: () => time });
    assert.deepEqual(await db.mget('short', 'long'), [null, 'v']);
    assert.equal(await db.pttl('long'), 50_000);
  });

  test('a dump is where a log begins', async () => {
    const source = await Sanderling.open();
    await fill(source);
    const expected = await contents(source);
    fs.writeFileSync(path.join(folder, 'dump.rdb'), await source.export());
    await source.close();
    let db = await open();
    await checkFilled(db, expected);
    await db.set('since', 1);
    await db.close();
    // From then on the log has everything.
    fs.rmSync(path.join(folder, 'dump.rdb'));
    db = await open();
    assert.equal(await db.get('since'), '1');
    assert.equal(await db.get('string'), 'value');
  });

  test('an imported dump takes the place of what the log had', async () => {
    const source = await Sanderling.open();
    await fill(source);
    let db = await open();
    await db.set('before', 1);
    await db.import(await source.export());
    const expected = await contents(source);
    await source.close();
    assert.deepEqual(await contents(db), expected);
    await db.close();
    db = await open();
    await checkFilled(db, expected);
    assert.equal(await db.exists('before'), 0);
  });

  test('after the engine has failed', async () => {
    let db = await open();
    await db.set('kept', 1);
    const { engine } = db.link;
    const fail = () => {
      throw new WebAssembly.RuntimeError('unreachable');
    };
    engine.exports = { ...engine.exports, call: fail, process: fail };
    const [first, second] = await Promise.allSettled([db.set('lost', 1), db.get('kept')]);
    assert.ok(first.reason instanceof ClosedError && second.reason instanceof ClosedError);
    db = await open();
    assert.deepEqual(await db.mget('kept', 'lost'), ['1', null]);
    await db.close();
    db = await open();
    assert.equal(await db.get('kept'), '1');
  });
});

/** Waits until INFO says so. */
async function ended(db, text) {
  while (!(await db.info('persistence')).includes(text)) await new Promise((resolve) => setImmediate(resolve));
}

describe('saving while everything goes on', () => {
  test('the log is rewritten under writes, by itself and when asked', async () => {
    let db = await open();
    await db.configSet('auto-aof-rewrite-min-size', '1mb');
    let count = 0;
    const until = async (condition) => {
      while (!(await condition())) {
        for (let turn = 0; turn < 200; turn += 1) await db.set(`key:${(count += 1) % 5000}`, `${count} ${'x'.repeat(100)}`);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await until(async () => /aof_rewrites:[1-9]/.test(await db.info('persistence')));
    const before = Number(/aof_rewrites:(\d+)/.exec(await db.info('persistence'))[1]);
    assert.equal(await db.bgrewriteaof(), 'Background append only file rewriting started');
    await until(async () => Number(/aof_rewrites:(\d+)/.exec(await db.info('persistence'))[1]) > before);
    const expected = await contents(db);
    await db.close();
    db = await open();
    assert.deepEqual(await contents(db), expected);
    assert.equal((await db.get(`key:${count % 5000}`)).split(' ')[0], String(count));
  });

  test('files that are replaced do not stay open', { skip: process.platform !== 'linux' && 'nothing tells there' }, async () => {
    const db = await open();
    await db.set('large', 'x'.repeat(6e6));
    const openFiles = () => fs.readdirSync('/proc/self/fd').length;
    const round = async (count) => {
      await db.bgrewriteaof();
      await ended(db, `aof_rewrites:${count}`);
      await db.save();
    };
    await db.configSet('rdbcompression', 'no');
    await round(1);
    const before = openFiles();
    for (let count = 2; count < 8; count += 1) await round(count);
    // Another thread closes them.
    while (openFiles() > before) await new Promise((resolve) => setImmediate(resolve));
    await db.close();
  });

  test('dumps, at once, beside everything else, by rules, and before the end', async () => {
    const db = await open();
    await db.set('a', 1);
    const began = await db.lastsave();
    assert.equal(await db.save(), 'OK');
    assert.equal(db.sync.save(), 'OK');
    assert.ok((await db.lastsave()) >= began);
    const imported = await Sanderling.open();
    assert.deepEqual(await imported.import(fs.readFileSync(path.join(folder, 'dump.rdb'))), { keys: 1, expired: 0, skipped: 0 });
    await imported.close();
    assert.equal(await db.bgsave(), 'Background saving started');
    await ended(db, 'rdb_saves:3');
    await db.configSet('save', '1 1');
    await db.set('b', 1);
    await ended(db, 'rdb_saves:4');
    await db.configSet('save', '');
    await db.set('c', 1);
    fs.rmSync(path.join(folder, 'dump.rdb'));
    await db.shutdown('SAVE').catch(() => undefined);
    assert.equal(db.isOpen, false);
    assert.ok(fs.existsSync(path.join(folder, 'dump.rdb')));
    const again = await open();
    assert.deepEqual(await again.mget('a', 'b', 'c'), ['1', '1', '1']);
    assert.deepEqual(fs.readdirSync(folder).filter((name) => name.startsWith('temp')), []);
  });

  test('WAITAOF ends when it is durable', async () => {
    const db = await open();
    await db.set('a', 1);
    assert.deepEqual(await db.waitaof(1, 0, 0), [1, 0]);
    await db.configSet('appendfsync', 'always');
    await db.set('a', 2);
    assert.deepEqual(db.sync.waitaof(1, 0, 0), [1, 0]);
  });

  test('a log in one file, as Redis had it before its version 7', async () => {
    const single = path.join(folder, 'appendonly.aof');
    const commands = '*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n';
    const reopened = async (expected) => {
      const db = await open();
      assert.deepEqual(await db.mget('rdb', 'a'), expected);
      assert.ok(!fs.existsSync(single));
      await db.set('new', 'x');
      await db.close();
      const again = await open();
      assert.deepEqual(await again.mget('rdb', 'a', 'new'), [...expected, 'x']);
      await again.bgrewriteaof();
      await ended(again, 'aof_rewrites:1');
      await again.close();
      assert.ok(!fs.existsSync(log('appendonly.aof')));
      fs.rmSync(folder, { recursive: true });
      fs.mkdirSync(folder);
    };
    // Commands alone, whose end a crash has torn.
    fs.writeFileSync(single, `${commands}*3\r\n$3\r\nSET\r\n$1\r\na\r`);
    await reopened([null, '1']);
    // Commands behind an RDB file.
    const other = await Sanderling.open();
    await other.set('rdb', 'kept');
    fs.writeFileSync(single, Buffer.concat([await other.export(), Buffer.from(commands)]));
    await other.close();
    await reopened(['kept', '1']);
    // A crash before it was moved.
    fs.mkdirSync(path.join(folder, 'appendonlydir'));
    fs.writeFileSync(log('appendonly.aof.manifest'), 'file appendonly.aof seq 1 type i\n');
    fs.writeFileSync(single, commands);
    await reopened([null, '1']);
    // What is there already goes on, and the old file stays.
    const db = await open();
    await db.set('a', 'today');
    await db.close();
    fs.writeFileSync(single, commands);
    assert.equal(await (await open()).get('a'), 'today');
    assert.equal(fs.readFileSync(single, 'latin1'), commands);
  });

  test('a directory that is named as a log in one file is none', async () => {
    fs.mkdirSync(path.join(folder, 'appendonly.aof', 'kept'), { recursive: true });
    for (let count = 1; count <= 2; count += 1) {
      const db = await open();
      assert.equal(await db.incr('opened'), count);
      await db.close();
    }
    assert.deepEqual(fs.readdirSync(path.join(folder, 'appendonly.aof')), ['kept']);
  });

  test('a dump that is not complete and cannot be removed is told as all errors of files are', async () => {
    fs.mkdirSync(path.join(folder, 'temp-1-2-dump.rdb'));
    await assert.rejects(open(), { name: 'StorageError', code: 'failed', message: /temp-1-2-dump\.rdb|directory/ });
    fs.rmdirSync(path.join(folder, 'temp-1-2-dump.rdb'));
    assert.equal(await (await open()).dbsize(), 0);
  });

  test('no more is read of a manifest beside a log in one file than says whose it is', async () => {
    fs.mkdirSync(path.join(folder, 'appendonlydir'));
    fs.writeFileSync(log('appendonly.aof.manifest'), '');
    // More than any memory takes; it is a hole, and takes no room.
    fs.truncateSync(log('appendonly.aof.manifest'), 2 ** 40);
    fs.writeFileSync(path.join(folder, 'appendonly.aof'), '');
    await assert.rejects(open(), { name: 'StorageError', code: 'corrupt' });
  });

  test('what is not supported says so', async () => {
    const db = await open();
    await assert.rejects(db.configSet('appendonly', 'no'), /argument must be 'yes'/);
    await db.close();
    for (const url of ['data', 'opfs://data', 'idb://data', 'redis://localhost']) {
      await assert.rejects(Sanderling.open(url), { name: 'StorageError', code: 'unsupported' });
      assert.throws(() => Sanderling.openSync({ url }), StorageError);
    }
    await assert.rejects(Sanderling.open(path.join(folder, 'not', 'there')), { code: 'failed', message: /No such file or directory/ });
    await assert.rejects(Sanderling.open(folder, { durability: 'some' }), TypeError);
  });
});

describe('what a crash leaves', () => {
  test('a torn end is cut off, told and kept', async () => {
    let db = await open();
    await db.set('a', 1);
    await db.close();
    const whole = fs.statSync(lastLog()).size;
    fs.appendFileSync(lastLog(), '#:0000001e:00000003:0123');
    db = await open();
    const { torn } = db.files;
    assert.deepEqual([torn.file, torn.offset, torn.bytes], [path.basename(lastLog()), whole, 24]);
    assert.equal(fs.readFileSync(log(torn.keptAs), 'latin1'), '#:0000001e:00000003:0123');
    await db.incr('a');
    await db.close();
    db = await open();
    assert.equal(db.files.torn, undefined);
    assert.equal(await db.get('a'), '2');
  });

  test('damage in the midst is refused by file and offset, and nothing is changed', async () => {
    const db = await open();
    for (let index = 0; index < 100; index += 1) await db.set(`key:${index}`, index);
    const file = lastLog();
    const at = Math.floor(fs.statSync(file).size / 2);
    // From here on the file says that what is before is durable.
    await db.waitaof(1, 0, 0);
    await db.set('since', 1);
    await db.close();
    const bytes = fs.readFileSync(file);
    bytes[at] ^= 1;
    fs.writeFileSync(file, bytes);
    for (const opens of [() => Sanderling.open(folder), async () => Sanderling.openSync(folder)]) {
      const error = await opens().then(assert.fail, (error) => error);
      assert.ok(error instanceof StorageError);
      assert.deepEqual([error.code, error.file, error.path], ['corrupt', path.basename(file), fs.realpathSync(folder)]);
      assert.ok(error.offset <= at && error.offset > at - 200, `${error.offset} of ${at}`);
    }
    assert.ok(fs.readFileSync(file).equals(bytes));
    bytes[at] ^= 1;
    fs.writeFileSync(file, bytes);
    assert.equal(await (await open()).get('key:99'), '99');
  });

  test('a spoiled base is refused', async () => {
    const db = await open();
    await fill(db);
    await db.bgrewriteaof();
    await ended(db, 'aof_rewrites:1');
    await db.close();
    const file = log('appendonly.aof.1.base.rdb');
    const bytes = fs.readFileSync(file);
    bytes[bytes.length >> 1] ^= 1;
    fs.writeFileSync(file, bytes);
    await assert.rejects(Sanderling.open(folder), { code: 'corrupt', file: 'appendonly.aof.1.base.rdb' });
  });
});

describe('a disk that fails', () => {
  /** Runs a program that may write files of 64 KiB at most. */
  const limited = (program) => {
    const script = `ulimit -f 64; trap '' XFSZ; exec "$0" --input-type=module -e "$1" "$2"`;
    const { status, stdout, stderr } = spawnSync('bash', ['-c', script, process.execPath, program, folder], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout);
  };

  test('full: writes are refused, reads go on, and nothing that was told is lost', async () => {
    const { told, error, refused, read, sync, status } = limited(`
      import { Sanderling } from 'sanderling';
      const db = await Sanderling.open(process.argv[1]);
      const result = { told: 0 };
      try {
        for (;;) {
          await db.set('key:' + result.told, 'x'.repeat(1000));
          result.told += 1;
        }
      } catch (error) {
        result.error = [error.name, error.code, error.message];
      }
      result.refused = await db.set('more', 1).catch((error) => [error.name, error.message]);
      try { db.sync.set('more', 1) } catch (error) { result.sync = error.message }
      result.read = (await db.get('key:3')).length;
      result.status = /aof_last_write_status:\\w+/.exec(await db.info('persistence'))[0];
      console.log(JSON.stringify(result));
      process.exit(0);`);
    assert.deepEqual(error.slice(0, 2), ['StorageError', 'failed']);
    assert.match(error[2], /File too large/);
    assert.deepEqual(refused, ['ReplyError', 'MISCONF Errors writing to the AOF file: File too large']);
    assert.equal(sync, refused[1]);
    assert.equal(read, 1000);
    assert.equal(status, 'aof_last_write_status:err');
    assert.ok(told > 40, String(told));
    const db = await open();
    assert.equal(await db.exists(...Array.from({ length: told }, (_, index) => `key:${index}`)), told);
    assert.equal(await db.exists('more'), 0);
  });

  test('always: a call without a promise throws', () => {
    const [name, message] = limited(`
      import { Sanderling } from 'sanderling';
      const db = Sanderling.openSync(process.argv[1], { durability: 'always' });
      try {
        for (let index = 0; ; index += 1) db.sync.set('key:' + index, 'x'.repeat(1000));
      } catch (error) {
        console.log(JSON.stringify([error.name, error.message]));
      }
      process.exit(0);`);
    assert.equal(name, 'StorageError');
    assert.match(message, /File too large/);
  });

  for (const durability of ['everysec', 'always']) {
    test(`that works again, with ${durability}: what has waited is written`, async (t) => {
      let db = await open({ durability });
      await db.set('a', 1);
      const failing = t.mock.method(fs, 'writeSync', () => {
        throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
      });
      const waiting = db.set('b', 1);
      const given = await db.duplicate().set('c', 1).catch((error) => error);
      assert.deepEqual([given.name, given.code], ['StorageError', 'no-space']);
      await assert.rejects(waiting, StorageError);
      await assert.rejects(db.set('d', 1), /MISCONF Errors writing to the AOF file: No space left on device/);
      assert.equal(await db.get('a'), '1');
      failing.mock.restore();
      while ((await db.set('e', 1).catch(() => 'MISCONF')) !== 'OK') await new Promise((resolve) => setImmediate(resolve));
      await db.close();
      db = await open();
      assert.deepEqual(await db.mget('a', 'b', 'c', 'd', 'e'), ['1', '1', '1', null, '1']);
    });
  }

  test('without room for another base the log goes on as it is', async (t) => {
    let db = await open();
    await fill(db);
    await db.bgrewriteaof();
    await ended(db, 'aof_rewrites:1');
    const full = t.mock.method(fs, 'statfsSync', () => ({ bavail: 1, bsize: 512 }));
    await db.bgrewriteaof();
    await ended(db, 'aof_last_bgrewrite_status:err');
    assert.match(await db.info('persistence'), /aof_rewrites:1\r\n/);
    await db.incr('since');
    full.mock.restore();
    await db.bgrewriteaof();
    await ended(db, 'aof_rewrites:2');
    assert.match(await db.info('persistence'), /aof_last_bgrewrite_status:ok/);
    const expected = await contents(db);
    await db.close();
    db = await open();
    assert.deepEqual(await contents(db), expected);
  });

  test('that does not make anything durable: another file has it then', async (t) => {
    let db = await open({ durability: 'always' });
    await db.set('a', 1);
    const broken = t.mock.method(fs, 'fdatasyncSync', () => {
      throw Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' });
    });
    const waiting = db.set('b', 1);
    await assert.rejects(waiting, { name: 'StorageError', code: 'failed', message: /I\/o error/ });
    await assert.rejects(db.set('c', 1), /MISCONF/);
    broken.mock.restore();
    while ((await db.set('d', 1).catch(() => 'MISCONF')) !== 'OK') await new Promise((resolve) => setImmediate(resolve));
    await db.close();
    db = await open();
    assert.deepEqual(await db.mget('a', 'b', 'c', 'd'), ['1', '1', null, '1']);
  });

  test('replies in bytes wait as well', async (t) => {
    const db = await open();
    const seen = [];
    let closed;
    const port = db.port((chunk) => seen.push(Buffer.from(chunk).toString()), (error) => (closed = error));
    port.input(Buffer.from('SET a 1\r\n'));
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(seen, ['+OK\r\n']);
    t.mock.method(fs, 'writeSync', () => {
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    });
    port.input(Buffer.from('SET a 2\r\nGET a\r\n'));
    const other = db.duplicate();
    await assert.rejects(other.set('b', 1), StorageError);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(seen, ['+OK\r\n']);
    assert.equal(closed.code, 'no-space');
  });
});

describe('a directory has one database at a time', () => {
  const held = (error, holder) => {
    assert.ok(error instanceof StorageError);
    assert.deepEqual([error.code, error.holder], ['locked', holder]);
    return true;
  };

  test('in this process, also by another name', async () => {
    const db = await open();
    const link = `${folder}-link`;
    fs.symlinkSync(folder, link);
    try {
      for (const name of [folder, link, path.relative(process.cwd(), folder)]) {
        await assert.rejects(Sanderling.open(name), (error) => held(error, process.pid));
      }
    } finally {
      fs.rmSync(link);
    }
    await db.close();
    await (await open()).close();
    assert.deepEqual(fs.readdirSync(folder).sort(), ['appendonlydir']);
  });

  test('in another process, until that is gone', async () => {
    const child = spawn(process.execPath, ['holder.mjs', folder], { cwd: import.meta.dirname, stdio: ['pipe', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    await assert.rejects(Sanderling.open(folder), (error) => held(error, child.pid));
    child.kill('SIGKILL');
    await once(child, 'exit');
    const db = await open();
    assert.equal(await db.get('holder'), String(child.pid));
    // And the other way round.
    const other = spawnSync(process.execPath, ['holder.mjs', folder], { cwd: import.meta.dirname, encoding: 'utf8' });
    assert.notEqual(other.status, 0);
    assert.match(other.stderr, new RegExp(`is open in process ${process.pid}`));
  });

  test('of many that find what a killed one has left, one opens it', async () => {
    for (let round = 0; round < 3; round += 1) {
      fs.writeFileSync(path.join(folder, 'sanderling.lock'), '4194300 1\n');
      if (round > 0) fs.writeFileSync(path.join(folder, 'sanderling.lock-4194300-1'), '4194301 2\n');
      const children = Array.from({ length: 4 }, () => spawn(process.execPath, ['holder.mjs', folder], { cwd: import.meta.dirname }));
      const outcomes = await Promise.all(
        children.map((child) => Promise.race([once(child.stdout, 'data').then(() => 'open'), once(child, 'exit').then(() => 'refused')])),
      );
      assert.deepEqual(outcomes.sort(), ['open', 'refused', 'refused', 'refused']);
      for (const child of children) child.stdin.end();
      await Promise.all(children.map((child) => child.exitCode ?? once(child, 'exit')));
      assert.deepEqual(fs.readdirSync(folder).sort(), ['appendonlydir']);
    }
  });
});
