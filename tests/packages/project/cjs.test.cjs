const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Sanderling } = require('sanderling');

test('require finds the package', async () => {
  const db = Sanderling.openSync();
  assert.equal(await db.set('k', 'v'), 'OK');
  assert.equal(db.sync.get('k'), 'v');
  await db.close();
});

test('the module itself can be had', async () => {
  const module = await WebAssembly.compile(require('node:fs').readFileSync(require.resolve('sanderling/sanderling.wasm')));
  const db = await Sanderling.open({ module });
  assert.equal(await db.ping(), 'PONG');
  await db.close();
});
