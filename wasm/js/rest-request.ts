// What requests over HTTP ask for: commands in a body of JSON, or in the path, with the query behind it.

import { Refusal } from './rest-refusal.js';

/** A word of a command: text that goes out as UTF-8, or bytes. */
export type Word = string | Uint8Array;

/** How deep arrays and objects may lie in an argument that is JSON. */
const NESTING_LEVELS_MAX = 64;

/** Commands of a pipeline or a transaction. */
const COMMANDS_MAX = 100_000;
/** Arguments of a command, which the engine takes no more of. */
const ARGUMENTS_MAX = 1024 * 1024;

/** Commands that would leave something behind on a connection, of which there is none between two requests. */
const OF_CONNECTIONS = new Set([
  ...['SUBSCRIBE', 'PSUBSCRIBE', 'SSUBSCRIBE', 'UNSUBSCRIBE', 'PUNSUBSCRIBE', 'SUNSUBSCRIBE', 'MONITOR'],
  ...['MULTI', 'EXEC', 'DISCARD', 'WATCH', 'UNWATCH', 'AUTH', 'HELLO', 'SELECT', 'RESET', 'QUIT'],
  ...['SYNC', 'PSYNC', 'REPLCONF', 'ASKING', 'READONLY', 'READWRITE'],
  ...['CLIENT REPLY', 'CLIENT TRACKING', 'CLIENT CACHING', 'CLIENT SETNAME', 'CLIENT SETINFO', 'CLIENT NO-EVICT', 'CLIENT NO-TOUCH'],
]);

const PERCENT = 0x25;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const strictDecoder = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });

/** The error that a command gets which only makes sense on a connection; nothing for all others. */
export function refusedOf(command: readonly Word[]): string | undefined {
  const name = upper(command[0]!);
  const full = command.length > 1 && name === 'CLIENT' ? `${name} ${upper(command[1]!)}` : name;
  return OF_CONNECTIONS.has(full) ? `ERR Command is not available over HTTP: '${full}'. Use WebSocket or TCP` : undefined;
}

/** Whether a command waits for something, and is answered by nothing if that does not come. */
export function isBlocking(command: readonly Word[]): boolean {
  return /^(BL|BR|BZ|XREAD|WAIT)/.test(upper(command[0]!));
}

/** Whether a path asks for messages as they come. */
export function isStream(segments: readonly string[]): boolean {
  const isSubscription = /^[ps]?subscribe$/.test(segments[0]!) && segments.length > 1;
  return isSubscription || (segments[0] === 'monitor' && segments.length === 1);
}

/** The command of a body such as `["SET","key","value"]`. */
export function readCommand(body: Uint8Array): Word[] {
  const [text, parsed] = parse(body);
  return commandOf(text, parsed);
}

/** The commands of a body such as `[["SET","key","value"],["GET","key"]]`. */
export function readCommands(body: Uint8Array): Word[][] {
  const [text, parsed] = parse(body);
  if (!Array.isArray(parsed) || parsed.length === 0) throw notCommands('an array of commands');
  if (parsed.length > COMMANDS_MAX) throw new Refusal(400, `ERR more than ${COMMANDS_MAX} commands`);
  if (parsed.every(isPlain)) return parsed;
  const texts = parts(text, NESTING_LEVELS_MAX + 2);
  return parsed.map((command, index) => commandOf(texts[index]!, command));
}

/**
 * The command of a path such as `/set/key/value?EX=60`: its segments, then the body if there is one, then names and values
 * of the query, but for the token.
 */
export function readPath(segments: readonly string[], query: string, body: Uint8Array): Word[] {
  const words = segments.map(percentDecoded);
  if (body.length > 0) words.push(body);
  for (const pair of query.split('&')) {
    if (pair === '' || pair.startsWith('_token=')) continue;
    const at = pair.indexOf('=');
    const names = at < 0 ? [pair] : [pair.slice(0, at), pair.slice(at + 1)];
    words.push(...names.map((text) => percentDecoded(text.replaceAll('+', ' '))));
  }
  return words;
}

/** A part of an address as it was meant; bytes where it is no plain text. A plus is a plus. */
export function percentDecoded(text: string): Word {
  if (!text.includes('%')) return text;
  if (/%(?![0-9a-f]{2})/i.test(text)) throw new Refusal(400, 'ERR invalid percent-encoding in the address');
  const bytes = encoder.encode(text);
  let length = 0;
  for (let at = 0; at < bytes.length; at += 1, length += 1) {
    const isEscape = bytes[at] === PERCENT;
    bytes[length] = isEscape ? Number.parseInt(String.fromCharCode(bytes[at + 1]!, bytes[at + 2]!), 16) : bytes[at]!;
    if (isEscape) at += 2;
  }
  return bytes.subarray(0, length);
}

/** Commands as they go over the wire. */
export function encodeCommands(commands: readonly (readonly Word[])[]): Uint8Array {
  const writer = new Writer();
  for (const command of commands) {
    writer.text(`*${command.length}\r\n`);
    for (const word of command) writer.word(word);
  }
  return writer.written();
}

/** Writes into one piece of memory, since a request may have a million words. */
class Writer {
  private bytes = new Uint8Array(WRITER_BYTES);
  private at = 0;

  /** Writes a word with its length in front. */
  word(word: Word): void {
    if (typeof word !== 'string') {
      this.text(`$${word.length}\r\n`);
      this.reserve(word.length);
      this.bytes.set(word, this.at);
      this.at += word.length;
    } else {
      const start = this.at;
      this.text(`$${word.length}\r\n`);
      const from = this.at;
      this.text(word);
      const length = this.at - from;
      if (length !== word.length) {
        // Other characters than those of ASCII take more bytes than one, so that the length is another.
        this.at = start;
        this.text(`$${length}\r\n`);
        this.text(word);
      }
    }
    this.text('\r\n');
  }

  text(text: string): void {
    // No character takes more than 3 bytes per UTF-16 unit.
    this.reserve(text.length * 3);
    if (text.length > SHORT_CHARACTERS_MAX) {
      this.at += encoder.encodeInto(text, this.bytes.subarray(this.at)).written;
      return;
    }
    for (let index = 0; index < text.length; index += 1) {
      const code = text.charCodeAt(index);
      if (code > 127) {
        this.at += encoder.encodeInto(text.slice(index), this.bytes.subarray(this.at)).written;
        return;
      }
      this.bytes[this.at] = code;
      this.at += 1;
    }
  }

  written(): Uint8Array {
    return this.bytes.subarray(0, this.at);
  }

  private reserve(more: number): void {
    if (this.bytes.length - this.at >= more) return;
    const grown = new Uint8Array(Math.max(2 * this.bytes.length, this.at + more));
    grown.set(this.bytes.subarray(0, this.at));
    this.bytes = grown;
  }
}

/** Bytes that are enough for most requests. */
const WRITER_BYTES = 1024;
/** Longer text is faster written by the platform than character by character. */
const SHORT_CHARACTERS_MAX = 48;

function upper(word: Word): string {
  return (typeof word === 'string' ? word : decoder.decode(word)).toUpperCase();
}

function notCommands(wanted: string): Refusal {
  return new Refusal(400, `ERR the body has to be ${wanted}, in JSON`);
}

function parse(body: Uint8Array): [string, unknown] {
  try {
    const text = strictDecoder.decode(body);
    return [text, JSON.parse(text)];
  } catch {
    throw new Refusal(400, 'ERR the body is not JSON');
  }
}

/** Whether something is a command of strings alone, which can be taken as it is. */
function isPlain(command: unknown): command is string[] {
  return Array.isArray(command) && command.length > 0 && command.length <= ARGUMENTS_MAX && command.every((word) => typeof word === 'string');
}

function commandOf(text: string, parsed: unknown): Word[] {
  if (isPlain(parsed)) return parsed;
  if (!Array.isArray(parsed) || parsed.length === 0) throw notCommands('an array of a command and its arguments');
  if (parsed.length > ARGUMENTS_MAX) throw new Refusal(400, `ERR more than ${ARGUMENTS_MAX} arguments`);
  const texts = parts(text, NESTING_LEVELS_MAX + 1);
  // What is no string goes out as it was written: numbers keep all their digits, and objects their order.
  return parsed.map((word: unknown, index) => (typeof word === 'string' ? word : texts[index]!));
}

/** The elements of an array as they are written, of a text that is known to be JSON and an array. */
function parts(text: string, levelsMax: number): string[] {
  const found: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at]!;
    if (character === '"') at = endOfString(text, at);
    else if (character === '[' || character === '{') {
      depth += 1;
      if (depth === 1) start = at + 1;
      if (depth > levelsMax) throw new Refusal(400, `ERR the body is nested deeper than ${NESTING_LEVELS_MAX} levels`);
    } else if (character === ']' || character === '}') {
      depth -= 1;
      if (depth === 0) found.push(text.slice(start, at).trim());
    } else if (character === ',' && depth === 1) {
      found.push(text.slice(start, at).trim());
      start = at + 1;
    }
  }
  return found;
}

/** The closing quote of a string that opens at `at`. */
function endOfString(text: string, at: number): number {
  for (let end = text.indexOf('"', at + 1); ; end = text.indexOf('"', end + 1)) {
    let from = end;
    while (text[from - 1] === '\\') from -= 1;
    if ((end - from) % 2 === 0) return end;
  }
}
