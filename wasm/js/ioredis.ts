/**
 * ioredis's own class, connected to databases in this process, in the place of ioredis-mock: what one instance writes
 * others read that have the same host and port.
 *
 * @packageDocumentation
 */

import type { ClusterNode, ClusterOptions, Redis as ClientType, RedisOptions } from 'ioredis';
// Not from 'ioredis', in whose place tests put this module.
import client from 'ioredis/built/Redis.js';
import type { Connector as EngineConnector } from './connector.js';
import { Sanderling } from './node.js';

/** What a key begins with: text, a number or bytes; elements of a list; members of a set; fields of a hash. */
export type InitialValue =
  | string
  | number
  | Uint8Array
  | readonly (string | number)[]
  | ReadonlySet<string | number>
  | ReadonlyMap<string, string | number>
  | { readonly [field: string]: string | number };

/** ioredis's options, and what is in the database. */
export interface Options extends RedisOptions {
  /** Keys that are set when the instance is made. */
  data?: { readonly [key: string]: InitialValue };
}

/** Databases by where they are said to be. */
const databases = new Map<string, Sanderling>();

function databaseAt({ host, port, path }: RedisOptions): Sanderling {
  const address = path ?? `${host ?? 'localhost'}:${port ?? 6379}`;
  let db = databases.get(address);
  if (db === undefined) databases.set(address, (db = Sanderling.openSync()));
  return db;
}

/** Connects to the database of the options. */
class Connector {
  private readonly inner: InstanceType<EngineConnector>;

  constructor(options: unknown) {
    this.inner = new (databaseAt(options as RedisOptions).connector<EngineConnector>())(options);
  }

  check(info: unknown): boolean {
    return this.inner.check(info);
  }

  async connect(onError: unknown): Promise<object> {
    const stream = (await this.inner.connect(onError)) as { unref(): void };
    // Tests end without closing what they have opened, where there is no socket.
    stream.unref();
    return stream;
  }

  disconnect(): void {
    this.inner.disconnect();
  }
}

/** ioredis's class, wherever what imports it finds the default of a module for `require`. */
const Client = ('default' in client ? client.default : client) as typeof ClientType;

/** What comes behind the arguments that ioredis takes: the first that says something counts. */
const CONNECTED = { Connector: Connector as unknown as NonNullable<RedisOptions['Connector']> };

/**
 * See ioredis's `Redis`. Nothing is sent over a network, whatever address it is given, and it does not keep the process
 * alive.
 */
export class Redis extends Client {
  /** Several nodes are one database. */
  static override readonly Cluster = clusterOf() as never;

  constructor(port: number, host: string, options?: Options);
  constructor(path: string, options?: Options);
  constructor(port: number, options?: Options);
  constructor(options?: Options);
  constructor(...given: unknown[]) {
    super(...([...given, CONNECTED] as unknown as [RedisOptions]));
    const { data, db } = this.options as Options;
    if (data) fill(databaseAt(this.options), db ?? 0, data);
  }

  /** Another instance for the same database. */
  createConnectedClient(options: Options = {}): Redis {
    const { data: _, ...own } = this.options as Options;
    return new Redis({ ...own, ...options });
  }
}

/** Makes the class when it is asked for, since it extends the one that it is a part of. */
function clusterOf(): new (nodes: readonly ClusterNode[], options?: ClusterOptions & Options) => Redis {
  return class Cluster {
    constructor(nodes: readonly ClusterNode[], { redisOptions, data }: ClusterOptions & Options = {}) {
      const [first] = nodes;
      if (first === undefined) throw new TypeError('a cluster has a node that it is found by');
      const more = { ...redisOptions, ...(data && { data }) };
      const redis = typeof first === 'object' ? new Redis({ ...first, ...more }) : new Redis(first as string, more);
      return Object.assign(redis, { nodes: () => [redis] }) as never;
    }
  } as never;
}

function fill(db: Sanderling, index: number, data: NonNullable<Options['data']>): void {
  const pipeline = db.pipeline().call('SELECT', index);
  for (const [key, value] of Object.entries(data)) {
    const words = commandFor(key, value);
    pipeline.call('DEL', key);
    if (words.length > 2) pipeline.call(...words);
  }
  pipeline.call('SELECT', 0).execSync();
}

function commandFor(key: string, value: InitialValue): [string, ...(string | number | Uint8Array)[]] {
  if (typeof value === 'string' || typeof value === 'number' || value instanceof Uint8Array) return ['SET', key, value];
  if (Array.isArray(value)) return ['RPUSH', key, ...(value as string[])];
  if (value instanceof Set) return ['SADD', key, ...(value as Set<string>)];
  if (typeof value !== 'object' || value === null) throw new TypeError(`'${key}' cannot begin as ${String(value)}`);
  const fields = value instanceof Map ? [...(value as Map<string, string>)] : Object.entries(value);
  return ['HSET', key, ...fields.flat()];
}

// What `require` returns is the class, which has all else, as ioredis's has; those that it inherits are the other one's.
Object.defineProperties(Redis, { Redis: { value: Redis }, default: { value: Redis, writable: true } });

export default Redis;
