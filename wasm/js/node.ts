import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Duplex } from 'node:stream';
import { type OpenPort, type Port, type Text, readAscii, standardText, usePlatform } from './platform.js';

/** Methods of Node's buffers that are faster than the documented ones around them. */
interface FastBuffer extends Uint8Array {
  utf8Write(text: string, offset: number): number;
  utf8Slice(start: number, end: number): string;
}

/** Shorter strings are faster read in JavaScript. */
const SHORT_BYTES_MAX = 16;

const fastText: Text = {
  write: (bytes, text, at) => (bytes as FastBuffer).utf8Write(text, at),
  length: (text) => Buffer.byteLength(text),
  read(bytes, start, end) {
    const text = end - start <= SHORT_BYTES_MAX ? readAscii(bytes, start, end) : undefined;
    return text ?? (bytes as FastBuffer).utf8Slice(start, end);
  },
};

const { utf8Write, utf8Slice } = Buffer.prototype as unknown as Partial<FastBuffer>;
const isFast = typeof utf8Write === 'function' && typeof utf8Slice === 'function';

const moduleUrl = new URL('./sanderling.wasm', import.meta.url);

/** How long a timer can be, in milliseconds. */
const FOREVER_MILLISECONDS = 2 ** 31 - 1;

/** A connection as a stream, with what ioredis calls on a socket. Like one, it keeps the process alive. */
class PortStream extends Duplex {
  private readonly port: Port;
  private readonly alive = setInterval(() => undefined, FOREVER_MILLISECONDS);

  constructor(open: OpenPort) {
    super({ allowHalfOpen: false });
    this.port = open(
      (chunk) => this.push(chunk),
      (error) => {
        if (error) this.destroy(error);
        else this.push(null);
      },
    );
  }

  override _read(): void {
    // The engine says what it has to say when it has it.
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    try {
      this.port.input(chunk);
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  override _final(done: () => void): void {
    this.port.close();
    this.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearInterval(this.alive);
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

usePlatform({
  load: async () => WebAssembly.compile(await readFile(moduleUrl)),
  loadSync: () => new WebAssembly.Module(readFileSync(moduleUrl)),
  view: (buffer) => Buffer.from(buffer as ArrayBuffer),
  text: isFast ? fastText : standardText,
  openStream: (open) => new PortStream(open),
});

export * from './index.js';
