// What the compiler says of options that are not there: it has to name the option, and the one that was meant.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

/** Calls with a mistake, and what is wrong and right in them. */
const MISTAKES = [
  ["db.set('k', 'v', { ex: 5 })", 'ex', 'EX'],
  ["db.sync.set('k', 'v', { ex: 5 })", 'ex', 'EX'],
  ["db.pipeline().set('k', 'v', { ex: 5 })", 'ex', 'EX'],
  ["db.getex('k', { px: 5 })", 'px', 'PX'],
  ["db.zrange('z', 0, -1, { rev: true })", 'rev', 'REV'],
  ["db.zAdd('z', { score: 1, value: 'a' }, { nx: true })", 'nx', 'NX'],
  ["db.hrandfield('h', 2, { withvalues: true })", 'withvalues', 'WITHVALUES'],
  ["db.scan(0, { match: '*' })", 'match', 'MATCH'],
  ["db.lpos('l', 'a', { rank: 1 })", 'rank', 'RANK'],
  ["db.sort('l', { alpha: true })", 'alpha', 'ALPHA'],
  ["db.copy('a', 'b', { replace: true })", 'replace', 'REPLACE'],
  ["db.restore('k', 0, 'x', { replace: true })", 'replace', 'REPLACE'],
];

test('a mistyped option is named, with the right one', () => {
  const file = path.join(import.meta.dirname, 'mistakes.mts');
  const lines = MISTAKES.map(([call]) => `  void ${call};`);
  writeFileSync(file, `import type { Sanderling } from 'sanderling';\nexport function f(db: Sanderling): void {\n${lines.join('\n')}\n}\n`);
  const args = ['--no-install', 'tsc', '--ignoreConfig', '--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', file];
  const { stdout } = spawnSync('npx', args, { cwd: import.meta.dirname, encoding: 'utf8', shell: process.platform === 'win32' });
  rmSync(file);
  const complaints = stdout.split(/^(?=mistakes\.mts)/m);
  for (const [index, [call, wrong, right]] of MISTAKES.entries()) {
    const complaint = complaints.find((text) => text.startsWith(`mistakes.mts(${index + 3},`)) ?? '';
    assert.match(complaint, new RegExp(`'${wrong}' does not exist in type '\\{.+Did you mean to write '${right}'\\?`), call);
  }
});
