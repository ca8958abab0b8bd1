// How bytes get to a server and back.

import { type Address, inBase64 } from './address.js';
import { ConnectionError } from './errors.js';

/** What hears of a connection. */
export interface Handlers {
  /** It is there. */
  opened(): void;
  /** Bytes have come. */
  received(chunk: Uint8Array): void;
  /** It is gone, or could not be had; told once, and nothing after it. */
  closed(error: Error): void;
}

/** A connection to a server that carries bytes. */
export interface Transport {
  /** Sends bytes, after {@link Handlers.opened}. They are not changed afterwards. */
  send(bytes: Uint8Array): void;
  /** Ends the connection; {@link Handlers.closed} is not called any more. */
  close(): void;
}

/** Opens a connection. */
export type OpenTransport = (address: Address, handlers: Handlers) => Transport;

/** The subprotocol that this speaks, and how the one begins that brings a token. */
const SUBPROTOCOL = 'resp';
const TOKEN_START = 'token.';

/** The subprotocols to ask for, by one of which the token comes: pages cannot set headers. */
export function subprotocols({ token }: Address): string[] {
  if (token === undefined) return [SUBPROTOCOL];
  const unpadded = inBase64(token).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  return [SUBPROTOCOL, TOKEN_START + unpadded];
}

/** Opens a connection by the platform's own WebSocket, or one that has its methods. */
export function openWebSocket(Class: typeof WebSocket, address: Address, handlers: Handlers): Transport {
  const socket = new Class(address.url, subprotocols(address));
  socket.binaryType = 'arraybuffer';
  let isOver = false;
  const end = (reason: string): void => {
    if (isOver) return;
    isOver = true;
    handlers.closed(new ConnectionError(`${reason}: ${address.url}`));
  };
  let wasOpen = false;
  socket.onopen = () => {
    wasOpen = true;
    if (!isOver) handlers.opened();
  };
  socket.onmessage = ({ data }: { data: unknown }) => {
    if (isOver) return;
    handlers.received(typeof data === 'string' ? new TextEncoder().encode(data) : new Uint8Array(data as ArrayBuffer));
  };
  // Why it has failed is not told to pages, which could look around with that.
  socket.onclose = () => end(wasOpen ? 'the connection was lost' : 'cannot connect, or the server refuses');
  socket.onerror = () => end(wasOpen ? 'the connection was lost' : 'cannot connect, or the server refuses');
  return {
    send: (bytes) => socket.send(bytes as Uint8Array<ArrayBuffer>),
    close() {
      isOver = true;
      socket.close();
    },
  };
}
