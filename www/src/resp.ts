/** The protocol from a client's side: requests as bytes, replies from bytes, of both versions. */

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A reply with all that the protocol says about it. */
export type Reply =
  | { type: 'status' | 'error' | 'double' | 'bignum'; text: string }
  | { type: 'integer'; text: string }
  | { type: 'bulk' | 'verbatim'; bytes: Uint8Array }
  | { type: 'nil' }
  | { type: 'bool'; value: boolean }
  | { type: 'array' | 'set' | 'push' | 'map'; items: Reply[] };

/** A request as it goes over the wire. */
export function encodeRequest(args: readonly (string | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  const parts = args.map((arg) => (typeof arg === 'string' ? encoder.encode(arg) : arg));
  const heads = parts.map((part) => encoder.encode(`$${part.length}\r\n`));
  const start = encoder.encode(`*${parts.length}\r\n`);
  const size = parts.reduce((sum, part, index) => sum + part.length + heads[index]!.length + 2, start.length);
  const bytes = new Uint8Array(size);
  bytes.set(start);
  let at = start.length;
  parts.forEach((part, index) => {
    bytes.set(heads[index]!, at);
    bytes.set(part, at + heads[index]!.length);
    at += heads[index]!.length + part.length;
    bytes[at] = 13;
    bytes[at + 1] = 10;
    at += 2;
  });
  return bytes;
}

/** The text of a bulk, status or error; undefined for anything else. */
export function textOf(reply: Reply | undefined): string | undefined {
  if (reply === undefined) return undefined;
  if ('bytes' in reply) return decoder.decode(reply.bytes);
  return 'text' in reply ? reply.text : undefined;
}

/** Thrown inside the reader when the rest of a reply has not come yet. */
const INCOMPLETE = Symbol('incomplete');

/** Takes bytes in any pieces and gives whole replies. */
export class ReplyReader {
  private bytes = new Uint8Array(0);
  private at = 0;

  /** Adds bytes, which the reader keeps, and returns the replies that are whole now. */
  read(chunk: Uint8Array<ArrayBuffer>): Reply[] {
    this.bytes = joined(this.bytes, chunk);
    const replies: Reply[] = [];
    let start = 0;
    try {
      while (start < this.bytes.length) {
        this.at = start;
        replies.push(this.reply());
        start = this.at;
      }
    } catch (reason) {
      if (reason !== INCOMPLETE) throw reason;
    }
    this.bytes = this.bytes.subarray(start);
    return replies;
  }

  private reply(): Reply {
    const kind = String.fromCharCode(this.bytes[this.at]!);
    const line = this.line();
    switch (kind) {
      case '+':
        return { type: 'status', text: line };
      case '-':
        return { type: 'error', text: line };
      case ':':
        return { type: 'integer', text: line };
      case ',':
        return { type: 'double', text: line };
      case '(':
        return { type: 'bignum', text: line };
      case '#':
        return { type: 'bool', value: line === 't' };
      case '_':
        return { type: 'nil' };
      case '$':
        return line === '-1' ? { type: 'nil' } : { type: 'bulk', bytes: this.body(Number(line)) };
      case '=':
        // The format, `txt` or `mkd`, and a colon come before the text.
        return { type: 'verbatim', bytes: this.body(Number(line)).subarray(4) };
      case '!':
        return { type: 'error', text: decoder.decode(this.body(Number(line))) };
      case '*':
        return line === '-1' ? { type: 'nil' } : { type: 'array', items: this.items(Number(line)) };
      case '~':
        return { type: 'set', items: this.items(Number(line)) };
      case '>':
        return { type: 'push', items: this.items(Number(line)) };
      case '%':
        return { type: 'map', items: this.items(Number(line) * 2) };
      case '|':
        // Something about the reply that follows, which no terminal shows.
        this.items(Number(line) * 2);
        return this.reply();
      default:
        throw new Error(`a reply of unknown kind '${kind}'`);
    }
  }

  private line(): string {
    const end = this.bytes.indexOf(13, this.at);
    if (end < 0 || end + 1 >= this.bytes.length) throw INCOMPLETE;
    const text = decoder.decode(this.bytes.subarray(this.at + 1, end));
    this.at = end + 2;
    return text;
  }

  private body(length: number): Uint8Array {
    const start = this.at;
    if (start + length + 2 > this.bytes.length) throw INCOMPLETE;
    this.at = start + length + 2;
    return this.bytes.subarray(start, start + length);
  }

  private items(count: number): Reply[] {
    const items: Reply[] = [];
    for (let index = 0; index < count; index += 1) {
      if (this.at >= this.bytes.length) throw INCOMPLETE;
      items.push(this.reply());
    }
    return items;
  }
}

function joined(before: Uint8Array<ArrayBuffer>, after: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (before.length === 0) return after;
  const bytes = new Uint8Array(before.length + after.length);
  bytes.set(before);
  bytes.set(after, before.length);
  return bytes;
}
