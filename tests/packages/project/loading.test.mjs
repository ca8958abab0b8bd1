// How the entry for browsers, which any platform with `fetch` can run, fails to load the engine.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

test('what cannot be loaded says what helps', async () => {
  const { Sanderling } = await import(new URL('node_modules/sanderling/dist/browser.js', import.meta.url));
  const given = globalThis.fetch;
  const answers = [
    [new Response('gone', { status: 404 }), /status 404/],
    [new Response('<!doctype html>', { headers: { 'content-type': 'text/html' } }), /no WebAssembly but text\/html/],
    [new TypeError('no network'), /no network/],
  ];
  try {
    for (const [answer, reason] of answers) {
      globalThis.fetch = async () => {
        if (answer instanceof Error) throw answer;
        return answer;
      };
      await assert.rejects(Sanderling.open(), (error) => {
        assert.match(error.message, reason);
        assert.match(error.message, /sanderling\.wasm.+'sanderling\/inline'.+\{ module \}.+README/);
        return true;
      });
    }
    globalThis.fetch = async () => new Response(await readFile(new URL('node_modules/sanderling/dist/sanderling.wasm', import.meta.url)));
    const db = await Sanderling.open();
    assert.equal(await db.ping(), 'PONG', 'also without its type, and after it failed');
    await db.close();
  } finally {
    globalThis.fetch = given;
  }
});
