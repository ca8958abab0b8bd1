// Databases in the SQLite storage of a Durable Object: a file is a row with its name, and rows with pieces of its bytes.
//
// What is written between two waits of an object is one transaction, in order, and whatever leaves the object meanwhile, such as
// the answer to a request, waits until that is durable. So nothing is left to do for durability here. A row is what is paid
// for: a short write goes into the last piece as long as that is short, too, and makes no other.

import { joined } from './bytes.js';
import type { Directory, Place } from './directory.js';
import type { Sql } from './object-types.js';

/** Bytes of a piece, within the 2 MB that a row may have. */
const PIECE_BYTES_MAX = 1024 * 1024;
/** Bytes up to which a piece is written anew to take more. */
const GROWING_BYTES_MAX = 4096;
/** Where servers have their logs, too. */
const LOG_PREFIX = 'appendonlydir/';

const TABLES = [
  'CREATE TABLE IF NOT EXISTS sanderling_files (name TEXT PRIMARY KEY, id INTEGER NOT NULL) WITHOUT ROWID',
  'CREATE TABLE IF NOT EXISTS sanderling_pieces (file INTEGER, at INTEGER, bytes BLOB NOT NULL, PRIMARY KEY (file, at)) WITHOUT ROWID',
];

/** Where a piece begins, and its length. */
interface Piece {
  readonly at: number;
  length: number;
}

interface File {
  readonly id: number;
  readonly pieces: Piece[];
  /** What the last piece has, once it was read or written, while it grows. */
  tail: Uint8Array | undefined;
}

/** The files of one object. Memory follows what was stored, so that it is right whatever throws. */
class SqlFiles {
  private readonly files = new Map<string, File>();
  private lastId = 0;

  constructor(private readonly sql: Sql) {
    for (const table of TABLES) sql.exec(table);
    const byId = new Map<number, File>();
    for (const row of sql.exec('SELECT name, id FROM sanderling_files').toArray()) {
      const file: File = { id: row['id'] as number, pieces: [], tail: undefined };
      this.lastId = Math.max(this.lastId, file.id);
      this.files.set(row['name'] as string, file);
      byId.set(file.id, file);
    }
    for (const row of sql.exec('SELECT file, at, length(bytes) AS length FROM sanderling_pieces ORDER BY file, at').toArray()) {
      byId.get(row['file'] as number)?.pieces.push({ at: row['at'] as number, length: row['length'] as number });
    }
  }

  list(prefix: string): string[] {
    const isIn = (name: string): boolean => name.startsWith(prefix) && !name.slice(prefix.length).includes('/');
    return [...this.files.keys()].filter(isIn).map((name) => name.slice(prefix.length));
  }

  length(name: string): number {
    return lengthOf(this.file(name));
  }

  create(name: string): void {
    this.drop(name);
    const id = this.lastId + 1;
    this.sql.exec('INSERT INTO sanderling_files (name, id) VALUES (?, ?)', name, id);
    this.lastId = id;
    this.files.set(name, { id, pieces: [], tail: undefined });
  }

  read(name: string, at: number, room: Uint8Array): number {
    const { id, pieces } = this.file(name);
    let count = 0;
    for (const piece of pieces) {
      const from = at + count - piece.at;
      if (from < 0 || from >= piece.length || count === room.length) continue;
      const bytes = this.bytesOf(id, piece).subarray(from, from + room.length - count);
      room.set(bytes, count);
      count += bytes.length;
    }
    return count;
  }

  write(name: string, at: number, bytes: Uint8Array): void {
    const file = this.file(name);
    const length = lengthOf(file);
    if (at > length) throw new RangeError(`${name} has ${length} bytes, and nothing can be written at ${at}`);
    if (at < length) this.truncate(name, at);
    if (bytes.length === 0) return;
    const last = file.pieces.at(-1);
    if (last && last.length + bytes.length <= GROWING_BYTES_MAX) return this.grow(file, last, bytes);
    for (let from = 0; from < bytes.length; from += PIECE_BYTES_MAX) {
      // A copy, since the bytes lie in the engine's memory.
      this.add(file, at + from, new Uint8Array(bytes.subarray(from, from + PIECE_BYTES_MAX)));
    }
  }

  private add(file: File, at: number, bytes: Uint8Array): void {
    this.sql.exec('INSERT INTO sanderling_pieces (file, at, bytes) VALUES (?, ?, ?)', file.id, at, bytes);
    file.pieces.push({ at, length: bytes.length });
    file.tail = bytes.length < GROWING_BYTES_MAX ? bytes : undefined;
  }

  private grow(file: File, last: Piece, bytes: Uint8Array): void {
    const grown = joined([file.tail ?? this.bytesOf(file.id, last), bytes]);
    this.sql.exec('UPDATE sanderling_pieces SET bytes = ? WHERE file = ? AND at = ?', grown, file.id, last.at);
    file.tail = grown;
    last.length = grown.length;
  }

  truncate(name: string, length: number): void {
    const file = this.file(name);
    const { id, pieces } = file;
    this.sql.exec('DELETE FROM sanderling_pieces WHERE file = ? AND at >= ?', id, length);
    while (pieces.length > 0 && pieces[pieces.length - 1]!.at >= length) pieces.pop();
    file.tail = undefined;
    const last = pieces.at(-1);
    if (last === undefined || last.at + last.length <= length) return;
    this.sql.exec('UPDATE sanderling_pieces SET bytes = substr(bytes, 1, ?) WHERE file = ? AND at = ?', length - last.at, id, last.at);
    last.length = length - last.at;
  }

  rename(from: string, to: string): void {
    const file = this.file(from);
    this.drop(to);
    this.sql.exec('UPDATE sanderling_files SET name = ? WHERE name = ?', to, from);
    this.files.delete(from);
    this.files.set(to, file);
  }

  remove(name: string): void {
    this.file(name);
    this.drop(name);
  }

  private drop(name: string): void {
    const file = this.files.get(name);
    if (file === undefined) return;
    this.sql.exec('DELETE FROM sanderling_files WHERE name = ?', name);
    this.files.delete(name);
    this.sql.exec('DELETE FROM sanderling_pieces WHERE file = ?', file.id);
  }

  private bytesOf(id: number, { at }: Piece): Uint8Array {
    const [row] = this.sql.exec('SELECT bytes FROM sanderling_pieces WHERE file = ? AND at = ?', id, at).toArray();
    if (row === undefined) throw new Error(`a piece at ${at} is gone`);
    return new Uint8Array(row['bytes'] as ArrayBuffer);
  }

  private file(name: string): File {
    const file = this.files.get(name);
    if (file === undefined) throw new NotFound(`there is no ${name}`);
    return file;
  }
}

class NotFound extends Error {}

function lengthOf({ pieces }: File): number {
  const last = pieces.at(-1);
  return last === undefined ? 0 : last.at + last.length;
}

/** The names of one directory among those of an object. */
class SqlDirectory implements Directory {
  constructor(
    private readonly files: SqlFiles,
    private readonly prefix: string,
  ) {}

  list(): string {
    return this.files.list(this.prefix).join('\n');
  }

  length(name: string): number {
    return this.files.length(this.prefix + name);
  }

  read(name: string, at: number, room: Uint8Array): number {
    return this.files.read(this.prefix + name, at, room);
  }

  create(name: string): void {
    this.files.create(this.prefix + name);
  }

  write(name: string, at: number, bytes: Uint8Array): number {
    this.files.write(this.prefix + name, at, bytes);
    return bytes.length;
  }

  truncate(name: string, length: number): void {
    this.files.truncate(this.prefix + name, length);
  }

  /** Nobody hears of anything before it is durable. */
  sync(): void {}

  syncNames(): void {}

  rename(from: string, to: string): void {
    this.files.rename(this.prefix + from, this.prefix + to);
  }

  remove(name: string): void {
    this.files.remove(this.prefix + name);
  }

  reason(error: unknown): string {
    if (error instanceof NotFound) return 'not-found';
    const message = error instanceof Error ? error.message : String(error);
    return /SQLITE_FULL|disk is full/.test(message) ? 'no-space' : message;
  }
}

/** The files of an object, which are made if they are not there. */
export function openSqlFiles(sql: Sql, path: string): Place {
  const files = new SqlFiles(sql);
  return {
    path,
    // No other has it.
    owner: 1,
    dumps: new SqlDirectory(files, ''),
    log: new SqlDirectory(files, LOG_PREFIX),
    isUndone: true,
    onExit: () => undefined,
    release: () => undefined,
  };
}
