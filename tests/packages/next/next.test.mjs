// The package in a server built by Next, as the table in its README says. A build takes most of a minute, so this is
// run by night: NIGHTLY=yes node tests/packages/run.mjs

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';

const folder = import.meta.dirname;
const next = path.join(folder, 'node_modules/next/dist/bin/next');
const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NO_COLOR: '1' };
const routes = { plain: 'sanderling', inline: 'sanderling/inline' };

for (const [route, from] of Object.entries(routes)) {
  const made = path.join(folder, 'app/api', route);
  mkdirSync(made, { recursive: true });
  writeFileSync(
    path.join(made, 'route.js'),
    `import * as package_ from '${from}';
import { smoke } from '../../../smoke.mjs';
export const dynamic = 'force-dynamic';
export async function GET() {
  return new Response(await smoke(package_).catch((error) => 'failed: ' + error.message));
}
`,
  );
}
writeFileSync(path.join(folder, 'app/layout.js'), 'export default ({ children }) => <html><body>{children}</body></html>;\n');
writeFileSync(path.join(folder, 'app/page.js'), 'export default () => <p>Sanderling</p>;\n');

/** Builds by a bundler with a configuration, starts the server, and returns what each route answers. */
async function answers(bundler, config) {
  rmSync(path.join(folder, '.next'), { recursive: true, force: true });
  writeFileSync(path.join(folder, 'next.config.mjs'), `export default ${JSON.stringify(config)};\n`);
  const built = spawnSync(process.execPath, [next, 'build', bundler], { cwd: folder, env, encoding: 'utf8' });
  assert.equal(built.status, 0, built.stdout + built.stderr);
  const server = spawn(process.execPath, [next, 'start', '--hostname', '127.0.0.1', '--port', '0'], { cwd: folder, env, detached: true });
  try {
    const address = await new Promise((resolve, reject) => {
      server.on('close', () => reject(new Error('the server ended')));
      createInterface(server.stdout).on('line', (line) => {
        const found = /http:\/\/127\.0\.0\.1:\d+/.exec(line);
        if (found) resolve(found[0]);
      });
    });
    const texts = {};
    for (const route of Object.keys(routes)) texts[route] = await (await fetch(`${address}/api/${route}`)).text();
    return texts;
  } finally {
    // With the process that it has started, which would outlive it.
    process.kill(-server.pid);
  }
}

test('Next, Turbopack', async () => {
  assert.deepEqual(await answers('--turbopack', {}), { plain: 'ok', inline: 'ok' });
});

test('Next, webpack', async () => {
  const { plain, inline } = await answers('--webpack', {});
  assert.equal(inline, 'ok');
  assert.match(plain, /^failed: .+'sanderling\/inline'.+README\.md/);
});

test('Next, webpack, with the package left out of the bundle', async () => {
  assert.deepEqual(await answers('--webpack', { serverExternalPackages: ['sanderling'] }), { plain: 'ok', inline: 'ok' });
});
