import assert from 'node:assert/strict';
const plain = (value) => (value && typeof value === 'object' ? structuredClone(value) : value);
import { Sanderling } from 'file:///work/h/demos/wasm/dist/node.js';
const db = await Sanderling.open();
import { Redis } from 'ioredis';

const redis = new Redis({ Connector: db.connector() });

await redis.hset('flags', { banner: 'on', night: 'off', search: 25 });

// A visitor always falls into the same of a hundred buckets.
function bucketOf(visitor) {
  let hash = 2166136261;
  for (const character of visitor) {
    hash = Math.imul(hash ^ character.codePointAt(0), 16777619);
  }
  return (hash >>> 0) % 100;
}

async function featuresFor(visitor) {
  const flags = await redis.hgetall('flags');
  const search = bucketOf(visitor) < Number(flags.search);
  return { banner: flags.banner === 'on', night: flags.night === 'on', search };
}

assert.deepEqual(plain(await featuresFor('ada')), { banner: true, night: false, search: true });
assert.deepEqual(plain(await redis.hset('flags', 'search', 0)), 0);
assert.deepEqual(plain(await featuresFor('ada')), { banner: true, night: false, search: false });

await redis.quit();
await db.close();
