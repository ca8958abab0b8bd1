// What the tests of this folder talk to: an address that speaks Upstash's REST API. With SANDERLING_ENGINE=in-process it is
// the npm package's, in this very process; SANDERLING_REST_URL and SANDERLING_REST_TOKEN name one that is running, all of
// whose data is deleted.

import { isInProcess, packageEntry } from '../queues/target.mjs';

/** Why nothing can be tested; `false` where it can. */
export const missing =
  isInProcess || process.env.SANDERLING_REST_URL
    ? false
    : 'the server has no REST API; SANDERLING_ENGINE=in-process, as `make test` sets it, or SANDERLING_REST_URL';

/** Why an endpoint cannot be given settings; `false` where it can. */
export const fixed = missing || (process.env.SANDERLING_REST_URL ? 'one that is running cannot be told settings' : false);

/**
 * @typedef {object} Endpoint
 * @property {string} url  http://host:port
 * @property {string} host
 * @property {number} port
 * @property {string} token
 * @property {() => Promise<void>} close
 */

/**
 * @param {{ hosts?: string[], corsOrigins?: string[], requestBytesMax?: number, blockSecondsMax?: number, pingSeconds?: number }} settings
 * @returns {Promise<Endpoint>}
 */
export async function openEndpoint(settings = {}) {
  const running = process.env.SANDERLING_REST_URL;
  if (running) {
    const { hostname, port } = new URL(running);
    return { url: running, host: hostname, port: Number(port || 80), token: process.env.SANDERLING_REST_TOKEN ?? '', close: async () => {} };
  }
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
