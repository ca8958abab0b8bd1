// What the libraries of this folder are run on: the server that `server.mjs` starts, or, with
// SANDERLING_ENGINE=in-process, an engine in this very process and no server at all.

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { repository, startServer } from '../server.mjs';

/** Far more than any test takes, for a machine that is busy with other things. */
export const ENOUGH = { timeout: 60_000 };

/** Whether tests run without a server. */
export const isInProcess = process.env.SANDERLING_ENGINE === 'in-process';

/**
 * @typedef {object} Target
 * @property {object} connection  options for ioredis, also for libraries that make clients themselves
 * @property {string | undefined} url  of the server, if there is one
 * @property {any} db  the database of the npm package, if it is in process
 * @property {() => Promise<{ host: string, port: number, close: () => Promise<void> }>} listen  for what needs a socket
 * @property {() => Promise<void>} stop
 */

/** @returns {Promise<Target>} */
export async function openTarget() {
  if (isInProcess) {
    const { Sanderling } = await import(packageEntry());
    const db = await Sanderling.open();
    const connection = { Connector: db.connector() };
    return { connection, url: undefined, db, listen: () => db.listen(), stop: () => db.close() };
  }
  const server = await startServer();
  const { host, port, url } = server;
  const listen = async () => ({ host, port, close: async () => {} });
  return { connection: { host, port }, url, db: undefined, listen, stop: () => server.stop() };
}

/** Whether there is a package to run in process. */
export function isPackageBuilt() {
  return existsSync(path.join(repository, 'wasm/dist/node.js'));
}

/** Where `import 'sanderling'` leads for users, as a URL. */
export function packageEntry() {
  if (!isPackageBuilt()) throw new Error('the npm package is not built: `make package`');
  const manifest = path.join(repository, 'wasm/package.json');
  // A package can name itself, so this finds the entry that a user would get.
  const entry = createRequire(manifest).resolve(JSON.parse(readFileSync(manifest, 'utf8')).name);
  // `require` finds the CommonJS entry; its neighbour is what `import` finds.
  return pathToFileURL(entry.replace(/\.cjs$/, '.js')).href;
}
