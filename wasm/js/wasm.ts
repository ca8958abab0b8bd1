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
  memoryUsed(): number;
  argumentsMax(): number;
  argumentBytesMax(): number;
  requestBytesMax(): number;
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

/** The least and the most that a setting can be, as in the engine's own. */
const BOUNDS: ReadonlyMap<string, readonly [least: number, most: number]> = new Map([
  ['databases', [1, 10_000]],
  ['maxmemory', [0, Number.MAX_SAFE_INTEGER]],
  ['maxclients', [1, 2 ** 32 - 1]],
]);

/**
 * A fresh engine. Modules from another realm are welcome, which is why nothing here asks for `instanceof`.
 */
export function instantiate(module: WasmModule, settings: Settings, now: number): Exports {
  for (const [name, value] of Object.entries(settings) as [string, unknown][]) {
    const bounds = BOUNDS.get(name);
    if (bounds === undefined) throw new TypeError(`'${name}' is no option of a database`);
    const [least, most] = bounds;
    if (value !== undefined && !(Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most)) {
      throw new TypeError(`${name} is an integer from ${least} to ${most}, not ${String(value)}`);
    }
  }
  // Each instance has glue of its own: the glue keeps views of its instance's memory.
  const glue = createGlue();
  const instance = new WebAssembly.Instance(module, { './sanderling_wasm_bg.js': glue.imports });
  glue.start(instance.exports);
  const { databases, maxmemory, maxclients } = settings;
  glue.init(databases, maxmemory, maxclients, crypto.getRandomValues(new Uint8Array(16)), now);
  return instance.exports as unknown as Exports;
}
