// The demos in a real browser.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import test, { after, before, beforeEach, describe } from 'node:test';
import { gzipSync } from 'node:zlib';
import { serve } from '../serve.mjs';
import { launch, reasonToSkip } from './browser.mjs';
import { load } from './modules.mjs';

if (reasonToSkip) console.log(`The tests of the demos are skipped: ${reasonToSkip}.`);

/** What the demos may add to the page, and the page with its engine may be, in bytes as they are sent. */
const DEMOS_BYTES_MAX = 25_000;
const PAGE_BYTES_MAX = 770_000;
/** How much of what is seen may move by itself while a demo is opened; browsers call up to 0.1 good. */
const SHIFT_MAX = 0.05;
const PHONE = { viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true };
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const dist = new URL('../dist/', import.meta.url);

test('links say a demo and its state, and nothing that cannot be', async () => {
  const { check, checked, isDemos, parse, print } = await load('demos/link');
  const rules = {
    seconds: { kind: 'number', usual: 15, min: 3, max: 60 },
    part: { kind: 'number', usual: 0.5, min: 0, max: 1, step: 0.1 },
    page: { kind: 'choice', usual: 'a', of: ['a', 'b'] },
    name: { kind: 'text', usual: 'Ada', lengthMax: 5 },
  };
  const usual = { seconds: '15', part: '0.5', page: 'a', name: 'Ada' };
  assert.deepEqual(checked(rules, new URLSearchParams()), usual);
  assert.deepEqual(checked(rules, new URLSearchParams('seconds=x&part=&page=constructor&name=%20')), usual);
  assert.deepEqual(checked(rules, new URLSearchParams('seconds=1e9&part=0.26&page=b&name=Barbara')), { seconds: '60', part: '0.3', page: 'b', name: 'Barba' });
  assert.deepEqual(['-1', '3.4', 'Infinity', 'NaN'].map((text) => check(rules.seconds, text)), ['3', '3', '15', '15']);
  assert.equal(print('cache', rules, usual), '#demos/cache');
  const values = { ...usual, seconds: '7', name: 'é & =' };
  const { id, given } = parse(print('cache', rules, values));
  assert.deepEqual([id, checked(rules, given)], ['cache', values]);
  assert.deepEqual(['#demos', '#demos/cache?x=1', '#demosx', '#terminal', ''].map(isDemos), [true, true, false, false, false]);
});

test('the demos, and the page with its engine, are no larger than they may be', (told) => {
  const sizes = readdirSync(dist).map((name) => [name, gzipSync(readFileSync(new URL(name, dist)), { level: 9 }).length]);
  const sum = (chosen) => chosen.reduce((all, [, bytes]) => all + bytes, 0);
  const demos = sizes.filter(([name]) => name.startsWith('demos-'));
  assert.equal(demos.length, 2, 'a script and a style');
  told.diagnostic(`bytes as they are sent: the demos ${sum(demos)}, all files ${sum(sizes)}`);
  assert.ok(sum(demos) <= DEMOS_BYTES_MAX, `the demos have ${sum(demos)} bytes`);
  assert.ok(sum(sizes) <= PAGE_BYTES_MAX, `all files have ${sum(sizes)} bytes`);
});

describe('the demos', { skip: reasonToSkip ?? false, timeout: 300_000 }, () => {
  let browser;
  let server;
  let context;
  let page;
  /** What the browser complained about: exceptions, violations of the policy, missing files. */
  let complaints;

  before(async () => {
    server = await serve();
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    server?.close();
  });
  beforeEach(async () => {
    complaints = [];
    await renew();
  });

  async function renew(options = {}) {
    await context?.close();
    context = await browser.newContext({ reducedMotion: 'reduce', ...options });
    page = await tab();
  }

  async function tab() {
    const opened = await context.newPage();
    opened.on('pageerror', (error) => complaints.push(String(error)));
    opened.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    return opened;
  }

  async function open(link, on = page, from = server) {
    await on.goto(`http://127.0.0.1:${from.address().port}/${link}`);
    await on.locator('#demos[data-ready] .stage > *').first().waitFor();
  }

  const press = (name, on = page) => on.getByRole('button', { name, exact: true }).click();
  const stage = (on = page) => on.locator('.stage');

  /** Waits until something is there that is seen. */
  const see = (locator) => locator.first().waitFor();

  /** Waits for a command that was sent; its text and its reply. */
  async function sent(pattern, on = page) {
    const entry = on.locator('.sent li').filter({ has: on.locator('code', { hasText: pattern }) }).last();
    await entry.waitFor();
    return [await entry.locator('code').textContent(), await entry.locator('samp').textContent()];
  }

  const allIds = async () => (await page.getByRole('tablist', { name: 'Demos' }).getByRole('tab').evaluateAll((all) => all.map((link) => link.id.replace('demo-', ''))));

  test('cache: a page is slow once, quick then, and gone when its time is over', async () => {
    await open('#demos/cache?page=ferries&seconds=3');
    await press('Load the page');
    await see(page.getByText(/^From the origin, in \d{3,} ms$/));
    assert.match((await sent(/^SET/))[0], /^SET demo:cache:ferries "The next ferry .+" EX 3$/);
    assert.deepEqual(await sent(/^GET/), ['GET demo:cache:ferries', '(nil)']);
    await press('Load the page');
    await see(page.getByText(/^From the cache, in \d+ ms$/));
    assert.match(await page.locator('.dial b').textContent(), /^[123] s$/);
    await see(page.getByText(/^Expired/));
    assert.equal(await page.locator('.dial b').textContent(), '–');
    await press('Load the page');
    await see(page.getByText(/^From the origin/));
    assert.deepEqual(complaints, []);
  });

  test('sessions: a visit gives the full time again, and signing out ends it', async () => {
    await open('#demos/sessions?user=Grace&seconds=60');
    await see(page.getByText('Nobody is signed in.'));
    await press('Sign in');
    await see(page.getByText('1 visit', { exact: true }));
    assert.match((await sent(/^HSET/))[0], /^HSET demo:sessions:[0-9a-f]{8} user Grace visits 1$/);
    assert.deepEqual((await sent(/^EXPIRE/))[1], '(integer) 1');
    await press('Visit as Grace');
    await see(page.getByText('2 visits', { exact: true }));
    await press('Sign out Grace');
    await see(page.getByText('Nobody is signed in.'));
    await page.getByLabel('Lasts').fill('5');
    await press('Sign in');
    await see(page.getByText('1 visit', { exact: true }));
    await see(page.getByText('Nobody is signed in.'));
    assert.deepEqual(complaints, []);
  });

  test('rate limit: as many requests as are allowed, and no more', async () => {
    await open('#demos/rate?limit=3&seconds=4');
    await press('Send 10');
    await see(page.getByText('Request 10 is refused: 429 Too Many Requests'));
    assert.deepEqual([await page.locator('.dots .yes').count(), await page.locator('.dots .no').count()], [3, 7]);
    assert.deepEqual(await sent(/^SET/), ['SET demo:rate:203.0.113.7 0 EX 4 NX', '(nil)']);
    assert.equal(await stage().locator('.big').textContent(), '3 of 3 used');
    await see(page.getByText('No window is open'));
    await press('Send a request');
    await see(page.getByText('Request 1 is allowed'));
    assert.deepEqual(complaints, []);
  });

  test('chat: tabs hear each other, also when the one that has the data is closed', async () => {
    await open('#demos/chat?room=pier');
    const [second, third] = [await tab(), await tab()];
    await open('#demos/chat?room=pier', second);
    await see(page.getByText('2 tabs are here.'));
    await open('#demos/chat?room=other', third);
    const say = async (on, text) => {
      await on.getByLabel('Message', { exact: true }).fill(text);
      await on.keyboard.press('Enter');
      await see(on.locator('.messages .own').filter({ hasText: text }));
    };
    await second.getByLabel('You are').fill('Second');
    await say(second, 'Ahoy <b>!');
    await see(page.locator('.messages li').filter({ hasText: 'Ahoy <b>!' }));
    assert.equal((await sent(/^PUBLISH/, second))[1], '(integer) 2');
    assert.match(await page.locator('.sent .heard').textContent(), /^demo:chat:room:pier.+Ahoy/);
    // The first tab was there first, and so has the data.
    await page.close();
    await say(second, 'Still here');
    await third.getByLabel('Room').fill('pier');
    await third.keyboard.press('Tab');
    await see(third.locator('.messages li').filter({ hasText: 'Ahoy <b>!' }));
    await say(third, 'So am I');
    await see(second.locator('.messages li').filter({ hasText: 'So am I' }));
    assert.deepEqual(await third.locator('.messages span').allTextContents(), ['Ahoy <b>!', 'Still here', 'So am I']);
    await third.waitForURL(/#demos\/chat\?room=pier$/);
    assert.deepEqual(complaints, []);
  });

  test('job queue: workers wait for jobs; what one has left half done is put back', async () => {
    await open('#demos/jobs?seconds=0.5');
    const done = page.locator('.column').last();
    await press('Start worker one');
    await see(page.getByText('Waits for a job.'));
    await press('Add five');
    await press('Start worker two');
    await see(done.getByRole('heading', { name: 'Done 5' }));
    assert.match((await sent(/^BLMOVE/))[0], /^BLMOVE demo:jobs:waiting demo:jobs:working:(one|two) RIGHT LEFT 0$/);
    await press('Stop worker two');
    await page.getByLabel('A job takes').fill('8');
    await press('Add a job');
    await see(page.locator('.column').nth(1).locator('li'));
    await press('Stop worker one');
    await press('Put back the job of worker one');
    await see(page.getByRole('heading', { name: 'Waiting 1' }));
    assert.deepEqual(complaints, []);
  });

  test('job queue: a worker goes on when the tab that has the data is closed', async () => {
    await open('#demos/jobs?seconds=0.5');
    const second = await tab();
    await open('#demos/jobs?seconds=0.5', second);
    await press('Start worker two', second);
    await see(second.getByText('Waits for a job.'));
    await page.close();
    await press('Add a job', second);
    await see(second.getByRole('heading', { name: 'Done 1' }));
    assert.deepEqual(complaints, []);
  });

  test('counters: what is counted, and when', async () => {
    await open('#demos/counters');
    await press('Count 10');
    await press('Count 1');
    await see(stage().locator('.big b').getByText('11', { exact: true }));
    await see(page.getByText(/^11 in the last 40 seconds/));
    const points = await page.locator('.line polyline').getAttribute('points');
    assert.equal(points.split(' ').length, 40);
    assert.deepEqual(await sent(/^INCRBY demo:counters:home 1$/), ['INCRBY demo:counters:home 1', '(integer) 11']);
    await press('Steady visitors');
    await see(page.getByRole('button', { name: 'Steady visitors', pressed: true }));
    await page.waitForFunction(() => Number(document.querySelector('.big b').textContent) > 12);
    assert.deepEqual(complaints, []);
  });

  test('leaderboard: who scores moves up, and keeps the focus', async () => {
    await open('#demos/leaderboard?points=100');
    await press('Let five players begin');
    const ranks = () => stage().locator('.rows b').allTextContents();
    await see(stage().getByRole('button', { name: 'Score for Ada' }));
    assert.deepEqual(await ranks(), ['Ada', 'Grace', 'Linus', 'Barbara', 'Edsger']);
    await page.getByRole('button', { name: 'Score for Barbara' }).focus();
    await page.keyboard.press('Enter');
    await see(stage().locator('.rows li').nth(1).getByText('Barbara'));
    await page.waitForFunction(() => document.activeElement.ariaLabel === 'Score for Barbara');
    assert.deepEqual(await sent(/^ZINCRBY/), ['ZINCRBY demo:leaderboard:scores 100 Barbara', '(double) 290']);
    await page.getByLabel('Player').fill('Zoë');
    await press('Score');
    await see(page.getByText('Zoë is at rank 6.'));
    assert.deepEqual(complaints, []);
  });

  test('feature flags: a switch acts at once, in every tab', async () => {
    await open('#demos/flags?visitor=alan');
    const second = await tab();
    await open('#demos/flags?visitor=ada', second);
    const shop = (on, text) => see(on.getByRole('img', { name: text }));
    await shop(page, 'The shop as alan sees it: in day colours');
    await page.getByRole('switch', { name: 'Night colours' }).check();
    await shop(second, /ada sees it: in night colours$/);
    await page.getByLabel('Search for').fill('30');
    await shop(page, /alan sees it: in night colours, with the search/);
    await shop(second, /ada sees it: in night colours$/);
    await second.getByLabel('Search for').fill('100');
    await shop(second, /with the search/);
    await see(page.getByText('100 % of all: 60 of these 60 visitors'));
    assert.deepEqual(await sent(/^HSET/), ['HSET demo:flags:shop search 30', '(integer) 1']);
    assert.deepEqual(complaints, []);
  });

  test('nearest drivers: by distance, from wherever one stands', async () => {
    await open('#demos/drivers?km=8');
    await see(page.getByText('No driver is out yet.'));
    await press('Send twelve drivers out');
    await see(stage().locator('.rows li'));
    const distances = (await stage().locator('.rows .number').allTextContents()).map(Number.parseFloat);
    assert.deepEqual(distances, [...distances].sort((a, b) => a - b));
    assert.equal(await page.locator('.car').count(), 12);
    assert.equal(await page.locator('.car.near').count(), distances.length);
    await page.locator('.sent li').filter({ hasText: 'BYBOX' }).getByRole('button', { name: 'Show all' }).click();
    assert.match((await sent(/BYBOX/))[1], /^12\) 1\) "/m);
    const map = page.getByRole('group', { name: /^Map/ });
    const { width, height } = await map.boundingBox();
    await map.click({ position: { x: width / 4, y: height / 2 } });
    await page.waitForURL(/lon=8\.05\d*&lat=54\.05/);
    await map.press('ArrowUp');
    await page.waitForURL(/lat=54\.052/);
    assert.match((await sent(/BYRADIUS/))[0], /^GEOSEARCH demo:drivers:positions FROMLONLAT 8\.05\d* 54\.05\d* BYRADIUS 8 km ASC COUNT 4 WITHCOORD WITHDIST$/);
    assert.deepEqual(complaints, []);
  });

  test('stream: each event goes to one of the group, and is taken over when it is left', async () => {
    await open('#demos/stream');
    await press('Read as Ann');
    await see(page.getByText('There is no stream yet: add an event first.'));
    for (const [name, chips] of [['Add an event', 'new'], ['Add an event', 'new,new'], ['Read as Ann', 'ann,new'], ['Read as Bob', 'ann,bob'], ['Take Bob’s, as Ann', 'ann,ann'], ['Done, as Ann', 'done,done']]) {
      await press(name);
      await page.waitForFunction((wanted) => [...document.querySelectorAll('ol.lane li')].map((chip) => chip.className).join() === wanted, chips);
    }
    assert.match((await sent(/^XREADGROUP/))[0], /^XREADGROUP GROUP crew bob COUNT 1 STREAMS demo:stream:harbour >$/);
    assert.deepEqual((await sent(/^XACK/))[1], '(integer) 2');
    assert.deepEqual(complaints, []);
  });

  test('data outlives the page, and a reset deletes the demo’s own keys only', async () => {
    await open('#demos/counters');
    await see(page.getByText('Kept in this browser’s private files, shared by all tabs.'));
    await press('Count 10');
    await see(stage().locator('.big b').getByText('10', { exact: true }));
    await open('#demos/leaderboard?points=50');
    await press('Let five players begin');
    await see(stage().locator('.rows li'));
    await page.reload();
    await see(stage().locator('.rows li'));
    await press('Reset');
    await see(page.getByText('Nobody has played yet.'));
    await see(page.getByText('Deleted: 1 key of this demo.'));
    await page.waitForURL(/#demos\/leaderboard$/);
    await page.getByRole('tab', { name: 'Counters' }).click();
    await see(stage().locator('.big b').getByText('10', { exact: true }));
    assert.deepEqual(complaints, []);
  });

  test('a link opens a demo as it was set, and can be copied', async () => {
    await renew({ permissions: ['clipboard-read', 'clipboard-write'] });
    await open('#demos/rate');
    await page.getByLabel('Requests').fill('7');
    await page.waitForURL(/#demos\/rate\?limit=7$/);
    await press('Copy link');
    await see(page.getByText(/^The link is copied/));
    const link = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(link, /\/#demos\/rate\?limit=7$/);
    await page.goto('about:blank');
    await page.goto(link);
    await see(page.getByText('0 of 7 used'));
    // Another link on the same page, the way back, and one that nobody has made.
    await page.goto(link.replace('rate?limit=7', 'cache?page=weather'));
    await see(page.getByRole('heading', { name: 'Cache' }));
    assert.equal(await page.getByRole('radio', { name: 'Weather' }).isChecked(), true);
    await page.goBack();
    await see(page.getByText('0 of 7 used'));
    await page.goto(link.replace('rate?limit=7', 'nosuch?limit=%zz'));
    await see(page.getByRole('heading', { name: 'Cache' }));
    await page.getByRole('link', { name: 'Terminal' }).click();
    await see(page.getByText('sanderling>'));
    assert.equal(await page.locator('#demos').isVisible(), false);
    assert.deepEqual(complaints, []);
  });

  test('a demo that is left does not take the address back', async () => {
    // What the demo would say in the address is held until it has been left, but not yet told so.
    await page.addInitScript(() => {
      const { setTimeout } = globalThis;
      globalThis.setTimeout = (act, milliseconds) => (milliseconds === 150 ? (globalThis.say = act) && 0 : setTimeout(act, milliseconds));
    });
    await open('#demos/rate');
    await page.getByLabel('Requests').fill('7');
    await page.evaluate(() => {
      location.hash = '#demos/leaderboard';
      globalThis.say();
    });
    await see(page.locator('.panel.leaderboard'));
    assert.match(page.url(), /#demos\/leaderboard$/);
  });

  test('the programs that are shown are those that are tested, and can be copied', async () => {
    await renew({ permissions: ['clipboard-read', 'clipboard-write'] });
    await open('#demos');
    const ids = await allIds();
    assert.equal(ids.length, 10);
    for (const id of ids) {
      await page.locator(`#demo-${id}`).click();
      await see(page.locator(`.panel.${id}`));
      for (const client of ['ioredis', 'node-redis']) {
        await page.getByRole('tab', { name: client }).click();
        const text = readFileSync(new URL(`../src/demos/code/${id}.${client}.mjs`, import.meta.url), 'utf8');
        assert.equal(await page.locator('#code').textContent(), text, `${id} for ${client}`);
      }
    }
    // What was still on its way to a demo that was left is of no interest.
    assert.equal(await page.locator('.told').count(), 0);
    await press('Copy');
    await see(page.getByText('The program is copied.'));
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), await page.locator('#code').textContent());
    assert.deepEqual(complaints, []);
  });

  test('the keyboard is enough', async () => {
    await open('#demos');
    const focused = () => page.evaluate(() => document.activeElement.textContent || document.activeElement.ariaLabel);
    const keys = async (...all) => {
      for (const key of all) await page.keyboard.press(key);
    };
    await page.locator('.skip').focus();
    await keys('Enter', 'Tab');
    assert.equal(await focused(), 'Cache');
    await keys('ArrowDown', 'ArrowRight');
    assert.equal(await focused(), 'Rate limit');
    await see(page.getByRole('heading', { name: 'Rate limit' }));
    await keys('Home', 'ArrowUp');
    assert.equal(await focused(), 'Stream');
    await keys('Home', 'End', 'ArrowDown');
    assert.equal(await focused(), 'Cache');
    await see(page.getByRole('heading', { name: 'Cache' }));
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.equal(outline, 'solid');
    await keys('Tab', 'Tab', 'Tab', 'ArrowRight', 'Tab', 'ArrowRight');
    assert.equal(await page.getByRole('radio', { name: 'Weather' }).isChecked(), true);
    await page.waitForURL(/page=weather&seconds=16$/);
    await keys('Tab', 'Enter');
    await see(page.getByText(/^From the origin/));
    await page.waitForFunction(() => document.activeElement.textContent === 'Load the page');
    await keys('Escape');
    assert.equal(await focused(), 'Cache');
    const unseen = [];
    for (let steps = 0; steps < 30; steps += 1) {
      await keys('Tab');
      // A radio button shows it on its text.
      const seen = await page.evaluate(() => {
        const { activeElement: at } = document;
        const shown = at.type === 'radio' ? at.nextElementSibling : at;
        return at.closest('footer') ? undefined : getComputedStyle(shown).outlineStyle !== 'none' || at.outerHTML;
      });
      if (seen === undefined) break;
      if (seen !== true) unseen.push(seen);
      assert.ok(steps < 29, 'the keyboard gets out of the demo');
    }
    assert.deepEqual(unseen, []);
    await page.getByRole('tab', { name: 'ioredis' }).focus();
    await keys('ArrowRight');
    assert.match(await page.locator('#code').textContent(), /from 'redis'/);
    assert.deepEqual(complaints, []);
  });

  for (const colorScheme of ['light', 'dark']) {
    test(`nothing is found by axe in the ${colorScheme}`, async () => {
      await renew({ colorScheme });
      await open('#demos');
      await page.evaluate(axe);
      const acts = { cache: 'Load the page', sessions: 'Sign in', rate: 'Send 10', jobs: 'Add five', counters: 'Count 10', leaderboard: 'Let five players begin', drivers: 'Send twelve drivers out', stream: 'Add an event' };
      for (const id of await allIds()) {
        await page.locator(`#demo-${id}`).click();
        await see(page.locator(`.panel.${id}`));
        if (acts[id]) await press(acts[id]);
        if (id === 'chat') await page.getByLabel('Message', { exact: true }).fill('Ahoy');
        await see(page.locator('.sent li'));
        const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
        assert.deepEqual(violations.map(({ id: rule, nodes }) => `${rule}: ${nodes.map((node) => node.html).join()}`), [], id);
      }
    });
  }

  test('on a phone nothing is wider than the screen, and what is touched is large enough', async () => {
    await renew(PHONE);
    await open('#demos');
    const acts = { sessions: 'Sign in', jobs: 'Add five', leaderboard: 'Let five players begin', drivers: 'Send twelve drivers out', stream: 'Add an event' };
    for (const id of await allIds()) {
      await page.locator(`#demo-${id}`).tap();
      await see(page.locator(`.panel.${id}`));
      if (acts[id]) await page.getByRole('button', { name: acts[id], exact: true }).tap();
      await see(page.locator('.sent li'));
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, id);
      const small = await page.locator('#demos').evaluate((root) =>
        [...root.querySelectorAll('button, a, input, [role=tab]')]
          .filter((element) => element.checkVisibility())
          .filter((element) => {
            const { width, height } = (element.closest('.switch') ?? element).getBoundingClientRect();
            // The least that WCAG has is enough for what shows more of a reply. Half a pixel is none.
            const least = element.classList.contains('more') ? 24 : 44;
            return Math.min(width, height) < least - 0.5;
          })
          .map((element) => element.outerHTML),
      );
      assert.deepEqual(small, [], id);
    }
    assert.deepEqual(complaints, []);
  });

  test('nothing moves by itself: neither while a demo opens, nor for who wants less motion', async () => {
    await page.addInitScript(() => {
      globalThis.shift = 0;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) if (!entry.hadRecentInput) globalThis.shift += entry.value;
      }).observe({ type: 'layout-shift', buffered: true });
    });
    await open('#demos/leaderboard');
    await press('Let five players begin');
    await press('Score');
    await press('Score for Barbara');
    await see(page.getByText(/^Mary is at rank/));
    assert.equal(await page.evaluate(() => document.getAnimations().length), 0);
    await open('#demos/cache');
    await see(page.locator('.sent li'));
    const shift = await page.evaluate(() => globalThis.shift);
    assert.ok(shift <= SHIFT_MAX, `${shift}`);
  });

  test('where the browser has no store the demos run in memory, and say so', async () => {
    const own = await serve(0, (name, bytes) => (name.startsWith('worker-') ? `Object.defineProperty(navigator, 'locks', { value: undefined });${bytes}` : bytes));
    await open('#demos/counters', page, own);
    await see(page.getByText(/^In memory of this tab: .+ The browser has no store for it: there are no Web Locks/));
    await press('Count 10');
    await see(stage().locator('.big b').getByText('10', { exact: true }));
    own.close();
  });

  test('a store that is refused is told in plain words, and there is a way on', async () => {
    const refusing = `StorageManager.prototype.getDirectory = () => Promise.reject(new DOMException('full', 'QuotaExceededError'));`;
    const own = await serve(0, (name, bytes) => (name.startsWith('worker-') ? refusing + bytes : bytes));
    await page.goto(`http://127.0.0.1:${own.address().port}/#demos/counters`);
    await page.getByRole('alert').getByText('There is no room left for this page in the browser’s store. Free some, or go on in memory.').waitFor();
    await press('Try again');
    await page.getByRole('alert').getByText(/no room left/).waitFor();
    await press('Go on in memory');
    await see(page.getByText(/^In memory of this tab/));
    await press('Count 1');
    await see(stage().locator('.big b').getByText('1', { exact: true }));
    own.close();
  });

  test('what cannot be loaded is told in either view', async () => {
    const missing = async (pattern, text) => {
      await renew({ serviceWorkers: 'block' });
      await page.route(pattern, (route) => route.fulfill({ status: 404 }));
      await page.goto(`http://127.0.0.1:${server.address().port}/#demos`);
      await see(page.getByRole('alert').getByText(text));
    };
    await missing('**/*.wasm', 'The engine does not run: Error: cannot load the engine: status 404');
    await missing('**/demos-*.js', /^The demos cannot be loaded: .+ Load the page anew once there is a network\.$/);
    await missing('**/demos-*.css', 'The demos cannot be loaded: their style did not come. Load the page anew once there is a network.');
  });

  test('the demos work when the server is gone', async (told) => {
    const own = await serve();
    await page.goto(`http://127.0.0.1:${own.address().port}/`);
    await page.getByText('Works offline.').waitFor();
    assert.equal(await page.evaluate(() => performance.getEntriesByType('resource').some(({ name, initiatorType }) => name.includes('/demos-') && initiatorType !== 'other')), false, 'not before they are wanted');
    await new Promise((resolve) => {
      own.close(resolve);
      own.closeAllConnections();
    });
    await page.getByRole('link', { name: 'Demos' }).click();
    await see(page.getByRole('heading', { name: 'Cache' }));
    await page.reload();
    await see(page.getByRole('heading', { name: 'Cache' }));
    // For information: how long that took depends on the machine.
    told.diagnostic(`a demo can be used ${Math.round(await page.evaluate(() => performance.now()))} ms after the page was loaded anew`);
    await press('Load the page');
    await see(page.getByText(/^From the origin/));
  });
});
