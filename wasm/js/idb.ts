// Databases in IndexedDB, for browsers without synchronous files: a file is a record of its length and pieces of its bytes.
//
// IndexedDB answers later, so what is written is gathered, and goes into one transaction at the end of the turn, which is all
// there or not at all, in order: what is stored is always what there was after one of the operations. Who has asked for a
// change hears of it once the transaction is complete. What a transaction did not take stays gathered and is tried again;
// meanwhile writing fails, so that the log refuses changes as it does on a disk that is full.

import { Quota, asStorageError, reasonOf } from './browser-store.js';
import { joined } from './bytes.js';
import type { Directory, Place } from './directory.js';

const FILES = 'files';
const PIECES = 'pieces';
/** Bytes of a piece. */
const PIECE_BYTES_MAX = 1024 * 1024;
/** How often what was not taken is tried again, in milliseconds. */
const RETRY_MILLISECONDS = 100;
/** How long those wait who have asked for it, in milliseconds. */
const GIVE_UP_MILLISECONDS = 1000;
/** Where servers have their logs, too. */
const LOG_PREFIX = 'appendonlydir/';

/** A file as it is stored under its name. */
interface FileRecord {
  /** A number of its own, which its pieces have in their keys, with where they begin. */
  readonly id: number;
  length: number;
}

interface OpenFile extends FileRecord {
  /** Its bytes, until they have been loaded. */
  content: Uint8Array | undefined;
}

/** What is to be done in a transaction. */
type Change =
  | { readonly kind: 'file'; readonly name: string; readonly record: FileRecord }
  | { readonly kind: 'no-file'; readonly name: string }
  | { readonly kind: 'piece'; readonly id: number; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'no-pieces'; readonly id: number; readonly from: number };

/** The files of one database. */
class Store {
  private readonly files = new Map<string, OpenFile>();
  private lastId = 0;
  private changes: Change[] = [];
  private isStrict = false;
  private running: Promise<void> | undefined;
  private failure: unknown;
  private retry: unknown;
  private isLoaded = false;
  private isClosed = false;

  private constructor(private readonly db: IDBDatabase) {}

  static async open(name: string): Promise<Store> {
    const request = indexedDB.open(`sanderling/${name}`, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(FILES);
      request.result.createObjectStore(PIECES);
    };
    const store = new Store(await answered(request));
    try {
      await store.readAll();
    } catch (error) {
      store.db.close();
      throw error;
    }
    return store;
  }

  private async readAll(): Promise<void> {
    const transaction = this.db.transaction([FILES, PIECES]);
    const files = transaction.objectStore(FILES);
    const [names, records] = await Promise.all([answered(files.getAllKeys()), answered(files.getAll() as IDBRequest<FileRecord[]>)]);
    for (const [index, { id, length }] of records.entries()) {
      this.lastId = Math.max(this.lastId, id);
      this.files.set(String(names[index]), { id, length, content: await readPieces(transaction, id, length) });
    }
  }

  // ----- operations -----

  list(prefix: string): string[] {
    const isIn = (name: string): boolean => name.startsWith(prefix) && !name.slice(prefix.length).includes('/');
    return [...this.files.keys()].filter(isIn).map((name) => name.slice(prefix.length));
  }

  file(name: string): OpenFile {
    const file = this.files.get(name);
    if (file === undefined) throw new DOMException(`there is no ${name}`, 'NotFoundError');
    return file;
  }

  create(name: string): void {
    this.refuseWhileFailing();
    this.drop(name);
    const file: OpenFile = { id: (this.lastId += 1), length: 0, content: this.isLoaded ? undefined : new Uint8Array(0) };
    this.files.set(name, file);
    this.keep(name, file);
  }

  read(name: string, at: number, room: Uint8Array): number {
    const { content, length } = this.file(name);
    if (content === undefined) throw new Error(`${name} is no longer in memory; it is read when the database is opened`);
    const piece = content.subarray(at, Math.min(length, at + room.length));
    room.set(piece);
    return piece.length;
  }

  write(name: string, at: number, bytes: Uint8Array): void {
    this.refuseWhileFailing();
    const file = this.file(name);
    for (let from = 0; from < bytes.length; from += PIECE_BYTES_MAX) {
      this.changes.push({ kind: 'piece', id: file.id, at: at + from, bytes: new Uint8Array(bytes.subarray(from, from + PIECE_BYTES_MAX)) });
    }
    // What is made while a database is opened may be read once more; afterwards nothing is.
    if (file.content) file.content = joined([file.content.subarray(0, at), bytes]);
    file.length = Math.max(file.length, at + bytes.length);
    this.keep(name, file);
  }

  truncate(name: string, length: number): void {
    this.refuseWhileFailing();
    const file = this.file(name);
    file.length = length;
    this.changes.push({ kind: 'no-pieces', id: file.id, from: length });
    this.keep(name, file);
  }

  rename(from: string, to: string): void {
    this.refuseWhileFailing();
    const file = this.file(from);
    this.drop(to);
    this.files.delete(from);
    this.files.set(to, file);
    this.changes.push({ kind: 'no-file', name: from });
    this.keep(to, file);
  }

  remove(name: string): void {
    this.file(name);
    this.drop(name);
  }

  private drop(name: string): void {
    const file = this.files.get(name);
    if (file === undefined) return;
    this.files.delete(name);
    this.changes.push({ kind: 'no-file', name }, { kind: 'no-pieces', id: file.id, from: 0 });
  }

  private keep(name: string, { id, length }: OpenFile): void {
    this.changes.push({ kind: 'file', name, record: { id, length } });
  }

  private refuseWhileFailing(): void {
    if (this.failure !== undefined) throw this.failure;
  }

  /** What is gathered now is to be durable when it is stored, and not only with the system. */
  beStrict(): void {
    this.isStrict = true;
  }

  /** Everything has been loaded, and none of it is read again. */
  forgetContents(): void {
    this.isLoaded = true;
    for (const file of this.files.values()) file.content = undefined;
  }

  // ----- transactions -----

  /** Stores what is gathered; `undefined` if there is nothing, nor on its way. */
  commit(): Promise<void> | undefined {
    if (this.changes.length === 0 && !this.isStrict && this.running === undefined) return undefined;
    return this.storeBy(performance.now() + GIVE_UP_MILLISECONDS);
  }

  private async storeBy(deadline: number): Promise<void> {
    // What was gathered until now is in the next transaction, or in one that runs.
    while (this.running) await this.running.catch(() => undefined);
    while (this.changes.length > 0 || this.isStrict) {
      this.running = this.store();
      try {
        return await this.running;
      } catch (error) {
        if (this.isClosed || performance.now() >= deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MILLISECONDS));
        while (this.running) await this.running.catch(() => undefined);
      }
    }
  }

  private async store(): Promise<void> {
    const { changes, isStrict } = this;
    this.changes = [];
    this.isStrict = false;
    try {
      await this.runTransaction(merged(changes), isStrict);
      this.failure = undefined;
    } catch (error) {
      this.changes = [...changes, ...this.changes];
      this.isStrict ||= isStrict;
      this.failure = error;
      this.retryLater();
      throw error;
    } finally {
      this.running = undefined;
    }
  }

  private runTransaction(changes: readonly Change[], isStrict: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const durability = isStrict ? 'strict' : 'relaxed';
      const transaction = this.db.transaction([FILES, PIECES], 'readwrite', { durability });
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new Error('the transaction was aborted'));
      const [files, pieces] = [transaction.objectStore(FILES), transaction.objectStore(PIECES)];
      for (const change of changes) {
        if (change.kind === 'file') files.put(change.record, change.name);
        else if (change.kind === 'no-file') files.delete(change.name);
        else if (change.kind === 'piece') pieces.put(change.bytes, [change.id, change.at]);
        else pieces.delete(IDBKeyRange.bound([change.id, change.from], [change.id, Infinity]));
      }
      // With nothing to do it still waits for the disk, and with it what was stored before.
      if (changes.length === 0) files.delete('');
    });
  }

  private retryLater(): void {
    clearTimeout(this.retry as number);
    this.retry = setTimeout(() => {
      if (this.failure !== undefined && this.running === undefined) (this.running = this.store()).catch(() => undefined);
    }, RETRY_MILLISECONDS);
  }

  /** What is gathered is still stored, if it can be. */
  close(): void {
    this.isClosed = true;
    clearTimeout(this.retry as number);
    void this.storeBy(0).catch(() => undefined).finally(() => this.db.close());
  }
}

/** Puts pieces together that follow each other, and leaves out lengths that others follow. */
function merged(changes: readonly Change[]): Change[] {
  const result: Change[] = [];
  for (const [index, change] of changes.entries()) {
    const before = result.at(-1);
    if (change.kind === 'file' && isReplaced(changes[index + 2], change)) continue;
    if (change.kind === 'piece' && before?.kind === 'piece' && follows(before, change)) {
      result[result.length - 1] = { ...before, bytes: joined([before.bytes, change.bytes]) };
    } else {
      result.push(change);
    }
  }
  return result;
}

/** Whether the length of a file is told again behind the next change, which is a piece. */
function isReplaced(later: Change | undefined, { name }: Extract<Change, { kind: 'file' }>): boolean {
  return later?.kind === 'file' && later.name === name;
}

type Piece = Extract<Change, { kind: 'piece' }>;

function follows(before: Piece, { id, at, bytes }: Piece): boolean {
  return before.id === id && before.at + before.bytes.length === at && before.bytes.length + bytes.length <= PIECE_BYTES_MAX;
}

/** The bytes of a file: of each piece those before the next one, since what was cut off and written anew begins another. */
async function readPieces(transaction: IDBTransaction, id: number, length: number): Promise<Uint8Array> {
  const range = IDBKeyRange.bound([id, 0], [id, Infinity]);
  const pieces = transaction.objectStore(PIECES);
  const [keys, all] = await Promise.all([answered(pieces.getAllKeys(range)), answered(pieces.getAll(range) as IDBRequest<Uint8Array[]>)]);
  const content = new Uint8Array(length);
  for (const [index, bytes] of all.entries()) {
    const [, at] = keys[index] as [number, number];
    content.set(bytes.subarray(0, Math.max(length - at, 0)), Math.min(at, length));
  }
  return content;
}

/** What a request is answered by. */
export function answered<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** The names of one directory among those of a database. */
class IdbDirectory implements Directory {
  private readonly quota = new Quota();

  constructor(
    private readonly store: Store,
    private readonly prefix: string,
  ) {}

  list(): string {
    return this.store.list(this.prefix).join('\n');
  }

  length(name: string): number {
    return this.store.file(this.prefix + name).length;
  }

  read(name: string, at: number, room: Uint8Array): number {
    return this.store.read(this.prefix + name, at, room);
  }

  create(name: string): void {
    this.store.create(this.prefix + name);
  }

  write(name: string, at: number, bytes: Uint8Array): number {
    this.store.write(this.prefix + name, at, bytes);
    return bytes.length;
  }

  truncate(name: string, length: number): void {
    this.store.truncate(this.prefix + name, length);
  }

  sync(): void {
    this.store.beStrict();
  }

  async syncLater(): Promise<void> {
    this.store.beStrict();
    await this.store.commit();
  }

  syncNames(): void {
    this.store.beStrict();
  }

  rename(from: string, to: string): void {
    this.store.rename(this.prefix + from, this.prefix + to);
  }

  remove(name: string): void {
    this.store.remove(this.prefix + name);
  }

  commit(): Promise<void> | undefined {
    return this.store.commit();
  }

  loaded(): void {
    this.store.forgetContents();
  }

  room(): number | undefined {
    return this.quota.bytesLeft();
  }

  reason(error: unknown): string {
    return reasonOf(error);
  }
}

/**
 * Opens the files of a database, which are made if they are not there.
 *
 * @throws StorageError when that cannot be
 */
export async function openIdb(url: string, name: string): Promise<Place> {
  try {
    const store = await Store.open(name);
    return {
      path: url,
      // No other tab has it open.
      owner: 1,
      dumps: new IdbDirectory(store, ''),
      log: new IdbDirectory(store, LOG_PREFIX),
      onExit: () => undefined,
      release: () => store.close(),
    };
  } catch (error) {
    throw asStorageError(error, url);
  }
}
