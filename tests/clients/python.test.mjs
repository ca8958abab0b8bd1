// redis-py: installs what python/requirements.txt pins into target/clients-venv, starts a server and
// runs the Python tests against it.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { mayBeMissing } from '../skip.mjs';
import { repository, startServer } from './server.mjs';

const PYTHON_MILLISECONDS_MAX = 300_000;

const folder = path.join(repository, 'tests/clients/python');
const venv = path.join(repository, 'target/clients-venv');
const python = path.join(venv, 'bin/python');
// Debian ships Python without venv's installer.
const missing = mayBeMissing(
  spawnSync('python3', ['-c', 'import venv, ensurepip']).status !== 0 &&
    'python3 with venv is not installed (enable: apt-get install python3-venv)',
);

describe('redis-py', { skip: missing }, async () => {
  if (missing) return;

  test('the Python tests pass', { timeout: PYTHON_MILLISECONDS_MAX }, async () => {
    await install();
    const server = await startServer();
    after(() => server.stop());
    const child = spawn(python, ['-B', '-m', 'unittest', 'discover', '--start-directory', folder], {
      env: { ...process.env, SANDERLING_URL: server.url },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    }
    const [code] = await once(child, 'close');
    assert.equal(code, 0, output);
    assert.match(output, /^Ran [1-9]\d+ tests/m);
  });
});

/** Installs once per content of requirements.txt. */
async function install() {
  const wanted = readFileSync(path.join(folder, 'requirements.txt'), 'utf8');
  const stamp = path.join(venv, 'installed.txt');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  mkdirSync(path.dirname(venv), { recursive: true });
  await succeed('python3', ['-m', 'venv', venv]);
  await succeed(python, ['-m', 'pip', 'install', '--quiet', '--requirement', path.join(folder, 'requirements.txt')]);
  writeFileSync(stamp, wanted);
}

async function succeed(program, parameters) {
  const child = spawn(program, parameters, { stdio: ['ignore', 'inherit', 'inherit'] });
  const [code] = await once(child, 'close');
  assert.equal(code, 0, `${program} ${parameters.join(' ')}`);
}
