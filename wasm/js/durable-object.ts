// The entry for Cloudflare's Durable Objects: an object with a database in it.

import { DurableObject } from 'cloudflare:workers';
import { ObjectShell } from './object-shell.js';
import { withOfferedToken } from './object-sockets.js';
import type { ObjectOptions, ObjectSocket } from './object-types.js';
import { userOf } from './rest-guard.js';
import { Refusal, denied } from './rest-refusal.js';
import { refusedOf } from './rest-request.js';
import type { Imported, ImportOptions } from './dumps.js';
import type { Sanderling } from './sanderling.js';
import type { Argument } from './types.js';

export type { ObjectOptions } from './object-types.js';

/** A request of @upstash/redis, as its client hands it on. */
export interface UpstashRequest {
  readonly path?: readonly string[];
  readonly body?: unknown;
}

/**
 * A Durable Object with a database, which is kept in the object's SQLite storage.
 *
 * ```ts
 * export class Redis extends SanderlingObject {}
 * ```
 *
 * It answers Upstash's REST API and WebSockets by `stub.fetch`, which takes the token, and by RPC what is below, which takes
 * the object. A subclass has all commands as methods of `this.db`.
 */
export class SanderlingObject<Env = unknown> extends DurableObject<Env> {
  readonly #shell: ObjectShell;

  constructor(ctx: ConstructorParameters<typeof DurableObject>[0], env: Env, options: ObjectOptions = {}) {
    super(ctx, env);
    const { SANDERLING_TOKEN: token } = (env ?? {}) as { SANDERLING_TOKEN?: string };
    this.#shell = new ObjectShell(ctx, { token, ...options });
  }

  /**
   * The database. What it answers is durable before the object answers anybody; it is another one after the engine has
   * failed, so it is not to be kept over an `await`.
   *
   * @throws StorageError when what is stored cannot be loaded; it stays as it is
   */
  protected get db(): Sanderling {
    return this.#shell.database;
  }

  /** Upstash's REST API, and WebSockets. */
  fetch(request: Request): Promise<Response> {
    return this.#shell.fetch(request);
  }

  /** Runs what @upstash/redis asks for: `new Redis({ request: (asked) => stub.upstash(asked) })`. */
  async upstash({ path = [], body }: UpstashRequest): Promise<unknown> {
    if (path.length > 0 && !LISTS.has(path.join('/'))) throw new Error(`ERR '${path.join('/')}' is not available by RPC: use fetch, or a WebSocket`);
    const answer = await this.#shell.ask(path, body);
    // What is wrong with a list as a whole has no place in it.
    if (path.length > 0 && !Array.isArray(answer)) throw new Error((answer as { error: string }).error);
    return answer;
  }

  /**
   * Runs any command: `stub.call('SET', 'key', 'value')`. Each call has a connection of its own. What it returns is a
   * `Reply`, a type that contains itself, of which the types of RPC can make nothing.
   *
   * @throws ReplyError what the engine replies with an error
   */
  async call(command: string, ...args: Argument[]): Promise<unknown> {
    if (refusedOf([command, String(args[0])])) throw new Error(`ERR '${command}' is about a connection, of which each call has its own: use a WebSocket`);
    const client = this.#shell.database.duplicate();
    try {
      return await client.call(command, ...args);
    } finally {
      await client.close();
    }
  }

  /** All data as an RDB file; see {@link Sanderling.export}. */
  export(): Promise<Uint8Array> {
    return this.#shell.database.export();
  }

  /** Replaces all data by that of an RDB file; see {@link Sanderling.import}. */
  import(dump: Uint8Array | ArrayBuffer, options?: ImportOptions): Promise<Imported> {
    return this.#shell.database.import(dump, options);
  }

  /** Called by the platform. */
  webSocketMessage(socket: unknown, message: string | ArrayBuffer): void {
    this.#shell.sockets.message(socket as ObjectSocket, message);
  }

  /** Called by the platform. */
  webSocketClose(socket: unknown): void {
    this.#shell.sockets.gone(socket as ObjectSocket);
  }

  /** Called by the platform. */
  webSocketError(socket: unknown): void {
    this.#shell.sockets.gone(socket as ObjectSocket);
  }
}

/** Paths of requests with several commands. */
const LISTS = new Set(['pipeline', 'multi-exec']);

/** The objects of a class, as a Worker has them. */
export interface ObjectNamespace {
  idFromName(name: string): any;
  get(id: any): { fetch(request: any): Promise<any> };
}

/** How requests find their object. */
export interface RouteOptions {
  /** What stands in front of an object's name; `/db` unless told. */
  basePath?: string;
  /** The token without which no object is woken, nor made. Users of a database are not let in then. */
  token?: string | undefined;
}

/**
 * Hands a request to the object that it names: `/db/<name>/…` is `…` of the object of that name.
 *
 * ```ts
 * export default { fetch: (request, env) => route(request, env.REDIS, { token: env.SANDERLING_TOKEN }) };
 * ```
 */
export async function route(request: Request, namespace: ObjectNamespace, { basePath = '/db', token }: RouteOptions = {}): Promise<Response> {
  try {
    const url = new URL(request.url);
    const [name, rest] = objectIn(url.pathname, basePath);
    if (token !== undefined && userOf({ token, hosts: undefined, corsOrigins: [] }, withOfferedToken(request), url)) throw denied();
    url.pathname = rest;
    return await namespace.get(namespace.idFromName(name)).fetch(new Request(url, request));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return Response.json({ error: error.message }, { status: error.status, headers: { 'cache-control': 'no-store', ...error.headers } });
  }
}

/** The name of an object in a path, and what is behind it. */
function objectIn(path: string, basePath: string): [name: string, rest: string] {
  const [, name, rest = '/'] = (path.startsWith(`${basePath}/`) && /^\/([^/]+)(\/.*)?$/.exec(path.slice(basePath.length))) || [];
  if (name === undefined) throw new Refusal(404, `ERR the path of a database is ${basePath}/<name>/`);
  try {
    return [decodeURIComponent(name), rest];
  } catch {
    throw new Refusal(400, 'ERR invalid percent-encoding in the address');
  }
}
