// A database: an engine of its own, opened with its options.

import type { ConnectOptions } from './address.js';
import { Client } from './client.js';
import { type Connector, EnginePort, connectorBy } from './connector.js';
import type { Durability, Place } from './directory.js';
import { Dumps, type ImportOptions, type Imported } from './dumps.js';
import { EngineLink } from './engine-link.js';
import { Engine } from './engine.js';
import { StorageError } from './errors.js';
import { Image } from './image.js';
import { type ListenOptions, type Listener, type OpenPort, type Port, type WasmModule, platform } from './platform.js';
import { Remote } from './remote.js';
import type { Storage } from './storage.js';
import type { Settings, Torn } from './wasm.js';

/** How a database is opened. */
export interface OpenOptions extends Settings {
  /**
   * Where the data lives: `memory://`, memory of this process, unless told; or in Node, Bun and Deno a directory, by a
   * `file:` URL or a path that begins with a dot or a slash.
   */
  url?: string;
  /**
   * When what was written to a directory is answered: once it is durable (`always`), once it is written, and durable within
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
  private readonly engine: Engine;
  private readonly dumps: Dumps;
  private readonly makeEngine: () => Engine;
  private readonly storage: Storage | undefined;
  private readonly listeners: Listener[] = [];

  private constructor(module: WasmModule, understood: Understood, place?: Place) {
    if (module === undefined) throw new TypeError('a database is opened by await Sanderling.open(), or by Sanderling.openSync()');
    const { settings, image, clock, durability } = understood;
    const makeEngine = (): Engine => new Engine(module, image?.settings ?? settings, clock);
    const kept = place && { path: place.path, fsync: durability === 'none' ? 'no' : durability };
    const engine = kept || image ? new Engine(module, image ?? settings, clock, kept) : makeEngine();
    super(new EngineLink(engine), false);
    this.engine = engine;
    this.dumps = new Dumps(engine);
    this.makeEngine = makeEngine;
    this.storage = kept && new platform.files!.Storage(engine, place, this.dumps, kept.fsync);
  }

  /**
   * Opens a database: an empty one in memory by `open()`, `open('memory://')` or `open({ databases: 4 })`, and by
   * `open('./data')` the one that a directory has.
   *
   * @throws StorageError for files that cannot be kept or loaded
   */
  static async open(options?: OpenOptions | string, more?: OpenOptions): Promise<Sanderling> {
    const understood = understand(options, more);
    const module = understood.module ?? (await loadModule());
    const db = Sanderling.begin(module, understood);
    try {
      await db.storage?.openInTurns();
    } catch (error) {
      throw db.given(error);
    }
    return db;
  }

  /** The same without waiting, where the platform can: not in a browser's main thread, unless given the module. */
  static openSync(options?: OpenOptions | string, more?: OpenOptions): Sanderling {
    const understood = understand(options, more);
    const loaded = understood.module ?? compiled ?? (compiled = platform.loadSync?.());
    if (loaded === undefined) throw new Error('this platform loads modules asynchronously: use Sanderling.open()');
    const db = Sanderling.begin(loaded, understood);
    try {
      db.storage?.openSync();
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
  private static begin(module: WasmModule, understood: Understood): Sanderling {
    const { url } = understood;
    if (url === undefined) return new Sanderling(module, understood);
    const place = platform.files!.open(url);
    try {
      return new Sanderling(module, understood, place);
    } catch (error) {
      place.release();
      throw error;
    }
  }

  /** Lets go of what could not be opened. */
  private given(error: unknown): unknown {
    this.engine.close(error as Error, true);
    return error;
  }

  /** The files that the data is kept in, if it is. */
  get files(): KeptFiles | undefined {
    const { storage } = this;
    return storage && { path: storage.path, torn: storage.torn };
  }

  /** Bytes of memory that the data takes. */
  get memoryUsedBytes(): number {
    return this.engine.memoryUsedBytes;
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
    return new EnginePort(this.engine, onData, onClose);
  }

  /**
   * Listens on a port of this machine, for clients that want a socket, other processes and redis-cli. There is no
   * password: a client that reaches the port may do everything. Like any server, it keeps the process alive until it is
   * closed. Only where there are sockets: in Node, Bun and Deno.
   */
  async listen(options: ListenOptions = {}): Promise<Listener> {
    const { listen } = platform;
    if (listen === undefined) throw new Error('this platform has no sockets to listen on');
    this.engine.check();
    const listener = await listen((...handlers) => this.port(...handlers), options);
    this.listeners.push(listener);
    // It may have been closed meanwhile.
    if (this.engine.failure) await this.close();
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
    return this.dumps.export();
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
    return this.dumps.import(bytesOf(dump), skipUnsupported, this.makeEngine);
  }

  /**
   * Everything as it is now, for {@link OpenOptions.image}: other databases of this process begin with it, each then goes
   * its own way. Unlike a dump it also has scripts, users and settings, and is opened without reading anything.
   *
   * @throws Error for a database in files, while a dump is being written, or while a long script is running
   */
  image(): Image {
    if (this.storage) throw new Error('images are of databases in memory: export() gives the data of this one');
    if (!this.dumps.isIdle) throw new Error('a dump is being written or read, which no image can have');
    return this.engine.image();
  }

  /**
   * Closes all connections and lets go of the data. What is kept in files is written and durable then, and another may open
   * them.
   *
   * @throws StorageError when the last of it could not be written
   */
  override async close(): Promise<void> {
    const ended = this.storage?.close();
    this.engine.close();
    await Promise.all([ended, ...this.listeners.splice(0).map((listener) => listener.close())]);
  }

  /** The same as {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Bytes of a dump; those of other realms are welcome. */
function bytesOf(dump: Uint8Array | ArrayBuffer): Uint8Array {
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
  durability: Durability;
}

function understand(options: OpenOptions | string = {}, more: OpenOptions = {}): Understood {
  for (const given of typeof options === 'string' ? [more] : [options, more]) {
    if (typeof given === 'object' && given !== null && !Array.isArray(given)) continue;
    throw new TypeError('a database is opened with options as an object, or by a URL and options');
  }
  const all = typeof options === 'string' ? { ...more, url: options } : { ...options, ...more };
  const { url, module, now, image, durability = 'everysec', ...settings } = all;
  if (!DURABILITIES.includes(durability)) throw new TypeError(`'durability' takes ${DURABILITIES.join(', ')}`);
  const where = filesOf(url);
  if (image !== undefined) {
    if (!(image instanceof Image)) throw new TypeError("'image' takes what db.image() returned");
    if (where !== undefined) throw new TypeError('a database that begins with an image lives in memory');
    if (Object.values(settings).some((value) => value !== undefined)) {
      throw new TypeError('a database that begins with an image has its settings: CONFIG SET changes them');
    }
  }
  return { module, settings, image, clock: now === undefined ? undefined : clockOf(now), url: where, durability };
}

const DURABILITIES: readonly string[] = ['always', 'everysec', 'none'] satisfies Durability[];

/** What names a directory: a URL, or a path that cannot be taken for anything else. */
const FILES = /^(file:|\.{0,2}[/\\]|[a-z]:[/\\]|\.{1,2}$)/i;

/** Where files are; `undefined` for memory. */
function filesOf(url: string = 'memory://'): string | undefined {
  if (url === 'memory://') return undefined;
  if (!FILES.test(url)) {
    throw new StorageError('unsupported', `'${url}' is not supported: data lives in memory, 'memory://', or in a directory, such as 'file:./data' or './data'`);
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
