import assert from 'node:assert/strict';
const plain = (value) => (value && typeof value === 'object' ? structuredClone(value) : value);
import { createClient } from 'redis';

const redis = await createClient({ url: 'redis://127.0.0.1:39369' }).connect();

await redis.hSet('flags', { banner: 'on', night: 'off', search: 25 });

// A visitor always falls into the same of a hundred buckets.
function bucketOf(visitor) {
  let hash = 2166136261;
  for (const character of visitor) {
    hash = Math.imul(hash ^ character.codePointAt(0), 16777619);
  }
  return (hash >>> 0) % 100;
}

async function featuresFor(visitor) {
  const flags = await redis.hGetAll('flags');
  const search = bucketOf(visitor) < Number(flags.search);
  return { banner: flags.banner === 'on', night: flags.night === 'on', search };
}

assert.deepEqual(plain(await featuresFor('ada')), { banner: true, night: false, search: true });
assert.deepEqual(plain(await redis.hSet('flags', 'search', 0)), 0);
assert.deepEqual(plain(await featuresFor('ada')), { banner: true, night: false, search: false });

await redis.close();
