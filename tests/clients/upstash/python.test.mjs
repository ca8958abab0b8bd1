// Upstash's SDKs for Python as they are, on the endpoint that this starts.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { test } from 'node:test';
import { install, missing as noPython, python } from '../python/install.mjs';
import { repository } from '../server.mjs';
import { missing, openEndpoint } from './endpoint.mjs';

const PYTHON_MILLISECONDS_MAX = 300_000;

test('upstash-redis and upstash-ratelimit', { skip: noPython || missing, timeout: PYTHON_MILLISECONDS_MAX }, async () => {
  await install();
  const endpoint = await openEndpoint();
  const folder = path.join(repository, 'tests/clients/upstash/python');
  const child = spawn(python, ['-B', '-W', 'ignore::ResourceWarning', '-m', 'unittest', 'discover', '--start-directory', folder], {
    env: { ...process.env, UPSTASH_REDIS_REST_URL: endpoint.url, UPSTASH_REDIS_REST_TOKEN: endpoint.token },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => (output += text));
  }
  const [code] = await once(child, 'close');
  await endpoint.close();
  assert.equal(code, 0, output);
  assert.match(output, /^Ran 5 tests/m);
});
