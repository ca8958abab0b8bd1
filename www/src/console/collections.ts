/** How the elements of each type of value are read, a window at a time, and changed. */

import { quoted, splitLine } from '../quote.js';
import type { Reply } from '../resp.js';
import type { Client, Command } from './client.js';
import { type Element, type Source, WINDOW } from './elements.js';
import { Refused, bytesIn, itemsOf, numberIn, textIn } from './replies.js';

/** What each type's elements are changed by, with arguments that rights can be asked about. */
export const WRITES: Record<string, (key: Uint8Array) => Record<string, Command>> = {
  hash: (key) => ({ add: ['HSETEX', key, 'KEEPTTL', 'FIELDS', 1, 'f', 'v'], remove: ['HDEL', key, 'f'] }),
  list: (key) => ({ add: ['RPUSH', key, 'v'], edit: ['LSET', key, 0, 'v'], remove: ['LREM', key, 1, 'v'] }),
  set: (key) => ({ add: ['SADD', key, 'v'], remove: ['SREM', key, 'v'] }),
  zset: (key) => ({ add: ['ZADD', key, 1, 'v'], remove: ['ZREM', key, 'v'] }),
  stream: (key) => ({ add: ['XADD', key, '*', 'f', 'v'], remove: ['XDEL', key, '1-1'] }),
};

/** The elements of a key, and what of them `may` be changed; undefined for types that have none. */
export function sourceOf(type: string, client: Client, key: Uint8Array, may: ReadonlySet<string>): Source | undefined {
  const whole = SOURCES[type]?.(client, key);
  if (whole === undefined) return undefined;
  const { add, edit, remove, ...source } = whole;
  // Where there is no command of its own for a change, it takes those that add and remove.
  const canEdit = may.has('edit') || (may.has('add') && may.has('remove'));
  return {
    ...source,
    ...(add && may.has('add') ? { add } : {}),
    ...(edit && canEdit ? { edit } : {}),
    ...(remove && may.has('remove') ? { remove } : {}),
  };
}

const SOURCES: Record<string, (client: Client, key: Uint8Array) => Source> = { hash, list, set, zset, stream };

function hash(client: Client, key: Uint8Array): Source {
  const store = (field: Uint8Array | string, value: Uint8Array | string, ttl: string, isKept: boolean): Promise<unknown> => {
    if (isKept) return client.write('HSETEX', key, 'KEEPTTL', 'FIELDS', 1, field, value);
    if (ttl === '') return client.write('HSET', key, field, value);
    return client.write('HSETEX', key, 'PX', milliseconds(ttl), 'FIELDS', 1, field, value);
  };
  return {
    noun: 'field',
    nouns: 'fields',
    parts: [
      { name: 'Field', kind: 'bytes', isFixed: true },
      { name: 'Value', kind: 'bytes' },
      { name: 'TTL in seconds', kind: 'line' },
    ],
    canFilter: true,
    async load(position, pattern) {
      const { items, next } = await scan(client, 'HSCAN', key, position, pattern);
      const fields = items.filter((_, at) => at % 2 === 0).map(bytesIn);
      const ttls = fields.length === 0 ? [] : itemsOf(await client.call('HPTTL', key, 'FIELDS', fields.length, ...fields));
      const elements = fields.map((field, at) => {
        const ttl = numberIn(ttls[at]);
        return { parts: [field, bytesIn(items[2 * at + 1]), ttl < 0 ? '' : String(Math.ceil(ttl / 1000))] };
      });
      return { elements, ...next };
    },
    add: ([field, value, ttl]) => store(field!, value!, String(ttl), false),
    edit: (before, [field, value, ttl]) => store(field!, value!, String(ttl), ttl === before.parts[2]),
    remove: ({ parts: [field] }) => client.write('HDEL', key, field!),
  };
}

function list(client: Client, key: Uint8Array): Source {
  /** Changes an element, if it still is what was shown: others may have moved it. */
  const change = async ({ parts: [index, shown] }: Element, commands: (index: string) => Command[]): Promise<void> => {
    const [, found] = await client.writeAll([['WATCH', key], ['LINDEX', key, String(index)]]);
    if (found?.type !== 'bulk' || !equal(found.bytes, shown as Uint8Array)) {
      await client.call('UNWATCH');
      throw new Error('The list has changed meanwhile: nothing was done.');
    }
    await transaction(client, commands(String(index)));
  };
  return {
    noun: 'element',
    nouns: 'elements',
    parts: [
      { name: 'Index', kind: 'line', isFixed: true, isGiven: true },
      { name: 'Element', kind: 'bytes' },
    ],
    canFilter: false,
    async load(position) {
      const start = Number(position ?? 0);
      const items = itemsOf(await client.call('LRANGE', key, start, start + WINDOW));
      const elements = items.slice(0, WINDOW).map((item, at) => ({ parts: [String(start + at), bytesIn(item)] }));
      return { elements, ...(items.length > WINDOW ? { next: String(start + WINDOW) } : {}) };
    },
    add: ([, element]) => client.write('RPUSH', key, element!),
    edit: (before, [, element]) => change(before, (index) => [['LSET', key, index, element!]]),
    remove: (before) =>
      change(before, (index) => {
        // Elements are removed by what they are, so this one becomes what no other is.
        const mark = `deleted:${crypto.getRandomValues(new Uint32Array(4)).join('-')}`;
        return [['LSET', key, index, mark], ['LREM', key, 1, mark]];
      }),
  };
}

function set(client: Client, key: Uint8Array): Source {
  return {
    noun: 'member',
    nouns: 'members',
    parts: [{ name: 'Member', kind: 'bytes' }],
    canFilter: true,
    async load(position, pattern) {
      const { items, next } = await scan(client, 'SSCAN', key, position, pattern);
      return { elements: items.map((item) => ({ parts: [bytesIn(item)] })), ...next };
    },
    add: ([member]) => client.write('SADD', key, member!),
    edit: ({ parts: [before] }, [member]) => transaction(client, [['SREM', key, before!], ['SADD', key, member!]]),
    remove: ({ parts: [member] }) => client.write('SREM', key, member!),
  };
}

function zset(client: Client, key: Uint8Array): Source {
  return {
    noun: 'member',
    nouns: 'members',
    parts: [
      { name: 'Member', kind: 'bytes', isFixed: true },
      { name: 'Score', kind: 'line' },
    ],
    canFilter: true,
    async load(position, pattern) {
      if (pattern !== '') {
        const { items, next } = await scan(client, 'ZSCAN', key, position, pattern);
        return { elements: scored(items), ...next };
      }
      const start = Number(position ?? 0);
      const reply = itemsOf(await client.call('ZRANGE', key, start, start + WINDOW, 'WITHSCORES'));
      // The third version of the protocol has pairs.
      const elements = scored(reply.flatMap((item) => ('items' in item ? item.items : [item])));
      return { elements: elements.slice(0, WINDOW), ...(elements.length > WINDOW ? { next: String(start + WINDOW) } : {}) };
    },
    add: ([member, score]) => client.write('ZADD', key, score!, member!),
    edit: (_, [member, score]) => client.write('ZADD', key, 'XX', score!, member!),
    remove: ({ parts: [member] }) => client.write('ZREM', key, member!),
  };
}

function stream(client: Client, key: Uint8Array): Source {
  return {
    noun: 'entry',
    nouns: 'entries',
    parts: [
      { name: 'ID', kind: 'line', initial: '*' },
      { name: 'Fields and values, as in a terminal', kind: 'line' },
    ],
    canFilter: false,
    async load(position) {
      // The latest come first.
      const from = position === undefined ? '+' : `(${position}`;
      const items = itemsOf(await client.call('XREVRANGE', key, from, '-', 'COUNT', WINDOW + 1));
      const elements = items.slice(0, WINDOW).map((entry) => {
        const [id, fields] = itemsOf(entry);
        return { parts: [textIn(id), itemsOf(fields).map((word) => quoted(bytesIn(word))).join(' ')] };
      });
      const last = elements.at(-1)?.parts[0];
      return { elements, ...(items.length > WINDOW && last !== undefined ? { next: last } : {}) };
    },
    add([id, fields]) {
      const words = splitLine(String(fields));
      if (words === undefined || words.length === 0 || words.length % 2 !== 0) {
        return Promise.reject(new Error('Write a field and its value, then the next: name "Ann Lee" age 30'));
      }
      return client.write('XADD', key, String(id), ...words);
    },
    remove: ({ parts: [id] }) => client.write('XDEL', key, id!),
  };
}

async function scan(
  client: Client,
  command: string,
  key: Uint8Array,
  position: string | undefined,
  pattern: string,
): Promise<{ items: Reply[]; next: { next?: string } }> {
  const match = pattern === '' ? [] : ['MATCH', pattern];
  let [items, cursor] = [[] as Reply[], position ?? '0'];
  // A window may be empty where a pattern is searched.
  do {
    const [next, found] = itemsOf(await client.call(command, key, cursor, ...match, 'COUNT', WINDOW));
    cursor = textIn(next);
    items = items.concat(itemsOf(found));
  } while (cursor !== '0' && items.length < WINDOW);
  return { items, next: cursor === '0' ? {} : { next: cursor } };
}

function scored(items: readonly Reply[]): Element[] {
  const members = items.filter((_, at) => at % 2 === 0);
  return members.map((member, at) => ({ parts: [bytesIn(member), textIn(items[2 * at + 1])] }));
}

/** Runs commands of which nothing else runs in between. Throws if one fails, or if what was watched has changed. */
async function transaction(client: Client, commands: readonly Command[]): Promise<void> {
  const replies = await client.writeAll([['MULTI'], ...commands, ['EXEC']]);
  const outcome = replies.at(-1)!;
  if (outcome.type === 'nil') throw new Error('The key has changed meanwhile: nothing was done.');
  const failed = [outcome, ...itemsOf(outcome)].find((reply) => reply.type === 'error');
  if (failed) throw new Refused(textIn(failed));
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

/** Seconds as milliseconds. Throws where they are none. */
export function milliseconds(seconds: string): number {
  const number = Number(seconds);
  if (seconds.trim() === '' || !(number > 0)) throw new Error('A time to live is a number of seconds above 0.');
  return Math.round(number * 1000);
}
