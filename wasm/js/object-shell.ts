// What a Durable Object has around the engine: it is opened by the first who needs it, and again after it has failed.

import './workerd.js';
import module from './sanderling.wasm';
import { EnginePort } from './connector.js';
import { Dumps } from './dumps.js';
import { EngineLink } from './engine-link.js';
import { Engine } from './engine.js';
import { ClosedError, StorageError } from './errors.js';
import { ObjectSockets, withOfferedToken } from './object-sockets.js';
import type { ObjectOptions, ObjectState, Sql } from './object-types.js';
import type { OpenPort, Port } from './platform.js';
import { type RestHandler, type RestOptions, createHandler, createRestHandler } from './rest.js';
import { type Local, Sanderling } from './sanderling.js';
import { openSqlFiles } from './sql-files.js';
import { Storage } from './storage.js';
import type { Settings } from './wasm.js';

/** Bytes of data, unless told: an isolate has 128 MB, which may be for several objects. */
const MAXMEMORY_BYTES = 32 * 1024 * 1024;
/** Bytes of the log above which it is rewritten, once it has twice what its base has. */
const REWRITE_BYTES = 1024 * 1024;
/** Steps of work that is due, with each event: no timer does it, and time may stand still. */
const STEPS_MAX = 16;

/** See above. */
export class ObjectShell {
  readonly sockets: ObjectSockets;
  private opened: ObjectDatabase | undefined;
  /** Why the database cannot be opened, for as long as the object is in memory. */
  private broken: Error | undefined;
  private readonly handlers: { ofAll?: RestHandler; ofRpc?: RestHandler } = {};
  private readonly rpcToken = crypto.randomUUID();

  constructor(
    private readonly ctx: ObjectState,
    private readonly options: ObjectOptions,
  ) {
    this.sockets = new ObjectSockets(ctx, () => this.database.engine);
  }

  /**
   * The database, with what is due done.
   *
   * @throws StorageError when what is stored cannot be loaded; it stays as it is
   */
  get database(): ObjectDatabase {
    const { opened } = this;
    if (opened === undefined || opened.engine.failure) return this.open();
    for (let steps = 0; steps < STEPS_MAX && opened.engine.catchUp(); steps += 1);
    return opened;
  }

  private open(): ObjectDatabase {
    if (this.broken) throw this.broken;
    const { ctx, options } = this;
    const path = `durable-object:${ctx.id.name ?? ctx.id.toString()}`;
    const { databases, maxmemory = MAXMEMORY_BYTES, maxclients } = options;
    let database: ObjectDatabase | undefined;
    try {
      database = openDatabase(ctx.storage.sql, path, { databases, maxmemory, maxclients });
      database.sync.call('CONFIG', 'SET', 'auto-aof-rewrite-min-size', String(REWRITE_BYTES));
      for (const [command, ...args] of options.setup ?? []) database.sync.call(command ?? '', ...args);
      this.opened = database;
      this.sockets.restore();
      return database;
    } catch (error) {
      this.opened = undefined;
      database?.engine.close(error as Error, true);
      throw this.noted(error, path);
    }
  }

  /** What is damaged will be so the next time, and the engine that fails in loading it fails again. */
  private noted(error: unknown, path: string): Error {
    const isFailure = error instanceof ClosedError;
    const known = isFailure
      ? new StorageError('corrupt', `what is stored in ${path} cannot be loaded, and stays as it is: ${error.message}`, { path, cause: error })
      : (error as Error);
    if (known instanceof StorageError && known.code === 'corrupt') this.broken = known;
    return known;
  }

  // ----- HTTP and WebSocket -----

  fetch(request: Request): Promise<Response> {
    const { token } = this.options;
    if (!token) {
      const error = 'ERR the object has no token to let anybody in: set the secret SANDERLING_TOKEN, or pass a token to its constructor';
      return Promise.resolve(Response.json({ error }, { status: 503 }));
    }
    this.handlers.ofAll ??= createHandler(this.rest, { ...this.restOptions, token }, (...asked) => this.sockets.accept(...asked));
    return this.handlers.ofAll(withOfferedToken(request));
  }

  /** The database as the REST API uses it. */
  private readonly rest = (() => {
    const shell = this;
    return {
      get isOpen() {
        return shell.broken === undefined;
      },
      port: (...handlers: Parameters<OpenPort>): Port => new EnginePort(shell.database.engine, ...handlers),
    };
  })();

  private get restOptions(): Omit<RestOptions, 'token'> {
    const { hosts, corsOrigins, requestBytesMax, pendingBytesMax, replyBytesMax, blockSecondsMax, unsentBytesMax, pingSeconds } = this.options;
    return { hosts, corsOrigins, requestBytesMax, pendingBytesMax, replyBytesMax, blockSecondsMax, unsentBytesMax, pingSeconds };
  }

  /** Runs what the SDK asks for, whose caller is let in by having the object. */
  async ask(path: readonly string[], body: unknown): Promise<unknown> {
    const { rpcToken: token } = this;
    this.handlers.ofRpc ??= createRestHandler(this.rest, { ...this.restOptions, hosts: undefined, token });
    const headers = { authorization: `Bearer ${token}` };
    const url = `https://object/${path.map(encodeURIComponent).join('/')}`;
    const response = await this.handlers.ofRpc(new Request(url, { method: 'POST', headers, body: JSON.stringify(body) }));
    return response.json();
  }
}

/** The database of an object. */
export class ObjectDatabase extends Sanderling {
  readonly engine: Engine;

  constructor(local: Local) {
    super(new EngineLink(local.engine), local);
    this.engine = local.engine;
  }
}

/** Loads what there is, at once. */
function openDatabase(sql: Sql, path: string, settings: Settings): ObjectDatabase {
  const place = openSqlFiles(sql, path);
  const engine = new Engine(module, settings, undefined, { path, fsync: 'always' });
  engine.isFrugal = true;
  const dumps = new Dumps(engine);
  const storage = new Storage(engine, place, dumps, 'always');
  try {
    storage.openSync();
  } catch (error) {
    engine.close(error as Error, true);
    throw error;
  }
  return new ObjectDatabase({ engine, dumps, storage, makeEngine: () => new Engine(module, settings) });
}
