// What has to work in every runtime. Nothing here depends on how fast the machine is.

/** @returns {Promise<string>} `ok`, or it throws */
export async function smoke({ Sanderling, ReplyError }, { canOpenSync = true } = {}) {
  const db = await Sanderling.open();

  for (const text of ['', 'short', 'é€😀', 'x'.repeat(100), 'ü'.repeat(50_000)]) {
    equal(await db.set(`key of ${text.slice(0, 20)}`, text), 'OK');
    equal(await db.get(`key of ${text.slice(0, 20)}`), text);
    equal(db.sync.get(`key of ${text.slice(0, 20)}`), text);
  }
  const bytes = Uint8Array.from({ length: 1_000 }, (_, index) => index * 7);
  await db.set('bytes', bytes);
  equal([...(await db.buffers.get('bytes'))].join(), [...bytes].join());

  await db.hset('user', { name: 'Ann', admin: true });
  equal(JSON.stringify(await db.hgetall('user')), '{"name":"Ann","admin":"true"}');
  await db.zadd('board', 310, 'ann', 250, 'bob');
  equal(JSON.stringify(await db.zrange('board', 0, -1, 'WITHSCORES')), '[["bob",250],["ann",310]]');
  equal(JSON.stringify(await db.pipeline().incr('n').incr('n').exec()), '[1,2]');
  equal(JSON.stringify(await db.multi().incr('n').get('n').exec()), '[3,"3"]');
  const error = await db.incr('user').catch((error) => error);
  equal(error instanceof ReplyError && error.code, 'WRONGTYPE');

  // Memory grows, and what was a view of it before is none any more.
  for (let index = 0; index < 40; index += 1) await db.set(`large:${index}`, 'x'.repeat(200_000));
  equal((await db.get('large:39')).length, 200_000);

  const worker = db.duplicate();
  const job = worker.blpop('jobs', 0);
  await db.rpush('jobs', 'one');
  equal(JSON.stringify(await job), '["jobs","one"]');
  // The engine's timer ends this wait.
  equal(await worker.blpop('jobs', 0.02), null);

  const heard = new Promise((resolve) => void worker.subscribe('news', (message) => resolve(message)));
  while ((await db.publish('news', 'hello')) === 0);
  equal(await heard, 'hello');

  if (canOpenSync) {
    const other = Sanderling.openSync();
    equal(other.sync.dbsize(), 0);
    await other.close();
  }
  await db.close();
  equal(db.isOpen, false);
  return 'ok';
}

/** Unmodified ioredis on the engine, where there are Node streams. */
export async function smokeWithIoredis({ Sanderling }, Redis) {
  const db = await Sanderling.open();
  const client = new Redis({ Connector: db.connector() });
  equal(await client.set('key', 'value'), 'OK');
  equal(await client.get('key'), 'value');
  equal(JSON.stringify(await client.pipeline().incr('n').incr('n').exec()), '[[null,1],[null,2]]');
  await client.quit();
  await db.close();
  return 'ok';
}

function equal(actual, expected) {
  if (actual !== expected) throw new Error(`expected ${expected}, got ${actual}`);
}
