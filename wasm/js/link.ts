// A link: a connection that pairs requests with their replies, wherever the engine is.

import { Push, type Reply, position, readReply } from './decode.js';
import type { Name, Value } from './encode.js';
import { ReplyError, attribute } from './errors.js';
import { decodeText } from './platform.js';
import { Subscriptions } from './subscriptions.js';

const PUSH_BYTE = 0x3e;

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
    readonly requests: readonly Request[],
    readonly asBytes: boolean,
    protected missing = requests.length,
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

  /** The same now or later. Most are there, and those who ask for many at a time should not pay for a promise. */
  settled(): Reply[] | Promise<Reply[]> {
    return this.isDone && !this.commit ? this.result() : this.promise();
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

/** Those whose replies come next, in order. */
class Waiters {
  private items: (Waiter | undefined)[] = [];
  /** Where they begin: an array that is moved for each reply takes ever longer, the more there are. */
  private start = 0;

  get first(): Waiter | undefined {
    return this.items[this.start];
  }

  get length(): number {
    return this.items.length - this.start;
  }

  push(waiter: Waiter): void {
    this.items.push(waiter);
  }

  dropFirst(): void {
    this.items[this.start] = undefined;
    this.start += 1;
    if (this.start * 2 < this.items.length) return;
    this.items = this.items.slice(this.start);
    this.start = 0;
  }

  /** All of them. */
  all(): Waiter[] {
    return this.items.slice(this.start) as Waiter[];
  }

  /** The same, who wait here no longer. */
  takeAll(): Waiter[] {
    const all = this.all();
    this.items = [];
    this.start = 0;
    return all;
  }
}

/**
 * A connection from the client's side: requests in order, replies in order. Several clients share a link when they are
 * views of one connection, as with `buffers` and `sync`.
 */
export abstract class Link {
  readonly subscriptions = new Subscriptions();
  protected readonly waiters = new Waiters();

  /** Whether requests are answered, now or later. */
  abstract get isAlive(): boolean;
  /** Whether they are answered now. */
  get isReady(): boolean {
    return this.isAlive;
  }
  /** What a reply waits for that was there at once, before anyone may hear of it. */
  abstract get commit(): Promise<void> | undefined;

  /** Connects again after {@link close}; does nothing while open. */
  abstract open(): void | Promise<void>;
  abstract close(): void;
  /** Another connection to the same engine. */
  abstract duplicate(): Link;
  /** Sends a request. The reply, where it can be there at once. */
  abstract request(name: Name, values: readonly Value[], asBytes: boolean): Reply | Waiter;
  /** Sends a request and returns its reply; one that would wait is answered as if its time were up. */
  abstract requestNow(name: Name, values: readonly Value[], asBytes: boolean): Reply;
  /** Sends requests together. */
  abstract enqueue(requests: readonly Request[], asBytes: boolean): Waiter;
  /** Sends requests together and returns their replies. */
  abstract enqueueNow(requests: readonly Request[], asBytes: boolean): Reply[];
  /** Sends a request that is answered by so many pushes. What cannot be sent is thrown at once. */
  abstract confirm(request: Request, pushes: number): Promise<unknown>;

  /** Calls listeners, not within the call that brings their message. */
  protected abstract later(task: () => void): void;
  /** A reply for who is next comes. */
  protected touched(_waiter: Waiter): void {}
  /** Who was next has all replies. */
  protected released(): void {}
  /** An error answers no request, such as that there are too many connections. */
  protected complained(_error: ReplyError): void {}

  /** Takes replies, which are whole. */
  protected take(bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end; at = position) {
      const waiter = this.waiters.first;
      if (waiter !== undefined) this.touched(waiter);
      if (bytes[at] === PUSH_BYTE) {
        this.takePush(readReply(bytes, at, true) as Push, waiter);
        continue;
      }
      const reply = readReply(bytes, at, waiter?.asBytes ?? false) as Reply;
      if (waiter === undefined) {
        if (reply instanceof ReplyError) this.complained(reply);
      } else if (waiter.forPushes) {
        // Only a refusal answers a subscription by a reply.
        if (reply instanceof ReplyError) waiter.attribute(reply);
        this.dropFirst();
        waiter.finish(reply instanceof ReplyError ? reply : undefined);
      } else {
        waiter.add(reply);
        if (waiter.isDone) this.dropFirst();
      }
    }
  }

  private takePush(push: Push, waiter: Waiter | undefined): void {
    const task = this.subscriptions.accept(push.parts);
    if (task) this.later(task);
    else if (waiter?.forPushes && isConfirmation(push)) {
      waiter.add(null);
      if (waiter.isDone) this.dropFirst();
    }
  }

  private dropFirst(): void {
    this.waiters.dropFirst();
    this.released();
  }
}

/** Whether a push says that a subscription has begun or ended; others are of client tracking. */
function isConfirmation({ parts }: Push): boolean {
  return decodeText(parts[0] as Uint8Array).endsWith('subscribe');
}
