/** The messages between the page and its worker. */

import type { Doc } from './grammar.js';

/** One thing in a terminal's transcript. */
export interface Entry {
  /** `echo` is a command with its prompt, `message` came without being asked for, `note` is text of the page itself. */
  kind: 'echo' | 'reply' | 'error' | 'message' | 'note' | 'clear';
  text: string;
  /** What stands before an echo. */
  prompt?: string;
}

/** How a terminal stands. */
export interface State {
  prompt: string;
  /** Whether a command has no answer yet. */
  isWaiting: boolean;
  /** Lines that come after it. */
  queued: number;
  /** How often lines have come so far. */
  runs: number;
  /** Whether messages may come, or lines of MONITOR. */
  isSubscribed: boolean;
}

/** Numbers of the built-in benchmark: commands per second. */
export interface Rates {
  set: number;
  get: number;
}

/** From the page. */
export type Order =
  | { kind: 'start'; module: WebAssembly.Module; hasKeys: boolean }
  | { kind: 'open'; panel: number }
  | { kind: 'close'; panel: number }
  | { kind: 'run'; panel: number; lines: string[] }
  | { kind: 'cancel'; panel: number }
  | { kind: 'measure' }
  /** The demos' own messages go through a port. */
  | { kind: 'demos'; port: MessagePort };

/** From the worker. */
export type Report =
  | { kind: 'ready'; docs: Doc[]; memoryBytes: number }
  | { kind: 'output'; panel: number; entries: Entry[]; state: State; memoryBytes: number }
  | { kind: 'measured'; rates: Rates }
  | { kind: 'failed'; message: string };
