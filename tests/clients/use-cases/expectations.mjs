// What each program of this folder must return, whatever client and server it ran with.

import assert from 'node:assert/strict';

/** @type {Record<string, (result: any) => void>} */
export const expectations = {
  cache(result) {
    const teapot = { product: 'teapot', cents: 1999 };
    assert.deepEqual([result.first, result.second, result.third], [teapot, teapot, teapot]);
    assert.equal(result.computations, 2, 'once before the entry was deleted and once after');
    assert.ok(result.secondsLeft > 50 && result.secondsLeft <= 60, `${result.secondsLeft} seconds left`);
  },

  cacheExpires(result) {
    assert.equal(result.before, 'here');
    assert.equal(result.after, null);
  },

  sessions(result) {
    assert.deepEqual(result.cart, ['teapot', 'cup']);
    assert.deepEqual(result.stored, ['teapot', 'cup']);
    assert.deepEqual(result.seen, ['teapot', 'cup']);
    assert.ok(result.secondsLeft > 500 && result.secondsLeft <= 600, `${result.secondsLeft} seconds left`);
    assert.deepEqual(result.stranger, []);
    assert.equal(result.loggedOut, 204);
    assert.deepEqual(result.keysLeft, []);
    assert.deepEqual(result.afterwards, []);
  },

  pubSub(result) {
    assert.deepEqual(result.heard, [
      { channel: 'news:weather', message: 'rain' },
      { channel: 'news:sport', message: 'one all' },
      { channel: 'news:weather', message: 'the end' },
    ]);
    assert.deepEqual(result.reached, [1, 1, 0, 1]);
  },

  counters(result) {
    assert.equal(result.home, 100);
    assert.equal(result.visitors, 40);
    assert.deepEqual({ ...result.pages }, { home: '100', about: '1' });
    assert.equal(result.price, '10.1');
    assert.equal(result.back, 0);
  },

  leaderboard(result) {
    assert.deepEqual(result.best, [
      { player: 'bob', score: 450 },
      { player: 'cid', score: 420 },
      { player: 'ann', score: 310 },
    ]);
    assert.equal(result.rank, 2);
    assert.deepEqual(result.neighbours, ['cid', 'ann', 'dot']);
    assert.equal(result.above300, 3);
    assert.deepEqual(result.beginners, ['dot']);
    assert.equal(result.players, 4);
  },

  featureFlags(result) {
    assert.deepEqual(result, {
      darkMode: true,
      before: false,
      after: true,
      unknown: false,
      share: 25,
      flags: ['beta-share', 'dark-mode', 'new-checkout', 'search-v2'],
      removed: 1,
    });
  },

  rateLimit(result) {
    assert.deepEqual(result.ann.map(({ allowed }) => allowed), [true, true, true, false, false]);
    assert.deepEqual(result.ann.map(({ remaining }) => remaining), [2, 1, 0, 0, 0]);
    const wait = result.ann[4].retryAfterSeconds;
    assert.ok(wait > 50 && wait <= 60, `wait ${wait} seconds`);
    assert.equal(result.bob.allowed, true);
  },

  workQueue(result) {
    const jobs = Array.from({ length: 20 }, (_, n) => `job ${n + 1}`);
    assert.deepEqual([...result.done].sort(), [...jobs].sort());
    assert.deepEqual([...result.results].sort(), jobs.map((job) => `${job} done`).sort());
    assert.equal(result.left, 0);
  },
};
