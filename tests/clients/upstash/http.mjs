// Requests over HTTP whose path and head are sent as they are given, which `fetch` would tidy.

import { Agent, request } from 'node:http';

const agent = new Agent({ keepAlive: true, maxSockets: 1 });

/**
 * What a test describes, as a request to an endpoint.
 * @param {import('./endpoint.mjs').Endpoint} endpoint
 * @param {{ method?: string, path: string, headers?: object, token?: boolean, body?: unknown, bodyBase64?: string }} wanted
 */
export function begin(endpoint, { method = 'POST', path, headers = {}, token = true, body, bodyBase64 }, options = { agent: endpoint.agent ?? agent }) {
  const filled = (text) => text.replaceAll('{token}', endpoint.token);
  const content =
    bodyBase64 === undefined ? (typeof body === 'string' || body === undefined ? (body ?? '') : JSON.stringify(body)) : Buffer.from(bodyBase64, 'base64');
  const isAuthorized = token && !Object.keys(headers).some((name) => name.toLowerCase() === 'authorization');
  const outgoing = request({
    ...options,
    host: endpoint.host,
    port: endpoint.port,
    method,
    path: filled(path),
    headers: {
      ...(isAuthorized ? { authorization: `Bearer ${endpoint.token}` } : {}),
      ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, filled(value)])),
      ...(content.length > 0 ? { 'content-length': Buffer.byteLength(content) } : {}),
    },
  });
  outgoing.end(content);
  return outgoing;
}

/** Sends a request, and resolves to its answer as a whole. */
export function send(endpoint, wanted) {
  return new Promise((resolve, reject) => {
    const outgoing = begin(endpoint, wanted);
    outgoing.on('error', reject);
    outgoing.on('response', (incoming) => {
      const pieces = [];
      incoming.on('data', (piece) => pieces.push(piece));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const { statusCode: status, headers } = incoming;
        resolve({ status, headers, text: Buffer.concat(pieces).toString() });
      });
    });
  });
}

/** Runs a command and returns its result. */
export async function ask(endpoint, ...body) {
  const { status, text } = await send(endpoint, { path: '/', body });
  const { result, error } = JSON.parse(text);
  if (status !== 200) throw new Error(error);
  return result;
}
