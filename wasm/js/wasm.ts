// The module: its exports, the settings that it is made with, and making an instance.

import { createGlue } from '../pkg/glue.js';
import type { Directory } from './directory.js';
import type { WasmModule } from './platform.js';

/** What the engine's module exports that is called without glue: numbers go in and out. */
export interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  /** What the module holds of JavaScript. */
  readonly __wbindgen_externrefs: { readonly length: number; grow(by: number): number };
  connect(now: number): number;
  disconnect(now: number, conn: number): number;
  process(now: number, conn: number, length: number): number;
  /** The same for one request whose arguments are told apart by ranges; -1 if it has to go by `process`. */
  call(now: number, conn: number, command: number, count: number, length: number): number;
  rangesPtr(): number;
  rangesMax(): number;
  timeout(now: number): number;
  outputCount(): number;
  waitsUntil(): number;
  saveBegin(now: number, isBase: number): number;
  saveStep(now: number, bytes: number): number;
  saveAbort(now: number): number;
  /** 0 or 1. */
  isInScript(): number;
  loadBegin(now: number, kind: number, bytes: number, skipsModules: number): number;
  load(now: number, length: number): number;
  loadEnd(now: number): number;
  followLog(now: number): number;
  memoryUsed(): number;
  scratchPtr(): number;
  scratchCap(): number;
  headPtr(): number;
}

/** What an engine is made with. `CONFIG SET` changes what can be changed afterwards. */
export interface Settings {
  /** Number of databases that `SELECT` can choose from; 16 unless told. */
  databases?: number;
  /** Bytes of data above which commands that add more are refused with `OOM`; no limit of its own unless told. */
  maxmemory?: number;
  /** Number of connections; 10,000 unless told. */
  maxclients?: number;
}

/** What a request may have at most: arguments, bytes in one of them, and bytes in all of them together. */
export interface RequestLimits {
  readonly arguments: number;
  readonly argumentBytes: number;
  readonly bytes: number;
}

/** How an engine's data is kept in files. */
export interface Kept {
  /** Their directory. */
  readonly path: string;
  /** A value of `appendfsync`. */
  readonly fsync: string;
}

/** What there is to load of a log. */
export interface Found {
  /** Whether there is none yet. */
  readonly isFresh: boolean;
  /** Its files in order, with the bytes of each that count. */
  readonly segments: readonly { readonly name: string; readonly isBase: boolean; readonly length: number }[];
  readonly torn?: Torn;
}

/** The end of a file that a crash has torn, which nobody was promised and which was cut off. */
export interface Torn {
  readonly file: string;
  /** Where it was cut off. */
  readonly offset: number;
  /** How much was. */
  readonly bytes: number;
  /** The file that has it now; none where there were only zeros, or no room. */
  readonly keptAs?: string;
}

/** A running module: what is called without glue, and what takes or returns texts and objects. */
export interface Instance {
  readonly exports: Exports;
  requestLimits(): RequestLimits;
  /** What a command is called by; -1 for those that are not called. */
  callable(name: string): number;
  tell(now: number, event: string): number;
  answer(now: number, reason?: string): number;
  session(conn: number): Uint8Array | undefined;
  restore(now: number, conn: number, session: Uint8Array): boolean;
  // The log; times are microseconds of a clock that only goes forward. What cannot be done throws an object with a
  // `code` and a `reason`, and perhaps a `file` and an `offset`.
  recoverLog(directory: Directory): Found;
  openLog(fsync: string, begins: boolean): void;
  flushLog(now: number): number;
  logTrouble(): string | undefined;
  wantedSync(now: number): string | undefined;
  synced(now: number, reason?: string): void;
  syncDelayed(): void;
  setFsync(now: number, fsync: string): void;
  closeLog(now: number): void;
  logBytes(): number;
  logBaseBytes(): number;
  logNeedsBase(): boolean;
  rewriteBegin(now: number): string;
  rewriteEnd(now: number): void;
  rewriteAbort(): void;
}

/**
 * A fresh engine. Modules from another realm are welcome, which is why nothing here asks for `instanceof`.
 *
 * @throws TypeError for settings that the engine has not, or that are not within its bounds
 */
export function instantiate(module: WasmModule, settings: Settings, now: number, kept?: Kept): Instance {
  const { glue, instance } = start(module);
  // What is `undefined` counts as not given.
  const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
  glue.init(given, crypto.getRandomValues(new Uint8Array(16)), now, kept?.path, kept?.fsync ?? '');
  return instance;
}

/** A running module without an engine. */
export function instantiateEmpty(module: WasmModule): Instance {
  return start(module).instance;
}

function start(module: WasmModule): { glue: ReturnType<typeof createGlue>; instance: Instance } {
  // Each instance has glue of its own: the glue keeps views of its instance's memory.
  const glue = createGlue();
  const { exports } = new WebAssembly.Instance(module, { './sanderling_wasm_bg.js': glue.imports });
  glue.start(exports);
  return { glue, instance: { ...glue, exports: exports as unknown as Exports } };
}
