// What the package needs of Node, Bun and Deno, wherever the module comes from: streams, listening on a port, files.

import { Buffer } from 'node:buffer';
import { type Socket, createServer } from 'node:net';
import { Duplex } from 'node:stream';
import { ClosedError } from './errors.js';
import { listenBy } from './listening.js';
import { openPlace } from './node-files.js';
import { openSocket } from './node-socket.js';
import {
  type ListenOptions,
  type Listener,
  type OpenPort,
  type Platform,
  type Port,
  type Text,
  readAscii,
  standardText,
  usePlatform,
} from './platform.js';
import { Storage } from './storage.js';

/** Methods of Node's buffers that are faster than the documented ones around them. */
interface FastBuffer extends Uint8Array {
  utf8Write(text: string, offset: number, length: number): number;
  utf8Slice(start: number, end: number): string;
}

/** Shorter strings are faster read in JavaScript. */
const SHORT_BYTES_MAX = 16;

const fastText: Text = {
  // Without a length Node takes all that is left, which it holds in 32 bits: behind 2 GiB of memory nothing was written.
  write: (bytes, text, at) => (bytes as FastBuffer).utf8Write(text, at, text.length * 3),
  length: (text) => Buffer.byteLength(text),
  read(bytes, start, end) {
    const text = end - start <= SHORT_BYTES_MAX ? readAscii(bytes, start, end) : undefined;
    return text ?? (bytes as FastBuffer).utf8Slice(start, end);
  },
};

const { utf8Write, utf8Slice } = Buffer.prototype as unknown as Partial<FastBuffer>;
const isFast = typeof utf8Write === 'function' && typeof utf8Slice === 'function';

/** How long a timer can be, in milliseconds. */
const FOREVER_MILLISECONDS = 2 ** 31 - 1;

/** How long replies may follow each other before whatever else the process does gets its turn, in milliseconds. */
const TURN_MILLISECONDS_MAX = 5;

/** When the turn of the event loop that runs now is to end; 0 before the first reply of a turn. */
let turnEndsAt = 0;

/**
 * Replies come within the turn of their requests, so a program that always sends the next request at once would never
 * let a timer run or a socket be read.
 */
function isTurnOver(): boolean {
  const now = performance.now();
  if (turnEndsAt !== 0) return now > turnEndsAt;
  turnEndsAt = now + TURN_MILLISECONDS_MAX;
  setImmediate(() => (turnEndsAt = 0));
  return false;
}

/** A connection as a stream, with what ioredis calls on a socket. Like one, it keeps the process alive. */
class PortStream extends Duplex {
  private readonly port: Port;
  private readonly alive: NodeJS.Timeout;
  /** What the next turn of the event loop begins with. */
  private held: (() => void)[] = [];
  /** Whether the last reply has been read; what comes after it is dropped. */
  private isEnded = false;

  constructor(open: OpenPort) {
    super({ allowHalfOpen: false });
    this.port = open(
      (chunk) => this.deliver(() => this.push(chunk)),
      (error) => this.deliver(() => (error ? this.destroy(error) : this.endReplies())),
    );
    // Not before it is sure that there is a connection: the interval of one that was refused would never be cleared.
    this.alive = setInterval(() => undefined, FOREVER_MILLISECONDS);
  }

  private endReplies(): void {
    this.isEnded = true;
    this.push(null);
  }

  private deliver(task: () => void): void {
    if (this.isEnded) return;
    if (this.held.length === 0 && !isTurnOver()) return task();
    if (this.held.push(task) > 1) return;
    setImmediate(() => {
      for (const run of this.held.splice(0)) if (!this.isEnded) run();
    });
  }

  override _read(): void {
    // The engine hands over its outputs as it makes them.
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    try {
      this.port.input(chunk);
      done();
    } catch (error) {
      // That the connection is closed is told, or will be, as its end. Like what a socket sends meanwhile, this is lost.
      done(error instanceof ClosedError ? undefined : (error as Error));
    }
  }

  override _final(done: () => void): void {
    this.port.close();
    this.endReplies();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearInterval(this.alive);
    this.isEnded = true;
    this.port.close();
    done(error);
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  /** Nothing here can be silent for reasons that a timeout would find. */
  setTimeout(): this {
    return this;
  }

  ref(): this {
    this.alive.ref();
    return this;
  }

  unref(): this {
    this.alive.unref();
    return this;
  }
}

/** Replies that a client has not read yet, in bytes, above which it is cut off. */
const UNREAD_BYTES_MAX = 256 * 1024 * 1024;

/** Joins a socket and a connection of the engine. */
function serve(socket: Socket, open: OpenPort): void {
  let port: Port;
  try {
    port = open(
      (chunk) => {
        // A client that does not read its replies is not read from either, and beyond a limit is disconnected.
        if (socket.write(chunk)) return;
        if (socket.writableLength > UNREAD_BYTES_MAX) socket.destroy();
        else socket.pause();
      },
      () => socket.end(),
    );
  } catch {
    // The engine is closed, or has as many connections as it may.
    socket.destroy();
    return;
  }
  socket.setNoDelay();
  socket.on('drain', () => socket.resume());
  socket.on('data', (chunk) => {
    try {
      port.input(chunk);
    } catch {
      // What came after the end of the connection is not answered.
      socket.destroy();
    }
  });
  // A peer that resets its connection is gone, as is told by `close`.
  socket.on('error', () => undefined);
  socket.on('close', () => port.close());
}

/** Listens on a port. */
async function listen(open: OpenPort, options: ListenOptions): Promise<Listener> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serve(socket, open);
  });
  return listenBy(server, 'redis', options, () => sockets.forEach((socket) => socket.destroy()));
}

/** Sets up for Node, Bun and Deno. */
export function useNode(loading: Pick<Platform, 'load' | 'loadSync'>): void {
  usePlatform({
    ...loading,
    view: (buffer) => Buffer.from(buffer as ArrayBuffer),
    buffer: ({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength),
    text: isFast ? fastText : standardText,
    openStream: (open) => new PortStream(open),
    files: { open: openPlace, Storage },
    listen,
    dial: openSocket,
  });
}
