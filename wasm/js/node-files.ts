// Databases in files of Node, Bun and Deno.

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Directory, Place } from './directory.js';
import { StorageError } from './errors.js';
import { lock } from './lock.js';

/** Where servers have their logs, too. */
const LOG_DIRECTORY = 'appendonlydir';
/** Smaller files are freed in no time. */
const LARGE_BYTES = 4 * 1024 * 1024;
/** Who may read the files: their owner and its group, as with the server's. */
const FILE_MODE = 0o644;

/** A directory of the file system, whose files stay open once they were written to. */
class NodeDirectory implements Directory {
  private readonly open = new Map<string, number>();
  /** Files that are being made durable, which are closed afterwards. */
  private readonly busy = new Map<number, number>();

  constructor(readonly path: string) {}

  list(): string {
    return fs.readdirSync(this.path).join('\n');
  }

  length(name: string): number {
    return fs.statSync(path.join(this.path, name)).size;
  }

  read(name: string, at: number, room: Uint8Array): number {
    const file = this.open.get(name);
    if (file !== undefined) return readAll(file, at, room);
    const opened = fs.openSync(path.join(this.path, name), 'r');
    try {
      return readAll(opened, at, room);
    } finally {
      fs.closeSync(opened);
    }
  }

  create(name: string): void {
    this.forget(name);
    this.open.set(name, fs.openSync(path.join(this.path, name), 'w+', FILE_MODE));
  }

  write(name: string, at: number, bytes: Uint8Array): number {
    return fs.writeSync(this.file(name), bytes, 0, bytes.length, at);
  }

  truncate(name: string, length: number): void {
    fs.ftruncateSync(this.file(name), length);
  }

  sync(name: string): void {
    fs.fdatasyncSync(this.file(name));
  }

  syncLater(name: string): Promise<void> {
    const file = this.file(name);
    this.busy.set(file, (this.busy.get(file) ?? 0) + 1);
    return new Promise((resolve, reject) => {
      fs.fdatasync(file, (error) => {
        const left = this.busy.get(file)! - 1;
        this.busy.set(file, left);
        if (left === 0) {
          this.busy.delete(file);
          if (![...this.open.values()].includes(file)) fs.closeSync(file);
        }
        if (error) reject(error);
        else resolve();
      });
    });
  }

  syncNames(): void {
    // There is no such thing on Windows.
    if (process.platform === 'win32') return;
    const directory = fs.openSync(this.path, 'r');
    try {
      fs.fsyncSync(directory);
    } finally {
      fs.closeSync(directory);
    }
  }

  rename(from: string, to: string): void {
    this.unname(to, () => fs.renameSync(path.join(this.path, from), path.join(this.path, to)));
    const file = this.open.get(from);
    this.open.delete(from);
    if (file !== undefined) this.open.set(to, file);
  }

  remove(name: string): void {
    this.unname(name, () => fs.rmSync(path.join(this.path, name)));
  }

  room(): number | undefined {
    try {
      const { bavail, bsize } = fs.statfsSync(this.path);
      return bavail * bsize;
    } catch {
      // Not every platform and file system tells.
      return undefined;
    }
  }

  reason(error: unknown): string {
    const { code, message = String(error) } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return 'not-found';
    if (code === 'ENOSPC' || code === 'EDQUOT') return 'no-space';
    // `EFBIG: file too large, write`, of which the system's words are in the middle, with a capital.
    const words = /^E[A-Z0-9]+: (.*?)(?:, \w+.*)?$/.exec(message)?.[1] ?? message;
    return words.charAt(0).toUpperCase() + words.slice(1);
  }

  /** Closes all files. */
  close(): void {
    for (const name of [...this.open.keys()]) this.forget(name);
  }

  private file(name: string): number {
    let file = this.open.get(name);
    if (file === undefined) this.open.set(name, (file = fs.openSync(path.join(this.path, name), 'r+')));
    return file;
  }

  /**
   * Does what takes a file's name away. The system frees its room once the file is closed as well, which takes tens of
   * milliseconds for one of a hundred megabytes, and is left to another thread.
   */
  private unname(name: string, change: () => void): void {
    // There a file that is open keeps its name.
    if (process.platform === 'win32') {
      this.forget(name);
      return change();
    }
    const file = this.open.get(name) ?? openLarge(path.join(this.path, name));
    this.open.delete(name);
    try {
      change();
    } finally {
      if (file !== undefined && !this.busy.has(file)) fs.close(file, () => undefined);
    }
  }

  private forget(name: string): void {
    const file = this.open.get(name);
    this.open.delete(name);
    if (file !== undefined && !this.busy.has(file)) fs.closeSync(file);
  }
}

/** A file that takes time to be freed, for that. */
function openLarge(file: string): number | undefined {
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  if (!stat?.isFile() || stat.size < LARGE_BYTES) return undefined;
  try {
    return fs.openSync(file, 'r');
  } catch {
    return undefined;
  }
}

function readAll(file: number, at: number, room: Uint8Array): number {
  let count = 0;
  while (count < room.length) {
    const more = fs.readSync(file, room, count, room.length - count, at + count);
    if (more === 0) break;
    count += more;
  }
  return count;
}

/** What is to be done when the process ends, by one listener, since Node warns of many. */
const endings = new Set<() => void>();

function onExit(task: () => void): void {
  if (endings.size === 0) process.on('exit', runEndings);
  endings.add(task);
}

function offExit(task: () => void): void {
  if (endings.delete(task) && endings.size === 0) process.off('exit', runEndings);
}

function runEndings(): void {
  for (const task of [...endings]) task();
}

/** Makes a directory, and that it is there durable; those above it must be there. */
function make(directory: NodeDirectory): NodeDirectory {
  if (fs.existsSync(directory.path)) return directory;
  fs.mkdirSync(directory.path);
  new NodeDirectory(path.dirname(directory.path)).syncNames();
  return directory;
}

/**
 * Takes a directory for a database, by its path or a `file:` URL; one that is not there is made.
 *
 * @throws StorageError when that cannot be, or another one has it
 */
export function openPlace(url: string): Place {
  const given = url.startsWith('file://') ? fileURLToPath(url) : url.replace(/^file:/, '');
  let directory = path.resolve(given);
  let release: () => void;
  const dumps = new NodeDirectory(directory);
  try {
    make(dumps);
    directory = fs.realpathSync(directory);
    release = lock(directory);
  } catch (error) {
    throw asStorageError(error, dumps, directory);
  }
  const log = new NodeDirectory(path.join(directory, LOG_DIRECTORY));
  let ending: (() => void) | undefined;
  const place: Place = {
    path: directory,
    owner: process.pid,
    dumps,
    log,
    strays: {
      has: (name) => fs.statSync(path.join(dumps.path, name), { throwIfNoEntry: false })?.isFile() === true,
      adopt(name) {
        fs.renameSync(path.join(dumps.path, name), path.join(log.path, name));
        log.syncNames();
        dumps.syncNames();
      },
    },
    onExit(task) {
      onExit((ending = task));
    },
    release() {
      if (ending) offExit(ending);
      log.close();
      dumps.close();
      release();
    },
  };
  try {
    make(log);
  } catch (error) {
    place.release();
    throw asStorageError(error, log, directory);
  }
  return place;
}

function asStorageError(error: unknown, { reason }: NodeDirectory, directory: string): StorageError {
  if (error instanceof StorageError) return error;
  const why = reason(error);
  const code = why === 'no-space' ? 'no-space' : 'failed';
  const words = { 'no-space': 'No space left on device', 'not-found': 'No such file or directory' }[why] ?? why;
  return new StorageError(code, `${directory} cannot be opened: ${words}`, { path: directory, cause: error });
}
