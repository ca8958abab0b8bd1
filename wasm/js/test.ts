/**
 * Databases for tests: each test has its own, which begins with what was prepared once.
 *
 * @packageDocumentation
 */

import { type Listener, type OpenOptions, Sanderling } from './node.js';
import { settingsOf } from './words.js';

/** Opens a database that begins with what was prepared. It does not wait, and each call opens another one. */
export type OpenPrepared = () => Sanderling;

/**
 * Prepares a database, and returns what opens others that begin with all that is in it:
 *
 * ```ts
 * const open = await prepare(async (db) => {
 *   await db.hset('user:1', { name: 'Ada' });
 * });
 *
 * let db;
 * beforeEach(() => (db = open()));
 * afterEach(() => db.close());
 * ```
 *
 * @param fill is called once; without it the databases are empty
 */
export async function prepare(
  fill: (db: Sanderling) => unknown = () => undefined,
  options: OpenOptions = {},
): Promise<OpenPrepared> {
  const { module, now } = options;
  const more = { ...(module && { module }), ...(now && { now }) };
  const db = await Sanderling.open(options);
  try {
    await fill(db);
    const image = db.image();
    return () => Sanderling.openSync({ ...more, image });
  } finally {
    await db.close();
  }
}

/** How a {@link RedisMemoryServer} is started. */
export interface RedisMemoryServerOptions {
  instance?: {
    /** The port, if it is free; else, and unless told, one that is. */
    port?: number;
    /** The address; `127.0.0.1` unless told. */
    ip?: string;
    /** Settings as redis-server takes them: `['--requirepass', 'secret']`. */
    args?: readonly string[];
  };
  /** Which program to download. There is none here, and nothing to download. */
  binary?: object;
  /** How that is run. */
  spawn?: object;
  /** Whether it is started at once. */
  autoStart?: boolean;
}

/** Where a {@link RedisMemoryServer} listens. */
export interface RedisMemoryServerInstance {
  readonly ip: string;
  readonly port: number;
  /** The database, which programs can also use without a socket. */
  readonly db: Sanderling;
}

/**
 * A server on a port of this machine with the interface of redis-memory-server's class, without a program that is
 * downloaded or compiled: it is in this process. Like that one it keeps the process alive until it is stopped.
 */
export class RedisMemoryServer {
  /** What is running, or is about to. */
  runningInstance: Promise<RedisMemoryServerInstance> | null = null;
  /** What is running. */
  instanceInfoSync: RedisMemoryServerInstance | null = null;
  readonly opts: RedisMemoryServerOptions;

  constructor(options: RedisMemoryServerOptions = {}) {
    this.opts = { ...options };
    if (options.autoStart) void this.start();
  }

  /** Makes one, and starts it where `autoStart` says so; others start when they are asked for their port. */
  static async create(options: RedisMemoryServerOptions = {}): Promise<RedisMemoryServer> {
    const server = new RedisMemoryServer({ ...options, autoStart: false });
    if (options.autoStart) await server.start();
    return server;
  }

  /** @throws Error when it has been started, or cannot be */
  async start(): Promise<boolean> {
    if (this.runningInstance) throw new Error('the server has been started');
    this.runningInstance = this.run();
    this.runningInstance.catch(() => (this.runningInstance = null));
    this.instanceInfoSync = await this.runningInstance;
    return true;
  }

  /** Ends the server; its data is gone. */
  async stop(): Promise<boolean> {
    const running = this.runningInstance;
    if (!running) return true;
    this.runningInstance = null;
    this.instanceInfoSync = null;
    await (await running).db.close();
    return true;
  }

  getInstanceInfo(): RedisMemoryServerInstance | false {
    return this.instanceInfoSync ?? false;
  }

  /** Starts the server unless it runs. */
  async ensureInstance(): Promise<RedisMemoryServerInstance> {
    if (!this.runningInstance) await this.start();
    return this.runningInstance!;
  }

  async getHost(): Promise<string> {
    return (await this.ensureInstance()).ip;
  }

  async getIp(): Promise<string> {
    return this.getHost();
  }

  async getPort(): Promise<number> {
    return (await this.ensureInstance()).port;
  }

  private async run(): Promise<RedisMemoryServerInstance> {
    const { port, ip = '127.0.0.1', args = [] } = this.opts.instance ?? {};
    const { databases, ...settings } = settingsOf(args);
    const db = await Sanderling.open(databases === undefined ? {} : { databases: Number(databases) });
    try {
      for (const [name, value] of Object.entries(settings)) await db.call('CONFIG', 'SET', name, value);
      const { port: found } = await listen(db, ip, port);
      return { ip, port: found, db };
    } catch (error) {
      await db.close();
      throw error;
    }
  }
}

/** The port, if it is free; else another one. */
async function listen(db: Sanderling, host: string, port: number | undefined): Promise<Listener> {
  try {
    return await db.listen({ host, ...(port !== undefined && { port }) });
  } catch (error) {
    if (port === undefined || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    return db.listen({ host });
  }
}
