// The program that `npx sanderling` runs.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { Redis } from 'ioredis';

const program = path.join(import.meta.dirname, 'node_modules/.bin/sanderling');
const folder = mkdtempSync(path.join(tmpdir(), 'sanderling-cli-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Starts a server and returns it with its port, once it says that it is ready. */
async function start(t, args, expected = /^Ready to accept connections on redis:\/\/127\.0\.0\.1:(\d+); data is (.*)$/) {
  const child = spawn(program, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  const [, port, kept] = expected.exec(line) ?? assert.fail(line);
  return { child, port: Number(port), kept };
}

async function stop({ child }, signal = 'SIGTERM') {
  const ended = once(child, 'exit');
  child.kill(signal);
  return ended;
}

/** Runs a program that ends by itself. */
async function run(...args) {
  const child = spawn(program, args, { cwd: folder });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const [code] = await once(child, 'close');
  return { code, output };
}

test('data in memory is gone at the end', async (t) => {
  const server = await start(t, ['--port', '0', '--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru']);
  assert.match(server.kept, /in memory alone/);
  const redis = new Redis(server.port);
  assert.equal(await redis.set('key', 'value'), 'OK');
  assert.deepEqual(await redis.config('GET', 'maxmemory', 'maxmemory-policy'), ['maxmemory', '104857600', 'maxmemory-policy', 'allkeys-lru']);
  redis.disconnect();
  assert.deepEqual(await stop(server), [0, null]);
});

test('data in a directory is there again, however the program has ended', async (t) => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGKILL']) {
    const args = ['--port', '0', '--dir', 'data', '--appendfsync', 'always', '--databases', '4'];
    const server = await start(t, args);
    assert.match(server.kept, /^kept in .*data$/);
    const redis = new Redis(server.port, { db: 3 });
    assert.equal(await redis.incr('starts'), ['SIGTERM', 'SIGINT', 'SIGKILL'].indexOf(signal) + 1);
    const second = await run('--port', '0', '--dir', 'data');
    assert.equal(second.code, 1);
    assert.match(second.output, new RegExp(`${server.child.pid}`));
    redis.disconnect();
    await stop(server, signal);
  }
});

test('settings come from a file, and those of the command line count more', async (t) => {
  const file = path.join(folder, 'redis.conf');
  writeFileSync(file, '# A comment.\nport 1\nrequirepass "two words"\n\nlist-max-listpack-size 64\r\n');
  const server = await start(t, [file, '--port', '0']);
  const redis = new Redis(server.port, { password: 'two words' });
  assert.deepEqual(await redis.config('GET', 'list-max-listpack-size'), ['list-max-listpack-size', '64']);
  redis.disconnect();
  await stop(server);
});

test('what cannot be is told in a line', async (t) => {
  const taken = createServer();
  await new Promise((resolve) => taken.listen(0, '127.0.0.1', resolve));
  t.after(() => taken.close());
  for (const [args, expected] of [
    [['--nonsense', '1'], /^sanderling: 'nonsense': .*nonsense.*\n$/],
    [['--port', 'x'], /^sanderling: 'port' takes a whole number, not 'x'\n$/],
    [['--port', `${taken.address().port}`], /^sanderling: .*EADDRINUSE.*\n$/],
    [['--bind', '0.0.0.0'], /^sanderling: '0\.0\.0\.0' can be reached from other machines: --requirepass.*\n$/],
    [['--appendonly', 'yes'], /^sanderling: .*--dir\n$/],
    [['--appendonly', 'no', '--dir', 'data'], /^sanderling: with 'dir' there is a log.*\n$/],
    [['--appendfsync', 'sometimes'], /^sanderling: 'appendfsync' takes always, everysec, no\n$/],
    [['missing.conf'], /^sanderling: .*missing\.conf.*\n$/],
    [['--maxmemory', 'much'], /^sanderling: 'maxmemory': .*\n$/],
  ]) {
    const { code, output } = await run(...args);
    assert.equal(code, 1, args.join(' '));
    assert.match(output, expected);
  }
});

test('it says what it takes, and which version it is', async () => {
  const help = await run('--help');
  assert.equal(help.code, 0);
  assert.match(help.output, /--dir DIRECTORY/);
  assert.match((await run('--version')).output, /^sanderling \d+\.\d+\.\d+\n$/);
});
