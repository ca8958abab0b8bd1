// The module: its exports, the settings that it is made with, and making an instance.

import { createGlue } from '../pkg/glue.js';
import type { WasmModule } from './platform.js';

/** What the engine's module exports that is called without glue: numbers go in and out. */
export interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  connect(now: number): number;
  disconnect(now: number, conn: number): number;
  process(now: number, conn: number, length: number): number;
  timeout(now: number): number;
  outputCount(): number;
  saveBegin(now: number): number;
  saveStep(now: number, bytes: number): number;
  /** 0 or 1. */
  isInScript(): number;
  loadBegin(now: number, bytes: number, skipsModules: number): number;
  load(now: number, length: number): number;
  loadEnd(now: number): number;
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

/** A running module: what is called without glue, and what takes or returns objects. */
export interface Instance {
  readonly exports: Exports;
  requestLimits(): RequestLimits;
}

/**
 * A fresh engine. Modules from another realm are welcome, which is why nothing here asks for `instanceof`.
 *
 * @throws TypeError for settings that the engine has not, or that are not within its bounds
 */
export function instantiate(module: WasmModule, settings: Settings, now: number): Instance {
  // Each instance has glue of its own: the glue keeps views of its instance's memory.
  const glue = createGlue();
  const instance = new WebAssembly.Instance(module, { './sanderling_wasm_bg.js': glue.imports });
  glue.start(instance.exports);
  // What is `undefined` counts as not given.
  const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
  glue.init(given, crypto.getRandomValues(new Uint8Array(16)), now);
  return { exports: instance.exports as unknown as Exports, requestLimits: glue.requestLimits };
}
