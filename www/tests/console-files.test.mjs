// The console's files that are part of the server.

import assert from 'node:assert/strict';
import test from 'node:test';
import { consoleFiles, refresh, sentBytes } from '../console.mjs';

/** Bytes that a browser loads before the console is there. */
const SENT_BYTES_MAX = 80_000;

test('the files in the server are what the sources build to', async () => {
  assert.deepEqual(await refresh(), [], 'these were stale and have been rewritten; build the server again and commit them');
});

test('the console is small', async () => {
  const bytes = sentBytes(Object.keys(await consoleFiles()));
  assert.ok(bytes > 10_000 && bytes <= SENT_BYTES_MAX, `${bytes} bytes`);
});
