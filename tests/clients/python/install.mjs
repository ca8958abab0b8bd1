// Installs what requirements.txt pins into target/clients-venv, once per content.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { mayBeMissing } from '../../skip.mjs';
import { repository } from '../server.mjs';

export const folder = path.join(repository, 'tests/clients/python');
const venv = path.join(repository, 'target/clients-venv');
export const python = path.join(venv, 'bin/python');

// Debian ships Python without venv's installer.
export const missing = mayBeMissing(
  spawnSync('python3', ['-c', 'import venv, ensurepip']).status !== 0 &&
    'python3 with venv is not installed (enable: apt-get install python3-venv)',
);

export async function install() {
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
