// A store that is full, and files that leave the browser.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { Sanderling } from 'sanderling';
import { Browser, reasonToSkip, serve } from './browser.mjs';
import { mayBeMissing } from './skip.mjs';

const options = { skip: reasonToSkip, timeout: 100_000 };
let host;
let browser;

before(async () => (host = reasonToSkip ? undefined : await serve()));
after(() => host?.close());
// Each has a browser of its own, which remembers for a while how much room there was.
beforeEach(async () => (browser = reasonToSkip ? undefined : await Browser.start()));
afterEach(() => browser?.close());

/** Lets the origin have so many bytes beside what it has, until the function that it returns is called. */
async function leave(page, bytes) {
  const session = await page.context().newCDPSession(page);
  const { origin } = new URL(host.url);
  const { usage } = await session.send('Storage.getUsageAndQuota', { origin });
  await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: Math.round(usage) + bytes });
  return () => session.detach();
}

for (const store of ['opfs', 'idb']) {
  for (const durability of ['everysec', 'always']) {
    test(`${store}, ${durability}: without room changes are refused, reads go on, and what was told stays`, options, async () => {
      const url = `${store}://full-${durability}`;
      const page = await browser.open(host.url);
      // Files take a megabyte each when they are opened; IndexedDB looks at the room once in a while.
      const early = store === 'idb' ? await leave(page, 3_000_000) : undefined;
      const open = async ([url, durability]) => {
        window.db = await window.sanderling.Sanderling.open(url, { durability });
        await window.db.set('key', 'value');
      };
      await page.evaluate(open, [url, durability]);
      const giveRoom = early ?? (await leave(page, 3_000_000));
      const full = await page.evaluate(async () => {
        const { db } = window;
        const refusals = new Set();
        let told = 0;
        // Values that nothing makes smaller.
        const value = Array.from(crypto.getRandomValues(new Uint8Array(50_000)), (byte) => String.fromCharCode(48 + (byte % 64))).join('');
        for (let number = 1; number < 1000; number += 1) {
          try {
            await db.set(`large:${number}`, value + number);
            told = number;
          } catch (error) {
            refusals.add(`${error.name} ${error.code}`);
            if (error.code === 'MISCONF') break;
          }
        }
        return { told, refusals: [...refusals], read: await db.get('key'), exists: await db.exists('large:1'), info: await db.info('persistence') };
      });
      assert.ok(full.told > 10 && full.told < 200, `${full.told}`);
      assert.deepEqual(full.refusals, ['StorageError no-space', 'ReplyError MISCONF']);
      assert.deepEqual([full.read, full.exists], ['value', 1]);
      assert.match(full.info, /aof_last_write_status:err/);
      await giveRoom();
      const healed = await page.evaluate(async () => {
        for (;;) {
          try {
            return await window.db.set('after', 'room');
          } catch (error) {
            if (error.code !== 'MISCONF') throw error;
          }
        }
      });
      assert.equal(healed, 'OK');
      const before = await page.evaluate(() => window.everything(window.db));
      await page.close();
      const again = await browser.open(host.url);
      const [after, count] = await again.evaluate(async (url) => {
        const db = await window.sanderling.Sanderling.open(url);
        const found = [await window.everything(db), await db.dbsize()];
        await db.close();
        return found;
      }, url);
      assert.ok(count >= full.told + 2);
      assert.ok(after === before, 'memory and store are the same');
      await again.close();
    });
  }
}

/** Everything that the log of a database in the private file system has, by name. */
async function readOpfs(page, name) {
  return page.evaluate(async (name) => {
    const root = await navigator.storage.getDirectory();
    const folder = await (await root.getDirectoryHandle('sanderling')).getDirectoryHandle(name);
    const read = async (file) => new Uint8Array(await (await (await folder.getFileHandle(String(file))).getFile()).arrayBuffer());
    const halves = await read('names');
    const parsed = [0, 16384].map((at) => {
      const [, text] = /^sanderling [^\n]+\n(\{[^\0]*\})/.exec(new TextDecoder().decode(halves.subarray(at, at + 16384))) ?? [];
      return text ? JSON.parse(text) : { generation: -1 };
    });
    const { files } = parsed[0].generation > parsed[1].generation ? parsed[0] : parsed[1];
    const found = {};
    for (const [file, number] of Object.entries(files)) found[file] = [...(await read(number))];
    return found;
  }, name);
}

const redis = process.env.SANDERLING_REDIS_SERVER ?? 'redis-server';
const hasRedis = spawnSync(redis, ['--version'], { encoding: 'utf8' }).stdout?.includes('v=7.0.15');
const withRedis = { ...options, skip: reasonToSkip || mayBeMissing(!hasRedis && 'redis-server 7.0.15 is not installed') };

/** What redis-server makes of a directory, as one number. */
async function digestOf(directory, appendonly) {
  const socket = path.join(directory, 'redis.sock');
  const words = { port: 0, unixsocket: socket, dir: directory, appendonly, save: '', 'enable-debug-command': 'yes' };
  const server = spawn(redis, Object.entries(words).flatMap(([name, value]) => [`--${name}`, String(value)]), { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(server, 'exit');
  try {
    for await (const chunk of server.stdout) if (/ready to accept connections/i.test(chunk)) break;
    const client = net.connect(socket);
    client.write('DEBUG DIGEST\r\n');
    const [reply] = await once(client, 'data');
    client.destroy();
    return String(reply).trim();
  } finally {
    server.kill();
    await exit;
  }
}

test('opfs: the files are those of Redis, and open in redis-server and in Node', withRedis, async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'sanderling-exported-'));
  const [log, dump, program] = ['log', 'dump', 'program'].map((name) => path.join(folder, name));
  const page = await browser.open(host.url);
  try {
    const bytes = await page.evaluate(async () => {
      const db = await window.sanderling.Sanderling.open('opfs://exported');
      const write = async (from) => {
        for (let index = from; index < from + 200; index += 1) {
          await Promise.all([
            db.set(`string:${index}`, `value ${index}`),
            db.rpush('list', index),
            db.sadd('set', index, `member ${index}`),
            db.zadd('zset', index / 7, `member ${index}`),
            db.hset('hash', `field ${index}`, index),
            db.xadd('stream', '*', 'index', index),
          ]);
        }
        await db.set('due', 'later', 'PXAT', 4_000_000_000_000);
        await db.eval("for index = 1, 5 do redis.call('INCRBYFLOAT', 'float', '0.25') end", 0);
        await db.multi().incr('counter').lmove('list', 'moved', 'LEFT', 'RIGHT').exec();
      };
      await write(0);
      await db.bgrewriteaof();
      while ((await db.info('persistence')).includes('aof_rewrite_in_progress:1')) await db.ping();
      await write(200);
      const dump = await db.export();
      await db.close();
      return [...dump];
    });
    for (const directory of [log, dump, program]) mkdirSync(path.join(directory, 'appendonlydir'), { recursive: true });
    const files = await readOpfs(page, 'exported');
    for (const [name, content] of Object.entries(files)) {
      for (const directory of [log, program]) writeFileSync(path.join(directory, name), new Uint8Array(content));
    }
    writeFileSync(path.join(dump, 'dump.rdb'), new Uint8Array(bytes));
    const digest = await digestOf(log, 'yes');
    assert.match(digest, /^\+[0-9a-f]{40}$/);
    assert.notEqual(digest, `+${'0'.repeat(40)}`);
    assert.equal(await digestOf(dump, 'no'), digest);
    const db = await Sanderling.open(program);
    writeFileSync(path.join(dump, 'dump.rdb'), await db.export());
    await db.close();
    assert.equal(await digestOf(dump, 'no'), digest);
  } finally {
    await page.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
