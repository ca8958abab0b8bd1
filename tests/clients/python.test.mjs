// redis-py: installs what python/requirements.txt pins into target/clients-venv, starts a server and
// runs the Python tests against it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, describe, test } from 'node:test';
import { folder, install, missing, python } from './python/install.mjs';
import { startServer } from './server.mjs';

const PYTHON_MILLISECONDS_MAX = 300_000;

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
