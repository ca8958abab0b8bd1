// Logs of Redis before its version 7, which were one file beside the dump.

import type { Directory, Place } from './directory.js';
import { decodeText } from './platform.js';

const SINGLE_FILE = 'appendonly.aof';
const MANIFEST = `${SINGLE_FILE}.manifest`;
/** A file of a log of today. */
const PART = /^appendonly\.aof\.\d+\.(base\.(rdb|aof)|incr\.aof)$/;

/**
 * Moves such a log to where logs are now, where it becomes the beginning of one, as Redis 7 and the server do. A log of
 * today stays what it is, and the old file where it is. What an operation throws is for the caller.
 */
export function adoptSingleFile(place: Place): void {
  const { dumps, log, adopt } = place;
  if (adopt === undefined || !dumps.list().split('\n').includes(SINGLE_FILE)) return;
  const names = log.list().split('\n');
  if (names.includes(MANIFEST)) {
    // A crash may have come between the two steps below.
    const isBetween = decodeText(readAll(log, MANIFEST)).startsWith(`file ${SINGLE_FILE} `) && !names.includes(SINGLE_FILE);
    if (!isBetween) return;
  } else {
    if (names.some((name) => PART.test(name))) return;
    writeManifest(log, isRdb(dumps, SINGLE_FILE) ? 'b' : 'i');
  }
  adopt(SINGLE_FILE);
}

/** Whether a file begins as RDB files do. */
export function isRdb(directory: Directory, name: string): boolean {
  const magic = new Uint8Array(6);
  return /^(REDIS|VALKEY)/.test(decodeText(magic.subarray(0, directory.read(name, 0, magic))));
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

function readAll(directory: Directory, name: string): Uint8Array {
  const bytes = new Uint8Array(directory.length(name));
  return bytes.subarray(0, directory.read(name, 0, bytes));
}
