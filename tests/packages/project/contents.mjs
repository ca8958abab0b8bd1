// Everything in a database, to be compared with what another one has.

import { createHash } from 'node:crypto';

/** Everything in a database, in an order of its own, as bytes written one character each. */
export async function contents(of) {
  const found = [];
  const call = async (...words) => latin(await of.buffers.sendCommand(words));
  for (let number = 0; number < 16; number += 1) {
    await of.sendCommand(['SELECT', String(number)]);
    for (const key of await of.buffers.sendCommand(['KEYS', '*'])) {
      const type = await call('TYPE', key);
      const read = READERS[type];
      const value = await read(call, key);
      if (!ORDERED.has(type)) value.sort();
      // A hash of which all fields have expired is there until somebody looks for it, in Redis as well.
      if (type === 'hash' && value.length === 0) continue;
      found.push([number, latin(key), type, await of.buffers.sendCommand(['PEXPIRETIME', key]), value]);
    }
  }
  await of.sendCommand(['SELECT', '0']);
  return inOrder(found);
}

/** Types whose elements have an order of their own. */
export const ORDERED = new Set(['list', 'stream']);

const READERS = {
  string: async (call, key) => [await call('GET', key)],
  list: (call, key) => call('LRANGE', key, '0', '-1'),
  set: (call, key) => call('SMEMBERS', key),
  hash: async (call, key) => pairs(await call('HGETALL', key)),
  zset: async (call, key) => (await call('ZRANGE', key, '0', '-1', 'WITHSCORES')).map(([member, score]) => [member, Number(score)]),
  stream: async (call, key) => (await call('XRANGE', key, '-', '+')).map(([id, fields]) => [id, fields]),
};

export const inOrder = (found) => found.sort(([a, b], [c, d]) => a - c || (b < d ? -1 : 1));
const pairs = (reply) => (reply instanceof Map ? [...reply] : Array.isArray(reply) ? reply : Object.entries(reply));

/** Bytes of longer strings are told by their digest. */
const TOLD_BYTES_MAX = 256;

export function latin(reply) {
  if (reply instanceof Uint8Array) {
    if (reply.length > TOLD_BYTES_MAX) return `${reply.length} bytes: ${createHash('sha256').update(reply).digest('hex')}`;
    return Buffer.from(reply).toString('latin1');
  }
  if (reply instanceof Map) return [...reply].map((pair) => pair.map(latin));
  return Array.isArray(reply) ? reply.map(latin) : reply;
}
