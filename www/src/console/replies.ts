/** What is in replies, whichever version of the protocol they came in. */

import { type Reply, textOf } from '../resp.js';

/** An error reply. */
export class Refused extends Error {
  /** The error's first word. */
  readonly code: string;

  constructor(text: string) {
    super(text);
    this.code = /^\S*/.exec(text)![0];
  }
}

const encoder = new TextEncoder();

/** The elements of an array, a set or a map, whose names and values follow each other; none of anything else. */
export function itemsOf(reply: Reply | undefined): Reply[] {
  return reply !== undefined && 'items' in reply ? reply.items : [];
}

/** The bytes of a string. */
export function bytesIn(reply: Reply | undefined): Uint8Array {
  if (reply !== undefined && 'bytes' in reply) return reply.bytes;
  return encoder.encode(textOf(reply) ?? '');
}

/** The text of a string or a number; empty for nothing. */
export function textIn(reply: Reply | undefined): string {
  return textOf(reply) ?? '';
}

/** A number, whatever it came as. */
export function numberIn(reply: Reply | undefined): number {
  return Number(textOf(reply) ?? 0);
}

/** The names and values of a map. */
export function fieldsOf(reply: Reply | undefined): Map<string, Reply> {
  const items = itemsOf(reply);
  const fields = new Map<string, Reply>();
  for (let at = 0; at + 1 < items.length; at += 2) fields.set(textIn(items[at]), items[at + 1]!);
  return fields;
}

/** A reply as JavaScript has such values: strings, numbers, arrays and objects. */
export function plain(reply: Reply): unknown {
  switch (reply.type) {
    case 'nil':
      return null;
    case 'bool':
      return reply.value;
    case 'integer':
    case 'double':
      return Number(reply.text);
    case 'map':
      return Object.fromEntries([...fieldsOf(reply)].map(([name, value]) => [name, plain(value)]));
    case 'array':
    case 'set':
    case 'push':
      return reply.items.map(plain);
    default:
      return textIn(reply);
  }
}

/** The lines of INFO, and of one client in CLIENT LIST, by their names. */
export function pairsIn(text: string, between: RegExp, is: string): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const pair of text.split(between)) {
    const at = pair.indexOf(is);
    if (at > 0) pairs.set(pair.slice(0, at), pair.slice(at + 1));
  }
  return pairs;
}
