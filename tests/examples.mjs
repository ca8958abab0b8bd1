// The examples of README.md, made into programs that check themselves.

import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const MILLISECONDS_MAX = 60_000;
const BLOCK = /^<!-- test: (\w+) -->\n```(\w+)\n([\s\S]*?)^```$/gm;

/** The blocks that are marked with a line before them, `<!-- test: kind -->`. */
export function markedBlocks(readme) {
  return [...readme.matchAll(BLOCK)].map(([, kind, language, text]) => ({ kind, language, text }));
}

/** Turns comments that tell a value, as in `await something; // value`, into assertions. */
export function withAssertions(text) {
  let count = 0;
  const lines = text.split('\n').map((line) => {
    const told = line.match(/^(await .+); \/\/ (['"[{\d].*)$/);
    if (!told) return line;
    count += 1;
    return `assert.deepEqual(plain(${told[1]}), ${told[2]});`;
  });
  if (count === 0) throw new Error(`the example does not say what comes out:\n${text}`);
  return lines.join('\n');
}

/** Runs a program from a file in `folder`, whose packages it can import. Throws unless it ends well by itself. */
export function runProgram(folder, name, text) {
  const file = path.join(folder, `${name}.mjs`);
  // Pages of SCAN have names besides, which are of no matter here.
  const plain = `const plain = (value) => (value && typeof value === 'object' ? structuredClone(value) : value);`;
  writeFileSync(file, `import assert from 'node:assert/strict';\n${plain}\n${text}`);
  const { status, stderr, error } = spawnSync(process.execPath, [file], {
    encoding: 'utf8',
    timeout: MILLISECONDS_MAX,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${file} failed\n${stderr}`);
  rmSync(file);
}
