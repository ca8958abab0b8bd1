// What differs between platforms: how the module is loaded, how text gets in and out of memory, streams, sockets and files.

import type { Durability, Place } from './directory.js';
import type { KeptName } from './kept-name.js';
import type { Sanderling } from './sanderling.js';
import type { Storage } from './storage.js';
import type { OpenTransport } from './transport.js';
import type { Settings } from './wasm.js';

/**
 * `WebAssembly.Module`, where the compiler knows of it: it is declared with the DOM, which programs for Node leave out.
 */
export type WasmModule = typeof globalThis extends { WebAssembly: { Module: { prototype: infer M } } } ? M : object;

/** What differs between the places this package runs in; each entry point provides one. */
export interface Platform {
  /** The engine's compiled module, from the package's own file. */
  load(): Promise<WasmModule>;
  /** The same without waiting; absent where the platform cannot. */
  loadSync?(): WasmModule;
  /** A view of linear memory that {@link Text} works on. */
  view(buffer: ArrayBufferLike): Uint8Array;
  /** The same bytes in the class that the platform has for them; absent where that is `Uint8Array`. */
  buffer?(bytes: Uint8Array): Uint8Array;
  /** How text gets in and out of memory. */
  text: Text;
  /** Gives ioredis a connection; absent where there are no Node streams. */
  openStream?(open: OpenPort): object;
  /** Keeps databases in files; absent where there are none. */
  files?: Files;
  /** Loads what a browser keeps databases by; absent elsewhere. */
  loadKept?(): Promise<KeptStores>;
  /** Listens on a port for clients that want a socket; absent where there are no sockets. */
  listen?(open: OpenPort, options: ListenOptions): Promise<Listener>;
  /** Connects to a server by what the platform has besides WebSocket; absent where it has nothing. */
  dial?: OpenTransport;
}

/** A worker of a page, where the compiler knows of it, as with {@link WasmModule}. */
export type PageWorker = typeof globalThis extends { Worker: { prototype: infer W } } ? W : object;

/** How a browser's database is opened. */
export interface KeptOptions {
  readonly settings: Settings;
  readonly durability: Durability;
  readonly worker: (() => PageWorker) | undefined;
  loadModule(): Promise<WasmModule>;
}

/** Keeps databases in what a browser has for that. */
export interface KeptStores {
  /**
   * Opens a database by its store and name; or by its name alone in the store that has it, or that there is. Where there is
   * none then, returns the reason.
   *
   * @throws StorageError for what cannot be opened
   */
  open(given: KeptName | string, options: KeptOptions): Promise<Sanderling | string>;
}

/** How databases are kept in files. */
export interface Files {
  /**
   * Takes a place, by a path or a `file:` URL.
   *
   * @throws StorageError when that cannot be
   */
  open(url: string): Place;
  /** What keeps a database there. */
  readonly Storage: typeof Storage;
}

/** Where a {@link Listener} listens. */
export interface ListenOptions {
  /** The port; one that is free unless told. */
  port?: number;
  /** The address; `127.0.0.1`, which only this machine reaches, unless told. */
  host?: string;
}

/** A port of this machine that clients can connect to, and an engine that answers there. */
export interface Listener {
  readonly host: string;
  readonly port: number;
  /** `redis://host:port`, as clients take it. */
  readonly url: string;
  /** Closes the port and its connections. */
  close(): Promise<void>;
  /** The same as {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Text in linear memory, as UTF-8. */
export interface Text {
  /** Writes all of `text`, for which there is room, and returns the number of bytes. */
  write(bytes: Uint8Array, text: string, at: number): number;
  /** The number of bytes that {@link Text.write} will write. */
  length(text: string): number;
  /** Reads what lies between two positions. */
  read(bytes: Uint8Array, start: number, end: number): string;
}

/** What a byte stream needs of a connection. */
export interface Port {
  /** Hands over requests, in any pieces. */
  input(chunk: Uint8Array): void;
  /** Ends the connection. */
  close(): void;
}

/** Opens a connection that speaks in bytes. */
export type OpenPort = (onData: (chunk: Uint8Array) => void, onClose: (error?: Error) => void) => Port;

const encoder = new TextEncoder();
// What begins with a byte order mark keeps it: text is what was stored.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Bytes as text. */
export function decodeText(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** Shorter strings are faster read here than handed to a `TextDecoder`. */
const SHORT_BYTES_MAX = 40;

/**
 * Reads text of ASCII characters alone, a few at a time since each call that makes a string costs more than the
 * characters in it; `undefined` when there are others.
 */
export function readAscii(bytes: Uint8Array, start: number, end: number): string | undefined {
  let text = '';
  let at = start;
  for (; at + 8 <= end; at += 8) {
    const [a, b, c, d] = [bytes[at]!, bytes[at + 1]!, bytes[at + 2]!, bytes[at + 3]!];
    const [e, f, g, h] = [bytes[at + 4]!, bytes[at + 5]!, bytes[at + 6]!, bytes[at + 7]!];
    if ((a | b | c | d | e | f | g | h) > 127) return undefined;
    text += String.fromCharCode(a, b, c, d, e, f, g, h);
  }
  if (at + 4 <= end) {
    const [a, b, c, d] = [bytes[at]!, bytes[at + 1]!, bytes[at + 2]!, bytes[at + 3]!];
    if ((a | b | c | d) > 127) return undefined;
    text += String.fromCharCode(a, b, c, d);
    at += 4;
  }
  for (; at < end; at += 1) {
    const byte = bytes[at]!;
    if (byte > 127) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}

/** Text by the standard classes, which every platform has. */
export const standardText: Text = {
  write: (bytes, text, at) => encoder.encodeInto(text, bytes.subarray(at)).written,
  length: (text) => encoder.encode(text).length,
  read(bytes, start, end) {
    const text = end - start <= SHORT_BYTES_MAX ? readAscii(bytes, start, end) : undefined;
    return text ?? decodeText(bytes.subarray(start, end));
  },
};

/** Memory of the class that text gets in and out of fastest. */
export function bufferOf(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  return platform.buffer?.(bytes) ?? bytes;
}

/** The error of a module that could not be had from its file, with what helps. */
export function notLoaded(file: string, reason: string, cause?: unknown): Error {
  return new Error(
    `the engine's module cannot be loaded from ${file}: ${reason}. If a bundler has not copied sanderling.wasm to there, ` +
      `import from 'sanderling/inline', which holds it, or open({ module }); the package's README.md has a table of bundlers`,
    { cause },
  );
}

/** The platform of this bundle. Set once, before anything is opened. */
export let platform: Platform;

/** Called by the entry point. */
export function usePlatform(chosen: Platform): void {
  platform = chosen;
}
