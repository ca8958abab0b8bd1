// A link: a connection that pairs requests with their replies.

import { OutputKind } from './abi.generated.js';
import { Push, type Reply, position, readReply } from './decode.js';
import { Name, type Value, putHead, putRequest, putValues, requestBytesMax } from './encode.js';
import type { Engine, Receiver } from './engine.js';
import { ClosedError, LimitError, ReplyError, attribute } from './errors.js';
import { printAs } from './print.js';
import { platform } from './platform.js';
import { Subscriptions } from './subscriptions.js';

const PUSH_BYTE = 0x3e;

/** Requests of fewer characters and bytes pass no limit, however the engine is configured. */
const SHORT_BYTES = 64 * 1024;
/** The same of arguments. */
const SHORT_ARGUMENTS = 64 * 1024;

const HELLO = new Name(['HELLO']);
const CLIENT_UNBLOCK = new Name(['CLIENT', 'UNBLOCK']);

/** A command with its arguments, not encoded yet: what a link sends and has a reply for. */
export interface Request {
  readonly name: Name;
  readonly values: readonly Value[];
  /** Makes another reply of what the engine replied, where a method promises one. */
  readonly convert?: ((reply: Reply) => Reply) | undefined;
}

/** Replies that have not come yet. */
export class Waiter {
  readonly replies: Reply[] = [];
  isDone = false;
  /** What the replies wait for before anyone may hear of them. */
  commit: Promise<void> | undefined;
  private error: Error | undefined;
  private settle: (() => void) | undefined;

  constructor(
    private readonly requests: readonly Request[],
    readonly asBytes: boolean,
    private missing = requests.length,
    /** Whether pushed confirmations are awaited instead of replies. */
    readonly forPushes = false,
  ) {}

  add(reply: Reply): void {
    if (reply instanceof ReplyError) this.attribute(reply);
    this.replies.push(reply);
    this.missing -= 1;
    if (this.missing === 0) this.finish(undefined);
  }

  /** Names the request that comes next. */
  attribute(error: ReplyError): void {
    const request = this.requests[this.forPushes ? 0 : this.replies.length];
    if (request) attribute(error, request.name, request.values);
  }

  finish(error: Error | undefined): void {
    this.isDone = true;
    this.error = error;
    this.settle?.();
  }

  /** The replies, once they are there. */
  result(): Reply[] {
    if (this.error) throw this.error;
    return this.replies;
  }

  promise(): Promise<Reply[]> {
    return new Promise((resolve, reject) => {
      this.settle = () => {
        if (this.error) reject(this.error);
        else if (this.commit) this.commit.then(() => resolve(this.replies), reject);
        else resolve(this.replies);
      };
      if (this.isDone) this.settle();
    });
  }
}

/**
 * One connection of the engine, from the client's side: requests in order, replies in order. Several clients share a
 * link when they are views of one connection, as with `buffers` and `sync`.
 */
export class Link implements Receiver {
  readonly subscriptions = new Subscriptions();
  private id = -1;
  private clientId = 0;
  private isOpen = false;
  private readonly waiters: Waiter[] = [];
  /** An error that answers no request, such as that there are too many connections. */
  private complaint: ReplyError | undefined;

  constructor(readonly engine: Engine) {
    this.open();
  }

  /** Whether requests are answered. */
  get isAlive(): boolean {
    return this.isOpen && !this.engine.failure;
  }

  /** Whether an earlier request has no answer yet, as when it waits for an element. */
  get isWaiting(): boolean {
    return this.waiters.length > 0;
  }

  /** Connects again after {@link close}; does nothing while open. */
  open(): void {
    if (this.isOpen) return;
    this.isOpen = true;
    this.complaint = undefined;
    this.id = this.engine.connect(this);
    if (!this.isOpen) throw this.complaint ?? new ClosedError('the engine refused the connection');
    // The third version of the protocol tells maps, numbers and messages apart.
    const reply = this.request(HELLO, ['3'], false);
    // While clients are paused it waits, as everything behind it does.
    if (reply instanceof Waiter) void reply.promise().then(([first]) => this.greeted(first!)).catch((error: Error) => this.end(error));
    else this.greeted(reply);
  }

  private greeted(reply: Reply): void {
    if (reply instanceof ReplyError) throw reply;
    this.clientId = Number((reply as { id?: Reply }).id);
  }

  close(): void {
    this.end(new ClosedError('the connection is closed'));
  }

  private end(reason: Error): void {
    if (!this.isOpen) return;
    this.closed(reason);
    this.engine.disconnect(this.id);
  }

  /** Sends a request. The reply, when the engine has it at once, which is nearly always. */
  request(name: Name, values: readonly Value[], asBytes: boolean): Reply | Waiter {
    const { engine, id } = this;
    if (!this.isAlive) this.refuse();
    if (this.waiters.length > 0) return this.enqueue([{ name, values }], asBytes);
    const { bytes, scratch, scratchEnd } = engine;
    const head = name.head(values.length);
    // The engine leaves requests where they are, so that the same command's head need not be written again.
    const at = engine.head === head ? scratch + head.length : putHead(bytes, scratch, scratchEnd, head);
    engine.head = at < 0 ? undefined : head;
    const end = at < 0 ? -1 : putValues(bytes, at, scratchEnd, values);
    if (end < 0) return this.enqueue([{ name, values }], asBytes);
    const count = engine.process(id, end - scratch);
    if (count === 1) {
      const { bytes, words, first } = engine;
      const start = words[first + 2]!;
      if (words[first]! <= OutputKind.writePubsub && words[first + 1] === id && bytes[start] !== PUSH_BYTE) {
        const reply = readReply(bytes, start, asBytes) as Reply;
        if (position === start + words[first + 3]!) {
          if (reply instanceof ReplyError) attribute(reply, name, values);
          return reply;
        }
      }
    }
    const waiter = this.await(new Waiter([{ name, values }], asBytes));
    engine.deliver(count);
    return waiter.isDone && waiter.replies.length === 1 ? waiter.replies[0]! : waiter;
  }

  /** Sends a request and returns its reply; one that would wait is answered as if its time were up. */
  requestNow(name: Name, values: readonly Value[], asBytes: boolean): Reply {
    this.refuseWhileWaiting();
    const reply = this.request(name, values, asBytes);
    const last = reply instanceof Waiter ? this.finish(reply)[0]! : reply;
    if (this.engine.commit) this.engine.keeper?.afterSync();
    return last;
  }

  /** Sends requests together. */
  enqueue(requests: readonly Request[], asBytes: boolean): Waiter {
    if (!this.isAlive) this.refuse();
    const long = this.prepare(requests);
    const waiter = this.await(new Waiter(requests, asBytes));
    this.write(requests, long);
    return waiter;
  }

  /** Sends requests together and returns their replies. */
  enqueueNow(requests: readonly Request[], asBytes: boolean): Reply[] {
    this.refuseWhileWaiting();
    const replies = this.finish(this.enqueue(requests, asBytes));
    if (this.engine.commit) this.engine.keeper?.afterSync();
    return replies;
  }

  /** Sends a request that is answered by so many pushes. What cannot be sent is thrown at once. */
  confirm(request: Request, pushes: number): Promise<unknown> {
    if (!this.isAlive) this.refuse();
    const long = this.prepare([request]);
    const waiter = this.await(new Waiter([request], false, pushes, true));
    this.write([request], long);
    return waiter.promise();
  }

  receive(bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end; at = position) {
      const waiter = this.waiters[0];
      if (waiter !== undefined && this.engine.wrote) waiter.commit = this.engine.commit;
      if (bytes[at] === PUSH_BYTE) {
        this.acceptPush(readReply(bytes, at, true) as Push, waiter);
        continue;
      }
      const reply = readReply(bytes, at, waiter?.asBytes ?? false) as Reply;
      if (waiter === undefined) {
        if (reply instanceof ReplyError) this.complaint = reply;
      } else if (waiter.forPushes) {
        // Only a refusal answers a subscription by a reply.
        if (reply instanceof ReplyError) waiter.attribute(reply);
        this.finishFirst(waiter, reply instanceof ReplyError ? reply : undefined);
      } else {
        waiter.add(reply);
        if (waiter.isDone) this.dropFirst();
      }
    }
  }

  closed(error: Error): void {
    this.isOpen = false;
    this.subscriptions.clear();
    const waiters = this.waiters.splice(0);
    for (const waiter of waiters) {
      waiter.finish(error);
      this.engine.release();
    }
  }

  private acceptPush(push: Push, waiter: Waiter | undefined): void {
    const task = this.subscriptions.accept(push.parts);
    if (task) this.engine.later(task);
    else if (waiter?.forPushes) {
      waiter.add(null);
      if (waiter.isDone) this.dropFirst();
    }
  }

  private await(waiter: Waiter): Waiter {
    this.waiters.push(waiter);
    this.engine.hold();
    return waiter;
  }

  private dropFirst(): void {
    this.waiters.shift();
    this.engine.release();
  }

  private finishFirst(waiter: Waiter, error: Error | undefined): void {
    this.dropFirst();
    waiter.finish(error);
  }

  /**
   * Encodes what is long before anything is sent, since it may be too long for the platform or for the engine, which
   * then would end the conversation.
   */
  private prepare(requests: readonly Request[]): ReadonlyMap<Request, Uint8Array> | undefined {
    let prepared: Map<Request, Uint8Array> | undefined;
    for (const request of requests) {
      if (isShort(request.values)) continue;
      this.refuseTooLong(request.values);
      prepared ??= new Map();
      if (!prepared.has(request)) prepared.set(request, encodeLong(request.name, request.values));
    }
    return prepared;
  }

  private refuseTooLong(values: readonly Value[]): void {
    const limits = this.engine.requestLimits;
    // The command's own words are few.
    if (values.length > limits.arguments - 8) {
      throw new LimitError(`a request of ${values.length} arguments; at most ${limits.arguments} can be sent at once`);
    }
    let total = 0;
    for (const value of values) {
      const bytes = lengthOf(value);
      if (bytes > limits.argumentBytes) {
        throw new LimitError(`an argument of ${bytes} bytes; proto-max-bulk-len allows ${limits.argumentBytes}`);
      }
      total += bytes + 24;
    }
    if (total > limits.bytes) {
      throw new LimitError(`a request of ${total} bytes; client-query-buffer-limit allows ${limits.bytes}`);
    }
  }

  /** Writes requests to the scratch region, as many at a time as it holds. */
  private write(requests: readonly Request[], long: ReadonlyMap<Request, Uint8Array> | undefined): void {
    const { engine, id } = this;
    engine.head = undefined;
    let at = engine.scratch;
    for (const request of requests) {
      const { name, values } = request;
      let end = putRequest(engine.bytes, at, engine.scratchEnd, name, values);
      if (end < 0 && at > engine.scratch) {
        engine.deliver(engine.process(id, at - engine.scratch));
        at = engine.scratch;
        end = putRequest(engine.bytes, at, engine.scratchEnd, name, values);
      }
      if (end < 0) engine.send(id, long?.get(request) ?? encodeLong(name, values));
      else at = end;
      // The engine may have closed the connection over what it was sent.
      if (!this.isAlive) return;
    }
    if (at > engine.scratch) engine.deliver(engine.process(id, at - engine.scratch));
  }

  /** Has the engine finish what it left for later, and ends a wait that it began. */
  private finish(waiter: Waiter): Reply[] {
    while (!waiter.isDone && this.engine.catchUp());
    if (!waiter.isDone) {
      const helper = new Link(this.engine);
      helper.request(CLIENT_UNBLOCK, [this.clientId], false);
      helper.close();
      while (!waiter.isDone && this.engine.catchUp());
    }
    if (!waiter.isDone) throw new Error('clients are paused (CLIENT PAUSE), so that none is answered at once; the command runs when that is over');
    return waiter.result();
  }

  private refuse(): never {
    this.engine.check();
    throw new ClosedError('the connection is closed');
  }

  private refuseWhileWaiting(): void {
    if (!this.isWaiting) return;
    throw new Error('a command of this connection still waits, so that none can be answered at once; use duplicate()');
  }
}

printAs(Link, (link) => `[link, ${link.isAlive ? 'open' : 'closed'}]`);

/** Whether a request is far from every limit. */
function isShort(values: readonly Value[]): boolean {
  if (values.length > SHORT_ARGUMENTS) return false;
  let total = 0;
  for (const value of values) {
    if (typeof value === 'string' || value instanceof Uint8Array) total += value.length;
  }
  return total < SHORT_BYTES;
}

function lengthOf(value: Value): number {
  if (typeof value === 'string') return platform.text.length(value);
  return value instanceof Uint8Array ? value.length : 24;
}

/** A request that the scratch region cannot hold. */
function encodeLong(name: Name, values: readonly Value[]): Uint8Array {
  const encoder = new TextEncoder();
  const encoded = values.map((value) => (typeof value === 'string' ? encoder.encode(value) : value));
  const bytes = new Uint8Array(requestBytesMax(name, encoded));
  return bytes.subarray(0, putRequest(bytes, 0, bytes.length, name, encoded));
}
