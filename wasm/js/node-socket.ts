// Connections to servers in Node, Bun and Deno: sockets, and WebSocket over them where the platform has none, as Node 20.

import { Buffer } from 'node:buffer';
import { createHash, randomBytes } from 'node:crypto';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { request as requestPlain } from 'node:http';
import { request as requestSecure } from 'node:https';
import { type Socket, connect as connectPlain, isIP } from 'node:net';
import { connect as connectSecure } from 'node:tls';
import type { Address } from './address.js';
import { ConnectionError } from './errors.js';
import { type Handlers, type Transport, subprotocols } from './transport.js';
import { WebSocketFrames, frameOf } from './websocket-frames.js';

/** How long a socket is silent until the system asks whether its peer is there, in milliseconds. */
const KEEP_ALIVE_MILLISECONDS = 30_000;
/** What a key is joined with for the answer that proves that it was understood. */
const KEY_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** Bytes of an answer that refuses a WebSocket, of which an error shows as much. */
const REFUSAL_BYTES_MAX = 1000;

/** Opens a connection by sockets. */
export function openSocket(address: Address, handlers: Handlers): Transport {
  return address.kind === 'ws' ? openUpgraded(address, handlers) : openPlain(address, handlers);
}

function openPlain(address: Address, handlers: Handlers): Transport {
  const { host, port, isSecure } = address;
  const socket = isSecure ? connectSecure({ host, port, ...named(host), ...address.tls }) : connectPlain({ host, port });
  const end = ending(address, handlers);
  socket.on(isSecure ? 'secureConnect' : 'connect', () => {
    settle(socket);
    if (!end.isOver) handlers.opened();
  });
  socket.on('data', (chunk: Buffer) => {
    if (!end.isOver) handlers.received(chunk);
  });
  watch(socket, end);
  return {
    send: (bytes) => void socket.write(bytes),
    close() {
      end.isOver = true;
      // What was sent before, such as the last request, still leaves.
      socket.end();
      socket.destroySoon();
    },
  };
}

function openUpgraded(address: Address, handlers: Handlers): Transport {
  const key = randomBytes(16).toString('base64');
  const end = ending(address, handlers);
  const request = ask(address, key);
  let socket: Socket | undefined;
  request.on('error', (error) => end.by(error));
  request.on('response', (response) => void refused(response).then((reason) => end.by(new Error(reason))));
  request.on('upgrade', (response: IncomingMessage, upgraded: Socket, head: Buffer) => {
    socket = upgraded;
    watch(upgraded, end);
    if (end.isOver) return void upgraded.destroy();
    if (response.headers['sec-websocket-accept'] !== createHash('sha1').update(key + KEY_SUFFIX).digest('base64')) {
      upgraded.destroy();
      return end.by(new Error('the answer is not to the request'));
    }
    settle(upgraded);
    const frames = new WebSocketFrames({
      data: (bytes) => {
        if (!end.isOver) handlers.received(bytes);
      },
      ping: (bytes) => void upgraded.write(frameOf('pong', bytes, randomBytes(4))),
      close: () => {
        upgraded.end(frameOf('close', new Uint8Array(0), randomBytes(4)));
        end.by(undefined);
      },
    });
    const read = (chunk: Buffer): void => {
      try {
        frames.push(chunk);
      } catch (error) {
        upgraded.destroy();
        end.by(error as Error);
      }
    };
    upgraded.on('data', read);
    handlers.opened();
    if (head.length > 0) read(head);
  });
  request.end();
  return {
    send: (bytes) => void socket?.write(frameOf('binary', bytes, randomBytes(4))),
    close() {
      end.isOver = true;
      if (socket === undefined) return void request.destroy();
      socket.end(frameOf('close', Uint8Array.of(0x03, 0xe8), randomBytes(4)));
      socket.destroySoon();
    },
  };
}

function ask(address: Address, key: string): ClientRequest {
  const url = new URL(address.url.replace(/^ws/, 'http'));
  const headers = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': key,
    'Sec-WebSocket-Protocol': subprotocols(address).join(', '),
  };
  // Without an agent, which would keep the connection for others.
  if (!address.isSecure) return requestPlain(url, { agent: false, headers });
  return requestSecure(url, { agent: false, headers, ...address.tls });
}

/** Why a server refuses, from its answer. */
async function refused(response: IncomingMessage): Promise<string> {
  let text = '';
  try {
    for await (const chunk of response) {
      text += String(chunk);
      if (text.length > REFUSAL_BYTES_MAX) break;
    }
  } catch {
    // What came of it tells enough.
  }
  return `the server answers ${response.statusCode} ${text.slice(0, REFUSAL_BYTES_MAX)}`.trim();
}

/** Tells the end of a connection once. */
interface Ending {
  isOver: boolean;
  by(error: Error | undefined): void;
}

function ending(address: Address, handlers: Handlers): Ending {
  return {
    isOver: false,
    by(error) {
      if (this.isOver) return;
      this.isOver = true;
      const reason = error === undefined ? 'the connection was lost' : error.message || String((error as NodeJS.ErrnoException).code);
      handlers.closed(new ConnectionError(`${reason}: ${address.url}`, false, { cause: error }));
    },
  };
}

function watch(socket: Socket, end: Ending): void {
  socket.on('error', (error) => end.by(error));
  socket.on('close', () => end.by(undefined));
  socket.on('end', () => end.by(undefined));
}

function settle(socket: Socket): void {
  socket.setNoDelay();
  socket.setKeepAlive(true, KEEP_ALIVE_MILLISECONDS);
}

/** Servers with several certificates are told which one is meant; addresses are no names. */
function named(host: string): { servername?: string } {
  return isIP(host) === 0 ? { servername: host } : {};
}
