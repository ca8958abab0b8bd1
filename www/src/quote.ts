/**
 * How a line becomes arguments, and bytes become text: the rules of redis-cli, but that text of all alphabets is shown
 * as it is.
 */

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

/**
 * Bytes between double quotes, with escapes for what is no text or cannot be seen. What is printed can be typed: it
 * stands for the same bytes.
 */
export function quoted(bytes: Uint8Array): string {
  let text = '"';
  for (let at = 0; at < bytes.length; ) {
    const character = wideCharacter(bytes, at);
    text += character?.text ?? shown(bytes[at]!);
    at += character?.length ?? 1;
  }
  return `${text}"`;
}

function shown(byte: number): string {
  const isPrintable = byte >= 32 && byte < 127;
  return NAMED[byte] ?? (isPrintable ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`);
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** What has no form of its own, but for what joins characters to one; other spaces would look like the one of ASCII. */
const UNSEEN = /[\p{C}\p{Z}]/u;
const JOINERS = new Set(['\u200c', '\u200d']);

/** The character of more than one byte that begins somewhere, if one does, and it can be seen. */
function wideCharacter(bytes: Uint8Array, at: number): { text: string; length: number } | undefined {
  const first = bytes[at]!;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 1;
  if (length === 1 || at + length > bytes.length) return undefined;
  let text;
  try {
    text = strict.decode(bytes.subarray(at, at + length));
  } catch {
    return undefined;
  }
  return UNSEEN.test(text) && !JOINERS.has(text) ? undefined : { text, length };
}
