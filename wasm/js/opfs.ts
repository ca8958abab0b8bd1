// Databases in the origin private file system of a browser, by synchronous handles, which only dedicated workers have.
//
// Files cannot be renamed there, nor opened without waiting, so the files of a database have numbers, are opened once, and a
// file `names` says which of them has which name. It has two halves, each with a generation and a checksum, of which the
// newer one counts that is whole. `syncNames` writes the other half and makes it durable: a crash before its end leaves the
// names as they were. A file that has lost its name keeps its bytes until that is durable.

import { Quota, asStorageError, reasonOf } from './browser-store.js';
import type { Directory, Place } from './directory.js';
import { StorageError } from './errors.js';

/** What a dedicated worker has of a file, whose operations are over when they return. */
interface Handle {
  read(room: Uint8Array, options: { at: number }): number;
  write(bytes: Uint8Array, options: { at: number }): number;
  truncate(length: number): void;
  flush(): void;
  getSize(): number;
  close(): void;
}

/** The folder of all databases of the origin. */
const FOLDER = 'sanderling';
const NAMES = 'names';
/** Bytes of each half of the file of names: enough for a few hundred. */
const HALF_BYTES = 16 * 1024;
/** What stands in front of the names: the length of what follows, and its checksum. */
const HEAD = /^sanderling ([0-9]+) ([0-9a-f]{8})\n/;
const HEAD_BYTES_MAX = 64;
/** Files without a name that are there when a database is opened. A rewrite takes three, and a snapshot one. */
const FREE_FILES = 8;
/** With fewer, more are made beside everything else. */
const FREE_FILES_MIN = 4;
/** How long a browser may keep the handles of a tab that is gone, in milliseconds, and how often it is asked. */
const HELD_MILLISECONDS_MAX = 5000;
const HELD_MILLISECONDS = 20;
/** Where servers have their logs, too. */
const LOG_PREFIX = 'appendonlydir/';

/** The files of one database. */
class Pool {
  private readonly files = new Map<string, number>();
  private readonly free: number[] = [];
  /** Files without a name, of which the names in storage do not know yet. */
  private readonly leaving: number[] = [];
  private generation = 0;
  private isGrowing = false;
  private isClosed = false;

  private constructor(
    private readonly folder: FileSystemDirectoryHandle,
    private readonly names: Handle,
    private readonly handles: Map<number, Handle>,
  ) {}

  static async open(folder: FileSystemDirectoryHandle): Promise<Pool> {
    const numbers: number[] = [];
    for await (const name of (folder as unknown as { keys(): AsyncIterable<string> }).keys()) {
      if (/^\d+$/.test(name)) numbers.push(Number(name));
    }
    const handles = new Map<number, Handle>();
    let names: Handle | undefined;
    try {
      names = await openHandle(folder, NAMES);
      for (const number of numbers) handles.set(number, await openHandle(folder, String(number)));
      const pool = new Pool(folder, names, handles);
      pool.readNames();
      await pool.grow(FREE_FILES);
      return pool;
    } catch (error) {
      names?.close();
      for (const handle of handles.values()) handle.close();
      throw error;
    }
  }

  private readNames(): void {
    const halves = [0, 1].map((half) => readHalf(this.names, half)).filter((half) => half !== undefined);
    const newest = halves.sort((one, other) => other.generation - one.generation)[0];
    if (newest === undefined) {
      // A file gets bytes after the names have been written, so these were there and are spoiled.
      for (const handle of this.handles.values()) {
        if (handle.getSize() > 0) throw new StorageError('corrupt', 'there are files and no names of them', { file: NAMES });
      }
    }
    this.generation = newest?.generation ?? 0;
    for (const [name, number] of Object.entries(newest?.files ?? {})) {
      if (!this.handles.has(number)) throw new StorageError('corrupt', `${name} is missing`, { file: name });
      this.files.set(name, number);
    }
    const named = new Set(this.files.values());
    for (const number of this.handles.keys()) if (!named.has(number)) this.clear(number);
    if (newest === undefined) this.syncNames();
  }

  /** Empties a file that has no name, for others to take. */
  private clear(number: number): void {
    const handle = this.handles.get(number)!;
    if (handle.getSize() > 0) {
      handle.truncate(0);
      // What was in it must not come back under another name.
      handle.flush();
    }
    this.free.push(number);
  }

  /** Makes files until so many have no name. */
  private async grow(count: number): Promise<void> {
    while (this.free.length < count && !this.isClosed) {
      const number = Math.max(-1, ...this.handles.keys()) + 1;
      const handle = await openHandle(this.folder, String(number));
      if (this.isClosed) return handle.close();
      this.handles.set(number, handle);
      this.free.push(number);
    }
  }

  list(prefix: string): string[] {
    const isIn = (name: string): boolean => name.startsWith(prefix) && !name.slice(prefix.length).includes('/');
    return [...this.files.keys()].filter(isIn).map((name) => name.slice(prefix.length));
  }

  handle(name: string): Handle {
    const number = this.files.get(name);
    if (number === undefined) throw new DOMException(`there is no ${name}`, 'NotFoundError');
    return this.handles.get(number)!;
  }

  create(name: string): void {
    if (this.free.length === 0) this.syncNames();
    const number = this.free.shift();
    if (number === undefined) throw new Error('Too many open files');
    this.drop(name);
    this.files.set(name, number);
    if (this.free.length >= FREE_FILES_MIN || this.isGrowing) return;
    this.isGrowing = true;
    // Without them the next file may find none, which is told then.
    void this.grow(FREE_FILES).catch(() => undefined).finally(() => (this.isGrowing = false));
  }

  rename(from: string, to: string): void {
    const number = this.files.get(from);
    if (number === undefined) throw new DOMException(`there is no ${from}`, 'NotFoundError');
    this.drop(to);
    this.files.delete(from);
    this.files.set(to, number);
  }

  remove(name: string): void {
    this.handle(name);
    this.drop(name);
  }

  private drop(name: string): void {
    const number = this.files.get(name);
    if (number === undefined) return;
    this.files.delete(name);
    this.leaving.push(number);
  }

  syncNames(): void {
    const generation = this.generation + 1;
    const text = new TextEncoder().encode(JSON.stringify({ generation, files: Object.fromEntries(this.files) }));
    const head = `sanderling ${text.length} ${crc32c(text).toString(16).padStart(8, '0')}\n`;
    const half = new Uint8Array(head.length + text.length);
    half.set(new TextEncoder().encode(head));
    half.set(text, head.length);
    if (half.length > HALF_BYTES) throw new Error('Too many files');
    // The half that counts is never written to.
    put(this.names, (generation % 2) * HALF_BYTES, half);
    this.names.flush();
    this.generation = generation;
    for (const number of this.leaving.splice(0)) {
      try {
        this.clear(number);
      } catch {
        // The names are durable all the same; the file is emptied with the next ones, or when they are read again.
        this.leaving.push(number);
      }
    }
  }

  close(): void {
    this.isClosed = true;
    this.names.close();
    for (const handle of this.handles.values()) handle.close();
  }
}

/** What half of the file of names has, if it is whole. */
function readHalf(names: Handle, half: number): { generation: number; files: Record<string, number> } | undefined {
  const bytes = new Uint8Array(HALF_BYTES);
  const count = names.read(bytes, { at: half * HALF_BYTES });
  const decoder = new TextDecoder();
  const match = HEAD.exec(decoder.decode(bytes.subarray(0, Math.min(count, HEAD_BYTES_MAX))));
  if (match === null) return undefined;
  const text = bytes.subarray(match[0].length, match[0].length + Number(match[1]));
  return crc32c(text) === parseInt(match[2]!, 16) ? JSON.parse(decoder.decode(text)) : undefined;
}

/** The checksum that the log has. */
function crc32c(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}

/** Writes all bytes. What a browser without room does is to throw, to write less, or to return a number that is no length. */
function put(handle: Handle, at: number, bytes: Uint8Array): void {
  if (handle.write(bytes, { at }) === bytes.length) return;
  throw new DOMException('less was written than given', 'QuotaExceededError');
}

/** Opens a file, which is made if it is not there; a browser lets go of what a tab had that is gone a little later. */
async function openHandle(folder: FileSystemDirectoryHandle, name: string): Promise<Handle> {
  const file = await folder.getFileHandle(name, { create: true });
  const until = performance.now() + HELD_MILLISECONDS_MAX;
  for (;;) {
    try {
      return await (file as unknown as { createSyncAccessHandle(): Promise<Handle> }).createSyncAccessHandle();
    } catch (error) {
      if ((error as Error).name !== 'NoModificationAllowedError' || performance.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, HELD_MILLISECONDS));
    }
  }
}

/** The names of one directory among those of a database. */
class OpfsDirectory implements Directory {
  private readonly quota = new Quota();

  constructor(
    private readonly pool: Pool,
    private readonly prefix: string,
  ) {}

  list(): string {
    return this.pool.list(this.prefix).join('\n');
  }

  length(name: string): number {
    return this.handle(name).getSize();
  }

  read(name: string, at: number, room: Uint8Array): number {
    return this.handle(name).read(room, { at });
  }

  create(name: string): void {
    this.pool.create(this.prefix + name);
  }

  write(name: string, at: number, bytes: Uint8Array): number {
    const handle = this.handle(name);
    try {
      put(handle, at, bytes);
    } catch (error) {
      // What is there of it counts for nothing, and its room may be needed.
      if (handle.getSize() > at) handle.truncate(at);
      throw error;
    }
    return bytes.length;
  }

  truncate(name: string, length: number): void {
    this.handle(name).truncate(length);
  }

  sync(name: string): void {
    this.handle(name).flush();
  }

  syncNames(): void {
    this.pool.syncNames();
  }

  rename(from: string, to: string): void {
    this.pool.rename(this.prefix + from, this.prefix + to);
  }

  remove(name: string): void {
    this.pool.remove(this.prefix + name);
  }

  room(): number | undefined {
    return this.quota.bytesLeft();
  }

  reason(error: unknown): string {
    return reasonOf(error);
  }

  private handle(name: string): Handle {
    return this.pool.handle(this.prefix + name);
  }
}

/**
 * Opens the files of a database, which are made if they are not there.
 *
 * @throws StorageError when that cannot be
 */
export async function openOpfs(url: string, name: string): Promise<Place> {
  let pool: Pool;
  try {
    pool = await Pool.open(await makeOpfs(name));
  } catch (error) {
    throw asStorageError(error, url);
  }
  return {
    path: url,
    // No other tab has it open.
    owner: 1,
    dumps: new OpfsDirectory(pool, ''),
    log: new OpfsDirectory(pool, LOG_PREFIX),
    // A worker is not told of its end. What a page hears of its own it tells the worker.
    onExit: () => undefined,
    release: () => pool.close(),
  };
}

/** Makes the folder of a database, if it is not there. */
export async function makeOpfs(name: string): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory();
  const all = await root.getDirectoryHandle(FOLDER, { create: true });
  return all.getDirectoryHandle(encodeURIComponent(name), { create: true });
}

/** Whether there is one. */
export async function hasOpfs(name: string): Promise<boolean> {
  try {
    const root = await navigator.storage.getDirectory();
    const all = await root.getDirectoryHandle(FOLDER);
    await all.getDirectoryHandle(encodeURIComponent(name));
    return true;
  } catch (error) {
    if ((error as Error).name === 'NotFoundError') return false;
    throw error;
  }
}
