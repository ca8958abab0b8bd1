// What the tests of this folder talk to: an address that speaks Upstash's REST API. It is a server's, or with
// SANDERLING_ENGINE=in-process the npm package's, in this very process; SANDERLING_REST_URL and SANDERLING_REST_TOKEN name one
// that is running, all of whose data is deleted.

import path from 'node:path';
import { isInProcess, packageEntry } from '../queues/target.mjs';
import { freePort, startServer } from '../server.mjs';

const running = process.env.SANDERLING_REST_URL;

/** Why nothing can be tested; `false` where it can. */
export const missing =
  !isInProcess && !running && path.basename(process.env.SANDERLING_BIN ?? '') === 'redis-server' && 'redis-server has no REST API';

/** Why an endpoint cannot be given settings; `false` where it can. */
export const fixed = missing || (running ? 'one that is running cannot be told settings' : false);

/** Why an endpoint cannot be told how often it says that it is alive; `false` where it can. */
export const steady = fixed || (isInProcess ? false : 'a server says that it is alive when it thinks right');

const TOKEN = 'a-token-of-the-tests';

/**
 * @typedef {object} Endpoint
 * @property {string} url  http://host:port
 * @property {string} host
 * @property {number} port
 * @property {string} token
 * @property {boolean} [agent]  false where no connection may be used twice
 * @property {() => Promise<void>} close
 */

/**
 * @param {{ hosts?: string[], corsOrigins?: string[], requestBytesMax?: number, blockSecondsMax?: number, pingSeconds?: number }} settings
 * @returns {Promise<Endpoint>}
 */
export async function openEndpoint(settings = {}) {
  if (running) {
    const { hostname, port } = new URL(running);
    return { url: running, host: hostname, port: Number(port || 80), token: process.env.SANDERLING_REST_TOKEN ?? '', close: async () => {} };
  }
  if (!isInProcess) return openServer(settings);
  const entry = packageEntry();
  const { Sanderling } = await import(entry);
  const { listenRest } = await import(new URL('rest-node.js', entry).href);
  const db = await Sanderling.open();
  const rest = await listenRest(db, settings);
  const close = async () => {
    await rest.close();
    await db.close();
  };
  return { ...rest, close };
}

/** A server of its own, whose settings have other names and whole seconds. */
async function openServer({ hosts, corsOrigins, requestBytesMax, blockSecondsMax }) {
  const port = await freePort();
  const server = await startServer([
    ...['--http-port', String(port), '--http-token', TOKEN],
    ...(hosts ? ['--http-hosts', ...hosts] : []),
    ...(corsOrigins ? ['--http-cors-origins', ...corsOrigins] : []),
    ...(requestBytesMax ? ['--http-max-request', String(requestBytesMax)] : []),
    ...(blockSecondsMax ? ['--http-block-max', String(Math.ceil(blockSecondsMax))] : []),
  ]);
  return { url: `http://127.0.0.1:${port}`, host: '127.0.0.1', port, token: TOKEN, close: () => server.stop() };
}
