// What building the engine needs besides cargo and npm's own dependencies; kept in target/tools.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { outputOf, run } from './run.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const installed = path.join(root, 'target/tools');

/** Where the programs are. */
export const toolsFolder = path.join(installed, 'bin');

const TARGET = 'wasm32-unknown-unknown';
const WASM_PACK_VERSION = '0.15.1';

/** Adds the wasm32 target to the toolchain when it is missing. */
export function ensureTarget() {
  const list = outputOf('rustup', ['target', 'list', '--installed']);
  // Without rustup, the compiler says what is missing.
  if (list !== undefined && !list.split('\n').includes(TARGET)) run('rustup', ['target', 'add', TARGET]);
}

/** Installs wasm-pack, and the wasm-bindgen tool of the very version that the crate is pinned to. */
export function ensureTools() {
  const manifest = readFileSync(path.join(root, 'wasm/Cargo.toml'), 'utf8');
  const pinned = /^wasm-bindgen = \{ version = "=([\d.]+)"/m.exec(manifest)?.[1];
  if (pinned === undefined) throw new Error('wasm/Cargo.toml pins no version of wasm-bindgen');
  ensure('wasm-bindgen', 'wasm-bindgen-cli', pinned);
  ensure('wasm-pack', 'wasm-pack', WASM_PACK_VERSION);
}

function ensure(program, crate, version) {
  if (outputOf(path.join(toolsFolder, program), ['--version'])?.includes(version)) return;
  console.log(`Installing ${crate} ${version} into target/tools, which takes some minutes once.`);
  // Without optimisation: that halves the time, and a module is bound in a second all the same.
  const args = ['install', '--debug', '--root', installed, '--target-dir', path.join(installed, 'build')];
  const variables = { CARGO_PROFILE_DEV_DEBUG: '0', RUSTFLAGS: '' };
  const name = `${crate}@${version}`;
  // A lock file may name a version that has been withdrawn since; then any compatible one does.
  if (outputOf('cargo', [...args, '--locked', name], variables) === undefined) run('cargo', [...args, name], variables);
}
