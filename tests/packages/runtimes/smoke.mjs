// What has to work in every runtime. Nothing here depends on how fast the machine is.

/** @returns {Promise<string>} `ok`, or it throws */
export async function smoke({ Sanderling, ReplyError, StorageError }, { canOpenSync = true, hasFiles = true } = {}) {
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
  // What there is no place for is refused, and never kept in memory instead.
  for (const url of hasFiles ? ['opfs://data'] : ['opfs://data', './data', 'file:./data']) {
    const refusal = await Sanderling.open(url).catch((error) => error);
    equal(refusal instanceof StorageError && refusal.code, 'unsupported');
  }
  await db.close();
  equal(db.isOpen, false);
  return 'ok';
}

/** The handler for Upstash's REST API, where there are Fetch requests and streams. */
export async function smokeRest({ Sanderling }, { createRestHandler }) {
  const db = await Sanderling.open();
  const handler = createRestHandler(db, { token: 'secret' });
  const ask = (path, body) => {
    const request = new Request(`https://example.com${path}`, { method: 'POST', headers: { authorization: 'Bearer secret' }, body });
    return handler(request);
  };
  equal(await (await ask('/', '["SET","key",1.50]')).text(), '{"result":"OK"}');
  equal(await (await ask('/pipeline', '[["GET","key"],["LPUSH","key","x"]]')).text(),
    '[{"result":"1.50"},{"error":"WRONGTYPE Operation against a key holding the wrong kind of value"}]');
  equal(await (await ask('/multi-exec', '[["INCR","n"],["INCR","n"]]')).text(), '[{"result":1},{"result":2}]');
  equal((await handler(new Request('https://example.com/get/key'))).status, 401);
  const waiting = ask('/', '["BLPOP","queue",0]');
  while (!db.sync.info('clients').includes('blocked_clients:1')) await turn();
  await db.rpush('queue', 'element');
  equal(await (await waiting).text(), '{"result":["queue","element"]}');

  const reader = (await ask('/subscribe/news', '')).body.getReader();
  const decoder = new TextDecoder();
  equal(decoder.decode((await reader.read()).value), 'data: subscribe,news,1\n\n');
  equal(await db.publish('news', 'hello'), 1);
  equal(decoder.decode((await reader.read()).value), 'data: message,news,hello\n\n');
  await reader.cancel();
  equal(await db.publish('news', 'hello'), 0);
  await db.close();
  return 'ok';
}

/** The same on a port, where there are sockets. */
export async function smokeRestListener({ Sanderling }, { listenRest }) {
  const db = await Sanderling.open();
  const rest = await listenRest(db);
  const ask = (path, init) => fetch(`${rest.url}${path}`, { ...init, headers: { authorization: `Bearer ${rest.token}` } });
  equal(await (await ask('/set/key', { method: 'POST', body: 'value' })).text(), '{"result":"OK"}');
  equal(await (await ask('/get/key')).text(), '{"result":"value"}');
  // What is given up takes nothing.
  const abort = new AbortController();
  const waiting = ask('/', { method: 'POST', body: '["BLPOP","queue",0]', signal: abort.signal }).catch(() => 'given up');
  while (!db.sync.info('clients').includes('blocked_clients:1')) await turn();
  abort.abort();
  equal(await waiting, 'given up');
  while (!db.sync.info('clients').includes('blocked_clients:0')) await turn();
  equal(await db.rpush('queue', 'element'), 1);
  equal(await db.llen('queue'), 1);
  await rest.close();
  await db.close();
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

/** What has sockets connects to a server, which is itself here. */
export async function smokeConnect({ Sanderling }) {
  const db = await Sanderling.open();
  const { url } = await db.listen();
  const remote = await Sanderling.connect(url);
  equal(await remote.set('key', 'v\u00e9'), 'OK');
  equal(await db.get('key'), 'v\u00e9');
  let heard;
  const message = new Promise((resolve) => (heard = resolve));
  await remote.subscribe('channel', heard);
  await db.publish('channel', 'hello');
  equal(await message, 'hello');
  await remote.close();
  await db.close();
}

/** Lets other things happen. */
function turn() {
  return new Promise((resolve) => setTimeout(resolve));
}

function equal(actual, expected) {
  if (actual !== expected) throw new Error(`expected ${expected}, got ${actual}`);
}
