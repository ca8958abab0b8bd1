// The files of a database in a program are those of servers: what Node has written opens in this server and in
// redis-server, the other way round, and nobody opens what another has open.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { mayBeMissing } from '../skip.mjs';
import { repository, startServer } from './server.mjs';

const ENOUGH = { timeout: 60_000 };
const built = path.join(repository, 'wasm/dist/node.js');
const missing = mayBeMissing(!fs.existsSync(built) && 'the package is not built (enable: make package)');
const { Sanderling, StorageError } = missing ? {} : await import(built);
const redis = process.env.SANDERLING_REDIS_SERVER ?? 'redis-server';
const hasRedis = spawnSync(redis, ['--version'], { encoding: 'utf8' }).stdout?.includes('v=7.0.15');
const missingRedis = mayBeMissing(!hasRedis && 'redis-server 7.0.15 is not installed');

let folder;
const started = [];
beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sanderling-files-'))));
afterEach(async () => {
  for (const server of started.splice(0)) await server.kill();
  fs.rmSync(folder, { recursive: true, force: true });
});

async function start(program, directory = folder) {
  const server = await startServer(['--dir', directory, '--appendonly', 'yes', '--enable-debug-command', 'yes'], program);
  started.push(server);
  return server;
}

async function stop(server) {
  started.splice(started.indexOf(server), 1);
  await server.stop();
}

/** What a server makes of its files, as one number. */
async function digestOf(server) {
  const client = new Redis(server.port);
  try {
    return await client.debug('DIGEST');
  } finally {
    client.disconnect();
  }
}

/**
 * Writes a value of each type, with what is not the same when it is run twice. Consumers of streams are not among them: what
 * is known of them since Redis 7.2 makes a base that 7.0 does not read.
 */
async function write(call, from = 0) {
  for (let index = from; index < from + 300; index += 1) {
    await call('SET', `string:${index}`, `value ${index}`);
    await call('RPUSH', 'list', `element ${index}`);
    await call('SADD', 'set', index);
    await call('ZADD', 'zset', index / 7, `member ${index}`);
    await call('HSET', 'hash', `field ${index}`, index);
    await call('XADD', 'stream', '*', 'index', index);
  }
  await call('SET', 'due', 'later', 'PXAT', 4_000_000_000_000);
  await call('SETRANGE', 'long', 50_000, 'end');
  await call('XGROUP', 'CREATE', 'stream', `group:${from}`, '0');
  await call('PFADD', 'sketch', from, 'b', 'c');
  await call('SPOP', 'set', '5');
  await call('EVAL', "for index = 1, 5 do redis.call('INCRBYFLOAT', 'float', '0.25') end", '0');
  await call('MULTI');
  await call('INCR', 'counter');
  await call('LMOVE', 'list', 'moved', 'LEFT', 'RIGHT');
  await call('EXEC');
  await call('SELECT', '5');
  await call('SETEX', 'elsewhere', '100000', from);
  await call('SELECT', '0');
}

/** A connection of a database in this process, with the bare commands. */
function callsOf(db) {
  const client = new Redis({ Connector: db.connector() });
  return [(...words) => client.call(...words), () => client.quit()];
}

async function ended(db, text) {
  while (!(await db.info('persistence')).includes(text)) await new Promise((resolve) => setImmediate(resolve));
}

describe('files of a database in a program', { skip: missing }, () => {
  for (const [name, program, skip] of [['this server', undefined, false], ['redis-server 7.0.15', redis, missingRedis]]) {
    test(`written by Node, ${name} has the same, and back`, { ...ENOUGH, skip }, async () => {
      const db = await Sanderling.open(folder);
      const [call, quit] = callsOf(db);
      await write(call);
      await db.bgrewriteaof();
      await ended(db, 'aof_rewrites:1');
      await write(call, 1000);
      await quit();
      const count = await db.dbsize();
      await db.close();
      // What is copied is opened by the program itself, which wrote none of it.
      const copy = `${folder}-copy`;
      fs.cpSync(folder, copy, { recursive: true });
      try {
        let server = await start(program);
        const digest = await digestOf(server);
        const reference = await start(hasRedis ? redis : undefined, copy);
        assert.equal(await digestOf(reference), digest);
        const client = new Redis(server.port);
        assert.equal(await client.dbsize(), count);
        await write((...words) => client.call(...words), 2000);
        const later = await client.debug('DIGEST');
        client.disconnect();
        await stop(server);
        // Node goes on with what the server has written, and makes a base of its own of it.
        const again = await Sanderling.open(folder, { durability: 'always' });
        assert.equal(await again.get('string:2299'), 'value 2299');
        await again.set('by', 'node');
        await again.del('by');
        await again.bgrewriteaof();
        await ended(again, 'aof_rewrites:1');
        await again.close();
        server = await start(program);
        assert.equal(await digestOf(server), later);
      } finally {
        fs.rmSync(copy, { recursive: true, force: true });
      }
    });
  }

  test('a server and a program lock each other out', ENOUGH, async (t) => {
    let server = await start();
    if (!server.ours) return t.skip('redis-server locks nothing');
    await assert.rejects(Sanderling.open(folder), (error) => {
      assert.ok(error instanceof StorageError);
      assert.deepEqual([error.code, error.holder], ['locked', server.pid]);
      return true;
    });
    // What a server leaves that is killed holds nobody up.
    started.splice(0);
    await server.kill();
    const db = await Sanderling.open(folder);
    await assert.rejects(start(), new RegExp(`another process keeps its data in this directory \\(process ${process.pid}\\)`));
    await db.close();
    const holder = spawn(
      process.execPath,
      ['--input-type=module', '-e', `import { Sanderling } from '${built}'; await Sanderling.open(process.argv[1]); console.log('open'); setInterval(() => {}, 1000)`, folder],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await once(holder.stdout, 'data');
    await assert.rejects(start(), new RegExp(`\\(process ${holder.pid}\\)`));
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    server = await start();
    await stop(server);
    assert.deepEqual(fs.readdirSync(folder).sort(), ['appendonlydir']);
  });
});
