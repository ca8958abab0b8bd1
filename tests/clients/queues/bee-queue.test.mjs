// Bee-Queue as it is: with clients of its own (node_redis 3), which want a socket, and with ioredis, which it also
// takes, except for a method or two.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, describe, test } from 'node:test';
import BeeQueue from 'bee-queue';
import IORedis from 'ioredis';
import { ENOUGH, openTarget } from './target.mjs';

/** Bee-Queue knows ioredis by the name of its class, which ioredis itself hides since version 5. */
class Redis extends IORedis {}

const target = await openTarget();
const client = new Redis(target.connection);
after(async () => {
  client.disconnect();
  await target.stop();
});

const clients = { ioredis: client };
if (target.url) clients['its own clients'] = { url: target.url };

let names = 0;

for (const [title, redis] of Object.entries(clients)) {
  describe(`with ${title}`, () => {
    /** A queue that is closed after the test. Its own timers are as short as its events are quick. */
    function queueFor(t, settings = {}, name = `bee-${(names += 1)}`) {
      const queue = new BeeQueue(name, { redis, delayedDebounce: 1, ...settings });
      const errors = [];
      queue.on('error', (error) => errors.push(error));
      t.after(async () => {
        await queue.close();
        assert.deepEqual(errors, []);
      });
      return queue;
    }

    test('jobs are done, with progress and a result', ENOUGH, async (t) => {
      const queue = queueFor(t);
      const job = queue.createJob({ x: 2, text: 'grüße 🐦' });
      const progress = once(job, 'progress');
      const result = once(job, 'succeeded');
      await job.save();
      queue.process(async (job) => {
        job.reportProgress({ percent: 50 });
        return { doubled: job.data.x * 2, text: job.data.text };
      });
      assert.deepEqual(await progress, [{ percent: 50 }]);
      assert.deepEqual(await result, [{ doubled: 4, text: 'grüße 🐦' }]);
      assert.deepEqual(await statesOf(queue), { waiting: 0, active: 0, succeeded: 1, failed: 0, delayed: 0 });
      assert.equal((await queue.getJob(job.id)).status, 'succeeded');
      assert.equal((await queue.getJobs('succeeded', { size: 10 })).length, 1);
    });

    test('many at once, side by side', ENOUGH, async (t) => {
      const queue = queueFor(t, { getEvents: false, removeOnSuccess: true });
      const jobs = Array.from({ length: 60 }, (_, n) => queue.createJob({ n }));
      await save(queue, jobs);
      const done = [];
      await new Promise((resolve) => {
        queue.on('succeeded', (_job, n) => {
          if (done.push(n) === jobs.length) resolve();
        });
        queue.process(5, async (job) => job.data.n);
      });
      assert.deepEqual(done.sort((a, b) => a - b), jobs.map((_, n) => n));
      assert.deepEqual(await statesOf(queue), { waiting: 0, active: 0, succeeded: 0, failed: 0, delayed: 0 });
    });

    test('failures are retried with backoff', ENOUGH, async (t) => {
      const queue = queueFor(t, { activateDelayedJobs: true });
      let attempts = 0;
      const retried = [];
      queue.on('job retrying', (_id, error) => retried.push(error.message));
      const job = queue.createJob({}).retries(3).backoff('fixed', 5);
      const finished = once(job, 'succeeded');
      await job.save();
      queue.process(async () => {
        attempts += 1;
        if (attempts < 3) throw new Error(`attempt ${attempts}`);
        return attempts;
      });
      assert.deepEqual(await finished, [3]);
      assert.deepEqual(retried, ['attempt 1', 'attempt 2']);

      const hopeless = queue.createJob({}).retries(0);
      attempts = -1_000;
      const failed = once(hopeless, 'failed');
      await hopeless.save();
      assert.equal((await failed)[0].message, 'attempt -999');
      assert.equal((await statesOf(queue)).failed, 1);
    });

    test('delayed jobs come in time', ENOUGH, async (t) => {
      const queue = queueFor(t, { activateDelayedJobs: true });
      const due = Date.now() + 40;
      const [later, never] = [queue.createJob('later').delayUntil(due), queue.createJob('never').delayUntil(due + 3_600_000)];
      const finished = once(later, 'succeeded');
      await later.save();
      await never.save();
      queue.process(async () => Date.now());
      const [doneAt] = await finished;
      assert.ok(doneAt >= due, `${doneAt} is before ${due}`);
      assert.equal((await statesOf(queue)).delayed, 1);
      await queue.removeJob(never.id);
      assert.equal((await statesOf(queue)).delayed, 0);
    });

    test('jobs of a worker that died go to another', ENOUGH, async (t) => {
      const name = `bee-${(names += 1)}`;
      const queue = queueFor(t, { stallInterval: 5 }, name);
      const job = queue.createJob({});
      const finished = once(job, 'succeeded');
      const stalled = once(queue, 'stalled');
      await job.save();
      // What a worker does that takes the job, and is never heard of again.
      assert.equal(await client.brpoplpush(`bq:${name}:waiting`, `bq:${name}:active`, 30), job.id);
      queue.process(async () => 'rescued');
      while ((await queue.checkStalledJobs()) === 0);
      assert.deepEqual(await stalled, [job.id]);
      assert.deepEqual(await finished, ['rescued']);
    });

    test('a queue is destroyed without a trace', ENOUGH, async (t) => {
      const queue = queueFor(t, { isWorker: false });
      await save(queue, [queue.createJob(1), queue.createJob(2), queue.createJob(3).delayUntil(Date.now() + 3_600_000)]);
      assert.ok((await client.keys(`bq:${queue.name}:*`)).length > 2);
      await queue.destroy();
      assert.deepEqual(await client.keys(`bq:${queue.name}:*`), []);
    });
  });
}

/** Saves jobs in one go, where Bee-Queue can: it does that with a method that ioredis has not. */
async function save(queue, jobs) {
  if (queue.settings.redis === client) await Promise.all(jobs.map((job) => job.save()));
  else assert.equal((await queue.saveAll(jobs)).size, 0);
}

/** How many jobs are in which state. `checkHealth` tells the same, but only with node_redis's form of replies. */
async function statesOf(queue) {
  const key = (state) => `bq:${queue.name}:${state}`;
  return {
    waiting: await client.llen(key('waiting')),
    active: await client.llen(key('active')),
    succeeded: await client.scard(key('succeeded')),
    failed: await client.scard(key('failed')),
    delayed: await client.zcard(key('delayed')),
  };
}
