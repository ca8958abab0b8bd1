// Reads replies where they lie in linear memory.

import { ReplyError } from './errors.js';
import { platform } from './platform.js';

/**
 * A reply. Integers beyond `Number.MAX_SAFE_INTEGER` are `bigint`s, so that nothing is rounded. Maps are plain
 * objects, or `Map`s where bytes were asked for; sets are arrays.
 */
export type Reply =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | ReplyError
  | Reply[]
  | Map<Reply, Reply>
  | { [key: string]: Reply };

/** A message that the engine sends on its own account: its kind, then what belongs to it. */
export class Push {
  constructor(readonly parts: Reply[]) {}
}

const encoder = new TextEncoder();

/** Where the reply that was read last ends. */
export let position = 0;

/** Reads the reply at `start`, which is whole, as the engine's outputs are; sets {@link position}. */
export function readReply(bytes: Uint8Array, start: number, asBytes: boolean): Reply | Push {
  position = start + 1;
  switch (bytes[start]) {
    case 0x24: // $
    case 0x3d: // =
      return readBulk(bytes, bytes[start] === 0x3d, asBytes);
    case 0x2b: // +
      return readSimple(bytes, asBytes);
    case 0x3a: // :
      return readInteger(bytes);
    case 0x5f: // _
      position += 2;
      return null;
    case 0x2d: // -
      return new ReplyError(readLine(bytes));
    case 0x2a: // *
    case 0x7e: // ~
      return readArray(bytes, asBytes);
    case 0x25: // %
      return asBytes ? readMap(bytes) : readObject(bytes);
    case 0x2c: // ,
      return readDouble(bytes);
    case 0x23: // #
      position += 3;
      return bytes[start + 1] === 0x74;
    case 0x28: // (
      return BigInt(readLine(bytes));
    case 0x21: // !
      return new ReplyError(String(readBulk(bytes, false, false)));
    case 0x3e: // >
      return new Push(readArray(bytes, asBytes) as Reply[]);
    case 0x7c: // | says something about the reply behind it
      readMap(bytes);
      return readReply(bytes, position, asBytes);
    default:
      throw new Error(`the engine sent a reply of unknown kind ${bytes[start]}`);
  }
}

function readBulk(bytes: Uint8Array, hasFormat: boolean, asBytes: boolean): string | Uint8Array | null {
  const length = readCount(bytes);
  if (length < 0) return null;
  const start = position;
  const end = start + length;
  position = end + 2;
  // A verbatim string begins with its format and a colon.
  const from = hasFormat ? start + 4 : start;
  return asBytes ? new Uint8Array(bytes.subarray(from, end)) : platform.text.read(bytes, from, end);
}

function readSimple(bytes: Uint8Array, asBytes: boolean): string | Uint8Array {
  if (bytes[position] === 0x4f && bytes[position + 1] === 0x4b && bytes[position + 2] === 13) {
    position += 4;
    return 'OK';
  }
  const text = readLine(bytes);
  return asBytes ? encoder.encode(text) : text;
}

function readLine(bytes: Uint8Array): string {
  const start = position;
  let end = start;
  while (bytes[end] !== 13) end += 1;
  position = end + 2;
  return platform.text.read(bytes, start, end);
}

/** Digits that a double holds exactly, whatever they are. */
const EXACT_DIGITS_MAX = 15;

function readInteger(bytes: Uint8Array): number | bigint {
  const start = position;
  const number = readCount(bytes);
  if (position - start - 2 <= EXACT_DIGITS_MAX || Number.isSafeInteger(number)) return number;
  return BigInt(platform.text.read(bytes, start, position - 2));
}

/** A decimal number up to the line's end. */
function readCount(bytes: Uint8Array): number {
  let at = position;
  const isNegative = bytes[at] === 0x2d;
  if (isNegative) at += 1;
  let number = 0;
  for (let byte = bytes[at]!; byte !== 13; byte = bytes[at]!) {
    number = number * 10 + (byte - 48);
    at += 1;
  }
  position = at + 2;
  return isNegative ? -number : number;
}

function readDouble(bytes: Uint8Array): number {
  const text = readLine(bytes);
  if (text === 'inf') return Infinity;
  if (text === '-inf') return -Infinity;
  return Number(text);
}

function readArray(bytes: Uint8Array, asBytes: boolean): Reply[] | null {
  const count = readCount(bytes);
  if (count < 0) return null;
  const replies: Reply[] = [];
  for (let index = 0; index < count; index += 1) replies.push(readReply(bytes, position, asBytes) as Reply);
  return replies;
}

function readObject(bytes: Uint8Array): { [key: string]: Reply } {
  const count = readCount(bytes);
  const object: { [key: string]: Reply } = {};
  for (let index = 0; index < count; index += 1) {
    const key = String(readReply(bytes, position, false));
    const value = readReply(bytes, position, false) as Reply;
    if (key !== '__proto__') object[key] = value;
    // A field may be called so, and assigning it would change what the object is.
    else Object.defineProperty(object, key, { value, configurable: true, enumerable: true, writable: true });
  }
  return object;
}

function readMap(bytes: Uint8Array): Map<Reply, Reply> {
  const count = readCount(bytes);
  const map = new Map<Reply, Reply>();
  for (let index = 0; index < count; index += 1) {
    const key = readReply(bytes, position, true) as Reply;
    map.set(key, readReply(bytes, position, true) as Reply);
  }
  return map;
}
