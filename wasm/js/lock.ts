// The lock on a directory, so that no two processes keep their data in the same files: programs with this package, and
// servers, whose `host/src/storage/lock.rs` does the same and says how.

import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { StorageError } from './errors.js';

const NAME = 'sanderling.lock';
/** How often others may be faster before it is given up. */
const ATTEMPTS_MAX = 100;

/** A process that has a lock, or had one. */
interface Holder {
  pid: number;
  /** When it began, as the system counts; 0 where that cannot be known. Process ids are given again. */
  start: number;
}

/** Directories that this thread has opened, by their whole paths. */
const own = new Set<string>();

/**
 * Locks a directory, given by its whole path; returns what unlocks it.
 *
 * @throws StorageError when another process has it, or this one
 */
export function lock(directory: string): () => void {
  if (own.has(directory)) throw held(directory, process.pid);
  const file = path.join(directory, `${NAME}.new-${process.pid}-${Math.random().toString(36).slice(2)}`);
  const name = path.join(directory, NAME);
  writeFileSync(file, `${process.pid} ${startOf(process.pid) ?? 0}\n`);
  try {
    take(directory, file, name);
  } finally {
    // It has its other name, or none is needed.
    rmSync(file, { force: true });
  }
  own.add(directory);
  return () => {
    // One that stays is found to be left by a process that is gone.
    if (own.delete(directory)) rmSync(name, { force: true });
  };
}

function take(directory: string, file: string, name: string): void {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    if (link(file, name)) return;
    const holder = holderOf(name);
    if (holder === undefined) continue;
    if (isThere(holder)) throw held(directory, holder.pid);
    takeAway(directory, file, name, holder);
  }
  throw held(directory, undefined);
}

/** Takes away what a holder has left that is gone, unless another one is about to, or has. */
function takeAway(directory: string, file: string, name: string, gone: Holder): void {
  const names = [];
  let next = `${name}-${gone.pid}-${gone.start}`;
  while (!link(file, next)) {
    const other = holderOf(next);
    if (other === undefined) return;
    if (isThere(other)) throw held(directory, other.pid);
    names.push(next);
    next = `${next}-${other.pid}-${other.start}`;
  }
  names.push(next);
  const now = holderOf(name);
  if (now?.pid === gone.pid && now.start === gone.start) rmSync(name, { force: true });
  // The last one is the one by which all of this may be done.
  for (const each of names) rmSync(each, { force: true });
}

/** Gives a file a name beside its own; `false` if there is a file of that name. */
function link(file: string, name: string): boolean {
  try {
    linkSync(file, name);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Who has written a file; `undefined` if there is none. What cannot be read was left by nobody who is there. */
function holderOf(name: string): Holder | undefined {
  let text;
  try {
    text = readFileSync(name, 'latin1');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const [pid = 0, start = 0] = text.split(/\s+/).map((word) => (/^\d+$/.test(word) ? Number(word) : 0));
  return { pid, start };
}

function isThere({ pid, start }: Holder): boolean {
  if (pid === 0) return false;
  if (startOf(process.pid) !== undefined) {
    const now = startOf(pid);
    return now !== undefined && (start === 0 || start === now);
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** When a process began, in ticks since the system did, as Linux tells it; `undefined` if it is gone, or has ended. */
function startOf(pid: number): number | undefined {
  let text;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The name in parentheses may have anything in it. The state is the third word, the beginning the 22nd.
  const words = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return words[0] === 'Z' || words[0] === 'X' ? undefined : Number(words[19]);
}

function held(directory: string, pid: number | undefined): StorageError {
  const who = pid === process.pid ? 'this process' : pid === undefined ? 'another process' : `process ${pid}`;
  return new StorageError('locked', `${directory} is open in ${who}, and a database has one at a time`, { path: directory, holder: pid });
}
