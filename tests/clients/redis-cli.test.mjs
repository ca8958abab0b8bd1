// redis-cli and redis-benchmark as people use them from a shell.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { after, beforeEach, describe, test } from 'node:test';
import { mayBeMissing } from '../skip.mjs';
import { startServer } from './server.mjs';

const ENOUGH = { timeout: 60_000 };
const installed = (program) => spawnSync(program, ['--version']).status === 0;
const missing = mayBeMissing(
  !(installed('redis-cli') && installed('redis-benchmark')) &&
    'redis-cli or redis-benchmark is not installed (enable: apt-get install redis-tools)',
);

describe('redis-cli', { skip: missing }, async () => {
  if (missing) return;
  const server = await startServer();
  after(() => server.stop());
  beforeEach(() => cli('FLUSHALL'));

  /** Runs redis-cli and returns what it printed, without the last line break. */
  async function cli(...parameters) {
    return (await run('redis-cli', parameters)).stdout.replace(/\n$/, '');
  }

  async function run(program, parameters, input = '') {
    const child = spawn(program, ['-h', server.host, '-p', String(server.port), ...parameters]);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
    // A program that reads no input may have ended before this does.
    child.stdin.on('error', (error) => assert.equal(error.code, 'EPIPE'));
    child.stdin.end(input);
    const [code] = await once(child, 'close');
    return { stdout, stderr, code };
  }

  test('plain commands, with and without formatting', ENOUGH, async () => {
    assert.equal(await cli('SET', 'k', 'line\nbreak'), 'OK');
    assert.equal(await cli('--no-raw', 'GET', 'k'), '"line\\nbreak"');
    assert.equal(await cli('--raw', 'GET', 'k'), 'line\nbreak');
    assert.equal(await cli('--no-raw', 'GET', 'none'), '(nil)');
    assert.equal(await cli('--no-raw', 'RPUSH', 'l', 'a', 'b'), '(integer) 2');
    assert.equal(await cli('--no-raw', 'LRANGE', 'l', '0', '-1'), '1) "a"\n2) "b"');
    assert.equal(await cli('--no-raw', 'INCR', 'l'), '(error) WRONGTYPE Operation against a key holding the wrong kind of value');
    assert.equal(await cli('--csv', 'LRANGE', 'l', '0', '-1'), '"a","b"');
    assert.equal(await cli('-n', '3', 'DBSIZE'), '0');
  });

  test('exit codes tell errors with -e', ENOUGH, async () => {
    assert.equal((await run('redis-cli', ['-e', 'PING'])).code, 0);
    assert.equal((await run('redis-cli', ['-e', 'NOSUCH'])).code, 1);
  });

  test('RESP3 with -3', ENOUGH, async () => {
    await cli('HSET', 'h', 'f', 'v');
    await cli('ZADD', 'z', '1.5', 'm');
    assert.equal(await cli('-3', '--no-raw', 'HGETALL', 'h'), '1# "f" => "v"');
    assert.equal(await cli('-3', '--no-raw', 'ZSCORE', 'z', 'm'), '(double) 1.5');
    assert.match(await cli('-3', '--no-raw', 'HELLO'), /"proto" => \(integer\) 3/);
  });

  test('a script on standard input, one connection', ENOUGH, async () => {
    const script = 'SELECT 2\nSET k "a b"\nMULTI\nINCR n\nGET k\nEXEC\n';
    const { stdout } = await run('redis-cli', [], script);
    assert.equal(stdout, 'OK\nOK\nOK\nQUEUED\nQUEUED\n1\na b\n');
    assert.equal(await cli('-n', '2', 'GET', 'k'), 'a b');
    assert.equal((await run('redis-cli', ['-x', 'SET', 'fromstdin'], 'bytes')).stdout, 'OK\n');
    assert.equal(await cli('-r', '3', 'INCR', 'counter'), '1\n2\n3');
  });

  test('--pipe inserts in bulk, --scan finds it all again', ENOUGH, async () => {
    const count = 20_000;
    const commands = Array.from({ length: count }, (_, n) => `SET key:${n} ${n}\r\n`).join('');
    const inline = await run('redis-cli', ['--pipe'], commands);
    assert.match(inline.stdout, new RegExp(`errors: 0, replies: ${count}`));
    assert.equal(await cli('DBSIZE'), String(count));

    const keys = (await cli('--scan', '--pattern', 'key:*')).split('\n');
    assert.equal(new Set(keys).size, count);
    assert.equal((await cli('--scan', '--pattern', 'key:1999?')).split('\n').length, 10);

    const resp = Array.from({ length: 1000 }, (_, n) => `*3\r\n$5\r\nLPUSH\r\n$1\r\nl\r\n$${`${n}`.length}\r\n${n}\r\n`);
    const { stdout } = await run('redis-cli', ['--pipe'], resp.join('') + 'LPUSH key:1 wrongtype\r\n');
    assert.match(stdout, /errors: 1, replies: 1001/);
    assert.equal(await cli('LLEN', 'l'), '1000');
  });

  test('--bigkeys and --memkeys go through the whole keyspace', ENOUGH, async () => {
    await cli('RPUSH', 'long list', ...Array.from({ length: 100 }, String));
    await cli('SADD', 'set', 'a', 'b');
    await cli('ZADD', 'zset', '1', 'a');
    await cli('HSET', 'hash', 'f', 'v');
    await cli('SET', 'text', 'hello');
    const report = await cli('--bigkeys');
    assert.match(report, /Biggest\s+list found .*long list.* has 100 items/);
    assert.match(report, /Sampled 5 keys in the keyspace!/);
    assert.match(await cli('--memkeys'), /Sampled 5 keys in the keyspace!/);
  });

  test('--stat and INFO can be read', ENOUGH, async () => {
    await cli('SET', 'k', 'v');
    const stat = spawn('redis-cli', ['-h', server.host, '-p', String(server.port), '--stat', '-i', '0.01']);
    stat.stdout.setEncoding('utf8');
    let text = '';
    for await (const chunk of stat.stdout) {
      text += chunk;
      if (/^1 +\d/m.test(text)) break;
    }
    stat.kill();
    assert.match(text, /keys +mem +clients +blocked +requests +connections/);
    const line = /^1 +(\d+\.?\d*[BKMG]) +(\d+) +(\d+) +(\d+)/m.exec(text);
    assert.ok(Number(line[2]) >= 1, 'at least the connection of --stat itself');
    assert.equal(line[3], '0');

    const info = Object.fromEntries(
      (await cli('INFO', 'everything'))
        .split(/\r?\n/)
        .filter((row) => row.includes(':'))
        .map((row) => [row.slice(0, row.indexOf(':')), row.slice(row.indexOf(':') + 1)]),
    );
    const present = ['redis_version', 'process_id', 'tcp_port', 'uptime_in_seconds', 'connected_clients'];
    present.push('blocked_clients', 'used_memory', 'used_memory_human', 'total_commands_processed', 'role');
    present.push('total_connections_received', 'maxmemory_policy', 'loading');
    for (const field of present) assert.ok(field in info, `INFO has ${field}`);
    assert.equal(Number(info.tcp_port), server.port);
    assert.match(info.db0, /^keys=1,expires=0,/);
  });

  test('subscriptions are printed as messages come', ENOUGH, async () => {
    const listener = spawn('redis-cli', ['-h', server.host, '-p', String(server.port), '--csv', 'SUBSCRIBE', 'news']);
    listener.stdout.setEncoding('utf8');
    let text = '';
    let published = false;
    for await (const chunk of listener.stdout) {
      text += chunk;
      if (text.includes('"subscribe","news",1') && !published) {
        published = true;
        assert.equal(await cli('PUBLISH', 'news', 'hello'), '1');
      }
      if (text.includes('"message","news","hello"')) break;
    }
    listener.kill();
    assert.ok(published);
  });

  test('--latency measures', ENOUGH, async () => {
    assert.match(await cli('--latency', '-i', '0.05', '--raw'), /^\d+ \d+ \d+\.\d+ \d+$/m);
  });

  test('redis-benchmark finishes', ENOUGH, async () => {
    for (const pipeline of ['1', '16']) {
      const parameters = ['-t', 'set,get,incr,lpush,lpop,sadd,hset,zadd,mset', '-q', '-n', '5000', '-P', pipeline];
      const { stdout, stderr, code } = await run('redis-benchmark', [...parameters, '-r', '1000', '-d', '32']);
      assert.equal(code, 0, stderr);
      for (const name of ['SET', 'GET', 'INCR', 'LPUSH', 'LPOP', 'SADD', 'HSET', 'ZADD', 'MSET (10 keys)']) {
        assert.ok(stdout.includes(`${name}: `), `${name} is missing:\n${stdout}`);
      }
      assert.doesNotMatch(stdout + stderr, /error/i);
    }
  });
});
