// Programs that start or watch a redis-server, unmodified, with this server in its place; and what comes with the server
// in a package: its manual page, completions, and unit, each in the program that reads it.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import Redis from 'ioredis';
import { RedisMemoryServer } from 'redis-memory-server';
import { mayBeMissing } from '../skip.mjs';
import { folder, install, missing as pythonMissing, python } from './python/install.mjs';
import { freePort, repository, startServer } from './server.mjs';

const ENOUGH = { timeout: 300_000 };
const program = process.env.SANDERLING_BIN ?? path.join(repository, 'target/release/sanderling');
const engine = process.env.SANDERLING_ENGINE ?? 'wasm';
const packaging = path.join(repository, 'host/packaging');
const temporary = mkdtempSync(path.join(tmpdir(), 'sanderling-drop-in-'));
after(() => rmSync(temporary, { recursive: true }));

/** Why a program's tests are skipped, if it is not there. */
function missing(name, packageName, parameters = ['--version']) {
  return mayBeMissing(
    spawnSync(name, parameters).error && `${name} is not installed (enable: apt-get install ${packageName})`,
  );
}

/** Runs a program to its end; what it printed. */
function run(name, parameters, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(name, parameters, { encoding: 'utf8', ...options });
  if (error) throw error;
  return { status, stdout, stderr };
}

test('redis-memory-server', ENOUGH, async () => {
  const server = new RedisMemoryServer({
    binary: { systemBinary: program },
    instance: { args: ['--engine', engine, '--dir', temporary] },
  });
  const redis = new Redis({ host: await server.getHost(), port: await server.getPort() });
  assert.equal(await redis.set('a', '1'), 'OK');
  assert.equal(await redis.get('a'), '1');
  redis.disconnect();
  assert.equal(await server.stop(), true);
});

test('pytest-redis', { ...ENOUGH, skip: pythonMissing }, async () => {
  await install();
  const { status, stdout, stderr } = run(
    python,
    ['-B', '-m', 'pytest', '-q', '-p', 'no:cacheprovider', `--redis-exec=${program}`, `--basetemp=${temporary}/pytest`,
      path.join(folder, 'pytest_redis_use.py')],
    { cwd: temporary },
  );
  assert.equal(status, 0, stdout + stderr);
  assert.match(stdout, /4 passed/);
});

describe('prometheus-redis-exporter', {
  skip: missing('prometheus-redis-exporter', 'prometheus-redis-exporter'),
}, () => {
  test('shows the server', ENOUGH, async () => {
    const server = await startServer();
    const redis = new Redis(server.url);
    await redis.mset('a', '1', 'b', '2');
    const port = await freePort();
    const exporter = spawn(
      'prometheus-redis-exporter',
      ['-redis.addr', server.url, '-web.listen-address', `127.0.0.1:${port}`],
      { stdio: 'ignore' },
    );
    const ended = once(exporter, 'exit');
    try {
      const text = await metrics(port);
      for (const pattern of [
        /^redis_up 1$/m,
        /^redis_exporter_last_scrape_error\{err=""\} 0$/m,
        /^redis_db_keys\{db="db0"\} 2$/m,
        /^redis_commands_total\{cmd="mset"\} 1$/m,
        /^redis_instance_info\{.*redis_version="\d+\.\d+\.\d+".*role="master".*\} 1$/m,
        /^redis_connected_clients [1-9]/m,
        /^redis_memory_used_bytes [1-9]/m,
        /^redis_config_maxclients 10000$/m,
      ]) {
        assert.match(text, pattern);
      }
    } finally {
      exporter.kill();
      await ended;
      redis.disconnect();
      await server.stop();
    }
  });
});

/** What the exporter says once it listens. */
async function metrics(port) {
  const deadline = Date.now() + 30_000;
  for (;;) {
    try {
      return await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}

describe('completions', () => {
  const file = (name) => path.join(packaging, 'completions', name);

  test('bash', () => {
    const complete = (...words) => {
      const script = `source ${file('sanderling.bash')}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sanderling;
        printf '%s\\n' "\${COMPREPLY[@]}"`;
      const { status, stdout, stderr } = run('bash', ['-c', script, 'bash', ...words]);
      assert.equal(status, 0, stderr);
      assert.equal(stderr, '');
      return stdout.trim().split('\n');
    };
    assert.deepEqual(complete('sanderling', '--appendf'), ['--appendfsync', '--appendfilename']);
    assert.deepEqual(complete('sanderling', '--port', '1', '--engine', ''), ['wasm', 'native']);
    assert.deepEqual(complete('sanderling', '--protected-mode', 'y'), ['yes']);
    assert.deepEqual(complete('sanderling', 'che'), ['check']);
  });

  test('zsh', { skip: missing('zsh', 'zsh') }, () => {
    const { status, stderr } = run('zsh', ['-n', file('_sanderling')]);
    assert.equal(status, 0, stderr);
    // Completions can only be asked for in a terminal, which this module makes.
    const script = `zmodload zsh/zpty; zpty z zsh -f -i; zpty -w z 'PS1=; fpath=(${path.join(packaging, 'completions')} $fpath)'
      zpty -w z 'autoload -Uz compinit; compinit -D -u; bindkey "^I" complete-word; zstyle ":completion:*" list-prompt ""; echo rea""dy'
      zpty -r -m z line '*ready*'
      zpty -w -n z $'sanderling --appendfs\\t'
      zpty -r -m z line '*--appendfsync*' && print found`;
    const found = run('zsh', ['-f', '-c', script], { timeout: 60_000 });
    assert.match(found.stdout, /found/, found.stderr);
  });

  test('fish', { skip: missing('fish', 'fish') }, () => {
    const complete = (line) => {
      const { status, stdout, stderr } = run('fish', ['-N', '-c', `source ${file('sanderling.fish')}; complete -C '${line}'`], {
        env: { ...process.env, HOME: temporary },
      });
      assert.equal(status, 0, stderr);
      return stdout.trim().split('\n').map((text) => text.split('\t')[0]).sort();
    };
    assert.deepEqual(complete('sanderling --appendf'), ['--appendfilename', '--appendfsync']);
    assert.deepEqual(complete('sanderling --engine '), ['native', 'wasm']);
  });
});

test('the manual page', { skip: missing('groff', 'groff-base') }, () => {
  const { status, stdout, stderr } = run('groff', ['-man', '-Tutf8', '-ww', path.join(packaging, 'sanderling.1')]);
  assert.equal(status, 0, stderr);
  assert.equal(stderr, '');
  assert.match(stdout, /maxmemory-policy/);
});

test('the unit', { skip: missing('systemd-analyze', 'systemd') }, () => {
  // What it starts must be there, and so must its user.
  const unit = path.join(temporary, 'sanderling.service');
  const text = readFileSync(path.join(packaging, 'sanderling.service'), 'utf8');
  writeFileSync(
    unit,
    text
      .replace('/usr/bin/sanderling ', `${program} `)
      .replace(/^(User|Group)=.*$/gm, '$1=daemon')
      .replace(/^Documentation=.*$/m, ''),
  );
  const verified = run('systemd-analyze', ['verify', '--man=no', unit]);
  assert.equal(verified.status, 0, verified.stderr);
  assert.doesNotMatch(verified.stderr, /sanderling\.service/);
  const security = run('systemd-analyze', ['security', '--no-pager', '--offline=true', '--threshold=20', unit]);
  assert.equal(security.status, 0, security.stdout);
});

test('the files of settings that come with it', () => {
  for (const [name, dir] of [['sanderling.conf', '/var/lib/sanderling'], ['container.conf', '/data']]) {
    const copy = path.join(temporary, name);
    const text = readFileSync(path.join(packaging, name), 'utf8');
    assert.match(text, new RegExp(`^dir ${dir}$`, 'm'));
    // They are sound up to the setting that is added, and without it a server would start.
    writeFileSync(copy, `${text.replace(`dir ${dir}`, `dir ${temporary}`)}no-such-setting 1\n`);
    const { status, stderr } = run(program, [copy]);
    assert.equal(status, 1);
    assert.match(stderr, /^sanderling: .*no-such-setting.*\n$/);
  }
});
