// A database: an engine of its own, opened with its options.

import type { ConnectOptions } from './address.js';
import { Client } from './client.js';
import { type Connector, EnginePort, connectorBy } from './connector.js';
import type { Durability, Place } from './directory.js';
import { Dumps, type ImportOptions, type Imported } from './dumps.js';
import { EngineLink } from './engine-link.js';
import { Engine } from './engine.js';
import { NotLocalError, StorageError } from './errors.js';
import { Image } from './image.js';
import { type KeptName, type Store, urlOf } from './kept-name.js';
import { Link } from './link.js';
import { type ListenOptions, type Listener, type OpenPort, type PageWorker, type Port, type WasmModule, platform } from './platform.js';
import { Remote } from './remote.js';
import type { Storage } from './storage.js';
import type { Settings, Torn } from './wasm.js';

/** How a database is opened. */
export interface OpenOptions extends Settings {
  /**
   * Where the data lives: `memory://`, memory of this process, unless told; in Node, Bun and Deno a directory, by a
   * `file:` URL or a path that begins with a dot or a slash; in browsers `opfs://name` or `idb://name`, for all tabs of an
   * origin.
   */
  url?: string;
  /**
   * The name of a database that is kept by whatever store the browser has, the one that it was made in; or in memory where
   * there is none, as {@link Sanderling.persistence} tells.
   */
  persist?: string;
  /** Makes the worker that keeps a browser's database, where a bundler does not: of the module `sanderling/worker`. */
  worker?: () => PageWorker;
  /**
   * When what was written to a directory or a browser's store is answered: once it is durable (`always`), once it is written, and durable within
   * a second (`everysec`, unless told), or once it is written, durable when the system sees to that (`none`).
   */
  durability?: Durability;
  /** What the database begins with: that of another one, with its settings. */
  image?: Image;
  /** The engine's compiled module, for platforms on which the package cannot load its own. */
  module?: WasmModule;
  /**
   * The clock: milliseconds since 1970. `Date.now()`, as it is at each call, unless told. It may leap and go back. Timers
   * are `setTimeout`'s all the same; what is due by a clock that has leapt is done with the next call.
   */
  now?: () => number;
}

/** The files that a database is kept in. */
export interface KeptFiles {
  /** Their directory. */
  readonly path: string;
  /** What a crash had left behind the end of what was promised, when it was opened, and was cut off. */
  readonly torn: Torn | undefined;
}

/** Where a database keeps its data. */
export interface Persistence {
  /** Memory alone, files of a directory, or the origin private file system or IndexedDB of a browser. */
  readonly kind: 'memory' | 'files' | Store;
  /** Why it is memory, where something else was asked for. */
  readonly reason?: string;
  /**
   * Whether the browser has promised not to delete the data when room is short; `undefined` while it has not answered, and
   * where there is no browser.
   */
  readonly isPersistent?: boolean | undefined;
}

/** An engine of this thread, and what belongs to it. */
export interface Local {
  readonly engine: Engine;
  readonly dumps: Dumps;
  readonly makeEngine: () => Engine;
  readonly storage: Storage | undefined;
}

/**
 * A database in this process, and its first connection.
 *
 * ```ts
 * const db = await Sanderling.open();
 * await db.set('greeting', 'hello', { EX: 60 });
 * await db.get('greeting'); // 'hello'
 * ```
 */
export class Sanderling extends Client {
  private readonly listeners: Listener[] = [];
  private readonly here: Local | undefined;
  private readonly reason: string | undefined;

  protected constructor(link: Link, local: Local | undefined, reason?: string) {
    if (!(link instanceof Link)) throw new TypeError('a database is opened by await Sanderling.open(), or by Sanderling.openSync()');
    super(link, false);
    this.here = local;
    this.reason = reason;
  }

  /** What this thread has of it; a database elsewhere has methods of its own for what needs that. */
  private get local(): Local {
    if (this.here === undefined) throw new NotLocalError('this', 'here it is in a worker, or in another tab');
    return this.here;
  }

  /**
   * Opens a database: an empty one in memory by `open()`, `open('memory://')` or `open({ databases: 4 })`, by
   * `open('./data')` the one that a directory has, and by `open('opfs://name')` or `open({ persist: 'name' })` the one that a
   * browser keeps for all tabs.
   *
   * @throws StorageError for files that cannot be kept or loaded
   */
  static async open(options?: OpenOptions | string, more?: OpenOptions): Promise<Sanderling> {
    const understood = understand(options, more);
    const { kept } = understood;
    const opened = kept && (await openKept(kept, understood));
    if (opened instanceof Sanderling) return opened;
    const module = understood.module ?? (await loadModule());
    const db = Sanderling.begin(module, understood, opened);
    try {
      await db.local.storage?.openInTurns();
    } catch (error) {
      throw db.given(error);
    }
    return db;
  }

  /** The same without waiting, where the platform can: not in a browser's main thread, unless given the module. */
  static openSync(options?: OpenOptions | string, more?: OpenOptions): Sanderling {
    const understood = understand(options, more);
    if (understood.kept) throw new StorageError('unsupported', 'what a browser keeps cannot be opened without waiting: use Sanderling.open()');
    const loaded = understood.module ?? compiled ?? (compiled = platform.loadSync?.());
    if (loaded === undefined) throw new Error('this platform loads modules asynchronously: use Sanderling.open()');
    const db = Sanderling.begin(loaded, understood);
    try {
      db.local.storage?.openSync();
    } catch (error) {
      throw db.given(error);
    }
    return db;
  }

  /**
   * Connects to a server, whose commands are the same methods: by `ws:` or `wss:` to the `http-port` or `https-port` of
   * Sanderling's server, from pages and Workers as well, and by `redis:` or `rediss:` to any server in Node, Bun and Deno.
   *
   * ```ts
   * const db = await Sanderling.connect('wss://cache.example', { token });
   * ```
   *
   * @throws ConnectionError when there is no connection, ReplyError when the server lets nobody in
   */
  static async connect(url: string | URL, options?: ConnectOptions): Promise<Remote> {
    // Not loaded once it is wanted: bundlers that make one file refuse what would be another.
    return Remote.connect(url, options);
  }

  /** A database that has loaded nothing yet. */
  private static begin(module: WasmModule, understood: Understood, reason?: string): Sanderling {
    const { url } = understood;
    if (url === undefined) return Sanderling.around(makeLocal(module, understood), reason);
    const place = platform.files!.open(url);
    try {
      return Sanderling.around(makeLocal(module, understood, place));
    } catch (error) {
      place.release();
      throw error;
    }
  }

  private static around(local: Local, reason?: string): Sanderling {
    return new Sanderling(new EngineLink(local.engine), local, reason);
  }

  /** Lets go of what could not be opened. */
  private given(error: unknown): unknown {
    this.local.engine.close(error as Error, true);
    return error;
  }

  /** The files that the data is kept in, if it is. */
  get files(): KeptFiles | undefined {
    const storage = this.here?.storage;
    return storage && { path: storage.path, torn: storage.torn };
  }

  /** Where the data is kept. */
  get persistence(): Persistence {
    const { reason } = this;
    return { kind: this.files ? 'files' : 'memory', ...(reason !== undefined && { reason }) };
  }

  /** Bytes of memory that the data takes. */
  get memoryUsedBytes(): number {
    return this.local.engine.memoryUsedBytes;
  }

  /**
   * Lets unmodified ioredis use this database: `new Redis({ Connector: db.connector() })`. The type is ioredis's
   * own, whatever its version: it is inferred from where the result goes. Only where there are Node streams.
   */
  connector<C = Connector>(): C {
    return connectorBy((...handlers) => this.port(...handlers)) as C;
  }

  /**
   * Opens a connection that speaks Redis's protocol in bytes, as over a socket, for callers that read replies
   * themselves: requests go in and replies come out in any pieces.
   */
  port(...[onData, onClose]: Parameters<OpenPort>): Port {
    return new EnginePort(this.local.engine, onData, onClose);
  }

  /**
   * Listens on a port of this machine, for clients that want a socket, other processes and redis-cli. There is no
   * password: a client that reaches the port may do everything. Like any server, it keeps the process alive until it is
   * closed. Only where there are sockets: in Node, Bun and Deno.
   */
  async listen(options: ListenOptions = {}): Promise<Listener> {
    const { listen } = platform;
    if (listen === undefined) throw new Error('this platform has no sockets to listen on');
    this.local.engine.check();
    const listener = await listen((...handlers) => this.port(...handlers), options);
    this.listeners.push(listener);
    // It may have been closed meanwhile.
    if (this.local.engine.failure) await this.close();
    return listener;
  }

  /**
   * All databases and functions as an RDB file, as they are at the time of the call, whatever is changed while it is
   * written; or as they are when the dumps are done that are being written already. Redis, Valkey and the server read it as
   * their `dump.rdb`, and {@link import} in any other place.
   *
   * @throws DumpError when there is no memory for what changes meanwhile
   */
  export(): Promise<Uint8Array> {
    return this.local.dumps.export();
  }

  /**
   * Replaces all databases and functions by what is in an RDB file: one of {@link export}, or Redis's or Valkey's of any
   * version. It is read twice, the first time into memory of its own, so that everything stays as it is unless all of it
   * can be read. It is done within the call, unless another dump is being written or a long script is running, which it
   * waits for.
   *
   * @throws DumpError for what is no such file, or not all of it
   */
  async import(dump: Uint8Array | ArrayBuffer, { skipUnsupported = false }: ImportOptions = {}): Promise<Imported> {
    const { dumps, makeEngine } = this.local;
    return dumps.import(bytesOf(dump), skipUnsupported, makeEngine);
  }

  /**
   * Everything as it is now, for {@link OpenOptions.image}: other databases of this process begin with it, each then goes
   * its own way. Unlike a dump it also has scripts, users and settings, and is opened without reading anything.
   *
   * @throws Error for a database in files, while a dump is being written, or while a long script is running
   */
  image(): Image {
    const { storage, dumps, engine } = this.local;
    if (storage) throw new Error('images are of databases in memory: export() gives the data of this one');
    if (!dumps.isIdle) throw new Error('a dump is being written or read, which no image can have');
    return engine.image();
  }

  /**
   * Closes all connections and lets go of the data. What is kept in files is written and durable then, and another may open
   * them.
   *
   * @throws StorageError when the last of it could not be written
   */
  override async close(): Promise<void> {
    const { storage, engine } = this.local;
    const ended = storage?.close();
    engine.close();
    await Promise.all([ended, ...this.listeners.splice(0).map((listener) => listener.close())]);
  }

  /** The same as {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** An engine of this thread, with what there is to it. */
function makeLocal(module: WasmModule, { settings, image, clock, durability }: Understood, place?: Place): Local {
  const makeEngine = (): Engine => new Engine(module, image?.settings ?? settings, clock);
  const kept = place && { path: place.path, fsync: durability === 'none' ? 'no' : durability };
  const engine = kept || image ? new Engine(module, image ?? settings, clock, kept) : makeEngine();
  const dumps = new Dumps(engine);
  const storage = kept && new platform.files!.Storage(engine, place, dumps, kept.fsync);
  return { engine, dumps, makeEngine, storage };
}

/** Opens what a browser keeps; where it has no store for what may be in memory too, the reason. */
async function openKept(name: KeptName | string, { settings, durability, module, worker }: Understood): Promise<Sanderling | string> {
  const reason = 'this platform has no store of a browser';
  if (platform.loadKept === undefined) {
    if (typeof name === 'string') return reason;
    throw new StorageError('unsupported', `'${urlOf(name)}' is not supported here: ${reason}`);
  }
  const stores = await platform.loadKept();
  const load = (): Promise<WasmModule> => (module ? Promise.resolve(module) : loadModule());
  return stores.open(name, { settings, durability, worker, loadModule: load });
}

/** Bytes of a dump; those of other realms are welcome. */
export function bytesOf(dump: Uint8Array | ArrayBuffer): Uint8Array {
  if (ArrayBuffer.isView(dump)) return new Uint8Array(dump.buffer, dump.byteOffset, dump.byteLength);
  if (Object.prototype.toString.call(dump) === '[object ArrayBuffer]') return new Uint8Array(dump);
  throw new TypeError('a dump is a Uint8Array or an ArrayBuffer');
}

let compiled: WasmModule | undefined;
let loading: Promise<WasmModule> | undefined;

/** The module, which all databases of this process share. */
async function loadModule(): Promise<WasmModule> {
  loading ??= platform.load();
  try {
    return (compiled ??= await loading);
  } catch (error) {
    // The next call tries again.
    loading = undefined;
    throw error;
  }
}

interface Understood {
  module: WasmModule | undefined;
  settings: Settings;
  image: Image | undefined;
  clock: (() => number) | undefined;
  /** Where its files are; none for a database in memory. */
  url: string | undefined;
  /** What a browser keeps: where, or by a name whose store is to be found. */
  kept: KeptName | string | undefined;
  worker: (() => PageWorker) | undefined;
  durability: Durability;
}

function understand(options: OpenOptions | string = {}, more: OpenOptions = {}): Understood {
  for (const given of typeof options === 'string' ? [more] : [options, more]) {
    if (typeof given === 'object' && given !== null && !Array.isArray(given)) continue;
    throw new TypeError('a database is opened with options as an object, or by a URL and options');
  }
  const all = typeof options === 'string' ? { ...more, url: options } : { ...options, ...more };
  const { url, persist, worker, module, now, image, durability = 'everysec', ...settings } = all;
  if (!DURABILITIES.includes(durability)) throw new TypeError(`'durability' takes ${DURABILITIES.join(', ')}`);
  const kept = keptBy(url, persist);
  if (kept !== undefined && (image ?? now) !== undefined) throw new TypeError("what a browser keeps takes no 'image' and no 'now'");
  const where = kept === undefined ? filesOf(url) : undefined;
  if (image !== undefined) {
    if (!(image instanceof Image)) throw new TypeError("'image' takes what db.image() returned");
    if (where !== undefined) throw new TypeError('a database that begins with an image lives in memory');
    if (Object.values(settings).some((value) => value !== undefined)) {
      throw new TypeError('a database that begins with an image has its settings: CONFIG SET changes them');
    }
  }
  return { module, settings, image, clock: now === undefined ? undefined : clockOf(now), url: where, kept, worker, durability };
}

const DURABILITIES: readonly string[] = ['always', 'everysec', 'none'] satisfies Durability[];

/** What names a directory: a URL, or a path that cannot be taken for anything else. */
const FILES = /^(file:|\.{0,2}[/\\]|[a-z]:[/\\]|\.{1,2}$)/i;

/** What names a database that a browser keeps. */
const KEPT = /^(opfs|idb):\/\/(.*)$/s;
/** Characters of such a name. */
const NAME_LENGTH_MAX = 64;

/** What a browser is to keep, if anything. */
function keptBy(url: string | undefined, persist: string | undefined): KeptName | string | undefined {
  if (persist !== undefined && url !== undefined) throw new TypeError("'persist' is for what has no 'url'");
  const [, store, named] = KEPT.exec(url ?? '') ?? [];
  const name: unknown = persist ?? named;
  if (name === undefined) return undefined;
  if (typeof name !== 'string' || name === '' || name.length > NAME_LENGTH_MAX) {
    throw new TypeError(`what a browser keeps has a name of 1 to ${NAME_LENGTH_MAX} characters`);
  }
  return persist === undefined ? { store: store as Store, name } : name;
}

/** Where files are; `undefined` for memory. */
function filesOf(url: string = 'memory://'): string | undefined {
  if (url === 'memory://') return undefined;
  if (!FILES.test(url)) {
    throw new StorageError('unsupported', `'${url}' is not supported: data lives in memory, 'memory://', in a directory, such as 'file:./data' or './data', or in a browser, 'opfs://name' or 'idb://name'`);
  }
  if (platform.files === undefined) {
    throw new StorageError('unsupported', `'${url}' is not supported here: data lives in files in Node, Bun and Deno, and here in memory, 'memory://'`);
  }
  return url;
}

/** A clock that is checked at each call, since the engine takes what is no time for the beginning of all time. */
function clockOf(now: unknown): () => number {
  if (typeof now !== 'function') throw new TypeError("'now' takes a function that returns milliseconds since 1970");
  return () => {
    const time: unknown = now();
    if (typeof time === 'number' && time >= 0 && time <= MILLISECONDS_MAX) return time;
    throw new TypeError(`'now' returned ${String(time)}, which is no time in milliseconds since 1970`);
  };
}

/** The last moment that a `Date` can name. */
const MILLISECONDS_MAX = 8.64e15;
