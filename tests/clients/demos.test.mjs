// The programs that the playground's demos show: those for ioredis on an engine in their own process, by the package's
// connector, those for node-redis on a server, and on Redis as well. The comments that tell values are assertions.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { createClient } from 'redis';
import { runProgram, withAssertions } from '../examples.mjs';
import { mayBeMissing } from '../skip.mjs';
import { isPackageBuilt, packageEntry } from './queues/target.mjs';
import { repository, startServer } from './server.mjs';

const folder = path.join(repository, 'www/src/demos/code');
const DEMOS = 10;

const of = (client) => readdirSync(folder).filter((file) => file.endsWith(`.${client}.mjs`)).sort();

/** Runs a program as it is shown, but for what it connects to, which it has to say once. */
function run(file, shown, told, before = '', behind = '') {
  const text = readFileSync(path.join(folder, file), 'utf8');
  assert.equal(text.split(shown).length, 2, `${file} connects by ${shown}`);
  runProgram(import.meta.dirname, `demo-${path.parse(file).name}`, before + withAssertions(text).replace(shown, told) + behind);
}

test('every demo has a program for each client', () => {
  const names = (client) => of(client).map((file) => file.split('.')[0]);
  assert.equal(names('ioredis').length, DEMOS);
  assert.deepEqual(names('ioredis'), names('node-redis'));
});

describe('ioredis', { skip: mayBeMissing(!isPackageBuilt() && 'the npm package is not built (enable: make package)') }, () => {
  const before = `import { Sanderling } from '${packageEntry()}';\nconst db = await Sanderling.open();\n`;
  for (const file of of('ioredis')) {
    test(file, { timeout: 60_000 }, () => run(file, 'new Redis()', 'new Redis({ Connector: db.connector() })', before, 'await db.close();\n'));
  }
});

describe('node-redis', async () => {
  const server = await startServer();
  after(() => server.stop());
  onServer(server);
});

const missing = mayBeMissing(spawnSync('redis-server', ['--version']).status !== 0 && 'redis-server is not installed (enable: apt-get install redis-server)');
describe('node-redis on Redis', { skip: missing }, async () => {
  if (missing) return;
  const server = await startServer(['--dir', import.meta.dirname], 'redis-server');
  after(() => server.stop());
  onServer(server);
});

function onServer({ url }) {
  for (const file of of('node-redis')) {
    test(file, { timeout: 60_000 }, async () => {
      const client = await createClient({ url }).connect();
      await client.flushAll();
      await client.close();
      run(file, 'createClient()', `createClient({ url: '${url}' })`);
    });
  }
}
