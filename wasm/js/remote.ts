// A server, by a connection to it.

import { type Address, type ConnectOptions, addressOf } from './address.js';
import { Client } from './client.js';
import { type Connector, connectorBy } from './connector.js';
import { ClosedError, NotLocalError } from './errors.js';
import { type OpenPort, type Port, platform } from './platform.js';
import { openPortStream } from './port-stream.js';
import { type RemoteEvent, RemoteLink } from './remote-link.js';
import { type OpenTransport, type Transport, openWebSocket } from './transport.js';

/** What hears of a connection's fate; of an error with the error. */
type RemoteListener = (error?: Error) => void;

/**
 * A server, and the first connection to it: what {@link Client} has, by messages. When the connection is lost it is made
 * anew, in the same database, for the same user, with the same subscriptions. What was asked for meanwhile waits;
 * what was on its way is rejected with a `ConnectionError`, which tells whether it may have run.
 */
export class Remote extends Client {
  private readonly address: Address;
  private readonly family: Set<RemoteLink>;
  /** What ends each connection in bytes, and tells of it. */
  private readonly ports = new Set<() => void>();
  private readonly listeners: Map<string | symbol, Set<RemoteListener>>;

  private constructor(address: Address) {
    const family = new Set<RemoteLink>();
    const listeners = new Map<string | symbol, Set<RemoteListener>>();
    const tell = (event: RemoteEvent, error?: Error): void => {
      for (const listener of [...(listeners.get(event) ?? [])]) listener(error);
    };
    super(new RemoteLink(address, transportFor(address), family, tell), false);
    this.address = address;
    this.family = family;
    this.listeners = listeners;
  }

  /** @internal */
  static async connect(url: string | URL, options?: ConnectOptions): Promise<Remote> {
    const remote = new Remote(addressOf(url, options));
    await remote.connect();
    return remote;
  }

  /**
   * Listens to what happens to the first connection: `ready` when it is there, `error` with the reason when it was lost
   * or could not be made, `reconnecting` when it is made anew, and `end`. Nobody has to listen.
   */
  override on(event: string | symbol, listener: (...args: any[]) => void): this {
    const listeners = this.listeners.get(event) ?? new Set();
    this.listeners.set(event, listeners.add(listener));
    return this;
  }

  /** The same as {@link on}, for one time. */
  override once(event: string | symbol, listener: (...args: any[]) => void): this {
    const first: RemoteListener = (error) => {
      this.off(event, first);
      listener(error);
    };
    return this.on(event, first);
  }

  /** The opposite of {@link on}. */
  override off(event: string | symbol, listener: (...args: any[]) => void): this {
    this.listeners.get(event)?.delete(listener);
    return this;
  }

  /**
   * A server answers by messages, which no one can wait for within a call.
   *
   * @throws NotLocalError
   */
  override get sync(): never {
    throw new NotLocalError('sync', 'a server answers by promises');
  }

  /**
   * Lets unmodified ioredis use this server, by the same URL: `new Redis({ Connector: db.connector() })`, in pages and Workers
   * as well, where ioredis itself needs what bundlers put in the place of Node's modules.
   */
  connector<C = Connector>(): C {
    return connectorBy((...handlers) => this.port(...handlers), platform.openStream ?? openPortStream) as C;
  }

  /**
   * Opens a connection that speaks Redis's protocol in bytes, for callers that read replies themselves. A user and a
   * database that the URL of `redis:` names are for them to ask for.
   */
  port(...[onData, onClose]: Parameters<OpenPort>): Port {
    if (!this.isOpen) throw new ClosedError('the connection is closed');
    let transport: Transport;
    /** What waits for the connection. */
    let waiting: Uint8Array[] | undefined = [];
    const close = (): void => {
      this.ports.delete(end);
      transport.close();
    };
    /** What {@link close} ends hears of it. */
    const end = (): void => {
      close();
      onClose();
    };
    const port: Port = {
      input(chunk) {
        if (waiting) waiting.push(new Uint8Array(chunk));
        else transport.send(new Uint8Array(chunk));
      },
      close,
    };
    this.ports.add(end);
    transport = transportFor(this.address)(this.address, {
      opened() {
        for (const chunk of waiting?.splice(0) ?? []) transport.send(chunk);
        waiting = undefined;
      },
      received: onData,
      closed: (error) => {
        const wasOpen = waiting === undefined;
        close();
        onClose(wasOpen ? undefined : error);
      },
    });
    return port;
  }

  /** @throws NotLocalError: `SAVE` and `BGSAVE` write the server's dump. */
  export(): Promise<never> {
    return Promise.reject(new NotLocalError('export()', "SAVE and BGSAVE write a server's dump"));
  }

  /** @throws NotLocalError: a server reads its dump when it starts. */
  import(_dump: unknown, _options?: unknown): Promise<never> {
    return Promise.reject(new NotLocalError('import()', 'a server reads a dump when it starts'));
  }

  /** @throws NotLocalError */
  image(): never {
    throw new NotLocalError('image()', 'images are of memory of this process');
  }

  /** @throws NotLocalError: a server listens already. */
  listen(_options?: unknown): Promise<never> {
    return Promise.reject(new NotLocalError('listen()', 'a server listens already'));
  }

  /** Closes all connections to the server that were made by this one. */
  override close(): Promise<void> {
    for (const link of [this.link, ...this.family]) link.close();
    for (const end of [...this.ports]) end();
    return Promise.resolve();
  }

  /** The same as {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** What carries bytes to an address here. */
function transportFor(address: Address): OpenTransport {
  const { WebSocket } = globalThis as { WebSocket?: typeof globalThis.WebSocket };
  // The platform's own cannot be told of certificates.
  if (address.kind === 'ws' && WebSocket && !address.tls) return (...given) => openWebSocket(WebSocket, ...given);
  const { dial } = platform;
  if (dial) return dial;
  if (address.kind === 'ws' && WebSocket) throw new TypeError("'tls' is for Node, Bun and Deno: here the platform knows certificates");
  throw new TypeError(`this platform has no sockets for ${address.url}: use ws: or wss:, which the server's http-port and https-port speak`);
}
