// Tabs come, go and crash while all of them write, and the browser is killed: what a tab was told is noted outside of it, and
// all of that is there afterwards, once.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Browser, crash, reasonToSkip, serve } from './browser.mjs';

/** Ends of tabs, and of browsers, per store; more by hand: `SANDERLING_KILLS=100`. */
const KILLS = Number(process.env.SANDERLING_KILLS ?? 0);
const TAB_ENDS = KILLS || 5;
const BROWSER_KILLS = KILLS || 3;
const TABS = 3;
/** What is told before the next end comes. */
const TOLD_MAX = 150;

const options = { skip: reasonToSkip, timeout: Math.max(100_000, KILLS * 10_000) };
let host;
before(async () => (host = reasonToSkip ? undefined : await serve()));
after(() => host?.close());

/** What was told, by writer, and who wants to know. */
class Journal {
  last = new Map();
  changes = 0;
  #waiting;
  #left = 0;

  note(writer, number) {
    // Messages of one page come in order.
    this.last.set(writer, Math.max(number, this.last.get(writer) ?? 0));
    this.numbers.set(writer, (this.numbers.get(writer) ?? new Set()).add(number));
    if ((this.#left -= 1) === 0) this.#waiting?.();
  }

  numbers = new Map();

  /** Resolves when so much more was told. */
  more(count) {
    this.#left = count;
    return new Promise((resolve) => (this.#waiting = resolve));
  }
}

async function startWriter(browser, journal, url, writer, durability) {
  const page = await browser.context.newPage();
  await page.exposeFunction('told', (writer, number) => journal.note(writer, number));
  await page.exposeFunction('changed', () => (journal.changes += 1));
  await page.goto(host.url);
  await page.waitForFunction(() => window.write !== undefined);
  await page.evaluate(
    async ([url, writer, durability]) => {
      window.db = await window.sanderling.Sanderling.open(url, { durability });
      void window.write(window.db, writer);
    },
    [url, writer, durability],
  );
  return page;
}

/** Opens the database anew, and compares. */
async function check(browser, journal, url) {
  const page = await browser.open(host.url);
  const found = await page.evaluate(
    async ([url, writers]) => {
      const db = await window.sanderling.Sanderling.open(url);
      const logs = await Promise.all(writers.map((writer) => db.lrange(`log:${writer}`, 0, -1)));
      const count = Number(await db.get('count'));
      await db.close();
      return { logs, count };
    },
    [url, [...journal.numbers.keys()]],
  );
  await page.close();
  let total = 0;
  for (const [index, writer] of [...journal.numbers.keys()].entries()) {
    const log = found.logs[index].map(Number);
    total += log.length;
    for (let at = 1; at < log.length; at += 1) assert.ok(log[at] > log[at - 1], `${writer}: ${log[at]} behind ${log[at - 1]}`);
    const there = new Set(log);
    for (const number of journal.numbers.get(writer)) assert.ok(there.has(number), `${writer}: ${number} was told and is lost`);
  }
  assert.equal(found.count, total, 'transactions are whole');
  return total;
}

for (const store of ['opfs', 'idb']) {
  test(`${store}: ${TAB_ENDS} tabs that are closed, left or crash lose nothing that was told`, options, async (t) => {
    const browser = await Browser.start();
    const journal = new Journal();
    const url = `${store}://tabs`;
    const ends = [
      (page) => page.close(),
      (page) => crash(page),
      async (page) => {
        await page.evaluate(() => window.db.close());
        await page.close();
      },
      async (page) => {
        await page.goto('about:blank');
        await page.close();
      },
    ];
    try {
      let writers = 0;
      const start = () => startWriter(browser, journal, url, `w${(writers += 1)}`, writers % 2 ? 'everysec' : 'always');
      const pages = [];
      while (pages.length < TABS) pages.push(await start());
      for (let end = 0; end < TAB_ENDS; end += 1) {
        await journal.more(1 + Math.floor(Math.random() * TOLD_MAX));
        // The first one leads; after each round of ends it is another one that goes.
        const [page] = pages.splice(end % (ends.length + 1) === ends.length ? 1 : 0, 1);
        await ends[end % ends.length](page);
        pages.push(await start());
      }
      await journal.more(TOLD_MAX);
      for (const page of pages) await page.close();
      const total = await check(browser, journal, url);
      t.diagnostic(`${total} writes, ${journal.changes} told that a leader changed`);
    } finally {
      await browser.close();
    }
  });

  test(`${store}: ${BROWSER_KILLS} kills of the browser lose nothing that was told`, options, async (t) => {
    const journal = new Journal();
    const url = `${store}://browser`;
    let browser = await Browser.start();
    let total = 0;
    try {
      for (let kill = 0; kill < BROWSER_KILLS; kill += 1) {
        const durability = ['everysec', 'always', 'none'][kill % 3];
        for (const writer of ['a', 'b']) await startWriter(browser, journal, url, writer, durability);
        await journal.more(1 + Math.floor(Math.random() * TOLD_MAX));
        await browser.kill();
        browser = await Browser.start(browser.profile);
        total = await check(browser, journal, url);
      }
      t.diagnostic(`${total} writes`);
    } finally {
      await browser.close();
    }
  });
}
