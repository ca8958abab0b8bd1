// Replies in Redis's protocol, version 2: where each ends, and what they are in JSON.

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

const CR = 13;
const DOLLAR = 0x24;
const PLUS = 0x2b;
const MINUS = 0x2d;
const ASTERISK = 0x2a;
const COLON = 0x3a;

/** What a command replies whose wait was in vain. */
export const NOTHING = encoder.encode('$-1\r\n');

/** An error as a reply. */
export function errorReply(message: string): Uint8Array {
  return encoder.encode(`-${message.replaceAll(/[\r\n]+/g, ' ')}\r\n`);
}

/** The text of a reply that is an error; nothing for all others. */
export function errorOf(reply: Uint8Array): string | undefined {
  return reply[0] === MINUS ? decoder.decode(reply.subarray(1, -2)) : undefined;
}

/** Finds where replies end, in bytes that come in any pieces. */
export class Replies {
  /** What has come and is not taken; more than {@link length} is room. */
  private bytes: Uint8Array = new Uint8Array(0);
  private length = 0;
  /** Where the reply begins that is not whole yet. */
  private start = 0;
  /** Where the element of it begins that is to be read next. */
  private at = 0;
  /** The length at which that element is whole, as far as is known. */
  private wanted = 0;
  /** How many elements are to come, of each array that is not whole. */
  private readonly open: number[] = [];
  private readonly whole: Uint8Array[] = [];

  /** Replies that are whole and have not been taken. */
  get count(): number {
    return this.whole.length;
  }

  /** Takes the bytes that come next; they may not change afterwards. */
  add(piece: Uint8Array): void {
    if (this.start === this.length) {
      this.bytes = piece;
      this.length = piece.length;
      this.at = this.start = this.wanted = 0;
    } else {
      this.append(piece);
      if (this.length < this.wanted) return;
    }
    this.read();
  }

  /** Puts a piece behind what is there, for which room doubles. */
  private append(piece: Uint8Array): void {
    const { start } = this;
    const left = this.length - start;
    if (this.bytes.length - this.length < piece.length) {
      const grown = new Uint8Array(left + Math.max(left, piece.length));
      grown.set(this.bytes.subarray(start, this.length));
      this.bytes = grown;
      this.length = left;
      this.start = 0;
      this.at -= start;
      this.wanted -= start;
    }
    this.bytes.set(piece, this.length);
    this.length += piece.length;
  }

  /** The replies that are whole, each once. */
  take(): Uint8Array[] {
    return this.whole.splice(0);
  }

  private read(): void {
    const { bytes, open, length } = this;
    while (this.at < length) {
      const line = bytes.indexOf(CR, this.at);
      if (line < 0 || line + 2 > length) return;
      let end = line + 2;
      if (bytes[this.at] === DOLLAR) {
        const count = countAt(bytes, this.at, line);
        if (count >= 0) end += count + 2;
        this.wanted = end;
        if (end > length) return;
      }
      const elements = bytes[this.at] === ASTERISK ? countAt(bytes, this.at, line) : 0;
      this.at = end;
      if (elements > 0) {
        open.push(elements);
        continue;
      }
      while (open.length > 0 && (open[open.length - 1]! -= 1) === 0) open.pop();
      if (open.length > 0) continue;
      this.whole.push(bytes.subarray(this.start, this.at));
      this.start = this.at;
    }
  }
}

/** The elements of a reply that is an array. */
export function elementsOf(reply: Uint8Array): Uint8Array[] {
  const replies = new Replies();
  replies.add(reply.subarray(reply.indexOf(CR) + 2));
  return replies.take();
}

/**
 * A reply in JSON, with strings in base64 if asked for: but for an `OK` that is the whole reply, all of them, since
 * clients decode whatever else is a string.
 */
export function toJson(reply: Uint8Array, isBase64: boolean): string {
  const string = (bytes: Uint8Array): string => (isBase64 ? `"${base64(bytes)}"` : JSON.stringify(decoder.decode(bytes)));
  const open: number[] = [];
  let text = '';
  let at = 0;
  do {
    const line = reply.indexOf(CR, at);
    const kind = reply[at];
    let end = line + 2;
    let elements = 0;
    if (kind === ASTERISK) {
      elements = countAt(reply, at, line);
      text += elements < 0 ? 'null' : elements === 0 ? '[]' : '[';
    } else if (kind === DOLLAR) {
      const length = countAt(reply, at, line);
      text += length < 0 ? 'null' : string(reply.subarray(end, end + length));
      if (length >= 0) end += length + 2;
    } else {
      const content = reply.subarray(at + 1, line);
      if (kind === COLON) text += decoder.decode(content);
      else if (kind === MINUS) text += `{"error":${JSON.stringify(decoder.decode(content))}}`;
      else text += open.length === 0 && isOk(content) ? '"OK"' : string(content);
    }
    at = end;
    if (elements > 0) {
      open.push(elements);
      continue;
    }
    while (open.length > 0 && (open[open.length - 1]! -= 1) === 0) {
      open.pop();
      text += ']';
    }
    if (open.length > 0) text += ',';
  } while (open.length > 0);
  return text;
}

/** A reply in the object that tells results and errors apart. */
export function toItem(reply: Uint8Array, isBase64: boolean): string {
  const json = toJson(reply, isBase64);
  return reply[0] === MINUS ? json : `{"result":${json}}`;
}

/** The parts of a message, or a line, as texts. */
export function textsOf(reply: Uint8Array): string[] {
  if (reply[0] === ASTERISK) return elementsOf(reply).flatMap(textsOf);
  const line = reply.indexOf(CR);
  const isBulk = reply[0] === DOLLAR;
  if (isBulk && reply[1] === MINUS) return [''];
  return [decoder.decode(isBulk ? reply.subarray(line + 2, -2) : reply.subarray(1, line))];
}

/** Whether a reply is a line of text. */
export function isLine(reply: Uint8Array): boolean {
  return reply[0] === PLUS;
}

function isOk(content: Uint8Array): boolean {
  return content.length === 2 && content[0] === 0x4f && content[1] === 0x4b;
}

/** The number between an element's kind and the end of its line. */
function countAt(bytes: Uint8Array, at: number, line: number): number {
  if (bytes[at + 1] === MINUS) return -1;
  let number = 0;
  for (let index = at + 1; index < line; index += 1) number = number * 10 + (bytes[index]! - 48);
  return number;
}

/** Bytes that become characters by one call; a call takes only so many arguments. */
const PIECE_BYTES = 8192;

function base64(bytes: Uint8Array): string {
  let characters = '';
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    characters += String.fromCharCode.apply(null, bytes.subarray(at, at + PIECE_BYTES) as unknown as number[]);
  }
  return btoa(characters);
}
