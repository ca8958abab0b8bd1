// Images: all that an engine knows, as its memory has it, for other engines to begin with.

import type { WasmModule } from './platform.js';
import { type Instance, type Settings, instantiateEmpty } from './wasm.js';

/** Memory is compared in so many words of 32 bits. */
const PAGE_WORDS = 1024;
/** Bytes by which memory grows. */
const GROWTH_BYTES = 64 * 1024;

/** What lies in memory from a place on. */
interface Piece {
  /** Index of its first word. */
  readonly at: number;
  readonly words: Uint32Array;
}

/**
 * A database as it was at one moment, with everything that it knew: data, scripts, functions, users and settings.
 * {@link Sanderling.openSync} opens others that begin with it, which takes a millisecond or two while there is little
 * data. It serves this process and this version of the package; to keep data, there is {@link Sanderling.export}.
 */
export class Image {
  private constructor(
    private readonly module: WasmModule,
    private readonly bytes: number,
    private readonly tableLength: number,
    private readonly pieces: readonly Piece[],
    /** Connections that there were, of which nobody in another engine knows. @internal */
    readonly connections: readonly number[],
    /** What the engine was made with. @internal */
    readonly settings: Settings,
  ) {}

  /** Bytes that the image takes. */
  get size(): number {
    return this.pieces.reduce((sum, { words }) => sum + words.byteLength, 0);
  }

  /** @internal */
  static of(module: WasmModule, instance: Instance, connections: readonly number[], settings: Settings): Image {
    const fresh = new Uint32Array(instantiateEmpty(module).exports.memory.buffer);
    const { memory, __wbindgen_externrefs: table } = instance.exports;
    const words = new Uint32Array(memory.buffer);
    return new Image(module, words.byteLength, table.length, differences(words, fresh), connections, settings);
  }

  /** An engine that goes on from here. @internal */
  revive(): Instance {
    const instance = instantiateEmpty(this.module);
    const { memory, __wbindgen_externrefs: table } = instance.exports;
    memory.grow((this.bytes - memory.buffer.byteLength) / GROWTH_BYTES);
    // What is in it at rest is in it from the beginning.
    table.grow(this.tableLength - table.length);
    const all = new Uint32Array(memory.buffer);
    for (const { at, words } of this.pieces) all.set(words, at);
    return instance;
  }
}

/** What is not in memory that nothing has been done with. */
function differences(words: Uint32Array, fresh: Uint32Array): Piece[] {
  const pieces: Piece[] = [];
  let from = -1;
  for (let at = 0; at <= words.length; at += PAGE_WORDS) {
    const isOther = at < words.length && differs(words, fresh, at);
    if (isOther && from < 0) from = at;
    if (isOther || from < 0) continue;
    pieces.push({ at: from, words: words.slice(from, at) });
    from = -1;
  }
  return pieces;
}

/** Whether something is other in the page that begins with this word; what is behind the end of memory is zero. */
function differs(words: Uint32Array, fresh: Uint32Array, from: number): boolean {
  for (let at = from; at < from + PAGE_WORDS; at += 1) {
    if (words[at] !== (fresh[at] ?? 0)) return true;
  }
  return false;
}
