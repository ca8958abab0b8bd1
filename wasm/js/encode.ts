// Writes requests into linear memory.

import { joined } from './bytes.js';
import { bufferOf, platform } from './platform.js';

/** What can be sent: text as UTF-8, bytes as they are, numbers and booleans as text. */
export type Value = string | number | bigint | boolean | Uint8Array;

/** Longer text is faster written by the platform than byte by byte. */
const SHORT_CHARACTERS_MAX = 48;
const CR = 13;
const LF = 10;
const DOLLAR = 36;
const ZERO = 48;

/** Heads of requests with more arguments are made anew. */
const KEPT_HEADS_MAX = 64;

/** Words that are no names of commands are not worth keeping, should there be so many. */
const KEPT_NAMES_MAX = 1024;
/** Characters of the longest word that may be a command's name; what is longer is neither kept nor looked up. */
const NAME_CHARACTERS_MAX = 64;
const names = new Map<string, Name>();

/** The name of a command that has no method. */
export function nameOf(word: string): Name {
  const known = names.get(word);
  if (known !== undefined) return known;
  const name = new Name([word]);
  if (names.size < KEPT_NAMES_MAX && word.length <= NAME_CHARACTERS_MAX) names.set(word, name);
  return name;
}

/** A command's name as it goes over the wire: the start of a request, by number of arguments. */
export class Name {
  /** The name alone, where it is one word that may be one. */
  readonly word: Uint8Array | undefined;
  /** The number of the engine that was asked last whether it can be called with this name; an engine has one above 0. */
  engine = 0;
  /** What that engine calls it by: see {@link Engine.commandOf}. */
  command = -1;
  private readonly heads: Uint8Array[] = [];

  constructor(readonly words: readonly string[]) {
    const isCallable = words.length === 1 && words[0]!.length <= NAME_CHARACTERS_MAX;
    this.word = isCallable ? new TextEncoder().encode(words[0]) : undefined;
  }

  /** The bytes before the first argument of a request with `count` arguments. */
  head(count: number): Uint8Array {
    // Those of requests with many arguments are not worth keeping.
    return count <= KEPT_HEADS_MAX ? (this.heads[count] ??= this.makeHead(count)) : this.makeHead(count);
  }

  private makeHead(count: number): Uint8Array {
    const bulks = this.words.map((word) => `$${new TextEncoder().encode(word).length}\r\n${word}\r\n`);
    return new TextEncoder().encode(`*${this.words.length + count}\r\n${bulks.join('')}`);
  }
}

/**
 * Writes a request at `at` and returns its end; -1 when it may not fit before `end`. What is behind `at` is then
 * garbage.
 */
export function putRequest(
  bytes: Uint8Array,
  at: number,
  end: number,
  name: Name,
  values: readonly Value[],
): number {
  const start = putHead(bytes, at, end, name.head(values.length));
  return start < 0 ? -1 : putValues(bytes, start, end, values);
}

/** Writes the start of a request, as {@link putRequest} does. */
export function putHead(bytes: Uint8Array, at: number, end: number, head: Uint8Array): number {
  if (at + head.length > end) return -1;
  for (let index = 0; index < head.length; index += 1) bytes[at + index] = head[index]!;
  return at + head.length;
}

/**
 * Writes arguments one after the other from `at` on, without what the protocol has around them, and takes down in
 * `ranges`, from the second one on, where they lie behind `start`. Returns their end; -1 when they may not fit before
 * `end`.
 */
export function putArguments(
  bytes: Uint8Array,
  at: number,
  end: number,
  values: readonly Value[],
  words: Uint32Array,
  ranges: number,
  start: number,
): number {
  for (let index = 0; index < values.length; index += 1) {
    let value = values[index]!;
    const from = at;
    if (value instanceof Uint8Array) {
      if (at + value.length > end) return -1;
      bytes.set(value, at);
      at += value.length;
    } else {
      if (typeof value !== 'string') value = textOf(value);
      // No character takes more than 3 bytes per UTF-16 unit.
      if (at + value.length * 3 > end) return -1;
      at = putCharacters(bytes, at, value);
    }
    words[ranges + 2 * index + 2] = from - start;
    words[ranges + 2 * index + 3] = at - from;
  }
  return at;
}

/** Writes text as it is, and returns its end. */
function putCharacters(bytes: Uint8Array, at: number, text: string): number {
  const length = text.length;
  if (length > SHORT_CHARACTERS_MAX) return at + platform.text.write(bytes, text, at);
  for (let index = 0; index < length; index += 1) {
    const code = text.charCodeAt(index);
    if (code > 127) return at + platform.text.write(bytes, text, at);
    bytes[at + index] = code;
  }
  return at + length;
}

/** Writes the arguments of a request behind its head, as {@link putRequest} does. */
export function putValues(bytes: Uint8Array, at: number, end: number, values: readonly Value[]): number {
  for (let index = 0; index < values.length; index += 1) {
    let value = values[index]!;
    if (value instanceof Uint8Array) {
      if (at + value.length + 24 > end) return -1;
      at = putBytes(bytes, at, value);
    } else {
      if (typeof value !== 'string') value = textOf(value);
      // No character takes more than 3 bytes per UTF-16 unit; the length around it takes at most 24.
      if (at + value.length * 3 + 24 > end) return -1;
      at = putText(bytes, at, value);
    }
  }
  return at;
}

/** How a number or a boolean is sent. Of integers without bounds that may be text of any length. */
export function textOf(value: number | bigint | boolean): string {
  if (value === Infinity) return 'inf';
  if (value === -Infinity) return '-inf';
  return String(value);
}

function putText(bytes: Uint8Array, at: number, text: string): number {
  const length = text.length;
  const start = putLength(bytes, at, length);
  if (length <= SHORT_CHARACTERS_MAX) {
    for (let index = 0; index < length; index += 1) {
      const code = text.charCodeAt(index);
      if (code > 127) return putWideText(bytes, at, text);
      bytes[start + index] = code;
    }
  } else if (platform.text.write(bytes, text, start) !== length) {
    return putWideText(bytes, at, text);
  }
  return putLineEnd(bytes, start + length);
}

/** Text whose length in bytes is not its length in characters. */
function putWideText(bytes: Uint8Array, at: number, text: string): number {
  const start = putLength(bytes, at, platform.text.length(text));
  return putLineEnd(bytes, start + platform.text.write(bytes, text, start));
}

function putBytes(bytes: Uint8Array, at: number, value: Uint8Array): number {
  const start = putLength(bytes, at, value.length);
  bytes.set(value, start);
  return putLineEnd(bytes, start + value.length);
}

function putLength(bytes: Uint8Array, at: number, length: number): number {
  bytes[at] = DOLLAR;
  at += 1;
  if (length < 10) {
    bytes[at] = ZERO + length;
    at += 1;
  } else if (length < 100) {
    const tens = (length / 10) | 0;
    bytes[at] = ZERO + tens;
    bytes[at + 1] = ZERO + length - tens * 10;
    at += 2;
  } else {
    const digits = String(length);
    for (let index = 0; index < digits.length; index += 1) bytes[at + index] = digits.charCodeAt(index);
    at += digits.length;
  }
  return putLineEnd(bytes, at);
}

function putLineEnd(bytes: Uint8Array, at: number): number {
  bytes[at] = CR;
  bytes[at + 1] = LF;
  return at + 2;
}

/** A request as bytes of their own. */
export function encodeRequest(name: Name, values: readonly Value[]): Uint8Array {
  const encoder = new TextEncoder();
  const encoded = values.map((value) => {
    if (value instanceof Uint8Array) return value;
    return encoder.encode(typeof value === 'string' ? value : textOf(value));
  });
  const most = encoded.reduce((sum, { length }) => sum + length + 24, name.head(values.length).length);
  const bytes = new Uint8Array(most);
  return bytes.subarray(0, putRequest(bytes, 0, most, name, encoded));
}

/** Requests as they go out, in bytes that nothing else has. */
export function encodeRequests(requests: readonly { readonly name: Name; readonly values: readonly Value[] }[]): Uint8Array {
  scratch ??= bufferOf(SCRATCH_BYTES);
  const pieces: Uint8Array[] = [];
  let at = 0;
  const cut = (): void => {
    if (at > 0) pieces.push(new Uint8Array(scratch!.subarray(0, at)));
    at = 0;
  };
  for (const { name, values } of requests) {
    let end = putRequest(scratch, at, scratch.length, name, values);
    if (end < 0) {
      cut();
      end = putRequest(scratch, 0, scratch.length, name, values);
    }
    if (end < 0) pieces.push(encodeRequest(name, values));
    else at = end;
  }
  cut();
  return pieces.length === 1 ? pieces[0]! : joined(pieces);
}

/** Where requests are written that are not too long. */
let scratch: Uint8Array | undefined;
const SCRATCH_BYTES = 64 * 1024;

