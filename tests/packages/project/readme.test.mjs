// Runs the examples of README.md as they stand there, with the installed package.
//
// A block behind `<!-- test: node -->` or `<!-- test: browser -->` is run, and each of its lines that ends with a
// comment, `await something; // value`, must have that value. Those behind `<!-- test: queues -->` need more packages:
// tests/clients has them.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { markedBlocks, runProgram, withAssertions } from './examples.mjs';

const ENOUGH = { timeout: 60_000 };

const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8');
const blocks = markedBlocks(readme);

test('every block of JavaScript or HTML is marked to be run', () => {
  assert.equal(blocks.length, [...readme.matchAll(/^```(js|ts|html)$/gm)].length);
  assert.deepEqual(new Set(blocks.map((block) => block.kind)), new Set(['node', 'queues', 'browser']));
});

for (const [index, { kind, language, text }] of blocks.entries()) {
  if (kind === 'queues') continue;
  test(`block ${index + 1}, for ${kind}`, ENOUGH, () => {
    const name = `readme-${index + 1}`;
    if (kind === 'browser') {
      assert.equal(language, 'html');
      for (const file of Object.values(JSON.parse(script(text, 'importmap')).imports)) {
        assert.ok(existsSync(new URL(file, import.meta.url)), `the package has no ${file}`);
      }
      runProgram(import.meta.dirname, name, IN_PAGE + script(text, 'module') + AFTER_PAGE);
    } else {
      // A database without waiting commands does not keep the process alive, so an example ends by itself.
      runProgram(import.meta.dirname, name, withAssertions(text));
    }
  });
}

/** What a page would have. */
const IN_PAGE = `globalThis.document = { body: {} };\n`;
/** What the example is to have done to it. */
const AFTER_PAGE = `
await new Promise((resolve) => setImmediate(resolve));
assert.equal(globalThis.document.body.textContent, 'visit 1');
`;

/** The content of the script of a type. */
function script(html, type) {
  const found = html.match(new RegExp(`<script type="${type}">([\\s\\S]*?)</script>`));
  assert.ok(found, `no script of type ${type}`);
  return found[1];
}
