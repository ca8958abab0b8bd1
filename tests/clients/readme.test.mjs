// What README.md shows of the shell: sessions of redis-cli, make's targets, the server's flags. And its examples with
// the libraries that are installed here.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { markedBlocks, runProgram, withAssertions } from '../examples.mjs';
import { mayBeMissing } from '../skip.mjs';
import { isPackageBuilt, packageEntry } from './queues/target.mjs';
import { freePort, repository, startServer } from './server.mjs';

const readme = readFileSync(path.join(repository, 'README.md'), 'utf8');
const blocks = (language) => [...readme.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map((m) => m[1]);
const shell = blocks('sh').join('\n');

const missing = mayBeMissing(
  spawnSync('redis-cli', ['--version']).status !== 0 &&
    'redis-cli is not installed (enable: apt-get install redis-tools)',
);

describe('sessions of redis-cli', { skip: missing }, async () => {
  if (missing) return;
  const server = await startServer();
  after(() => server.stop());

  for (const block of blocks('console')) {
    for (const part of block.split(/^\$ /m).filter(Boolean)) {
      const [line, ...output] = part.trimEnd().split('\n');
      test(line, () => {
        const [program, ...words] = line.split(' ');
        assert.equal(program, 'redis-cli');
        const parameters = ['-h', server.host, '-p', String(server.port), '--no-raw', ...words];
        const { stdout } = spawnSync('redis-cli', parameters, { encoding: 'utf8' });
        assert.equal(stdout.trimEnd(), output.join('\n'));
      });
    }
  }
});

describe('queues without a server', { skip: mayBeMissing(!isPackageBuilt() && 'the npm package is not built (enable: make package)') }, () => {
  const examples = markedBlocks(readme).filter(({ kind }) => kind === 'queues');
  for (const [index, { text }] of examples.entries()) {
    test(`example ${index + 1}`, { timeout: 60_000 }, () => {
      // The package is not installed here.
      const program = withAssertions(text).replaceAll("'sanderling'", `'${packageEntry()}'`);
      runProgram(import.meta.dirname, `readme-${index + 1}`, program);
    });
  }
});

describe('with a server', { skip: mayBeMissing(!isPackageBuilt() && 'the npm package is not built (enable: make package)') }, async () => {
  if (!isPackageBuilt()) return;
  const port = await freePort();
  const server = await startServer(['--http-port', String(port), '--http-token', 'secret']);
  after(() => server.stop());
  const documents = [readme, readFileSync(path.join(repository, 'wasm/README.md'), 'utf8')];
  const examples = documents.flatMap(markedBlocks).filter(({ kind }) => kind === 'server');
  // What the first one asks for was set by the lines before it.
  const setUp = `import { WebSocket } from 'ws';\nawait fetch('http://127.0.0.1:${port}/set/greeting/hello?_token=secret');\n`;
  for (const [index, { text }] of examples.entries()) {
    test(`example ${index + 1}`, { timeout: 60_000 }, () => {
      const program = withAssertions(text).replaceAll("'sanderling'", `'${packageEntry()}'`).replaceAll('127.0.0.1:8079', `127.0.0.1:${port}`);
      runProgram(import.meta.dirname, `readme-server-${index + 1}`, setUp + program);
    });
  }
});

test('make has the targets', () => {
  const makefile = readFileSync(path.join(repository, 'Makefile'), 'utf8');
  const named = [...readme.matchAll(/\bmake ([a-z-]+)\b/g)].map((found) => found[1]);
  assert.ok(named.includes('run') && named.includes('test'));
  for (const target of new Set(named)) assert.match(makefile, new RegExp(`^${target}:`, 'm'), `make ${target}`);
});

test('the server has the flags', { skip: process.env.SANDERLING_URL && 'a running server cannot be asked' }, () => {
  const program = process.env.SANDERLING_BIN ?? path.join(repository, 'target/release/sanderling');
  const help = spawnSync(program, ['--help'], { encoding: 'utf8' }).stdout;
  const flags = [...readme.matchAll(/(--[a-z][a-z-]+)/g)].map((found) => found[1]);
  assert.ok(flags.length > 3 && shell.includes('--port'));
  for (const flag of new Set(flags)) assert.ok(help.includes(flag), `--help does not know ${flag}`);
});

test('the files that it names are there', () => {
  const files = [...readme.matchAll(/\]\(([^)#:]+)\)/g)].map((found) => found[1]);
  assert.ok(files.length > 0);
  for (const file of new Set(files)) assert.ok(existsSync(path.join(repository, file)), file);
});
