// WebSockets of a Durable Object. They stay while the object sleeps, of which only what is attached to them is left: with each
// lies what its client has set up, and the first that wakes the object finds all of them as they were.

import { EnginePort } from './connector.js';
import type { Engine } from './engine.js';
import { commandIn, messagesOf } from './json-messages.js';
import type { ObjectSocket, ObjectState } from './object-types.js';
import type { Replies } from './replies.js';
import type { User } from './rest-conversation.js';
import { Refusal, denied } from './rest-refusal.js';
import { errorOf } from './rest-reply.js';
import { encodeCommands } from './rest-request.js';

/** Bytes of what a client has set up, subscriptions above all: an attachment has 16 KiB, and this is not all of it. */
const SESSION_BYTES_MAX = 16 * 1024 - 128;
/** How often those are looked at that keep the object awake, in milliseconds. */
const LOOK_MILLISECONDS = 10_000;
/** What tells ours from those that a subclass has of its own. */
const TAG = 'sanderling';
/** What a WebSocket's `readyState` may be. */
const OPEN = 1;
const CLOSED = 3;
/** Bytes of the reason for closing one: a frame takes 123, of which three are for a character that was cut. */
const REASON_BYTES_MAX = 120;
/** Why a WebSocket is closed. */
const NORMAL = 1000;
const UNSUPPORTED = 1003;
const POLICY = 1008;
const TOO_LONG = 1009;
const FAILED = 1011;

/** What messages mean. */
type Form = 'resp' | 'json';
const FORMS: readonly Form[] = ['resp', 'json'];
/** How the subprotocol begins that brings a token, since pages cannot set headers. */
const TOKEN_START = 'token.';

/** What is attached to a WebSocket. */
interface Attachment {
  readonly form: Form;
  /** What its client has set up; none while there is more to it, and the object stays awake. */
  readonly session?: Uint8Array;
}

/** The two ends of a WebSocket, as the platform makes them. */
type PairClass = new () => { 0: ObjectSocket; 1: ObjectSocket };

const encoder = new TextEncoder();

/** The subprotocols that a request offers. */
function offered(request: Request): string[] {
  const header = request.headers.get('sec-websocket-protocol') ?? '';
  return header.split(',').map((name) => name.trim()).filter((name) => name !== '');
}

/** The same request with the token in its head that comes as a subprotocol. */
export function withOfferedToken(request: Request): Request {
  const token = offered(request).find((name) => name.startsWith(TOKEN_START));
  if (token === undefined || request.headers.has('authorization')) return request;
  const text = textOf(token.slice(TOKEN_START.length));
  if (text === undefined) return request;
  const headers = new Headers(request.headers);
  headers.set('authorization', `Bearer ${text}`);
  return new Request(request, { headers });
}

function textOf(base64url: string): string | undefined {
  try {
    const characters = atob(base64url.replaceAll('-', '+').replaceAll('_', '/'));
    return new TextDecoder().decode(Uint8Array.from(characters, (character) => character.charCodeAt(0)));
  } catch {
    return undefined;
  }
}

/** All of an object. */
export class ObjectSockets {
  private readonly lines = new Map<ObjectSocket, Line>();
  /** Those that keep the object awake. */
  private readonly awake = new Set<Line>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly ctx: ObjectState,
    private readonly engine: () => Engine,
  ) {}

  /** Lets in a client that asks for a WebSocket, as a user if it comes as one. */
  async accept(request: Request, user: User | undefined): Promise<Response> {
    const names = offered(request);
    const form = names.length === 0 ? 'resp' : FORMS.find((name) => names.includes(name));
    if (form === undefined) throw new Refusal(400, `ERR there are the subprotocols ${FORMS.join(' and ')}`);
    const { WebSocketPair } = globalThis as unknown as { WebSocketPair: PairClass };
    const { 0: client, 1: socket } = new WebSocketPair();
    const line = this.lineOf(socket, form);
    try {
      if (user && errorOf(await line.ask(['AUTH', user.name, user.password]))) throw denied();
      // Messages are told from replies, and maps from arrays, by the third version of the protocol.
      if (form === 'json') await line.ask(['HELLO', '3']);
    } catch (error) {
      line.leave();
      throw unavailable(error);
    }
    this.ctx.acceptWebSocket(socket, [TAG]);
    this.lines.set(socket, line);
    line.note();
    const headers = names.length === 0 ? {} : { 'sec-websocket-protocol': form };
    return new Response(null, { status: 101, headers, webSocket: client } as ResponseInit);
  }

  private lineOf(socket: ObjectSocket, form: Form): Line {
    try {
      return new Line(this.engine(), socket, form, this);
    } catch (error) {
      throw unavailable(error);
    }
  }

  /** Connects those to an engine that has just been opened whose clients have been there before. */
  restore(): void {
    for (const socket of this.ctx.getWebSockets(TAG)) {
      if (this.lines.has(socket) || socket.readyState !== OPEN) continue;
      const { form, session } = socket.deserializeAttachment() as Attachment;
      const line = new Line(this.engine(), socket, form, this);
      this.lines.set(socket, line);
      if (session === undefined || !line.restore(session)) line.end(POLICY, 'what the connection was cannot be had again');
    }
  }

  /** A message has come; those in front of it have been taken. */
  message(socket: ObjectSocket, message: string | ArrayBuffer): void {
    try {
      this.engine();
    } catch (error) {
      return close(socket, FAILED, (error as Error).message);
    }
    this.lines.get(socket)?.take(message);
  }

  /** A client has closed its end, or is gone. */
  gone(socket: ObjectSocket): void {
    this.lines.get(socket)?.leave();
    // Older compatibility dates leave it to us to close ours.
    if (socket.readyState !== CLOSED) socket.close(NORMAL);
  }

  /** Forgets one that has ended. */
  forget(socket: ObjectSocket, line: Line): void {
    if (this.lines.get(socket) === line) this.lines.delete(socket);
    this.release(line);
  }

  /** Keeps the object in memory, where alone is what there is to a line. */
  hold(line: Line): void {
    this.awake.add(line);
    this.timer ??= setTimeout(() => this.look(), LOOK_MILLISECONDS);
  }

  /** The opposite of {@link hold}. */
  release(line: Line): void {
    if (!this.awake.delete(line) || this.awake.size > 0) return;
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  keepsAwake(line: Line): boolean {
    return this.awake.has(line);
  }

  /** What has ended without a word is noticed. */
  private look(): void {
    this.timer = undefined;
    for (const line of this.awake) line.note();
    if (this.awake.size > 0) this.timer ??= setTimeout(() => this.look(), LOOK_MILLISECONDS);
  }
}

/** A connection to the engine that can be had again. */
class SessionPort extends EnginePort {
  constructor(
    private readonly own: Engine,
    onData: (chunk: Uint8Array) => void,
    onClose: (error?: Error) => void,
  ) {
    super(own, onData, onClose);
  }

  session(): Uint8Array | undefined {
    return this.own.session(this.conn);
  }

  restore(session: Uint8Array): boolean {
    return this.own.restore(this.conn, session);
  }
}

/** A WebSocket and its connection to the engine. */
class Line {
  private readonly port: SessionPort;
  private readonly messages: Replies | undefined;
  /** Takes what answers a command of our own. */
  private answer: ((reply: Uint8Array) => void) | undefined;
  /** What was attached last. */
  private attached: Uint8Array | undefined;
  private isOpen = true;

  constructor(
    engine: Engine,
    private readonly socket: ObjectSocket,
    private readonly form: Form,
    private readonly sockets: ObjectSockets,
  ) {
    if (form === 'json') this.messages = messagesOf((message) => this.send(message));
    this.port = new SessionPort(
      engine,
      (chunk) => this.receive(chunk),
      (error) => this.end(error ? FAILED : NORMAL, error?.message ?? ''),
    );
  }

  /** Runs a command of our own, before the client can send any. */
  ask(command: readonly (string | Uint8Array)[]): Promise<Uint8Array> {
    return new Promise((resolve) => {
      this.answer = resolve;
      this.port.input(encodeCommands([command]));
    });
  }

  restore(session: Uint8Array): boolean {
    this.attached = session;
    return this.port.restore(session);
  }

  /** Takes a message of the client. */
  take(message: string | ArrayBuffer): void {
    if (!this.isOpen) return;
    if (this.form === 'json' && typeof message !== 'string') return this.end(UNSUPPORTED, 'a message is a command in JSON');
    const text = typeof message === 'string' ? message : undefined;
    if (text === undefined) this.port.input(new Uint8Array(message as ArrayBuffer));
    else this.port.input(this.form === 'json' ? commandIn(text) : encoder.encode(text));
    this.note();
  }

  /** Attaches what the client has set up, or keeps the object awake while there is more. */
  note(): void {
    if (!this.isOpen) return;
    const session = this.port.session();
    if (session === undefined) this.sockets.hold(this);
    else this.sockets.release(this);
    if (isSame(this.attached, session)) return;
    if (session && session.length > SESSION_BYTES_MAX) {
      return this.end(TOO_LONG, `what the connection has set up takes more than ${SESSION_BYTES_MAX} bytes`);
    }
    const { form } = this;
    this.socket.serializeAttachment((session ? { form, session } : { form }) satisfies Attachment);
    this.attached = session;
  }

  /** Ends the WebSocket. */
  end(code: number, reason: string): void {
    if (!this.isOpen) return;
    this.leave();
    close(this.socket, code, reason);
  }

  /** The WebSocket has ended. */
  leave(): void {
    this.isOpen = false;
    this.port.close();
    this.sockets.forget(this.socket, this);
  }

  private receive(chunk: Uint8Array): void {
    const { answer } = this;
    this.answer = undefined;
    if (answer) return answer(chunk);
    if (this.messages) this.messages.push(chunk);
    else this.send(chunk);
    // Who has waited waits no more.
    if (this.sockets.keepsAwake(this)) this.note();
  }

  private send(message: string | Uint8Array): void {
    if (this.isOpen) this.socket.send(message);
  }
}

/** What a client is told who cannot be connected. */
function unavailable(error: unknown): Refusal {
  return error instanceof Refusal ? error : new Refusal(503, `ERR ${(error as Error).message}`);
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

function close(socket: ObjectSocket, code: number, reason: string): void {
  const bytes = encoder.encode(reason);
  socket.close(code, new TextDecoder().decode(bytes.subarray(0, REASON_BYTES_MAX)));
}
