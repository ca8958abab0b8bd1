// Lua scripts through the package's own methods, in the styles of ioredis and node-redis.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Sanderling } from 'sanderling';

const db = await Sanderling.open();
after(() => db.close());

const SCRIPT = 'return { KEYS, ARGV }';

test('keys and arguments, flat, in an array, and by name', async () => {
  const expected = [['k1', 'k2'], ['a', '1']];
  assert.deepEqual(await db.eval(SCRIPT, 2, 'k1', 'k2', 'a', 1), expected);
  assert.deepEqual(await db.eval(SCRIPT, ['k1', 'k2'], 'a', 1), expected);
  assert.deepEqual(await db.eval(SCRIPT, { keys: ['k1', 'k2'], arguments: ['a', '1'] }), expected);
  assert.deepEqual(await db.eval(SCRIPT, { arguments: ['a'] }), [[], ['a']]);
  assert.deepEqual(await db.eval(SCRIPT, {}), [[], []]);
  assert.deepEqual(await db.eval(SCRIPT, 0, 'a'), [[], ['a']]);
  assert.deepEqual(db.sync.eval(SCRIPT, ['k'], 'a'), [['k'], ['a']]);
  await assert.rejects(db.eval(SCRIPT, { key: 'k1' }), TypeError);
  await assert.rejects(db.eval(SCRIPT, { keys: 'k1' }), TypeError);
});

test('scripts by digest, in pipelines and transactions', async () => {
  const sha = await db.scriptLoad("return redis.call('INCRBY', KEYS[1], ARGV[1])");
  assert.match(sha, /^[0-9a-f]{40}$/);
  assert.equal(await db.evalSha(sha, { keys: ['n'], arguments: ['5'] }), 5);
  assert.deepEqual(await db.multi().evalsha(sha, 1, 'n', 1).get('n').exec(), [6, '6']);
  assert.deepEqual(await db.pipeline().evalsha(sha, ['n'], 1).exec(), [7]);
  assert.deepEqual(await db.scriptExists(sha, '0'.repeat(40)), [1, 0]);
  assert.equal(await db.scriptFlush(), 'OK');
  await assert.rejects(db.evalsha(sha, 1, 'n', 1), { code: 'NOSCRIPT' });
  await assert.rejects(db.eval("return redis.call('LPUSH', KEYS[1], 1)", ['n']), { code: 'WRONGTYPE' });
});
