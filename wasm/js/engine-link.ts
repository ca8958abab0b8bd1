// A link to an engine of this process, which answers at once.

import { OutputKind } from './abi.generated.js';
import { type Reply, position, readReply } from './decode.js';
import { Name, type Value, encodeRequest, putArguments, putHead, putRequest, putValues, textOf } from './encode.js';
import type { Engine, Receiver } from './engine.js';
import { ClosedError, LimitError, ReplyError, attribute } from './errors.js';
import { Link, type Request, Waiter } from './link.js';
import { platform } from './platform.js';
import { printAs } from './print.js';
import type { RequestLimits } from './wasm.js';

const PUSH_BYTE = 0x3e;

/** Requests of fewer characters and bytes pass no limit, however the engine is configured. */
const SHORT_BYTES = 64 * 1024;
/** The same of arguments. */
const SHORT_ARGUMENTS = 64 * 1024;

const HELLO = new Name(['HELLO']);
const CLIENT_UNBLOCK = new Name(['CLIENT', 'UNBLOCK']);

/** One connection of an engine. */
export class EngineLink extends Link implements Receiver {
  private id = -1;
  private clientId = 0;
  private isOpen = false;
  /** An error that answers no request, such as that there are too many connections. */
  private complaint: ReplyError | undefined;

  constructor(readonly engine: Engine) {
    super();
    this.open();
  }

  /** Whether requests are answered. */
  override get isAlive(): boolean {
    return this.isOpen && !this.engine.failure;
  }

  override get commit(): Promise<void> | undefined {
    const { wrote, commit } = this.engine;
    return wrote ? commit : undefined;
  }

  /** Whether an earlier request has no answer yet, as when it waits for an element. */
  get isWaiting(): boolean {
    return this.waiters.length > 0;
  }

  override open(): void {
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

  override duplicate(): EngineLink {
    return new EngineLink(this.engine);
  }

  override close(): void {
    this.end(new ClosedError('the connection is closed'));
  }

  private end(reason: Error): void {
    if (!this.isOpen) return;
    this.closed(reason);
    this.engine.disconnect(this.id);
  }

  /** Sends a request. The reply, when the engine has it at once, which is nearly always. */
  override request(name: Name, values: readonly Value[], asBytes: boolean): Reply | Waiter {
    const { engine, id } = this;
    if (!this.isAlive) this.refuse();
    if (this.waiters.length > 0) return this.enqueue([{ name, values }], asBytes);
    let count = this.call(name, values);
    if (count < 0) count = this.process(name, values);
    if (count < 0) return this.enqueue([{ name, values }], asBytes);
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

  override requestNow(name: Name, values: readonly Value[], asBytes: boolean): Reply {
    this.refuseWhileWaiting();
    const reply = this.request(name, values, asBytes);
    const last = reply instanceof Waiter ? this.finish(reply)[0]! : reply;
    if (this.engine.commit) this.engine.keeper?.afterSync();
    return last;
  }

  override enqueue(requests: readonly Request[], asBytes: boolean): Waiter {
    if (!this.isAlive) this.refuse();
    const long = this.prepare(requests);
    const isFree = this.waiters.length === 0;
    const waiter = this.await(new Waiter(requests, asBytes));
    const called = isFree ? this.callAll(requests) : 0;
    if (called < requests.length) this.write(called > 0 ? requests.slice(called) : requests, long);
    return waiter;
  }

  override enqueueNow(requests: readonly Request[], asBytes: boolean): Reply[] {
    this.refuseWhileWaiting();
    const replies = this.finish(this.enqueue(requests, asBytes));
    if (this.engine.commit) this.engine.keeper?.afterSync();
    return replies;
  }

  override confirm(request: Request, pushes: number): Promise<unknown> {
    if (!this.isAlive) this.refuse();
    const long = this.prepare([request]);
    const waiter = this.await(new Waiter([request], false, pushes, true));
    this.write([request], long);
    return waiter.promise();
  }

  receive(bytes: Uint8Array, start: number, end: number): void {
    this.take(bytes, start, end);
  }

  closed(error: Error): void {
    this.isOpen = false;
    this.subscriptions.clear();
    const waiters = this.waiters.takeAll();
    for (const waiter of waiters) {
      waiter.finish(error);
      this.engine.release();
    }
  }

  protected override later(task: () => void): void {
    this.engine.later(task);
  }

  protected override touched(waiter: Waiter): void {
    if (this.engine.wrote) waiter.commit = this.engine.commit;
  }

  protected override released(): void {
    this.engine.release();
  }

  protected override complained(error: ReplyError): void {
    this.complaint = error;
  }

  /** Has the engine run a request; returns the number of outputs, -1 if it has to be processed. */
  private call(name: Name, values: readonly Value[], now?: number): number {
    const { engine } = this;
    const { word } = name;
    const command = engine.commandOf(name);
    if (command < 0 || values.length >= engine.rangesMax) return -1;
    const { bytes, words, scratch, scratchEnd, ranges } = engine;
    const count = word!.length;
    // The engine leaves requests where they are, so that the same command's name need not be written again.
    if (engine.head !== word) {
      bytes.set(word!, scratch);
      words[ranges] = 0;
      words[ranges + 1] = count;
      engine.head = word;
    }
    const end = putArguments(bytes, scratch + count, scratchEnd, values, words, ranges, scratch);
    return end < 0 ? -1 : engine.call(this.id, command, values.length + 1, end - scratch, now);
  }

  /** Has the engine process a request; returns the number of outputs, -1 if it does not fit. */
  private process(name: Name, values: readonly Value[]): number {
    const { engine } = this;
    const { bytes, scratch, scratchEnd } = engine;
    const head = name.head(values.length);
    const at = engine.head === head ? scratch + head.length : putHead(bytes, scratch, scratchEnd, head);
    engine.head = at < 0 ? undefined : head;
    const end = at < 0 ? -1 : putValues(bytes, at, scratchEnd, values);
    return end < 0 ? -1 : engine.process(this.id, end - scratch);
  }

  /** Has the engine run requests up to the first that has to be processed; returns how many. */
  private callAll(requests: readonly Request[]): number {
    const { engine } = this;
    const now = engine.now();
    let called = 0;
    for (; called < requests.length; called += 1) {
      const { name, values } = requests[called]!;
      const count = this.call(name, values, now);
      if (count < 0) break;
      engine.deliver(count);
      if (!this.isAlive) return requests.length;
    }
    return called;
  }

  private await(waiter: Waiter): Waiter {
    this.waiters.push(waiter);
    this.engine.hold();
    return waiter;
  }

  /**
   * Encodes what is long before anything is sent, since it may be too long for the platform or for the engine, which
   * then would end the conversation. What cannot be read is refused here as well: once some of the requests are sent, those
   * who come later would wait for the others' replies.
   */
  private prepare(requests: readonly Request[]): ReadonlyMap<Request, Uint8Array> | undefined {
    let prepared: Map<Request, Uint8Array> | undefined;
    for (const request of requests) {
      refuseDetached(request.values);
      if (isShort(request.values)) continue;
      refuseTooLong(request.values, this.engine.requestLimits);
      prepared ??= new Map();
      if (!prepared.has(request)) prepared.set(request, encodeRequest(request.name, request.values));
    }
    return prepared;
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
      if (end < 0) engine.send(id, long?.get(request) ?? encodeRequest(name, values));
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
      const helper = new EngineLink(this.engine);
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

printAs(EngineLink, (link) => `[link, ${link.isAlive ? 'open' : 'closed'}]`);

/** Whether a request is far from every limit. */
export function isShort(values: readonly Value[]): boolean {
  if (values.length > SHORT_ARGUMENTS) return false;
  let total = 0;
  for (const value of values) {
    if (typeof value === 'string' || value instanceof Uint8Array) total += value.length;
    else if (typeof value === 'bigint') total += textOf(value).length;
  }
  return total < SHORT_BYTES;
}

/** Throws for bytes whose memory was given to somebody else, as the platform does that is to copy them. */
function refuseDetached(values: readonly Value[]): void {
  for (const value of values) if (typeof value === 'object' && value.length === 0) NOTHING.set(value);
}

const NOTHING = new Uint8Array(0);

/** Throws for what is longer than an engine takes. */
export function refuseTooLong(values: readonly Value[], limits: RequestLimits): void {
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

function lengthOf(value: Value): number {
  if (typeof value === 'string') return platform.text.length(value);
  return value instanceof Uint8Array ? value.length : textOf(value).length;
}
