/** Replies as redis-cli prints them to a terminal. */

import { quoted } from './quote.js';
import type { Reply } from './resp.js';

/** A page need not show more of one reply. */
export const REPLY_LINES_MAX = 2_000;
/** The same for a single string. */
export const STRING_BYTES_SHOWN_MAX = 64 << 10;

const decoder = new TextDecoder();

const EMPTY = { array: '(empty array)', map: '(empty hash)', set: '(empty set)', push: '(empty push)' };
const SEPARATORS = { array: ')', map: '#', set: '~', push: ')' };

/** The lines of a reply; `isRaw` prints strings as they are, as redis-cli does for INFO and the like. */
export function format(reply: Reply, isRaw = false): string {
  const lines: string[] = [];
  put(reply, '', '', isRaw, lines);
  if (lines.length > REPLY_LINES_MAX) {
    lines.length = REPLY_LINES_MAX;
    lines.push(`… only the first ${REPLY_LINES_MAX} lines are shown`);
  }
  return lines.join('\n');
}

/**
 * Appends a reply. `head` stands before its first line and `prefix` before the others.
 */
function put(reply: Reply, head: string, prefix: string, isRaw: boolean, lines: string[]): void {
  switch (reply.type) {
    case 'array':
    case 'map':
    case 'set':
    case 'push':
      putItems(reply, head, prefix, isRaw, lines);
      return;
    default:
      lines.push(head + scalar(reply, isRaw));
  }
}

function scalar(reply: Exclude<Reply, { items: Reply[] }>, isRaw: boolean): string {
  switch (reply.type) {
    case 'error':
      return `(error) ${reply.text}`;
    case 'integer':
    case 'double':
      return `(${reply.type}) ${reply.text}`;
    case 'status':
    case 'bignum':
      return reply.text;
    case 'nil':
      return '(nil)';
    case 'bool':
      return reply.value ? '(true)' : '(false)';
    case 'verbatim':
    case 'bulk': {
      const shown = reply.bytes.subarray(0, STRING_BYTES_SHOWN_MAX);
      const more = reply.bytes.length - shown.length;
      const text = isRaw || reply.type === 'verbatim' ? plain(shown) : quoted(shown);
      return more > 0 ? `${text} … and ${more} bytes` : text;
    }
  }
}

/** Text as it is; what ends its last line ends the reply's line too. */
function plain(bytes: Uint8Array): string {
  return decoder.decode(bytes).replaceAll('\r\n', '\n').replace(/\n$/, '');
}

function putItems(
  reply: Extract<Reply, { items: Reply[] }>,
  head: string,
  prefix: string,
  isRaw: boolean,
  lines: string[],
): void {
  const { type, items } = reply;
  if (items.length === 0) {
    lines.push(head + EMPTY[type]);
    return;
  }
  const step = type === 'map' ? 2 : 1;
  const width = String(items.length / step).length;
  const inner = prefix + ' '.repeat(width + 2);
  for (let index = 0; index < items.length && lines.length <= REPLY_LINES_MAX; index += step) {
    const number = String(index / step + 1).padStart(width);
    const start = `${index === 0 ? head : prefix}${number}${SEPARATORS[type]} `;
    put(items[index]!, start, inner, isRaw, lines);
    if (type === 'map') putValue(items[index + 1]!, inner, isRaw, lines);
  }
}

/** Appends the value of the key that is the last line. */
function putValue(reply: Reply, prefix: string, isRaw: boolean, lines: string[]): void {
  const key = `${lines.pop()} => `;
  if (!hasSeveral(reply)) {
    put(reply, key, prefix, isRaw, lines);
    return;
  }
  lines.push(key);
  put(reply, prefix, prefix, isRaw, lines);
}

/** Whether a value begins on a line of its own: one of several elements, or whose only element is such a one. */
function hasSeveral(reply: Reply): boolean {
  if (!('items' in reply) || reply.items.length === 0) return false;
  const step = reply.type === 'map' ? 2 : 1;
  return reply.items.length > step || hasSeveral(reply.items[step - 1]!);
}

/** Whether redis-cli prints the command's strings as they are. */
export function isRawCommand(words: readonly string[]): boolean {
  const [name, sub] = words.map((word) => word.toLowerCase());
  if (name === 'info' || name === 'lolwut') return true;
  return name === 'client' && (sub === 'list' || sub === 'info');
}
