// What a browser keeps: databases that outlive their page, and that all tabs share.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Browser, crash, reasonToSkip, serve } from './browser.mjs';
import { markedBlocks, withAssertions } from './examples.mjs';

const options = { skip: reasonToSkip, timeout: 100_000 };
let host;
let browser;
let count = 0;

before(async () => {
  if (reasonToSkip) return;
  host = await serve();
  browser = await Browser.start();
});
after(async () => {
  host?.close();
  await browser?.close();
});

/** A name that no other test has. */
const fresh = (store) => `${store}://test-${(count += 1)}`;
const tab = () => browser.open(host.url);

/** Opens a database in a tab, where it is `db` then. */
async function open(page, url, more = {}) {
  await page.evaluate(async ([url, more]) => (window.db = await window.sanderling.Sanderling.open(url, more)), [url, more]);
}

/** Runs a function of `db` in a tab; what it throws is what it returns. */
function run(page, task, ...args) {
  return page.evaluate(`(async (...args) => {
    try {
      return await (${task})(window.db, ...args);
    } catch ({ name, code, message, isRetryable }) {
      return { name, code, message, isRetryable };
    }
  })(...${JSON.stringify(args)})`);
}

const STORES = ['opfs', 'idb'];

for (const store of STORES) {
  test(`${store}: what was written is there in another page, whatever the durability`, options, async () => {
    for (const durability of ['everysec', 'always', 'none']) {
      const url = fresh(store);
      const first = await tab();
      await open(first, url, { durability });
      const values = await run(first, async (db) => {
        await db.set('text', 'ä'.repeat(100_000));
        await db.multi().rpush('list', 'a', 'b').sadd('set', 1, 2, 3).zadd('zset', 1, 'x').hset('hash', { f: 'v' }).exec();
        await db.buffers.set('bytes', new Uint8Array([0, 255, 13, 10]));
        await Promise.all(Array.from({ length: 1000 }, (_, index) => db.incrby('sum', index)));
        await db.duplicate().call('SELECT', '3');
        return [await db.get('sum'), db.persistence.kind, await window.everything(db)];
      });
      assert.deepEqual([values[0], values[1]], ['499500', store], values.message);
      await first.close();
      const second = await tab();
      await open(second, url);
      const again = await run(second, async (db) => [await db.get('sum'), (await db.buffers.get('bytes')).join(), await window.everything(db)]);
      assert.deepEqual(again, ['499500', '0,255,13,10', values[2]]);
      await run(second, (db) => db.close());
      await second.close();
    }
  });

  test(`${store}: a rewritten log and dumps are there in another page`, options, async () => {
    const url = fresh(store);
    const first = await tab();
    await open(first, url);
    const info = await run(first, async (db) => {
      for (let round = 0; round < 3; round += 1) {
        await Promise.all(Array.from({ length: 500 }, (_, index) => db.set(`key:${index}`, `${round}:${'x'.repeat(1000)}`)));
        await db.bgrewriteaof();
        while ((await db.info('persistence')).includes('aof_rewrite_in_progress:1')) await db.ping();
        await db.incr('behind');
      }
      await db.save();
      return db.info('persistence');
    });
    assert.match(info, /aof_rewrites:3/);
    await first.close();
    const second = await tab();
    await open(second, url);
    assert.deepEqual(await run(second, async (db) => [await db.dbsize(), await db.get('behind')]), [501, '3']);
    await run(second, (db) => db.close());
    await second.close();
  });

  test(`${store}: dumps go out and in, and what cannot be done elsewhere says so`, options, async () => {
    const page = await tab();
    await open(page, fresh(store));
    const results = await run(page, async (db) => {
      const { StorageError } = window.sanderling;
      const refusals = [];
      for (const task of [() => db.sync.get('key'), () => db.image(), () => db.listen(), () => db.memoryUsedBytes]) {
        try {
          await task();
          refusals.push('nothing');
        } catch (error) {
          refusals.push(`${error.name}: ${error.message}`);
        }
      }
      await db.set('key', 'before');
      const dump = await db.export();
      await db.set('key', 'after');
      const imported = await db.import(dump);
      const broken = await db.import(dump.slice(0, 20)).catch((error) => error.name);
      const wrong = await db.call('INCR', 'key').catch((error) => [error.name, error.code, error.command.name]);
      const far = await window.sanderling.Sanderling.open('file:./data').catch((error) => [error instanceof StorageError, error.code]);
      return { refusals, imported, key: await db.get('key'), broken, wrong, far };
    });
    const [sync, image, listen, memory] = results.refusals;
    assert.match(sync, /^NotLocalError: .+ a worker or another tab answers by promises/);
    assert.match(image, /^NotLocalError: .+ in a worker, or in another tab/);
    assert.match(listen, /no sockets/);
    assert.match(memory, /^NotLocalError/);
    assert.deepEqual(results.imported, { keys: 1, expired: 0, skipped: 0 });
    assert.equal(results.key, 'before');
    assert.equal(results.broken, 'DumpError');
    assert.deepEqual(results.wrong, ['ReplyError', 'ERR', 'INCR']);
    assert.deepEqual(results.far, [true, 'unsupported']);
    await run(page, (db) => db.close());
    assert.equal((await run(page, (db) => db.get('key'))).name, 'ClosedError');
    await page.close();
  });

  test(`${store}: tabs share keys, messages and waits, also when the one that leads is closed`, options, async () => {
    const url = fresh(store);
    const [leader, second, third] = [await tab(), await tab(), await tab()];
    for (const page of [leader, second, third]) await open(page, url);
    await run(leader, (db) => db.set('from', 'leader'));
    assert.equal(await run(second, (db) => db.get('from')), 'leader');
    await run(second, async (db) => {
      await db.call('SELECT', '5');
      await db.set('here', 'five');
      window.messages = [];
      await db.subscribe('news', (message) => window.messages.push(message));
      await db.psubscribe('n*', (message, channel) => window.messages.push(`${channel}=${message}`));
      window.waiting = db.duplicate().blpop('jobs', 0);
      window.waiting.then(() => (window.waitingIsOver = true));
      window.guarded = db.duplicate();
      await window.guarded.watch('watched');
    });
    await run(leader, (db) => db.publish('news', 'one'));
    await second.waitForFunction(() => window.messages.length === 2);
    // It has answered everything that it has done, so that what waits can go on waiting.
    await run(leader, (db) => db.close());
    assert.equal(await run(second, (db) => db.get('here')), 'five');
    assert.equal(await run(third, (db) => db.publish('news', 'two')), 2);
    await second.waitForFunction(() => window.messages.length === 4);
    assert.deepEqual(await second.evaluate(() => window.messages.sort()), ['news=one', 'news=two', 'one', 'two']);
    assert.equal(await second.evaluate(() => window.waitingIsOver ?? false), false);
    await run(third, (db) => db.rpush('jobs', 'first'));
    assert.deepEqual(await second.evaluate(() => window.waiting), ['jobs', 'first']);
    const lost = await run(second, async () => {
      const names = [];
      for (let attempt = 0; attempt < 2; attempt += 1) {
        await window.guarded.multi().set('watched', attempt).exec().then(() => names.push('ran'), (error) => names.push(error.name, error.isRetryable));
      }
      return names;
    });
    assert.deepEqual(lost, ['LeaderChangedError', true, 'ran']);
    for (const page of [leader, second, third]) await page.close();
  });

  test(`${store}: when the tab that leads crashes, what reads is asked again, and what changes is told apart`, options, async () => {
    const url = fresh(store);
    const [leader, second] = [await tab(), await tab()];
    for (const page of [leader, second]) await open(page, url);
    await run(second, async (db) => {
      await db.set('key', 'value');
      window.messages = [];
      await db.duplicate().subscribe('news', (message) => window.messages.push(message));
      // Bytes are asked for again as they were, whatever has become of them.
      const [changed, given] = ['stream', 'other'].map((text) => new TextEncoder().encode(text));
      const reads = [changed, given].map((key) => db.duplicate().xread('BLOCK', 0, 'STREAMS', key, '$'));
      changed.fill(0);
      structuredClone(given, { transfer: [given.buffer] });
      window.waits = [db.duplicate().blpop('jobs', 0), ...reads].map((wait) =>
        wait.catch(({ name, isRetryable }) => ({ name, isRetryable })),
      );
      await db.ping();
    });
    await crash(leader);
    assert.equal(await run(second, (db) => db.get('key')), 'value');
    assert.deepEqual(await second.evaluate(() => window.waits[0]), { name: 'LeaderChangedError', isRetryable: true });
    await run(second, async (db) => {
      for (const key of ['stream', 'other']) await db.xadd(key, '*', 'field', 'value');
      await db.publish('news', 'again');
    });
    assert.deepEqual((await second.evaluate(() => Promise.all(window.waits.slice(1)))).map((reply) => Object.keys(reply)), [['stream'], ['other']]);
    await second.waitForFunction(() => window.messages.length === 1);
    await second.close();
  });

  test(`${store}: a tab that is frozen leads no more, and goes on where it was when it is back`, options, async () => {
    const url = fresh(store);
    const [leader, second] = [await tab(), await tab()];
    for (const page of [leader, second]) await open(page, url);
    await run(leader, async (db) => {
      await db.call('SELECT', '2');
      await db.set('here', 'two');
      window.messages = [];
      await db.subscribe('news', (message) => window.messages.push(message));
      window.waiting = db.duplicate().blpop('jobs', 0);
      await db.ping();
    });
    // A browser without windows hides and freezes no tab.
    await leader.evaluate(() => document.dispatchEvent(new Event('freeze')));
    await run(second, async (db) => {
      while ((await db.publish('news', 'still there')) > 0) await db.ping();
    });
    await leader.evaluate(() => document.dispatchEvent(new Event('resume')));
    await run(second, async (db) => {
      while ((await db.info('clients')).includes('blocked_clients:0')) await db.ping();
      await db.publish('news', 'back');
      await db.rpush('jobs', 'one');
    });
    assert.equal(await run(leader, (db) => db.get('here')), 'two');
    await leader.waitForFunction(() => window.messages.at(-1) === 'back');
    assert.equal((await leader.evaluate(() => window.waiting))[1], 'one');
    for (const page of [leader, second]) await page.close();
  });

  test(`${store}: what a tab waits for that is gone takes nothing`, options, async () => {
    const url = fresh(store);
    const [leader, second] = [await tab(), await tab()];
    for (const page of [leader, second]) await open(page, url);
    await run(second, async (db) => {
      void db.duplicate().blpop('jobs', 0);
      await db.ping();
    });
    await crash(second);
    await run(leader, async (db) => {
      while ((await db.info('clients')).includes('blocked_clients:1')) await db.ping();
      await db.rpush('jobs', 'one');
    });
    assert.deepEqual(await run(leader, (db) => db.blpop('jobs', 1)), ['jobs', 'one']);
    await leader.close();
  });

  test(`${store}: in a worker a database is opened without another one`, options, async () => {
    const url = fresh(store);
    const page = await tab();
    const result = await page.evaluate(
      (url) =>
        new Promise((resolve) => {
          const worker = new Worker('/in-worker.mjs', { type: 'module' });
          worker.onmessage = ({ data }) => resolve(data);
          worker.postMessage(url);
        }),
      url,
    );
    assert.deepEqual(result, { value: '1', kind: store });
    await page.close();
    const other = await tab();
    await open(other, url);
    assert.equal(await run(other, (db) => db.incr('visits')), 2);
    await other.close();
  });
}

test('a tab that leads and does not answer is told of, and nothing is lost when another one leads', options, async () => {
  const url = fresh('opfs');
  const [leader, page] = [await tab(), await tab()];
  // It has the lock and is known to all, as a tab that was frozen in the midst of something.
  await leader.evaluate(
    (url) =>
      new Promise((isLeading) => {
        const meeting = new BroadcastChannel(`sanderling:${url}`);
        meeting.onmessage = ({ data }) => {
          if (data.kind === 'seek') meeting.postMessage({ kind: 'lead', epoch: 1 });
          if (data.kind !== 'join') return;
          const limits = { arguments: 1000, argumentBytes: 1000, bytes: 1000 };
          const outcomes = [{ kind: 'welcome', limits, repeatable: [], path: url }];
          const wire = new BroadcastChannel(`sanderling:${url}:${data.member}`);
          wire.postMessage({ epoch: 1, outcomes });
          window.inputs = 0;
          wire.onmessage = ({ data }) => {
            window.inputs += (data.deeds ?? []).filter(({ kind }) => kind === 'input').length;
            // It may have been called twice.
            wire.postMessage({ epoch: 1, outcomes });
          };
        };
        void navigator.locks.request(`sanderling:${url}`, () => {
          isLeading();
          return new Promise((resolve) => (window.thaw = resolve));
        });
      }),
    url,
  );
  await open(page, url);
  const refusal = await run(page, (db) => db.incr('key'));
  assert.deepEqual([refusal.name, refusal.message], ['LeaderChangedError', 'the tab that has the database open does not answer']);
  // A greeting, and what was asked, once.
  assert.equal(await leader.evaluate(() => window.inputs), 2);
  const asked = run(page, (db) => db.incr('other'));
  await leader.evaluate(() => window.thaw());
  assert.equal(await asked, 1);
  assert.equal(await run(page, (db) => db.exists('key')), 0);
  for (const each of [leader, page]) await each.close();
});

test('names and options that cannot be are refused', options, async () => {
  const page = await tab();
  const refused = await page.evaluate(async () => {
    const { Sanderling } = window.sanderling;
    const all = [['opfs://'], ['idb://' + 'x'.repeat(65)], [{ url: 'opfs://a', persist: 'a' }], [{ persist: 7 }], ['opfs://a', { now: Date.now }], ['opfs://a', { databases: -1 }]];
    const names = [];
    for (const args of all) names.push(await Sanderling.open(...args).then(() => 'opened', ({ name }) => name));
    try {
      Sanderling.openSync('opfs://a');
    } catch ({ name, code }) {
      names.push(`${name} ${code}`);
    }
    const worker = () => new Worker('/nothing.mjs', { type: 'module' });
    names.push(await Sanderling.open('opfs://b', { worker }).then(() => 'opened', ({ name, code }) => `${name} ${code}`));
    return names;
  });
  assert.deepEqual(refused, [...Array(6).fill('TypeError'), 'StorageError unsupported', 'StorageError failed']);
  await page.close();
});

test('by its name alone a database stays in the store that it was made in, or in memory where there is none', options, async () => {
  const page = await tab();
  const kinds = await page.evaluate(async () => {
    const { Sanderling } = window.sanderling;
    const found = [];
    const visit = async () => {
      const db = await Sanderling.open({ persist: 'visits' });
      const { kind, reason } = db.persistence;
      found.push([kind, await db.incr('visits'), reason]);
      await db.close();
    };
    const { getDirectory } = StorageManager.prototype;
    const refuse = () => Promise.reject(new DOMException('not in this mode', 'SecurityError'));
    await visit();
    StorageManager.prototype.getDirectory = refuse;
    // It was made in files, so there it stays: a worker of its own has them.
    await visit();
    const db = await Sanderling.open({ persist: 'other' });
    found.push([db.persistence.kind]);
    await db.close();
    StorageManager.prototype.getDirectory = getDirectory;
    const again = await Sanderling.open({ persist: 'other' });
    found.push([again.persistence.kind]);
    await again.close();
    StorageManager.prototype.getDirectory = refuse;
    Object.defineProperty(globalThis, 'indexedDB', { get: () => undefined });
    const memory = await Sanderling.open({ persist: 'third' });
    await memory.set('key', 'value');
    found.push([memory.persistence.kind, memory.persistence.reason, memory.sync.get('key')]);
    return found;
  });
  const [first, second, ...others] = kinds;
  assert.deepEqual([first, second], [['opfs', 1, undefined], ['opfs', 2, undefined]]);
  assert.deepEqual(others, [['idb'], ['idb'], ['memory', 'the browser gives neither its private file system (not in this mode) nor IndexedDB', 'value']]);
  await page.close();
});

test('the example of the README', options, async () => {
  const readme = readFileSync(new URL('node_modules/sanderling/README.md', import.meta.url), 'utf8');
  const [{ text }] = markedBlocks(readme).filter(({ kind }) => kind === 'page');
  const lines = withAssertions(text).replace("from 'sanderling'", "from '/dist/browser.js'");
  const assert_ = `const plain = (value) => value;
    const assert = { deepEqual: (found, told) => (window.outcome = [found, told]) };`;
  writeFileSync(new URL('example.mjs', import.meta.url), `${assert_}\n${lines}\nwindow.db = db;`);
  const page = await tab();
  const messages = [];
  page.on('console', (message) => messages.push(message.text()));
  await page.evaluate(() => import('/example.mjs'));
  const [found, told] = await page.evaluate(() => window.outcome);
  assert.deepEqual(found, told);
  assert.deepEqual(messages, ['a note more']);
  await page.close();
});
