import { spawnSync } from 'node:child_process';

/** Runs a program and fails with it; `variables` are added to its environment. */
export function run(program, args, variables = {}) {
  const env = { ...process.env, ...variables };
  const { status, error } = spawnSync(program, args, { stdio: 'inherit', env, shell: process.platform === 'win32' });
  if (error) throw new Error(`cannot run ${program}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

/** What a program prints; undefined when it cannot be run. */
export function outputOf(program, args, variables = {}) {
  const env = { ...process.env, ...variables };
  const { status, stdout } = spawnSync(program, args, { encoding: 'utf8', env, shell: process.platform === 'win32' });
  return status === 0 ? stdout.trim() : undefined;
}

