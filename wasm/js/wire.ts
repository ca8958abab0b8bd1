// What tabs that share a database say to each other.

import { DumpError, LeaderChangedError, StorageError } from './errors.js';
import type { Durability } from './directory.js';
import type { KeptName } from './kept-name.js';
import type { RequestLimits, Settings } from './wasm.js';

/** What one tab opens, and another one goes on with. */
export interface Opening extends KeptName {
  readonly settings: Settings;
  readonly durability: Durability;
}

/** The lock of who leads: it has the database open for all. */
export function leaderLock(url: string): string {
  return `sanderling:${url}`;
}

/** The lock of who is led, by which the leader learns that it is gone. */
export function memberLock(url: string, member: string): string {
  return `sanderling:${url}:${member}`;
}

/** The channel on which all of them meet. */
export function openMeeting(url: string): BroadcastChannel {
  return new BroadcastChannel(`sanderling:${url}`);
}

/** What the leader and one member talk by: a channel, or between a page and its own worker a port, which is faster. */
export interface Wire {
  postMessage(message: Deeds | Outcomes): void;
  onmessage: ((event: MessageEvent) => void) | null;
  close(): void;
}

/** The end of a port that a leader in this place has to one member. */
export interface NearWire {
  readonly member: string;
  readonly wire: Wire;
}

/** The channel of the leader and one member. */
export function openWire(url: string, member: string): Wire {
  return new BroadcastChannel(`sanderling:${url}:${member}`);
}

/** What is said to all. Of two leaders the one with the higher epoch is the later one. */
export type Call =
  | { readonly kind: 'seek' }
  | { readonly kind: 'lead'; readonly epoch: number }
  | { readonly kind: 'join'; readonly epoch: number; readonly member: string };

/** What a member has the leader do, in order. Requests have numbers that go up. */
export type Deed =
  | { readonly kind: 'connect'; readonly conn: number }
  | { readonly kind: 'input'; readonly conn: number; readonly sequence: number; readonly bytes: Uint8Array }
  | { readonly kind: 'disconnect'; readonly conn: number }
  | { readonly kind: 'export'; readonly question: number }
  | { readonly kind: 'import'; readonly question: number; readonly dump: Uint8Array; readonly skips: boolean }
  | { readonly kind: 'leave' };

/** What a member sends. */
export interface Deeds {
  readonly epoch: number;
  readonly deeds: readonly Deed[];
}

/** What comes of it, in order. */
export type Outcome =
  | {
      readonly kind: 'welcome';
      readonly limits: RequestLimits;
      /** Commands that can be asked twice, as `get` or `config|get`. */
      readonly repeatable: readonly string[];
      readonly path: string;
    }
  /** Up to this number everything has arrived and is about to be done. */
  | { readonly kind: 'accepted'; readonly sequence: number }
  /** Whole replies and messages; the changes behind them could not be stored where there is a failure. */
  | { readonly kind: 'output'; readonly conn: number; readonly bytes: Uint8Array; readonly failure?: Failure | undefined }
  | { readonly kind: 'closed'; readonly conn: number; readonly reason: string }
  | { readonly kind: 'answer'; readonly question: number; readonly value?: unknown; readonly failure?: Failure }
  /** Everything that was done is answered, and nothing else was done. */
  | { readonly kind: 'left' };

/** What the leader sends. */
export interface Outcomes {
  readonly epoch: number;
  readonly outcomes: readonly Outcome[];
}

/** What a page says to the worker that may become the leader. */
export type Order =
  | { readonly kind: 'stand'; readonly opening: Opening; readonly near?: { readonly member: string; readonly wire: MessagePort } }
  | { readonly kind: 'module'; readonly module?: unknown; readonly failure?: Failure }
  | { readonly kind: 'sync' }
  | { readonly kind: 'step-down' }
  | { readonly kind: 'close' };

/** What the worker says. */
export type Report =
  | { readonly kind: 'module-wanted' }
  | { readonly kind: 'refused'; readonly failure: Failure }
  | { readonly kind: 'closed'; readonly failure?: Failure | undefined };

/** An error on its way to another thread. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly code?: StorageError['code'];
  readonly path?: string | undefined;
  readonly file?: string | undefined;
  readonly offset?: number | undefined;
}

export function packError(error: unknown): Failure {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { name, message } = error;
  if (!(error instanceof StorageError)) return { name, message };
  const { code, path, file, offset } = error;
  return { name, message, code, path, file, offset };
}

export function unpackError({ name, message, code, path, file, offset }: Failure): Error {
  if (code !== undefined) return new StorageError(code, message, { path, file, offset });
  if (name === 'DumpError') return new DumpError(message);
  if (name === 'LeaderChangedError') return new LeaderChangedError(message);
  return new (name === 'TypeError' ? TypeError : Error)(message);
}
