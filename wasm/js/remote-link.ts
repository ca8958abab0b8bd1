// A link to a server: a connection that is made anew when it is lost, and set up as it was.

import { type Address } from './address.js';
import { joined } from './bytes.js';
import type { Reply } from './decode.js';
import { Name, type Value, encodeRequests } from './encode.js';
import { ClosedError, ConnectionError, NotLocalError, ReplyError } from './errors.js';
import { Link, type Request, Waiter } from './link.js';
import { decodeText } from './platform.js';
import { printAs } from './print.js';
import { Replies } from './replies.js';
import type { Kind } from './subscriptions.js';
import type { OpenTransport, Transport } from './transport.js';

/** Requests that wait for a connection, above which more are refused. */
const WAITING_REQUESTS_MAX = 10_000;
/** How long to wait after a connection was lost, then twice as long each time, in milliseconds. */
const PAUSE_MILLISECONDS = 50;
const PAUSE_MILLISECONDS_MAX = 2000;
/** Errors that will be the same the next time. */
const LASTING_ERRORS: readonly string[] = ['WRONGPASS', 'NOAUTH', 'NOPERM', 'NOPROTO'];
const KINDS: readonly Kind[] = ['subscribe', 'psubscribe', 'ssubscribe'];

/** What happens to a connection, under node-redis's names. */
export type RemoteEvent = 'ready' | 'reconnecting' | 'error' | 'end';

/** Requests on their way, and their bytes. */
interface Parcel {
  readonly waiter: Waiter;
  readonly bytes: Uint8Array;
}

/** What a connection has that a new one would not have, and what cannot be had again. */
class Conditions {
  database: number;
  user: readonly Value[] | undefined;
  /** The database within a transaction. */
  private queued: number | undefined;
  /** Keys are watched, or a transaction is open, of the connection as it is. */
  private isWatching = false;
  private isOpen = false;
  /** The same of one that was lost. */
  private lost: 'watch' | 'transaction' | undefined;

  constructor({ database, user }: Address) {
    this.database = database;
    this.user = user;
  }

  /** Why requests cannot be sent any more that rely on the connection before; nothing if they do not. */
  refusal(requests: readonly Request[]): string | undefined {
    const { lost } = this;
    if (lost === undefined) return undefined;
    const words = requests.map(wordOf);
    const isEnd = words.some((word) => word === 'EXEC' || word === 'DISCARD' || (word === 'UNWATCH' && lost === 'watch'));
    if (isEnd) this.lost = undefined;
    if (lost === 'transaction') return 'the connection was lost within the transaction, of which nothing ran';
    return words.includes('EXEC') ? 'the connection was lost, and with it the watch on keys: nothing ran' : undefined;
  }

  /** Requests leave. */
  sent(requests: readonly Request[]): void {
    for (const request of requests) {
      const word = wordOf(request);
      if (word === 'WATCH') this.isWatching = true;
      else if (word === 'MULTI') this.isOpen = true;
      else if (word === 'EXEC' || word === 'DISCARD') this.isWatching = this.isOpen = false;
      else if (word === 'UNWATCH') this.isWatching = false;
    }
  }

  /** A request was answered. */
  answered(request: Request, reply: Reply): void {
    const word = wordOf(request);
    const values = valuesOf(request);
    if (word === 'SELECT' && reply === 'OK') this.database = Number(textOf(values[0]!));
    else if (word === 'SELECT' && !(reply instanceof ReplyError)) this.queued = Number(textOf(values[0]!));
    else if (word === 'AUTH' && reply === 'OK') this.user = values.length > 1 ? values : ['default', ...values];
    else if (word === 'EXEC' || word === 'DISCARD') {
      if (this.queued !== undefined && Array.isArray(reply)) this.database = this.queued;
      this.queued = undefined;
    }
  }

  /** The connection is gone. */
  lose(): void {
    if (this.isOpen) this.lost = 'transaction';
    else if (this.isWatching) this.lost = 'watch';
    this.isWatching = this.isOpen = false;
    this.queued = undefined;
  }
}

/** Replies of a server, of which some say how its connection is. */
class RemoteWaiter extends Waiter {
  constructor(
    requests: readonly Request[],
    asBytes: boolean,
    private readonly conditions: Conditions,
    missing?: number,
    forPushes?: boolean,
  ) {
    super(requests, asBytes, missing, forPushes);
  }

  override add(reply: Reply): void {
    const request = this.requests[this.replies.length];
    if (request !== undefined && !this.forPushes) this.conditions.answered(request, reply);
    super.add(reply);
  }
}

/** A connection to a server. */
export class RemoteLink extends Link {
  private state: 'closed' | 'connecting' | 'ready' | 'pausing' = 'closed';
  private transport: Transport | undefined;
  private conditions: Conditions;
  /** What has not been sent. */
  private parcels: Parcel[] = [];
  private isFlushing = false;
  private attempts = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** Those who wait for the first connection. */
  private opening: { resolve(): void; reject(error: Error): void; promise: Promise<void> } | undefined;
  private complaint: ReplyError | undefined;

  constructor(
    private readonly address: Address,
    private readonly openTransport: OpenTransport,
    /** All links of one {@link address}, which end together. */
    private readonly family: Set<RemoteLink>,
    private readonly tell: (event: RemoteEvent, error?: Error) => void = () => undefined,
  ) {
    super();
    this.conditions = new Conditions(address);
  }

  override get isAlive(): boolean {
    return this.state !== 'closed';
  }

  override get isReady(): boolean {
    return this.state === 'ready';
  }

  override get commit(): undefined {
    return undefined;
  }

  override async open(): Promise<void> {
    if (this.isReady) return;
    if (this.opening === undefined) {
      let settle!: Pick<NonNullable<RemoteLink['opening']>, 'resolve' | 'reject'>;
      const promise = new Promise<void>((resolve, reject) => (settle = { resolve, reject }));
      this.opening = { ...settle, promise };
      this.family.add(this);
      if (this.state === 'closed') this.dial();
    }
    return this.opening.promise;
  }

  override close(): void {
    this.end(new ClosedError('the connection is closed'));
  }

  override duplicate(): RemoteLink {
    const link = new RemoteLink(this.address, this.openTransport, this.family);
    link.conditions.user = this.conditions.user;
    this.family.add(link);
    // Requests wait for it, as for one that was lost.
    link.dial();
    return link;
  }

  override request(name: Name, values: readonly Value[], asBytes: boolean): Waiter {
    return this.enqueue([{ name, values }], asBytes);
  }

  override requestNow(): never {
    throw new NotLocalError('what answers at once', 'a server answers by promises');
  }

  override enqueueNow(): never {
    throw new NotLocalError('execSync()', 'exec() is what a server answers');
  }

  override enqueue(requests: readonly Request[], asBytes: boolean): Waiter {
    return this.post(new RemoteWaiter(requests, asBytes, this.conditions));
  }

  override confirm(request: Request, pushes: number): Promise<unknown> {
    return this.post(new RemoteWaiter([request], false, this.conditions, pushes, true)).promise();
  }

  protected override later(task: () => void): void {
    // What a listener throws is its program's error, and no reason not to go on.
    queueMicrotask(task);
  }

  protected override complained(error: ReplyError): void {
    this.complaint = error;
  }

  /** Takes requests, whose bytes are as they are now. */
  private post(waiter: Waiter): Waiter {
    if (this.state === 'closed') throw new ClosedError('the connection is closed');
    if (!this.isReady && this.parcels.length >= WAITING_REQUESTS_MAX) {
      throw new ConnectionError(`there is no connection, and ${WAITING_REQUESTS_MAX} requests wait for one`);
    }
    this.parcels.push({ waiter, bytes: encodeRequests(waiter.requests) });
    if (!this.isFlushing && this.isReady) {
      this.isFlushing = true;
      // What a program asks for at once leaves at once.
      queueMicrotask(() => this.flush());
    }
    return waiter;
  }

  private flush(): void {
    this.isFlushing = false;
    if (!this.isReady) return;
    const pieces: Uint8Array[] = [];
    for (const { waiter, bytes } of this.parcels.splice(0)) {
      const refusal = this.conditions.refusal(waiter.requests);
      if (refusal !== undefined) {
        waiter.finish(new ConnectionError(refusal));
        continue;
      }
      this.conditions.sent(waiter.requests);
      this.waiters.push(waiter);
      pieces.push(bytes);
    }
    if (pieces.length > 0) this.transport!.send(pieces.length === 1 ? pieces[0]! : joined(pieces));
  }

  private dial(): void {
    this.state = 'connecting';
    this.complaint = undefined;
    const replies = new Replies((bytes, start, end) => this.take(bytes, start, end));
    let isOver = false;
    const over = (error: Error): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timeout);
      transport.close();
      this.lose(error);
    };
    const { connectTimeout, url } = this.address;
    const timeout = setTimeout(() => over(new ConnectionError(`no connection within ${connectTimeout} ms: ${url}`)), connectTimeout);
    const transport = this.openTransport(this.address, {
      opened: () => {
        const ready = (): void => {
          clearTimeout(timeout);
          if (!isOver) this.ready();
        };
        this.setUp().then(ready, over);
      },
      received: (chunk) => {
        if (isOver) return;
        try {
          replies.push(chunk);
        } catch (error) {
          over(new ConnectionError(`the server does not speak Redis's protocol: ${url}`, true, { cause: error }));
        }
      },
      closed: (error) => over(this.complaint ?? error),
    });
    this.transport = {
      send: (bytes) => transport.send(bytes),
      close: () => {
        isOver = true;
        clearTimeout(timeout);
        transport.close();
      },
    };
  }

  /** Makes a new connection what the one before was. */
  private async setUp(): Promise<void> {
    const { user, database } = this.conditions;
    const hello = user === undefined ? ['3'] : ['3', 'AUTH', ...user];
    const asked = [this.ask('HELLO', hello)];
    if (database !== 0) asked.push(this.ask('SELECT', [database]));
    for (const kind of KINDS) {
      const channels = this.subscriptions.channels(kind);
      if (channels.length > 0) asked.push(this.ask(kind, channels, channels.length));
    }
    await Promise.all(asked);
  }

  private async ask(word: string, values: readonly Value[], pushes?: number): Promise<void> {
    const request = { name: new Name([word]), values };
    const waiter = new Waiter([request], false, pushes, pushes !== undefined);
    this.waiters.push(waiter);
    this.transport!.send(encodeRequests([request]));
    const [reply] = await waiter.promise();
    if (reply instanceof ReplyError) throw reply;
  }

  private ready(): void {
    this.state = 'ready';
    this.attempts = 0;
    this.opening?.resolve();
    this.opening = undefined;
    this.tell('ready');
    this.flush();
  }

  /** The connection is gone, or could not be had. */
  private lose(error: Error): void {
    const wasFirst = this.opening !== undefined;
    this.transport = undefined;
    this.conditions.lose();
    const lost = error instanceof ReplyError ? error : new ConnectionError(error.message, true, { cause: error });
    for (const waiter of this.waiters.takeAll()) waiter.finish(lost);
    const isLasting = error instanceof ReplyError && LASTING_ERRORS.includes(error.code);
    if (wasFirst || isLasting || !this.address.reconnect) {
      this.tell('error', error);
      return this.end(error);
    }
    this.state = 'pausing';
    const pause = Math.min(PAUSE_MILLISECONDS * 2 ** this.attempts, PAUSE_MILLISECONDS_MAX);
    this.attempts += 1;
    // Clients of a server that comes back come back one after the other.
    this.timer = setTimeout(() => this.dial(), pause * (0.5 + Math.random() / 2));
    this.tell('error', error);
    this.tell('reconnecting');
  }

  private end(reason: Error): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    clearTimeout(this.timer);
    this.family.delete(this);
    this.transport?.close();
    this.transport = undefined;
    this.conditions = new Conditions(this.address);
    this.subscriptions.clear();
    const mayHaveRun = new ConnectionError(reason.message, true, { cause: reason });
    for (const waiter of this.waiters.takeAll()) waiter.finish(mayHaveRun);
    const unsent = new ConnectionError(reason.message, false, { cause: reason });
    for (const { waiter } of this.parcels.splice(0)) waiter.finish(unsent);
    this.opening?.reject(reason);
    this.opening = undefined;
    this.tell('end');
  }
}

printAs(RemoteLink, (link) => `[link to a server, ${link.isReady ? 'ready' : link.isAlive ? 'not connected' : 'closed'}]`);

/** A command's own word, in capitals. */
function wordOf({ name }: Request): string {
  return name.words[0]!.toUpperCase();
}

/** Its arguments; those of one that was called by a longer name begin with that. */
function valuesOf({ name, values }: Request): readonly Value[] {
  return [...name.words.slice(1), ...values];
}

function textOf(value: Value): string {
  return value instanceof Uint8Array ? decodeText(value) : String(value);
}
