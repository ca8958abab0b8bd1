// TLS: the same clients as elsewhere, by `rediss://` and `--tls`. What TLS itself has to do is tested with the server.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import Redis5 from 'ioredis';
import Redis6 from 'ioredis6';
import { createClient } from 'redis';
import { mayBeMissing } from '../skip.mjs';
import * as py from './python/install.mjs';
import { freePort, repository, startServer } from './server.mjs';

const ENOUGH = { timeout: 60_000 };
const file = (name) => path.join(repository, 'tests/clients/tls', name);
const pair = (name) => ({ cert: readFileSync(file(`${name}.crt`)), key: readFileSync(file(`${name}.key`)) });
const ca = readFileSync(file('ca.crt'));

/** A server with a TLS port beside its own. */
async function startTls(wants) {
  const port = await freePort();
  const server = await startServer([
    ...['--tls-port', String(port), '--tls-cert-file', file('server.crt'), '--tls-key-file', file('server.key')],
    ...['--tls-ca-cert-file', file('ca.crt'), '--tls-auth-clients', wants],
  ]);
  after(() => server.stop());
  return { port, url: `rediss://localhost:${port}` };
}

const open = await startTls('no');
const mutual = await startTls('yes');

const clients = [
  ['ioredis 5', (url, tls) => new Redis5(url, { tls, retryStrategy: null })],
  ['ioredis 6', (url, tls) => new Redis6(url, { tls, retryStrategy: null, protocol: 3 })],
  ['node-redis', (url, tls) => createClient({ url, socket: { ...tls, reconnectStrategy: false } })],
];

for (const [name, connect] of clients) describe(name, () => {
  /** Asks once; what is thrown is that there is no connection. */
  async function use(url, tls, ask) {
    const client = connect(url, tls);
    const failed = new Promise((_, reject) => client.on('error', reject));
    const asked = (async () => {
      await client.connect?.().catch((error) => {
        // ioredis has begun to connect by itself.
        if (!/already connecting/.test(error.message)) throw error;
      });
      return ask(client);
    })();
    try {
      return await Promise.race([asked, failed]);
    } finally {
      asked.catch(() => {});
      failed.catch(() => {});
      client.disconnect?.()?.catch?.(() => {});
    }
  }

  test('values of all sizes', ENOUGH, async () => {
    await use(open.url, { ca }, async (client) => {
      for (const size of [0, 1, 16_384, 1_000_000]) {
        const value = 'x'.repeat(size);
        assert.equal(await client.set('k', value), 'OK');
        assert.equal(await client.get('k'), value);
      }
      const replies = await Promise.all(Array.from({ length: 1000 }, () => client.incr('n')));
      assert.equal(replies.at(-1) - replies[0], 999);
      await client.del('n');
    });
  });

  test('a certificate that nobody known has signed is refused by the client', ENOUGH, async () => {
    await assert.rejects(use(open.url, {}, (client) => client.ping()), /self-signed certificate|unable to verify/);
  });

  test('mutual TLS', ENOUGH, async () => {
    assert.equal(await use(mutual.url, { ca, ...pair('client') }, (client) => client.ping()), 'PONG');
    await assert.rejects(use(mutual.url, { ca }, (client) => client.ping()));
  });
});

const missingTools = mayBeMissing(
  !/--tls/.test(spawnSync('redis-cli', ['--help'], { encoding: 'utf8' }).stdout ?? '') &&
    'redis-cli with TLS is not installed (enable: apt-get install redis-tools)',
);

describe('redis-cli and redis-benchmark', { skip: missingTools }, () => {
  const run = (program, port, parameters) =>
    spawnSync(program, ['-h', 'localhost', '-p', String(port), '--tls', '--cacert', file('ca.crt'), ...parameters], {
      encoding: 'utf8',
    });

  test('redis-cli', ENOUGH, () => {
    assert.equal(run('redis-cli', open.port, ['SET', 'k', 'v']).stdout, 'OK\n');
    assert.equal(run('redis-cli', open.port, ['GET', 'k']).stdout, 'v\n');
    assert.match(run('redis-cli', open.port, ['INFO', 'server']).stdout, /^tls_cert_expires_in_days:3\d{4}\r?$/m);
    const shown = ['--cert', file('client.crt'), '--key', file('client.key')];
    assert.equal(run('redis-cli', mutual.port, [...shown, 'PING']).stdout, 'PONG\n');
    assert.notEqual(run('redis-cli', mutual.port, ['PING']).status, 0);
  });

  test('redis-benchmark', ENOUGH, () => {
    for (const pipeline of ['1', '16']) {
      const { stdout, status } = run('redis-benchmark', open.port, ['-t', 'set,get', '-n', '5000', '-P', pipeline, '-q']);
      assert.equal(status, 0);
      assert.match(stdout, /SET: \d+.* requests per second/);
      assert.match(stdout, /GET: \d+.* requests per second/);
    }
  });
});

describe('redis-py', { skip: py.missing }, () => {
  test('rediss://', { timeout: 300_000 }, async () => {
    await py.install();
    const script = path.join(py.folder, 'tls_use.py');
    const { stdout, stderr, status } = spawnSync(py.python, ['-B', script, open.url, mutual.url, path.dirname(file('ca.crt'))], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
    assert.equal(stdout, 'all is well\n');
  });
});
