// Logs of Redis before its version 7, which were one file beside the dump.

import type { Directory, Place } from './directory.js';
import { decodeText } from './platform.js';

const SINGLE_FILE = 'appendonly.aof';
const MANIFEST = `${SINGLE_FILE}.manifest`;
/** What a manifest begins with that is made before the file is moved. */
const BETWEEN = `file ${SINGLE_FILE} `;
/** A file of a log of today. */
const PART = /^appendonly\.aof\.\d+\.(base\.(rdb|aof)|incr\.aof)$/;

/**
 * Moves such a log to where logs are now, where it becomes the beginning of one, as Redis 7 and the server do. A log of
 * today stays what it is, and the old file where it is. What an operation throws is for the caller.
 */
export function adoptSingleFile(place: Place): void {
  const { dumps, log, strays } = place;
  if (!strays?.has(SINGLE_FILE)) return;
  const names = log.list().split('\n');
  if (names.includes(MANIFEST)) {
    // A crash may have come between the two steps below.
    const isBetween = start(log, MANIFEST, BETWEEN.length) === BETWEEN && !names.includes(SINGLE_FILE);
    if (!isBetween) return;
  } else {
    if (names.some((name) => PART.test(name))) return;
    writeManifest(log, isRdb(dumps, SINGLE_FILE) ? 'b' : 'i');
  }
  strays.adopt(SINGLE_FILE);
}

/** Whether a file begins as RDB files do. */
export function isRdb(directory: Directory, name: string): boolean {
  return /^(REDIS|VALKEY)/.test(start(directory, name, 6));
}

/** Without an RDB file in front its end may be torn, as that of any file of commands: such a one is no base. */
function writeManifest(log: Directory, kind: 'b' | 'i'): void {
  const text = new TextEncoder().encode(`file ${SINGLE_FILE} seq 1 type ${kind}\n`);
  const name = `temp-${MANIFEST}`;
  log.create(name);
  for (let at = 0; at < text.length; at += log.write(name, at, text.subarray(at)));
  log.sync(name);
  log.rename(name, MANIFEST);
  log.syncNames();
}

/** The first bytes of a file, as text: it may be of any length. */
function start(directory: Directory, name: string, length: number): string {
  const bytes = new Uint8Array(length);
  return decodeText(bytes.subarray(0, directory.read(name, 0, bytes)));
}
