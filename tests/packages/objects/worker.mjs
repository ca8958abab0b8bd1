// The Worker of the tests: objects as users write them, with doors for what only a test does to them.

import { Redis as Upstash } from '@upstash/redis';
import { Sanderling } from 'sanderling';
import { SanderlingObject, route } from 'sanderling/durable-object';

/** One of users' own, with a method that has the database. */
export class Redis extends SanderlingObject {
  #born = crypto.randomUUID();
  #sql;
  /** Rows that were written, and what to do with the writes to come. */
  #rows = 0;
  #plan;

  constructor(ctx, env) {
    const { sql } = ctx.storage;
    const exec = sql.exec.bind(sql);
    sql.exec = (query, ...bindings) => this.#run(exec, query, bindings);
    const setup = [['ACL', 'SETUSER', 'ann', 'on', '>secret', '~ann:*', '&*', '+@all', '-keys']];
    super(ctx, env, { setup, ...(ctx.id.name === 'small' && { maxmemory: 4_000_000 }) });
    this.#sql = sql;
  }

  async visit(page) {
    const [visits] = await this.db.multi().incr(`visits:${page}`).expire(`visits:${page}`, 60).exec();
    return visits;
  }

  /** Tells one life of an object from another. */
  born() {
    return this.#born;
  }

  /** Rows written since the last question. */
  rows() {
    const rows = this.#rows;
    this.#rows = 0;
    return rows;
  }

  files() {
    const files = this.#sql.exec('SELECT name, id FROM sanderling_files ORDER BY name').toArray();
    const pieces = this.#sql.exec('SELECT file, at, length(bytes) AS length FROM sanderling_pieces ORDER BY file, at').toArray();
    return files.map(({ name, id }) => ({ name, pieces: pieces.filter(({ file }) => file === id).map(({ at, length }) => [at, length]) }));
  }

  /** The bytes of a file. */
  async read(name) {
    const pieces = this.#sql.exec('SELECT bytes FROM sanderling_pieces JOIN sanderling_files ON file = id WHERE name = ? ORDER BY at', name).toArray();
    return new Uint8Array(await new Blob(pieces.map(({ bytes }) => bytes)).arrayBuffer());
  }

  tables() {
    return this.#sql.exec("SELECT name FROM sqlite_master WHERE name LIKE 'sanderling%'").toArray().length;
  }

  /** Ends the object's life, as a fault of the machine would. */
  abort() {
    this.ctx.abort('a test');
  }

  /** What is to happen with a write, counted from now: `abort` or `full`. */
  plan(what, writes) {
    this.#plan = what && { what, writes };
  }

  /** An engine that has failed, as by a fault in it. */
  trap() {
    this.db.engine.callLog(() => {
      throw new WebAssembly.RuntimeError('unreachable');
    });
  }

  /** Spoils a byte of what is stored. */
  spoil(at) {
    const [{ id }] = this.#sql.exec("SELECT id FROM sanderling_files WHERE name LIKE '%.incr.aof'").toArray();
    const [row] = this.#sql.exec('SELECT bytes FROM sanderling_pieces WHERE file = ? AND at = 0', id).toArray();
    const bytes = new Uint8Array(row.bytes);
    bytes[at] ^= 1;
    this.#sql.exec('UPDATE sanderling_pieces SET bytes = ? WHERE file = ? AND at = 0', bytes, id);
  }

  #run(exec, query, bindings) {
    const plan = this.#plan;
    if (plan && !query.startsWith('SELECT')) {
      plan.writes -= 1;
      if (plan.writes < 0) {
        this.#plan = undefined;
        if (plan.what === 'abort') this.ctx.abort('a test');
        throw new Error('database or disk is full: SQLITE_FULL');
      }
    }
    const cursor = exec(query, ...bindings);
    this.#rows += cursor.rowsWritten;
    return cursor;
  }
}

/** What the SDK does with an object that it has by RPC. */
async function useSdk(stub) {
  const redis = new Upstash({ request: (asked) => stub.upstash(asked) });
  const failed = (promise) => promise.catch((error) => error.message);
  return [
    await redis.set('key', { nested: [1, 'é'] }, { ex: 60 }),
    await redis.get('key'),
    await redis.hset('hash', { field: 1 }),
    await redis.hgetall('hash'),
    await redis.pipeline().incr('n').incr('n').exec(),
    await redis.multi().incr('n').get('n').exec(),
    await redis.eval('return {KEYS[1], ARGV[1], 7}', ['k'], ['a']),
    await Promise.all([redis.get('n'), redis.exists('none')]),
    await failed(redis.incr('hash')),
    await failed(redis.multi().set('a', 1).exec().then(() => stub.upstash({ path: ['multi-exec'], body: [['SET']] }))),
    await failed(stub.upstash({ path: ['subscribe', 'news'], body: [] })),
  ];
}

/** What a Worker does with a WebSocket to an object, or to a server. */
async function useSocket(url, token) {
  const db = await Sanderling.connect(url, { token });
  const heard = new Promise((resolve) => void db.subscribe('news', resolve));
  const found = [await db.set('socket', 'vé'), await db.get('socket'), await db.multi().incr('s').incr('s').exec()];
  while ((await db.publish('news', 'hello')) === 0);
  found.push(await heard);
  await db.close();
  return found;
}

export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    const [, kind, name, method] = url.pathname.split('/');
    if (kind === 'db') return route(request, env.REDIS, { token: env.SANDERLING_TOKEN });
    if (kind === 'open') return route(request, env.REDIS, { basePath: '/open' });
    if (kind === 'socket') return Response.json(await useSocket(await request.text(), env.SANDERLING_TOKEN));
    if (kind !== 'rpc') return env.REDIS.getByName('contract').fetch(request);
    const stub = env.REDIS.getByName(name);
    if (method === 'sdk') return Response.json(await useSdk(stub));
    if (method === 'import') return Response.json(await stub.import(await request.arrayBuffer()));
    try {
      const result = await stub[method](...(await request.json()));
      return result instanceof Uint8Array ? new Response(result) : Response.json(result ?? null);
    } catch (error) {
      return Response.json({ name: error.name, message: error.message }, { status: 500 });
    }
  },
};
