// WebSockets as a page has them: the token comes as a subprotocol.

import { once } from 'node:events';
import WebSocket from 'ws';
import { TOKEN } from './runtime.mjs';

/** Opens one, and what waits for the next message of it. */
export async function openSocket(url, protocol, token = TOKEN) {
  const socket = new WebSocket(url.replace('http', 'ws'), [protocol, `token.${btoa(token).replaceAll('=', '')}`]);
  const messages = [];
  let wake;
  socket.on('message', (data) => {
    messages.push(String(data));
    wake?.();
  });
  await once(socket, 'open');
  const next = async () => {
    while (messages.length === 0) await new Promise((resolve) => (wake = resolve));
    return messages.shift();
  };
  return [socket, next];
}

/** The status with which one is refused. */
export async function refusal(url, protocols) {
  const socket = new WebSocket(url.replace('http', 'ws'), protocols);
  const [request, response] = await once(socket, 'unexpected-response');
  request.destroy();
  return response.statusCode;
}

/** Why one was closed. */
export async function closed(socket) {
  const [code, reason] = await once(socket, 'close');
  return { code, reason: String(reason) };
}
