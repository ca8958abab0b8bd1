// What a Durable Object is made with: options of its users, and what it has of the platform.

import type { RestOptions } from './rest.js';
import type { Settings } from './wasm.js';

/** How the database of an object is made, and who is let in. */
export interface ObjectOptions extends Settings, Omit<RestOptions, 'token' | 'basePath'> {
  /** The token that requests have to bring; what `SANDERLING_TOKEN` is in `env`, unless told. */
  token?: string | undefined;
  /**
   * Commands that run each time the database is opened, before all others: settings and users live in memory alone. Such as
   * `[['CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru'], ['ACL', 'SETUSER', 'ann', 'on', '>secret', '~*', '+@all']]`.
   */
  setup?: readonly (readonly string[])[];
}

/** What the storage of an object is used by. */
export interface Sql {
  exec(query: string, ...bindings: unknown[]): { toArray(): Record<string, unknown>[] };
}

/** A WebSocket as the platform has it. */
export interface ObjectSocket {
  readonly readyState: number;
  send(message: string | ArrayBufferView | ArrayBuffer): void;
  close(code?: number, reason?: string): void;
  serializeAttachment(value: unknown): void;
  deserializeAttachment(): unknown;
}

/** What an object has of the platform. */
export interface ObjectState {
  readonly id: { readonly name?: string; toString(): string };
  readonly storage: { readonly sql: Sql };
  acceptWebSocket(socket: ObjectSocket, tags: string[]): void;
  getWebSockets(tag: string): ObjectSocket[];
}
