// Runs the examples of README.md and of the package's own README.md as they stand there, with the installed package.
//
// A block behind `<!-- test: node -->` or `<!-- test: browser -->` is run, and each of its lines that ends with a
// comment, `await something; // value`, must have that value. One behind `<!-- test: database -->` is given a new `db`.
// Those behind `<!-- test: queues -->` need more packages, and those behind `<!-- test: server -->` a server, which tests/clients has, and those of test runners are run by
// these, in tests/packages/bundlers; those behind `<!-- test: object -->` in tests/packages/objects.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { markedBlocks, runProgram, withAssertions } from './examples.mjs';

const ENOUGH = { timeout: 60_000 };

/** The documents, and the kinds of blocks that each of them has. */
const DOCUMENTS = [
  { name: 'README.md', kinds: ['server', 'node', 'queues', 'browser'] },
  { name: 'node_modules/sanderling/README.md', kinds: ['node', 'jest', 'vitest', 'database', 'object', 'server', 'page'] },
];

const ELSEWHERE = new Set(['queues', 'server', 'jest', 'vitest', 'page', 'object']);

for (const [number, { name, kinds }] of DOCUMENTS.entries()) {
  const readme = readFileSync(new URL(name, import.meta.url), 'utf8');
  const blocks = markedBlocks(readme);

  test(`${name}: every block of JavaScript or HTML is marked to be run`, () => {
    assert.equal(blocks.length, [...readme.matchAll(/^```(js|ts|html)$/gm)].length);
    assert.deepEqual(new Set(blocks.map((block) => block.kind)), new Set(kinds));
  });

  for (const [index, block] of blocks.entries()) {
    if (ELSEWHERE.has(block.kind)) continue;
    test(`${name}: block ${index + 1}, for ${block.kind}`, ENOUGH, () => {
      // A database without waiting commands does not keep the process alive, so an example ends by itself.
      runProgram(import.meta.dirname, `readme-${number}-${index + 1}`, program(block));
    });
  }
}

/** A program that runs a block and fails unless it does what it says. */
function program({ kind, language, text }) {
  if (kind !== 'browser') {
    return (kind === 'database' ? WITH_DATABASE : '') + withAssertions(text);
  }
  assert.equal(language, 'html');
  for (const file of Object.values(JSON.parse(script(text, 'importmap')).imports)) {
    assert.ok(existsSync(new URL(file, import.meta.url)), `the package has no ${file}`);
  }
  return IN_PAGE + script(text, 'module') + AFTER_PAGE;
}

/** What the examples behind the first one go on with. */
const WITH_DATABASE = `import { Sanderling } from 'sanderling';\nconst db = await Sanderling.open();\n`;
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
