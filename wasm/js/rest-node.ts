// The REST API on a port, in Node, Bun and Deno: what takes an address instead of a handler finds it there.

import { randomBytes } from 'node:crypto';
import { type IncomingMessage, type RequestListener, type ServerResponse, createServer } from 'node:http';
import type { Socket } from 'node:net';
import { listenBy } from './listening.js';
import type { ListenOptions, Listener } from './platform.js';
import { type RestDatabase, type RestHandler, type RestOptions, createRestHandler } from './rest.js';

/** Where the REST API listens, and what it lets in. */
export interface RestListenOptions extends ListenOptions, Omit<RestOptions, 'token'> {
  /** The token that requests have to bring; a random one unless told, which the listener tells. */
  token?: string;
}

/** A port that answers as Upstash's REST API does. */
export interface RestListener extends Listener {
  /** `http://host:port`, as @upstash/redis takes it. */
  readonly url: string;
  /** The token that requests have to bring. */
  readonly token: string;
}

const TOKEN_BYTES = 32;
const HEAD_BYTES_MAX = 16 * 1024;
/** Bytes of a body that are taken before they are asked for. */
const BODY_BYTES_AHEAD = 64 * 1024;
/** Requests of a connection that may wait for their turn. */
const PIPELINED_MAX = 1000;
const HEADERS_MAX = 100;
const HEAD_MILLISECONDS_MAX = 10_000;
const REQUEST_MILLISECONDS_MAX = 120_000;
/** Longer than clients keep connections that they do not use, so that none is closed while a request is on its way. */
const IDLE_MILLISECONDS_MAX = 60_000;
/** What this machine calls itself. */
const LOCAL_HOSTS = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Listens on a port of this machine, for @upstash/redis and other clients of Upstash's REST API:
 *
 * ```ts
 * const rest = await listenRest(db);
 * const redis = new Redis({ url: rest.url, token: rest.token });
 * ```
 *
 * Only names of this machine are taken in the header `Host` unless `hosts` says more. Like any server, it keeps the
 * process alive until it is closed.
 */
export async function listenRest(db: RestDatabase, options: RestListenOptions = {}): Promise<RestListener> {
  const { port, host = '127.0.0.1', token = randomBytes(TOKEN_BYTES).toString('hex'), ...others } = options;
  const handler = createRestHandler(db, { hosts: [...LOCAL_HOSTS, host], ...others, token });
  const server = createServer(
    {
      maxHeaderSize: HEAD_BYTES_MAX,
      headersTimeout: HEAD_MILLISECONDS_MAX,
      requestTimeout: REQUEST_MILLISECONDS_MAX,
      keepAliveTimeout: IDLE_MILLISECONDS_MAX,
      // It is refused in the form of all other answers.
      requireHostHeader: false,
    },
    nodeListener(handler),
  );
  server.maxHeadersCount = HEADERS_MAX;
  server.on('clientError', refuse);
  const listener = await listenBy(server, 'http', { port, host }, () => server.closeAllConnections());
  return { ...listener, token };
}

/** A handler as `http.createServer` and express take it: `createServer(nodeListener(handler))`. */
export function nodeListener(handler: RestHandler): RequestListener {
  const lines = new WeakMap<Socket, { last: Promise<void>; length: number }>();
  return (incoming, outgoing) => {
    const { socket } = incoming;
    const line = lines.get(socket) ?? { last: Promise.resolve(), length: 0 };
    lines.set(socket, line);
    if (line.length === PIPELINED_MAX) return void socket.destroy();
    line.length += 1;
    // What is sent behind a request that is not answered yet may count on what that does.
    line.last = line.last
      .then(() => serve(handler, incoming, outgoing))
      .catch(() => void socket.destroy())
      .finally(() => (line.length -= 1));
  };
}

async function serve(handler: RestHandler, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const aborted = new AbortController();
  outgoing.on('close', () => {
    if (!outgoing.writableFinished) aborted.abort();
  });
  if (outgoing.destroyed) return;
  // What is compressed, say, would be taken for what it is not.
  const coding = incoming.headers['transfer-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') return answer(outgoing, 501, 'ERR the only transfer coding is chunked');
  const request = requestOf(incoming, aborted.signal);
  if (request === undefined) return answer(outgoing, 400, 'ERR the request has no host, or is no other that can be answered');
  const response = await handler(request);
  if (!request.bodyUsed) void request.body?.cancel();
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  if (!response.body) outgoing.end();
  else if (response.headers.has('content-length')) outgoing.end(new Uint8Array(await response.arrayBuffer()));
  else await stream(response.body, outgoing);
}

async function stream(body: ReadableStream<Uint8Array>, outgoing: ServerResponse): Promise<void> {
  const reader = body.getReader();
  outgoing.on('close', () => void reader.cancel().catch(() => undefined));
  try {
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      if (outgoing.write(piece.value) || outgoing.closed) continue;
      await new Promise<void>((resolve) => outgoing.once('drain', resolve).once('close', resolve));
    }
    outgoing.end();
  } catch {
    // The client did not read, so that the stream was given up.
    outgoing.destroy();
  }
}

/** A request of Node's as one of Fetch's; nothing where it cannot be one, as without a host. */
function requestOf(incoming: IncomingMessage, signal: AbortSignal): Request | undefined {
  const { method = 'GET', headers, url = '/' } = incoming;
  const scheme = 'encrypted' in incoming.socket ? 'https' : 'http';
  const hasBody = method !== 'GET' && method !== 'HEAD';
  try {
    const init: RequestInit & { duplex: 'half' } = { method, signal, duplex: 'half' };
    // Of two hosts Node shows the first.
    if (incoming.headersDistinct['host']?.length !== 1) return undefined;
    if (!/^[^/?#@\\]+$/.test(headers.host ?? '') || !url.startsWith('/')) return undefined;
    if (hasBody) init.body = bodyOf(incoming);
    const request = new Request(new URL(`${scheme}://${headers.host}${url}`), init);
    for (const [name, value] of Object.entries(headers)) {
      if (!name.startsWith(':')) request.headers.set(name, String(value));
    }
    return request;
  } catch {
    return undefined;
  }
}

/**
 * The body of a request. What nobody reads of it is passed over, since a client that is cut off while it sends may never
 * see the answer.
 */
function bodyOf(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  let isWanted = true;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        incoming.on('data', (piece: Uint8Array) => {
          if (!isWanted) return;
          controller.enqueue(piece);
          if (controller.desiredSize! <= 0) incoming.pause();
        });
        incoming.on('end', () => isWanted && controller.close());
        incoming.on('error', (error) => isWanted && controller.error(error));
      },
      pull: () => void incoming.resume(),
      cancel() {
        isWanted = false;
        incoming.resume();
      },
    },
    { highWaterMark: BODY_BYTES_AHEAD, size: (piece) => piece.length },
  );
}

const CLIENT_ERRORS: Record<string, [number, string]> = {
  HPE_HEADER_OVERFLOW: [431, `ERR the head of the request has more than ${HEAD_BYTES_MAX} bytes`],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'ERR the request has not come in time'],
};

/** Answers what is no request. */
function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const [status, message] = CLIENT_ERRORS[error.code ?? ''] ?? [400, 'ERR the request is not HTTP'];
  const body = JSON.stringify({ error: message });
  const head = [
    `HTTP/1.1 ${status} ${status === 400 ? 'Bad Request' : 'Request Refused'}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

function answer(outgoing: ServerResponse, status: number, message: string): void {
  const body = JSON.stringify({ error: message });
  outgoing.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body);
}
