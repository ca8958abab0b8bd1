/** How a line becomes arguments, and bytes become text: the rules of redis-cli, to the letter. */

const encoder = new TextEncoder();

const QUOTE = 0x22;
const APOSTROPHE = 0x27;
const BACKSLASH = 0x5c;
const ESCAPES: Record<string, number> = { n: 10, r: 13, t: 9, b: 8, a: 7 };

/** The arguments of a line; undefined when a quote is not closed, or something sticks to a closing one. */
export function splitLine(line: string): Uint8Array[] | undefined {
  const bytes = encoder.encode(line);
  const args: Uint8Array[] = [];
  let at = 0;
  for (;;) {
    while (isSpace(bytes[at])) at += 1;
    if (at >= bytes.length) return args;
    const word: number[] = [];
    while (at < bytes.length && !isSpace(bytes[at])) {
      const byte = bytes[at]!;
      if (byte !== QUOTE && byte !== APOSTROPHE) {
        word.push(byte);
        at += 1;
        continue;
      }
      const end = byte === QUOTE ? readQuoted(bytes, at + 1, word) : readLiteral(bytes, at + 1, word);
      if (end === undefined || (end < bytes.length && !isSpace(bytes[end]))) return undefined;
      at = end;
    }
    args.push(Uint8Array.from(word));
  }
}

/** Between double quotes, where a backslash begins an escape; returns what is behind the closing one. */
function readQuoted(bytes: Uint8Array, at: number, word: number[]): number | undefined {
  for (; at < bytes.length; at += 1) {
    const byte = bytes[at]!;
    if (byte === QUOTE) return at + 1;
    if (byte !== BACKSLASH || at + 1 >= bytes.length) {
      word.push(byte);
      continue;
    }
    const hex = String.fromCharCode(...bytes.subarray(at + 1, at + 4));
    if (/^x[0-9a-f]{2}$/i.test(hex)) {
      word.push(Number.parseInt(hex.slice(1), 16));
      at += 3;
    } else {
      at += 1;
      word.push(ESCAPES[String.fromCharCode(bytes[at]!)] ?? bytes[at]!);
    }
  }
  return undefined;
}

/** Between single quotes, where only the quote itself can be escaped. */
function readLiteral(bytes: Uint8Array, at: number, word: number[]): number | undefined {
  for (; at < bytes.length; at += 1) {
    if (bytes[at] === BACKSLASH && bytes[at + 1] === APOSTROPHE) at += 1;
    else if (bytes[at] === APOSTROPHE) return at + 1;
    word.push(bytes[at]!);
  }
  return undefined;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 32 || (byte !== undefined && byte >= 9 && byte <= 13);
}

const NAMED: Record<number, string> = {
  [QUOTE]: '\\"',
  [BACKSLASH]: '\\\\',
  10: '\\n',
  13: '\\r',
  9: '\\t',
  7: '\\a',
  8: '\\b',
};

/** Bytes between double quotes, with escapes for what is not printable ASCII. */
export function quoted(bytes: Uint8Array): string {
  let text = '"';
  for (const byte of bytes) {
    const isPrintable = byte >= 32 && byte < 127;
    text += NAMED[byte] ?? (isPrintable ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`);
  }
  return `${text}"`;
}
