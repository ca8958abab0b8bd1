// Runs the examples of README.md as they stand there, with the installed package.
//
// A block behind `<!-- test: node -->` or `<!-- test: browser -->` is run, and each of its lines that ends with a
// comment, `await something; // value`, must have that value.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const MILLISECONDS_MAX = 30_000;
const BLOCK = /^<!-- test: (\w+) -->\n```(\w+)\n([\s\S]*?)^```$/gm;

const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8');
const blocks = [...readme.matchAll(BLOCK)].map(([, kind, language, text]) => ({ kind, language, text }));

test('every block of JavaScript or HTML is marked to be run', () => {
  assert.equal(blocks.length, [...readme.matchAll(/^```(js|ts|html)$/gm)].length);
  assert.deepEqual(new Set(blocks.map((block) => block.kind)), new Set(['node', 'browser']));
});

for (const [index, { kind, language, text }] of blocks.entries()) {
  test(`block ${index + 1}, for ${kind}`, { timeout: MILLISECONDS_MAX }, () => {
    if (kind === 'browser') {
      assert.equal(language, 'html');
      for (const file of Object.values(JSON.parse(script(text, 'importmap')).imports)) {
        assert.ok(existsSync(new URL(file, import.meta.url)), `the package has no ${file}`);
      }
      run(index, `${script(text, 'module')}\n${IN_PAGE}`);
    } else {
      const checked = check(text);
      assert.ok(checked.count > 0, 'the block says nothing of what comes out');
      // A database without waiting commands does not keep the process alive, so an example ends by itself.
      run(index, checked.text);
    }
  });
}

/** What a page would have, and what the example is to have done to it. */
const IN_PAGE = `
await new Promise((resolve) => setImmediate(resolve));
assert.equal(globalThis.document.body.textContent, 'visit 1');
`;

/** The content of the script of a type. */
function script(html, type) {
  const found = html.match(new RegExp(`<script type="${type}">([\\s\\S]*?)</script>`));
  assert.ok(found, `no script of type ${type}`);
  return found[1];
}

/** Turns comments that tell a value into assertions. */
function check(text) {
  let count = 0;
  const lines = text.split('\n').map((line) => {
    const told = line.match(/^(await .+); \/\/ (['"[{\d].*)$/);
    if (!told) return line;
    count += 1;
    return `assert.deepEqual(plain(${told[1]}), ${told[2]});`;
  });
  return { text: lines.join('\n'), count };
}

function run(index, text) {
  const file = path.join(import.meta.dirname, `readme-${index + 1}.mjs`);
  // Maps come as objects without a prototype, which is of no matter here.
  const plain = `const plain = (value) => (value && typeof value === 'object' ? structuredClone(value) : value);`;
  const page = `globalThis.document = { body: {} };`;
  writeFileSync(file, `import assert from 'node:assert/strict';\n${plain}\n${page}\n${text}`);
  const { status, stderr, error } = spawnSync(process.execPath, [file], {
    encoding: 'utf8',
    timeout: MILLISECONDS_MAX,
  });
  if (error) throw error;
  assert.equal(status, 0, `${file}\n${stderr}`);
  rmSync(file);
}
