// A connection as ioredis takes it for a socket, where there are no Node streams: in pages and Workers.

import type { OpenPort, Port } from './platform.js';

type Listener = (...args: unknown[]) => void;

interface Entry {
  readonly listener: Listener;
  readonly isOnce: boolean;
}

/** What makes the bytes that ioredis reads; whoever bundles it for a page brings this for it as well. */
interface BufferClass {
  from(bytes: ArrayBufferLike, offset: number, length: number): Uint8Array;
}

const encoder = new TextEncoder();

/** Opens a connection as such a stream. */
export function openPortStream(open: OpenPort): object {
  return new PortStream(open);
}

class PortStream {
  readonly connecting = false;
  readonly readable = true;
  writable = true;
  destroyed = false;
  private readonly entries = new Map<string, Entry[]>();
  private readonly port: Port;

  constructor(open: OpenPort) {
    const { Buffer } = globalThis as { Buffer?: BufferClass };
    if (Buffer === undefined) throw new Error('ioredis needs a global Buffer, which bundlers have a replacement of');
    this.port = open(
      ({ buffer, byteOffset, byteLength }) => void this.emit('data', Buffer.from(buffer, byteOffset, byteLength)),
      (error) => this.destroy(error),
    );
  }

  write(data: string | Uint8Array, encoding?: unknown, done?: unknown): boolean {
    if (this.writable) this.port.input(typeof data === 'string' ? encoder.encode(data) : data);
    const called = typeof encoding === 'function' ? encoding : done;
    if (typeof called === 'function') queueMicrotask(called as () => void);
    return true;
  }

  end(data?: string | Uint8Array): this {
    if (data !== undefined) this.write(data);
    return this.destroy();
  }

  destroy(error?: Error): this {
    if (this.destroyed) return this;
    this.destroyed = true;
    this.writable = false;
    this.port.close();
    // As with a socket, not within the call that ends it.
    queueMicrotask(() => {
      if (error) this.emit('error', error);
      this.emit('end');
      this.emit('close', error !== undefined);
    });
    return this;
  }

  on(event: string, listener: Listener): this {
    return this.add(event, { listener, isOnce: false });
  }

  addListener(event: string, listener: Listener): this {
    return this.on(event, listener);
  }

  once(event: string, listener: Listener): this {
    return this.add(event, { listener, isOnce: true });
  }

  prependListener(event: string, listener: Listener): this {
    this.entries.set(event, [{ listener, isOnce: false }, ...this.listening(event)]);
    return this;
  }

  off(event: string, listener: Listener): this {
    this.entries.set(event, this.listening(event).filter((entry) => entry.listener !== listener));
    return this;
  }

  removeListener(event: string, listener: Listener): this {
    return this.off(event, listener);
  }

  removeAllListeners(event?: string): this {
    if (event === undefined) this.entries.clear();
    else this.entries.delete(event);
    return this;
  }

  listenerCount(event: string): number {
    return this.listening(event).length;
  }

  emit(event: string, ...args: unknown[]): boolean {
    const entries = this.listening(event);
    for (const { listener, isOnce } of entries) {
      if (isOnce) this.off(event, listener);
      listener.apply(this, args);
    }
    return entries.length > 0;
  }

  /** What comes is handed on as it comes. */
  resume(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  /** Whether the server is there is for the WebSocket to find out. */
  setTimeout(): this {
    return this;
  }

  private add(event: string, entry: Entry): this {
    this.entries.set(event, [...this.listening(event), entry]);
    return this;
  }

  private listening(event: string): Entry[] {
    return this.entries.get(event) ?? [];
  }
}
