// BullMQ as it is. Its queues live in some sixty Lua scripts, so this is the widest user of scripting that there is.
//
// Nothing here sleeps. A test waits for an event or for jobs to finish, and of time it only asserts that what should
// wait did not come too early.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { FlowProducer, Queue, QueueEvents, UnrecoverableError, Worker } from 'bullmq';
import Redis from 'ioredis';
import { createClient } from 'redis';
import { ENOUGH, openTarget } from './target.mjs';

const target = await openTarget();
const { connection } = target;
after(() => target.stop());

/** How long a job may take, in milliseconds, when a test waits for it. */
const JOB_MILLISECONDS_MAX = 45_000;

let names = 0;

/**
 * Makes queues, workers and so on for a test, and closes them after it. An error that one of them emits fails the
 * test, since only what went wrong with the server becomes one.
 */
function workshop(t) {
  const name = `queue-${(names += 1)}`;
  const made = [];
  const errors = [];
  const keep = (thing) => {
    thing.on('error', (error) => errors.push(error));
    made.unshift(thing);
    return thing;
  };
  t.after(async () => {
    for (const thing of made) await thing.close();
    assert.deepEqual(errors, []);
  });
  return {
    name,
    queue: (options = {}, queueName = name) => keep(new Queue(queueName, { connection, ...options })),
    worker: (processor, options = {}, queueName = name) =>
      keep(new Worker(queueName, processor, { connection, ...options })),
    flows: () => keep(new FlowProducer({ connection })),
    // From the beginning: what happens before the first read would otherwise be missed.
    events: (lastEventId = '0-0') => keep(new QueueEvents(name, { connection, lastEventId })),
  };
}

/** Resolves with what `count` events were emitted with. */
function emitted(emitter, event, count = 1) {
  const all = [];
  return new Promise((resolve) => {
    const listener = (...args) => {
      all.push(args);
      if (all.length < count) return;
      emitter.off(event, listener);
      resolve(all);
    };
    emitter.on(event, listener);
  });
}

/** Resolves once `fact` yields something true, which it is asked again and again. */
async function until(fact) {
  for (;;) {
    const result = await fact();
    if (result) return result;
  }
}

describe('jobs', () => {
  test('are done, with progress, logs and a result', ENOUGH, async (t) => {
    const { queue: makeQueue, worker, events: makeEvents } = workshop(t);
    const queue = makeQueue();
    const events = makeEvents();
    const progress = emitted(events, 'progress', 2);
    const data = { text: 'grüße 🐦', list: [1, 2.5, null, true], nested: { empty: {}, none: [] } };
    const job = await queue.add('greet', data, { jobId: 'the-first' });
    worker(async (job) => {
      await job.updateProgress(50);
      await job.log('half way');
      await job.updateProgress({ step: 'two', of: 2 });
      await job.log('there');
      return { got: job.data };
    });
    assert.deepEqual(await job.waitUntilFinished(events, JOB_MILLISECONDS_MAX), { got: data });
    assert.deepEqual((await progress).map(([{ jobId, data }]) => [jobId, data]), [
      ['the-first', 50],
      ['the-first', { step: 'two', of: 2 }],
    ]);
    assert.deepEqual(await queue.getJobLogs('the-first'), { logs: ['half way', 'there'], count: 2 });

    const stored = await queue.getJob('the-first');
    assert.equal(await stored.getState(), 'completed');
    assert.deepEqual(stored.data, data);
    assert.deepEqual(stored.progress, { step: 'two', of: 2 });
    assert.equal(stored.attemptsMade, 1);
    assert.ok(stored.processedOn >= stored.timestamp && stored.finishedOn >= stored.processedOn);
    assert.deepEqual(await queue.getJobCounts('waiting', 'active', 'completed', 'failed', 'delayed'), {
      waiting: 0,
      active: 0,
      completed: 1,
      failed: 0,
      delayed: 0,
    });
    assert.equal(await queue.getJob('nobody'), undefined);
  });

  test('come in order, many at once, and large', ENOUGH, async (t) => {
    const { queue: makeQueue, worker } = workshop(t);
    const queue = makeQueue();
    await queue.addBulk(Array.from({ length: 100 }, (_, n) => ({ name: 'number', data: { n } })));
    await queue.add('large', { n: 100, text: 'x'.repeat(1_000_000) });
    await queue.add('urgent', { n: -1 }, { lifo: true });
    const order = [];
    const one = worker(async (job) => {
      order.push(job.data.n);
      return job.data.text?.length;
    }, { autorun: false });
    const completed = emitted(one, 'completed', 102);
    void one.run();
    const results = (await completed).map(([, result]) => result);
    assert.deepEqual(order, Array.from({ length: 102 }, (_, n) => n - 1));
    assert.equal(results.at(-1), 1_000_000);
    assert.equal(await queue.getCompletedCount(), 102);
    assert.equal((await queue.getCompleted(0, 9)).length, 10);
  });

  test('run side by side, as many as `concurrency` says', ENOUGH, async (t) => {
    const { queue: makeQueue, worker } = workshop(t);
    const queue = makeQueue();
    await queue.addBulk(Array.from({ length: 12 }, (_, n) => ({ name: 'meet', data: n })));
    let running = 0;
    let most = 0;
    let release;
    let gate = new Promise((resolve) => (release = resolve));
    // Nobody leaves before four have come, so that one at a time would never end.
    const one = worker(async () => {
      running += 1;
      most = Math.max(most, running);
      const mine = gate;
      if (running === 4) {
        release();
        gate = new Promise((resolve) => (release = resolve));
      }
      await mine;
      running -= 1;
    }, { concurrency: 4, autorun: false });
    const completed = emitted(one, 'completed', 12);
    void one.run();
    await completed;
    assert.equal(most, 4);
  });

  test('are each taken once by several workers', ENOUGH, async (t) => {
    const { queue: makeQueue, worker } = workshop(t);
    const queue = makeQueue();
    const done = [];
    let finish;
    const finished = new Promise((resolve) => (finish = resolve));
    // The workers wait before there is anything to do.
    for (let n = 0; n < 3; n += 1) {
      await worker(async (job) => {
        if (done.push(job.data) === 60) finish();
      }, { concurrency: 2 }).waitUntilReady();
    }
    for (let n = 0; n < 30; n += 1) await queue.add('job', n);
    await queue.addBulk(Array.from({ length: 30 }, (_, n) => ({ name: 'job', data: 30 + n })));
    await finished;
    assert.deepEqual(done.sort((a, b) => a - b), Array.from({ length: 60 }, (_, n) => n));
  });

  test('wait for their time when delayed', ENOUGH, async (t) => {
    const { queue: makeQueue, worker } = workshop(t);
    const queue = makeQueue();
    const jobs = await queue.addBulk([
      { name: 'third', data: null, opts: { delay: 90 } },
      { name: 'second', data: null, opts: { delay: 45 } },
      { name: 'first', data: null },
      { name: 'never', data: null, opts: { delay: 3_600_000 } },
    ]);
    assert.equal(await jobs[3].getState(), 'delayed');
    const one = worker(async () => {}, { autorun: false });
    const completed = emitted(one, 'completed', 3);
    void one.run();
    const done = (await completed).map(([job]) => job);
    assert.deepEqual(done.map((job) => job.name), ['first', 'second', 'third']);
    for (const job of done) assert.ok(job.processedOn >= job.timestamp + (job.opts.delay ?? 0), `${job.name} came early`);

    assert.deepEqual((await queue.getDelayed()).map((job) => job.name), ['never']);
    const promoted = emitted(one, 'completed');
    await jobs[3].promote();
    assert.equal((await promoted)[0][0].name, 'never');
    await assert.rejects(jobs[3].promote(), /not in the delayed state/);

    const later = await queue.add('later', null, { delay: 3_600_000 });
    const soon = emitted(one, 'completed');
    await later.changeDelay(10);
    assert.equal((await soon)[0][0].id, later.id);
  });

  test('go by priority', ENOUGH, async (t) => {
    const { queue: makeQueue, worker } = workshop(t);
    const queue = makeQueue();
    const jobs = await queue.addBulk([
      { name: 'low', data: null, opts: { priority: 10 } },
      { name: 'high', data: null, opts: { priority: 1 } },
      { name: 'middle', data: null, opts: { priority: 5 } },
      { name: 'high too', data: null, opts: { priority: 1 } },
      { name: 'plain', data: null },
      { name: 'changed', data: null, opts: { priority: 2_000_000 } },
    ]);
    assert.deepEqual(await queue.getCountsPerPriority([0, 1, 5]), { 0: 1, 1: 2, 5: 1 });
    assert.equal(await queue.getPrioritizedCount(), 5);
    await jobs[5].changePriority({ priority: 2 });
    const one = worker(async () => {}, { autorun: false });
    const completed = emitted(one, 'completed', 6);
    void one.run();
    const order = (await completed).map(([job]) => job.name);
    assert.deepEqual(order, ['plain', 'high', 'high too', 'changed', 'middle', 'low']);
  });

  test('with the same name for deduplication are one', ENOUGH, async (t) => {
    const { queue: makeQueue, events: makeEvents } = workshop(t);
    const queue = makeQueue();
    const events = makeEvents();
    const seen = emitted(events, 'deduplicated');
    const first = await queue.add('paint', { colour: 'red' }, { deduplication: { id: 'house' } });
    const second = await queue.add('paint', { colour: 'blue' }, { deduplication: { id: 'house' } });
    assert.equal(second.id, first.id);
    assert.equal((await seen)[0][0].deduplicationId, 'house');
    assert.equal(await queue.getDeduplicationJobId('house'), first.id);
    assert.equal(await queue.removeDeduplicationKey('house'), 1);
    const third = await queue.add('paint', { colour: 'blue' }, { deduplication: { id: 'house', ttl: 3_600_000 } });
    assert.notEqual(third.id, first.id);

    await queue.add('same', 1, { jobId: 'mine' });
    await queue.add('same', 2, { jobId: 'mine' });
    assert.equal((await queue.getJob('mine')).data, 1);
    assert.equal(await queue.getWaitingCount(), 3);
  });
});

describe('schedulers', () => {
  test('repeat a job until they are removed', ENOUGH, async (t) => {
    const { queue: makeQueue, worker } = workshop(t);
    const queue = makeQueue();
    const one = worker(async (job) => job.data.n, { autorun: false });
    const completed = emitted(one, 'completed', 4);
    await queue.upsertJobScheduler('tick', { every: 25 }, { name: 'tick', data: { n: 1 }, opts: { attempts: 2 } });
    void one.run();
    const jobs = (await completed).map(([job]) => job);
    assert.deepEqual(jobs.map((job) => job.returnvalue), [1, 1, 1, 1]);
    assert.ok(jobs.every((job) => job.name === 'tick' && job.opts.attempts === 2 && job.repeatJobKey === 'tick'));
    // Each of them has its own place in time.
    const slots = jobs.map((job) => job.timestamp + job.opts.delay);
    assert.ok(slots.every((slot, index) => index === 0 || slot > slots[index - 1]), `${slots}`);

    // One that exists is changed, not doubled.
    const changed = new Promise((resolve) => one.on('completed', (job) => job.data.n === 2 && resolve()));
    await queue.upsertJobScheduler('tick', { every: 20 }, { name: 'tick', data: { n: 2 } });
    await changed;
    const [scheduler, ...others] = await queue.getJobSchedulers();
    assert.deepEqual(others, []);
    assert.equal(scheduler.key, 'tick');
    assert.equal(Number(scheduler.every), 20);
    assert.deepEqual(scheduler.template.data, { n: 2 });
    assert.equal(await queue.removeJobScheduler('tick'), true);
    assert.equal(await queue.removeJobScheduler('tick'), false);
    assert.equal(await queue.getJobSchedulersCount(), 0);
    await until(async () => (await queue.getJobCountByTypes('active', 'waiting', 'delayed')) === 0);
  });

  test('end with their limit, and follow a pattern', ENOUGH, async (t) => {
    const { queue: makeQueue, worker } = workshop(t);
    const queue = makeQueue();
    const one = worker(async () => {}, { autorun: false });
    const completed = emitted(one, 'completed', 3);
    await queue.upsertJobScheduler('thrice', { every: 15, limit: 3 }, { name: 'thrice' });
    void one.run();
    await completed;
    await until(async () => (await queue.getJobCountByTypes('active', 'waiting', 'delayed')) === 0);
    assert.equal(await queue.getCompletedCount(), 3);

    const before = Date.now();
    const job = await queue.upsertJobScheduler('nightly', { pattern: '0 15 3 * * *', tz: 'Europe/Berlin' });
    const scheduler = await queue.getJobScheduler('nightly');
    assert.equal(scheduler.pattern, '0 15 3 * * *');
    assert.equal(scheduler.tz, 'Europe/Berlin');
    assert.ok(scheduler.next > before);
    assert.equal(await job.getState(), 'delayed');
    await queue.removeJobScheduler('nightly');
    assert.equal(await queue.getDelayedCount(), 0);
  });
});

describe('failures', () => {
  test('are retried with backoff', ENOUGH, async (t) => {
    const { queue: makeQueue, worker, events: makeEvents } = workshop(t);
    const queue = makeQueue({ defaultJobOptions: { attempts: 4, backoff: { type: 'exponential', delay: 5 } } });
    const events = makeEvents();
    const starts = [];
    worker(async (job) => {
      starts.push(Date.now());
      if (starts.length < 4) throw new Error(`attempt ${job.attemptsMade + 1}`);
      return 'at last';
    });
    const job = await queue.add('stubborn', null);
    assert.equal(await job.waitUntilFinished(events, JOB_MILLISECONDS_MAX), 'at last');
    const stored = await queue.getJob(job.id);
    assert.equal(stored.attemptsMade, 4);
    assert.deepEqual(stored.stacktrace.map((text) => text.split('\n')[0]), [1, 2, 3].map((n) => `Error: attempt ${n}`));
    for (const [index, delay] of [5, 10, 20].entries()) assert.ok(starts[index + 1] - starts[index] >= delay, `${starts}`);
  });

  test('are final after the last attempt, until someone tries again', ENOUGH, async (t) => {
    const { queue: makeQueue, worker, events: makeEvents } = workshop(t);
    const queue = makeQueue();
    const events = makeEvents();
    const exhausted = emitted(events, 'retries-exhausted');
    let isBroken = true;
    const options = { settings: { backoffStrategy: (attempts, type) => (type === 'own' ? attempts : -1) } };
    worker(async () => {
      if (isBroken) throw new Error('broken');
      return 'mended';
    }, options);
    const job = await queue.add('hopeless', null, { attempts: 3, backoff: { type: 'own' } });
    await assert.rejects(job.waitUntilFinished(events, JOB_MILLISECONDS_MAX), /broken/);
    assert.equal((await exhausted)[0][0].attemptsMade, '3');
    const failed = await queue.getJob(job.id);
    assert.equal(failed.failedReason, 'broken');
    assert.equal(await failed.isFailed(), true);
    assert.deepEqual((await queue.getFailed()).map(({ id }) => id), [job.id]);

    isBroken = false;
    const mended = emitted(events, 'completed');
    await failed.retry();
    assert.equal((await mended)[0][0].returnvalue, 'mended');
    assert.equal(await queue.getFailedCount(), 0);
  });

  test('that cannot be mended are not retried, and all are retried at once', ENOUGH, async (t) => {
    const { queue: makeQueue, worker } = workshop(t);
    const queue = makeQueue();
    let isBroken = true;
    const one = worker(async () => {
      if (isBroken) throw new UnrecoverableError('no use');
    }, { autorun: false });
    const failed = emitted(one, 'failed', 5);
    await queue.addBulk(Array.from({ length: 5 }, (_, n) => ({ name: 'job', data: n, opts: { attempts: 10 } })));
    void one.run();
    assert.deepEqual((await failed).map(([job]) => job.attemptsMade), [1, 1, 1, 1, 1]);
    isBroken = false;
    const completed = emitted(one, 'completed', 5);
    await queue.retryJobs({ count: 2 });
    await completed;
    assert.equal(await queue.getCompletedCount(), 5);
  });

  test('of workers are found, and their jobs given to others', ENOUGH, async (t) => {
    const { queue: makeQueue, worker, events: makeEvents } = workshop(t);
    const queue = makeQueue();
    const events = makeEvents();
    const job = await queue.add('abandoned', null);
    // A worker that takes the job and is never heard of again.
    const dead = worker(null, { lockDuration: 15, autorun: false });
    assert.equal((await dead.getNextJob('dead', { block: false })).id, job.id);
    assert.equal(await job.getState(), 'active');

    const stalled = emitted(events, 'stalled');
    const alive = worker(async () => 'rescued', { stalledInterval: 20 });
    assert.equal(await job.waitUntilFinished(events, JOB_MILLISECONDS_MAX), 'rescued');
    assert.deepEqual((await stalled)[0][0], { jobId: job.id });
    assert.equal((await queue.getJob(job.id)).stalledCounter, 1);
    await alive.close();

    const again = await queue.add('abandoned', null);
    assert.equal((await dead.getNextJob('dead', { block: false })).id, again.id);
    const strict = worker(async () => 'too late', { stalledInterval: 20, maxStalledCount: 0, autorun: false });
    const failed = emitted(strict, 'failed');
    void strict.run();
    const [[failedJob, error]] = await failed;
    assert.equal(failedJob.id, again.id);
    assert.match(error.message, /stalled more than allowable limit/);
  });
});

describe('rates', () => {
  test('of workers are limited', ENOUGH, async (t) => {
    const { queue: makeQueue, worker } = workshop(t);
    const queue = makeQueue();
    await queue.addBulk(Array.from({ length: 6 }, (_, n) => ({ name: 'call', data: n })));
    // A limit that only ends when it is told to, and a worker that looks often whether it has.
    const options = { limiter: { max: 2, duration: 3_600_000 }, maximumRateLimitDelay: 10, autorun: false };
    const one = worker(async (job) => job.data, options);
    const finished = emitted(one, 'completed', 6);
    void one.run();
    for (const done of [2, 4]) {
      await until(async () => (await queue.getCompletedCount()) >= done);
      assert.ok((await queue.getRateLimitTtl(2)) > 3_000_000);
      assert.equal(await queue.getCompletedCount(), done);
      assert.equal(await queue.count(), 6 - done);
      await queue.removeRateLimitKey();
    }
    assert.deepEqual((await finished).map(([, result]) => result), [0, 1, 2, 3, 4, 5]);
  });

  test('end by themselves', ENOUGH, async (t) => {
    const { queue: makeQueue, worker } = workshop(t);
    const queue = makeQueue();
    await queue.addBulk(Array.from({ length: 5 }, (_, n) => ({ name: 'call', data: n })));
    const one = worker(async (job) => job.data, { limiter: { max: 2, duration: 20 }, concurrency: 5, autorun: false });
    const finished = emitted(one, 'completed', 5);
    void one.run();
    assert.deepEqual((await finished).map(([, result]) => result).sort(), [0, 1, 2, 3, 4]);
  });

  test('are limited by a job that was told to come later', ENOUGH, async (t) => {
    const { queue: makeQueue, worker } = workshop(t);
    const queue = makeQueue();
    await queue.add('call', null);
    let calls = 0;
    const one = worker(async () => {
      calls += 1;
      if (calls === 1) {
        await queue.rateLimit(20);
        throw Worker.RateLimitError();
      }
      return calls;
    }, { limiter: { max: 1, duration: 1 }, autorun: false });
    const finished = emitted(one, 'completed');
    void one.run();
    assert.equal((await finished)[0][1], 2);
  });

  test('of a whole queue: concurrency and rate', ENOUGH, async (t) => {
    const { queue: makeQueue, worker } = workshop(t);
    const queue = makeQueue();
    await queue.setGlobalConcurrency(1);
    assert.equal(await queue.getGlobalConcurrency(), 1);
    await queue.setGlobalRateLimit(100, 3_600_000);
    assert.deepEqual(await queue.getGlobalRateLimit(), { max: 100, duration: 3_600_000 });
    await queue.removeGlobalRateLimit();
    await queue.addBulk([{ name: 'a', data: null }, { name: 'b', data: null }]);
    const one = worker(null, { autorun: false });
    const first = await one.getNextJob('t1', { block: false });
    assert.equal(first.name, 'a');
    assert.equal(await queue.isMaxed(), true);
    assert.equal(await one.getNextJob('t2', { block: false }), undefined);
    const [next] = await first.moveToCompleted('done', 't1', true);
    assert.ok(next, 'the place that became free is taken at once');
  });
});

describe('queues', () => {
  test('pause and resume', ENOUGH, async (t) => {
    const { queue: makeQueue, worker, events: makeEvents } = workshop(t);
    const queue = makeQueue();
    const events = makeEvents();
    const heard = Promise.all([emitted(events, 'paused'), emitted(events, 'resumed')]);
    await queue.pause();
    assert.equal(await queue.isPaused(), true);
    const job = await queue.add('patient', null);
    assert.deepEqual(await queue.getJobCounts('waiting', 'active'), { waiting: 1, active: 0 });
    const taker = worker(null, { autorun: false });
    assert.equal(await taker.getNextJob('nobody', { block: false }), undefined);

    worker(async () => 'done');
    await queue.resume();
    assert.equal(await queue.isPaused(), false);
    assert.equal(await job.waitUntilFinished(events, JOB_MILLISECONDS_MAX), 'done');
    await heard;
  });

  test('pause one worker, and go on', ENOUGH, async (t) => {
    const { queue: makeQueue, worker, events: makeEvents } = workshop(t);
    const queue = makeQueue();
    const events = makeEvents();
    const one = worker(async () => 'done');
    await one.waitUntilReady();
    await one.pause();
    assert.equal(one.isPaused(), true);
    const job = await queue.add('patient', null);
    assert.equal(await job.getState(), 'waiting');
    one.resume();
    assert.equal(await job.waitUntilFinished(events, JOB_MILLISECONDS_MAX), 'done');
  });

  test('are drained, cleaned, and obliterated without a trace', ENOUGH, async (t) => {
    const { name, queue: makeQueue, worker } = workshop(t);
    const queue = makeQueue();
    const one = worker(async (job) => {
      if (job.name === 'bad') throw new Error('bad');
    }, { autorun: false });
    const failed = emitted(one, 'failed', 3);
    const completed = emitted(one, 'completed', 3);
    await queue.addBulk(['bad', 'good', 'bad', 'good', 'bad', 'good'].map((name) => ({ name, data: null })));
    void one.run();
    await Promise.all([failed, completed]);
    await one.close();
    assert.equal((await queue.clean(0, 2, 'completed')).length, 2);
    assert.equal(await queue.getCompletedCount(), 1);
    assert.equal((await queue.clean(3_600_000, 10, 'failed')).length, 0);

    await queue.addBulk([
      { name: 'waiting', data: null },
      { name: 'delayed', data: null, opts: { delay: 3_600_000 } },
      { name: 'first', data: null, opts: { priority: 3 } },
    ]);
    await queue.drain(true);
    assert.equal(await queue.count(), 0);
    assert.equal(await queue.getDelayedCount(), 0);

    await queue.addBulk([
      { name: 'waiting', data: null },
      { name: 'delayed', data: null, opts: { delay: 3_600_000 } },
      { name: 'first', data: null, opts: { priority: 3 } },
    ]);
    const removed = await queue.add('removed', null);
    assert.equal(await queue.remove(removed.id), 1);
    await queue.upsertJobScheduler('hourly', { every: 3_600_000 });
    const held = worker(null, { autorun: false });
    assert.ok(await held.getNextJob('held', { block: false }));
    await assert.rejects(queue.obliterate(), /active jobs/);
    await queue.obliterate({ force: true });

    const client = new Redis(connection);
    t.after(() => client.disconnect());
    assert.deepEqual(await client.keys(`bull:${name}:*`), []);
  });

  test('tell what happens, also what happened before', ENOUGH, async (t) => {
    const { queue: makeQueue, worker, events: makeEvents } = workshop(t);
    const queue = makeQueue();
    const live = makeEvents();
    const names = ['added', 'waiting', 'active', 'completed', 'drained'];
    const listen = (events) => Promise.all(names.map((name) => emitted(events, name)));
    const heard = listen(live);
    const one = worker(async () => 'result', { autorun: false });
    const job = await queue.add('job', null);
    void one.run();
    const [added, , , completed] = await heard;
    assert.deepEqual(added[0][0], { jobId: job.id, name: 'job' });
    assert.deepEqual(completed[0][0], { jobId: job.id, returnvalue: 'result', prev: 'active' });

    const late = makeEvents();
    const before = await listen(late);
    assert.deepEqual(before[3][0][0], completed[0][0]);
    assert.equal(before[3][0][1], completed[0][1], 'the same event has the same place in the stream');
    assert.ok((await queue.trimEvents(0)) > 0);
  });

  test('count what they did, and whom they have', ENOUGH, async (t) => {
    const { name, queue: makeQueue, worker } = workshop(t);
    const queue = makeQueue();
    const one = worker(async () => {}, { metrics: { maxDataPoints: 10 }, autorun: false, name: 'miller' });
    const completed = emitted(one, 'completed', 5);
    await queue.addBulk(Array.from({ length: 5 }, () => ({ name: 'job', data: null })));
    void one.run();
    await completed;
    assert.equal((await queue.getMetrics('completed')).meta.count, 5);
    assert.match(await queue.exportPrometheusMetrics(), new RegExp(`bullmq_job_count\\{queue="${name}", state="completed"\\} 5`));
    await until(async () => (await queue.getWorkersCount()) === 1);
    assert.match((await queue.getWorkers())[0].rawname, /:w:miller$/);
  });

  test('keep as many finished jobs as they are told', ENOUGH, async (t) => {
    const { queue: makeQueue, worker } = workshop(t);
    const queue = makeQueue();
    const one = worker(async () => {}, { removeOnComplete: { count: 3 }, autorun: false });
    const completed = emitted(one, 'completed', 10);
    // Of those that finish in the same millisecond the one with the greater name counts as the later.
    await queue.addBulk(Array.from({ length: 10 }, (_, n) => ({ name: 'job', data: n, opts: { jobId: `job-${n}` } })));
    void one.run();
    await completed;
    assert.deepEqual((await queue.getCompleted()).map((job) => job.data), [9, 8, 7]);
  });
});

describe('flows', () => {
  test('do children first, over several queues', ENOUGH, async (t) => {
    const { name, queue: makeQueue, worker, flows, events: makeEvents } = workshop(t);
    const kitchen = `${name}-kitchen`;
    makeQueue();
    const events = makeEvents();
    const producer = flows();
    const order = [];
    const child = (name, cents, children) => ({ name, queueName: kitchen, data: { cents }, children });
    const tree = await producer.add({
      name: 'dinner',
      queueName: name,
      children: [child('soup', 300), child('pie', 500, [child('dough', 100), child('apples', 200)])],
    });
    assert.equal(await tree.job.getState(), 'waiting-children');

    worker(async (job) => {
      order.push(job.name);
      const parts = Object.values(await job.getChildrenValues());
      return job.data.cents + parts.reduce((sum, cents) => sum + cents, 0);
    }, {}, kitchen);
    worker(async (job) => {
      order.push(job.name);
      return Object.values(await job.getChildrenValues()).sort((a, b) => a - b);
    });
    assert.deepEqual(await tree.job.waitUntilFinished(events, JOB_MILLISECONDS_MAX), [300, 800]);
    assert.equal(order.at(-1), 'dinner');
    assert.ok(order.indexOf('pie') > order.indexOf('dough') && order.indexOf('pie') > order.indexOf('apples'));

    const seen = await producer.getFlow({ id: tree.job.id, queueName: name });
    assert.deepEqual(seen.children.map(({ job }) => job.name).sort(), ['pie', 'soup']);
    const { processed, unprocessed } = await tree.job.getDependenciesCount();
    assert.deepEqual([processed, unprocessed], [2, 0]);
    await tree.job.remove();
    assert.equal(await makeQueue({}, kitchen).getJob(tree.children[0].job.id), undefined);
  });

  test('fail with a child, or in spite of it do not', ENOUGH, async (t) => {
    const { name, queue: makeQueue, worker, flows, events: makeEvents } = workshop(t);
    const parts = `${name}-parts`;
    makeQueue();
    const events = makeEvents();
    const producer = flows();
    worker(async () => {
      throw new Error('no flour');
    }, {}, parts);
    worker(async (job) => Object.values(await job.getIgnoredChildrenFailures()));
    const add = (opts) =>
      producer.add({ name: 'cake', queueName: name, children: [{ name: 'dough', queueName: parts, opts }] });

    const strict = await add({ failParentOnFailure: true });
    await assert.rejects(strict.job.waitUntilFinished(events, JOB_MILLISECONDS_MAX), /child .* failed/);
    const easy = await add({ ignoreDependencyOnFailure: true });
    assert.deepEqual(await easy.job.waitUntilFinished(events, JOB_MILLISECONDS_MAX), ['no flour']);
    const careless = await add({ removeDependencyOnFailure: true });
    assert.deepEqual(await careless.job.waitUntilFinished(events, JOB_MILLISECONDS_MAX), []);
  });

  test('grow while they run', ENOUGH, async (t) => {
    const { name, queue: makeQueue, worker, events: makeEvents } = workshop(t);
    const parts = `${name}-parts`;
    const queue = makeQueue();
    const childQueue = makeQueue({}, parts);
    const events = makeEvents();
    const { WaitingChildrenError } = await import('bullmq');
    worker(async (job, token) => {
      if (job.data.step === 'ask') {
        const parent = { id: job.id, queue: job.queueQualifiedName };
        for (const n of [1, 2, 3]) await childQueue.add('answer', n, { parent });
        await job.updateData({ step: 'wait' });
        if (await job.moveToWaitingChildren(token)) throw new WaitingChildrenError();
      }
      return Object.values(await job.getChildrenValues()).sort();
    });
    const job = await queue.add('question', { step: 'ask' });
    await until(async () => (await job.getState()) === 'waiting-children');
    worker(async (job) => job.data * 10, {}, parts);
    assert.deepEqual(await job.waitUntilFinished(events, JOB_MILLISECONDS_MAX), [10, 20, 30]);
  });
});

test('BullMQ works with node-redis too', ENOUGH, async (t) => {
  const listener = await target.listen();
  const clients = Array.from({ length: 3 }, () => createClient({ url: `redis://${listener.host}:${listener.port}` }));
  for (const client of clients) await client.connect();
  const queue = new Queue('node-redis', { connection: clients[0] });
  const events = new QueueEvents('node-redis', { connection: clients[1], lastEventId: '0-0' });
  const worker = new Worker('node-redis', async (job) => job.data.n * 2, { connection: clients[2], concurrency: 3 });
  t.after(async () => {
    for (const thing of [worker, events, queue]) await thing.close();
    for (const client of clients) client.destroy();
    await listener.close();
  });
  const jobs = await queue.addBulk(Array.from({ length: 10 }, (_, n) => ({ name: 'job', data: { n }, opts: { delay: n } })));
  const results = await Promise.all(jobs.map((job) => job.waitUntilFinished(events, JOB_MILLISECONDS_MAX)));
  assert.deepEqual(results, jobs.map((_, n) => n * 2));
});
