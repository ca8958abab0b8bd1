// A database over HTTP, as Upstash's REST API has it: one handler of Fetch requests, for whatever platform has these.

import { joined } from './bytes.js';
import { Conversation, type Ports, type User } from './rest-conversation.js';
import { type Admission, checkOrigin, corsHeaders, preflight, userOf } from './rest-guard.js';
import { Refusal } from './rest-refusal.js';
import { toItem } from './rest-reply.js';
import { type Word, isStream, percentDecoded, readCommand, readCommands, readPath } from './rest-request.js';
import { eventsOf } from './rest-stream.js';
import type { Sanderling } from './sanderling.js';

/** What a handler lets in, and how much of it. */
export interface RestOptions {
  /**
   * The token that requests have to bring: as `Authorization: Bearer`, or `?_token=` in the address. Who brings it may do
   * what a fresh connection may. Users of the database may come as themselves, by what `ACL RESTTOKEN` gives.
   */
  token: string;
  /** What stands in front of all paths: `/api/redis`, say. Nothing unless told. */
  basePath?: string;
  /** The hosts that the handler answers for, with their ports or without; all unless told. */
  hosts?: readonly string[];
  /** Origins whose pages may call it: `https://example.com`, or `*` for all. None but its own unless told. */
  corsOrigins?: readonly string[];
  /** Bytes of a request's body; 10 MiB unless told. */
  requestBytesMax?: number;
  /** Bytes of the bodies of all requests that are not answered yet; 64 MiB unless told. Beyond them requests get a 503. */
  pendingBytesMax?: number;
  /** Bytes of the replies to one request, before they are JSON; 64 MiB unless told, which is also the most. */
  replyBytesMax?: number;
  /** Seconds for which the commands of a request may wait, all together; 30 unless told. */
  blockSecondsMax?: number;
  /** Bytes of messages that wait for a subscriber that does not read; 32 MiB unless told. */
  unsentBytesMax?: number;
  /** Seconds between the comments in a stream of messages that tell that it is alive; 30 unless told. */
  pingSeconds?: number;
}

/** Answers a request; it never rejects. */
export type RestHandler = (request: Request) => Promise<Response>;

/** What the handler needs of a database. */
export type RestDatabase = Pick<Sanderling, 'isOpen' | 'port'>;

const MEBIBYTE = 1024 * 1024;
/** What fits a string of JSON, should every byte need an escape of six characters. */
const REPLY_BYTES_MAX = 64 * MEBIBYTE;
/** The longest delay that timers take. */
const SECONDS_MAX = 2_147_483;
const DEFAULTS = {
  requestBytesMax: 10 * MEBIBYTE,
  pendingBytesMax: 64 * MEBIBYTE,
  replyBytesMax: REPLY_BYTES_MAX,
  blockSecondsMax: 30,
  unsentBytesMax: 32 * MEBIBYTE,
  pingSeconds: 30,
};
const MOST = {
  requestBytesMax: 512 * MEBIBYTE,
  pendingBytesMax: Number.MAX_SAFE_INTEGER,
  replyBytesMax: REPLY_BYTES_MAX,
  blockSecondsMax: SECONDS_MAX,
  unsentBytesMax: Number.MAX_SAFE_INTEGER,
  pingSeconds: SECONDS_MAX,
};

/**
 * Makes a handler of Fetch requests that speaks Upstash's REST API, for @upstash/redis and what builds on it.
 *
 * ```ts
 * const handler = createRestHandler(db, { token: process.env.REDIS_TOKEN });
 * export default { fetch: handler }; // Workers, Bun; Deno.serve(handler); export { handler as GET, handler as POST } in Next
 * ```
 *
 * @throws TypeError for options that are none, such as no token
 */
export function createRestHandler(db: RestDatabase, options: RestOptions): RestHandler {
  const rest = new Rest(db, options);
  return (request) => rest.handle(request);
}

/** Answers a request for a WebSocket, of whom may have one: a user, or nobody in particular. */
type Upgrade = (request: Request, user: User | undefined) => Promise<Response>;

/** The same with what answers requests for a WebSocket to the path `/`, where the platform has any. */
export function createHandler(db: RestDatabase, options: RestOptions, upgrade: Upgrade): RestHandler {
  const rest = new Rest(db, options, upgrade);
  return (request) => rest.handle(request);
}

/** What is known of a request when it has been let in. */
interface Asked {
  readonly request: Request;
  readonly segments: readonly string[];
  readonly query: string;
}

class Rest {
  private readonly admission: Admission;
  private readonly limits: typeof DEFAULTS;
  private readonly basePath: string;
  /** Tells the answers of this handler from those of others; workers may draw random numbers within requests alone. */
  private name: string | undefined;
  private answers = 0;
  /** Bytes of the bodies that are held. */
  private pendingBytes = 0;

  constructor(
    private readonly db: RestDatabase & Ports,
    options: RestOptions,
    private readonly upgrade?: Upgrade,
  ) {
    if (typeof db?.port !== 'function') throw new TypeError('a handler needs a database');
    this.admission = admissionOf(options);
    this.limits = limitsOf(options);
    this.basePath = (options.basePath ?? '').replace(/\/+$/, '');
    if (!/^(\/.*)?$/.test(this.basePath)) throw new TypeError("'basePath' begins with a slash");
  }

  async handle(request: Request): Promise<Response> {
    let headers: Record<string, string> = {};
    try {
      const url = new URL(request.url);
      checkOrigin(this.admission, request, url);
      const allowed = preflight(this.admission, request);
      if (allowed) return new Response(null, { status: 204, headers: allowed });
      headers = corsHeaders(this.admission, request);
      return await this.answer(request, url, headers);
    } catch (error) {
      const refusal = error instanceof Refusal ? error : new Refusal(500, `ERR ${String(error)}`);
      const json = `{"error":${JSON.stringify(refusal.message)}}`;
      return this.respond(request, refusal.status, json, { ...headers, ...refusal.headers });
    }
  }

  private async answer(request: Request, url: URL, headers: Record<string, string>): Promise<Response> {
    const asked = { request, segments: this.segmentsOf(url), query: url.search.slice(1) };
    if (this.upgrade && isUpgrade(asked)) return this.upgrade(request, userOf(this.admission, request, url));
    checkMethod(asked);
    if (isHealth(asked)) return this.respond(request, this.db.isOpen ? 200 : 503, `{"status":"${this.db.isOpen ? 'ok' : 'stopping'}"}`, headers);
    const user = userOf(this.admission, request, url);
    if (isStream(asked.segments)) return this.stream(asked, user, headers);
    const body = new Body(request);
    try {
      const bytes = await body.read(this.limits.requestBytesMax, (more) => this.hold(more));
      const { status, content, type } = await this.run(asked, user, bytes);
      return this.respond(request, status, content, { ...headers, 'content-type': type });
    } finally {
      this.pendingBytes -= body.bytes;
    }
  }

  /** Takes note of bytes of a body, unless there are too many. */
  private hold(bytes: number): void {
    this.pendingBytes += bytes;
    if (this.pendingBytes > this.limits.pendingBytesMax) throw new Refusal(503, 'ERR too much waits for an answer (pendingBytesMax)');
  }

  /** Runs the commands of a request, on a connection of its own. */
  private async run(asked: Asked, user: User | undefined, body: Uint8Array): Promise<Answer> {
    const conversation = new Conversation(this.db, this.limits, asked.request.signal);
    try {
      await conversation.begin(user, databaseOf(asked));
      return await converse(asked, conversation, body);
    } finally {
      conversation.close();
    }
  }

  /** Sends messages as they come, for as long as somebody reads them. */
  private async stream(asked: Asked, user: User | undefined, headers: Record<string, string>): Promise<Response> {
    const command: Word[] = asked.segments.map(percentDecoded);
    const isJson = asked.query.split('&').includes('format=json');
    const conversation = new Conversation(this.db, this.limits, asked.request.signal);
    try {
      await conversation.begin(user, databaseOf(asked));
      const events = await eventsOf(conversation, command, { ...this.limits, isJson });
      return new Response(events, { headers: this.headersOf({ ...headers, 'content-type': 'text/event-stream' }) });
    } catch (error) {
      conversation.close();
      throw error;
    }
  }

  private respond(request: Request, status: number, content: string | Uint8Array, headers: Record<string, string>): Response {
    const bytes = typeof content === 'string' ? encoder.encode(content) : content;
    const all = this.headersOf({ 'content-type': JSON_TYPE, ...headers, 'content-length': String(bytes.length) });
    return new Response(request.method === 'HEAD' ? null : (bytes as Uint8Array<ArrayBuffer>), { status, headers: all });
  }

  /** What every answer has; clients take the token of the last one with them, and no two may be alike. */
  private headersOf(headers: Record<string, string>): Record<string, string> {
    this.name ??= crypto.randomUUID();
    this.answers += 1;
    return {
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'upstash-sync-token': `${this.name}-${this.answers}`,
      ...headers,
    };
  }

  /** The path in its parts, still encoded. */
  private segmentsOf({ pathname }: URL): string[] {
    const { basePath } = this;
    if (basePath !== '' && pathname !== basePath && !pathname.startsWith(`${basePath}/`)) {
      throw new Refusal(404, `ERR all paths begin with ${basePath}`);
    }
    return pathname.slice(basePath.length + 1).split('/');
  }
}

interface Answer {
  readonly status: number;
  readonly content: string | Uint8Array;
  readonly type: string;
}

/** How replies are to be sent. */
interface Form {
  readonly isBase64: boolean;
  readonly isRaw: boolean;
}

const NO_BYTES = new Uint8Array(0);
const JSON_TYPE = 'application/json';
const RAW = 'application/octet-stream';
const HEALTH = new Set(['health', 'healthz', 'livez', 'readyz']);
const encoder = new TextEncoder();

function formOf({ headers }: Request): Form {
  const format = headers.get('upstash-response-format') ?? 'json';
  const isBase64 = headers.get('upstash-encoding') === 'base64';
  if (format !== 'json' && format !== 'resp2') throw new Refusal(400, 'ERR Upstash-Response-Format is json or resp2');
  if (format === 'resp2' && isBase64) throw new Refusal(400, 'ERR Upstash-Encoding is for Upstash-Response-Format: json alone');
  return { isBase64, isRaw: format === 'resp2' };
}

/** The database that a request is about, by its number. */
function databaseOf({ request }: Asked): string | undefined {
  return request.headers.get('sanderling-db') ?? undefined;
}

/** Runs the commands of a request. */
async function converse({ request, segments, query }: Asked, conversation: Conversation, body: Uint8Array): Promise<Answer> {
  const form = formOf(request);
  const [first] = segments;
  if (first === 'pipeline' && segments.length === 1) {
    return listed(await conversation.run(readCommands(body)), form);
  }
  if (first === 'multi-exec' && segments.length === 1) {
    // There is no other form of what has run in a transaction.
    return listed(await conversation.runTogether(readCommands(body)), { ...form, isRaw: false });
  }
  const isRoot = segments.length === 1 && first === '';
  const command = isRoot ? readCommand(body) : readPath(segments, query, body);
  const [reply] = await conversation.run([command]);
  const status = conversation.statusOf(reply!);
  return form.isRaw ? { status, content: reply!, type: RAW } : { status, content: toItem(reply!, form.isBase64), type: JSON_TYPE };
}

function listed(replies: readonly Uint8Array[], { isBase64, isRaw }: Form): Answer {
  if (isRaw) return { status: 200, content: joined(replies), type: RAW };
  return { status: 200, content: `[${replies.map((reply) => toItem(reply, isBase64)).join(',')}]`, type: JSON_TYPE };
}

function isHealth({ segments }: Asked): boolean {
  return segments.length === 1 && HEALTH.has(segments[0]!);
}

/** Whether a WebSocket is asked for. */
function isUpgrade({ request, segments }: Asked): boolean {
  return segments.length === 1 && segments[0] === '' && request.headers.get('upgrade')?.toLowerCase() === 'websocket';
}

function checkMethod(asked: Asked): void {
  const { request, segments } = asked;
  const isOneOf = (...names: string[]): boolean => segments.length === 1 && names.includes(segments[0]!);
  const methods = isOneOf('', 'pipeline', 'multi-exec')
    ? ['POST']
    : isHealth(asked)
      ? ['GET', 'HEAD']
      : isStream(segments)
        ? ['GET', 'POST']
        : ['GET', 'HEAD', 'POST', 'PUT'];
  if (methods.includes(request.method)) return;
  throw new Refusal(405, `ERR the method is not one of ${methods.join(', ')}`, { allow: methods.join(', ') });
}

/** The body of a request, as it comes. */
class Body {
  /** Bytes that have come. */
  bytes = 0;

  constructor(private readonly request: Request) {}

  /** All of it, if it is not too long; `hold` is told what comes. */
  async read(bytesMax: number, hold: (bytes: number) => void): Promise<Uint8Array> {
    const { headers, body } = this.request;
    const check = (bytes: number): void => {
      if (bytes > bytesMax) throw new Refusal(413, 'ERR max request size exceeded');
    };
    check(Number(headers.get('content-length')));
    if (!body) return NO_BYTES;
    const pieces: Uint8Array[] = [];
    const reader = body.getReader();
    try {
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
        this.bytes += piece.value.length;
        pieces.push(piece.value);
        hold(piece.value.length);
        check(this.bytes);
      }
    } catch (error) {
      await reader.cancel();
      throw error;
    }
    return pieces.length === 1 ? pieces[0]! : joined(pieces);
  }
}

function admissionOf({ token, hosts, corsOrigins = [] }: RestOptions): Admission {
  if (typeof token !== 'string' || token === '') throw new TypeError("a handler needs a 'token' that requests have to bring");
  if (/\s/.test(token)) throw new TypeError("a 'token' has no spaces");
  for (const [name, list] of Object.entries({ hosts, corsOrigins })) {
    if (list !== undefined && !Array.isArray(list)) throw new TypeError(`'${name}' takes an array`);
  }
  return { token, hosts, corsOrigins };
}

function limitsOf(options: RestOptions): typeof DEFAULTS {
  const limits = { ...DEFAULTS };
  for (const name of Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[]) {
    const given = options[name] ?? DEFAULTS[name];
    if (typeof given !== 'number' || !(given > 0 && given <= MOST[name])) {
      throw new TypeError(`'${name}' takes a number above 0 and up to ${MOST[name]}`);
    }
    limits[name] = given;
  }
  return limits;
}
