// Where a server is, and who connects.

/** How a connection to a server is made; a URL has some of it as well. */
export interface ConnectOptions {
  /** Who connects; `default` unless told. */
  username?: string;
  password?: string;
  /** The server's `http-token`, for `ws:` and `wss:`. */
  token?: string;
  /** The database, by its number. */
  database?: number;
  /** How long a connection may take to be made, in milliseconds; 10,000 unless told. */
  connectTimeout?: number;
  /** Whether a lost connection is made anew; `true` unless told. */
  reconnect?: boolean;
  /** What Node's `tls.connect` takes, such as `ca`, for `wss:` and `rediss:` in Node, Bun and Deno. */
  tls?: object;
}

/** The same as it was understood. */
export interface Address {
  readonly kind: 'ws' | 'redis';
  /** For WebSocket: without what is secret. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean;
  readonly tls: object | undefined;
  /** What a WebSocket is let in by. */
  readonly token: string | undefined;
  /** Who connects, where that is said by HELLO. */
  readonly user: readonly [name: string, password: string] | undefined;
  readonly database: number;
  readonly connectTimeout: number;
  readonly reconnect: boolean;
}

const PORTS: Record<string, number> = { 'ws:': 80, 'wss:': 443, 'redis:': 6379, 'rediss:': 6379 };
const CONNECT_MILLISECONDS = 10_000;

/** Understands a URL and options, of which these count more. */
export function addressOf(given: string | URL, options: ConnectOptions = {}): Address {
  if (typeof options !== 'object' || options === null) throw new TypeError('connect takes a URL, and options as an object');
  const url = parse(given);
  const kind = url.protocol.startsWith('ws') ? 'ws' : 'redis';
  const username = options.username ?? decodeURIComponent(url.username);
  const password = options.password ?? (url.password === '' ? undefined : decodeURIComponent(url.password));
  if (username !== '' && password === undefined) throw new TypeError('a username needs a password');
  const user = password === undefined ? undefined : ([username || 'default', password] as const);
  if (options.token !== undefined && kind === 'redis') throw new TypeError("'token' is for ws: and wss:, redis: takes a password");
  if (options.token !== undefined && user) throw new TypeError("either 'token' or a password lets in");
  const database = options.database ?? databaseIn(url, kind);
  if (!Number.isSafeInteger(database) || database < 0) throw new TypeError(`'database' takes a number, not ${String(database)}`);
  const { connectTimeout = CONNECT_MILLISECONDS, reconnect = true } = options;
  if (!(connectTimeout > 0)) throw new TypeError("'connectTimeout' takes milliseconds");
  return {
    kind,
    url: bare(url),
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? PORTS[url.protocol]! : Number(url.port),
    isSecure: url.protocol === 'wss:' || url.protocol === 'rediss:',
    tls: options.tls,
    // A WebSocket's server lets users in by their name and password in base64.
    token: kind === 'ws' ? (options.token ?? (user && inBase64(user.join(':')))) : undefined,
    user: kind === 'ws' ? undefined : user,
    database,
    connectTimeout,
    reconnect,
  };
}

function parse(given: string | URL): URL {
  let url;
  try {
    url = new URL(given);
  } catch {
    throw new TypeError('connect takes a URL, such as wss://example.com or redis://localhost:6379');
  }
  if (!(url.protocol in PORTS)) throw new TypeError(`connect takes ws:, wss:, redis: and rediss:, not ${url.protocol}`);
  return url;
}

/** The database is the path of `redis:`, and for WebSocket, whose path leads to the server, `?db=`. */
function databaseIn(url: URL, kind: Address['kind']): number {
  const text = url.searchParams.get('db') ?? (kind === 'redis' ? url.pathname.slice(1) : '');
  return text === '' ? 0 : /^\d+$/.test(text) ? Number(text) : NaN;
}

/** What may stand in logs, and where a WebSocket leads. */
function bare(url: URL): string {
  const copy = new URL(url);
  copy.username = copy.password = copy.hash = '';
  copy.searchParams.delete('db');
  return copy.href;
}

/** Text in base64. */
export function inBase64(text: string): string {
  return btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(''));
}
