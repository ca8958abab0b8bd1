import { ClosedError } from './errors.js';
import { type WasmModule, platform } from './platform.js';
import { type Exports, type Settings, instantiate } from './wasm.js';

/** Whoever is behind a connection of the engine. Nothing here may call the engine back; see {@link Engine.later}. */
export interface Receiver {
  /** Replies lie between two positions of linear memory, for the time of the call. */
  receive(bytes: Uint8Array, start: number, end: number): void;
  /** The connection is gone. */
  closed(error: Error): void;
}

// Kinds of outputs, as the module's output descriptors name them.
const WRITE_KIND_MAX = 1;
const CLOSE_KIND = 2;
const SHUTDOWN_KIND = 6;
const DESCRIPTOR_WORDS = 4;

/** The longest delay that `setTimeout` takes, in milliseconds. */
const DELAY_MILLISECONDS_MAX = 2 ** 31 - 1;
/** How long background work may keep other tasks waiting, in milliseconds. */
const TURN_MILLISECONDS_MAX = 5;

/** One engine: its memory, its clock, its timer and its connections. */
export class Engine {
  /** Linear memory. It is another one after each call that made memory grow. */
  bytes!: Uint8Array;
  /** The same in words of 32 bits. */
  words!: Uint32Array;
  /** Where requests are written. */
  readonly scratch: number;
  /** The end of that region. */
  readonly scratchEnd: number;
  /** Index in {@link words} of the first output's descriptor. */
  readonly first: number;
  /** The head of a request that lies at the start of that region, if it is known. */
  head: Uint8Array | undefined;
  /** Whether calls are still answered; the reason if not. */
  failure: Error | undefined;

  private doubles!: Float64Array;
  private readonly exports: Exports;
  private readonly deadlineAt: number;
  private readonly outputsAt: number;
  private readonly receivers: (Receiver | undefined)[] = [];
  private lastMicros = 0;
  private timer: unknown;
  /** The deadline that the timer waits for. */
  private armed = Infinity;
  private waiting = 0;
  private tasks: (() => void)[] = [];

  constructor(module: WasmModule, settings: Settings) {
    this.exports = instantiate(module, settings, this.now());
    this.scratch = this.exports.scratchPtr();
    this.scratchEnd = this.scratch + this.exports.scratchCap();
    const head = this.exports.headPtr();
    this.deadlineAt = head / 8;
    this.outputsAt = head / 4 + 2;
    this.first = head / 4 + 4;
    this.takeViews();
  }

  /** Bytes of linear memory that live data takes. */
  get memoryUsedBytes(): number {
    return this.failure ? 0 : this.exports.memoryUsed();
  }

  /** What a request may have at most: arguments, bytes in one of them, and bytes in all of them together. */
  get requestLimits(): { arguments: number; argumentBytes: number; bytes: number } {
    const { exports } = this;
    return {
      arguments: exports.argumentsMax(),
      argumentBytes: exports.argumentBytesMax(),
      bytes: exports.requestBytesMax(),
    };
  }

  /** Adds a connection and returns its number; what the engine has to say at once is delivered already. */
  connect(receiver: Receiver): number {
    this.check();
    const conn = this.guard(() => this.exports.connect(this.now()));
    this.receivers[conn] = receiver;
    this.deliver(this.guard(() => this.exports.outputCount()));
    return conn;
  }

  /** Ends a connection; its receiver hears no more. */
  disconnect(conn: number): void {
    this.receivers[conn] = undefined;
    if (this.failure) return;
    this.deliver(this.guard(() => this.exports.disconnect(this.now(), conn)));
  }

  /** Has the engine handle what was written to the scratch region; returns the number of outputs to deliver. */
  process(conn: number, length: number): number {
    let count;
    try {
      count = this.exports.process(this.now(), conn, length);
    } catch (error) {
      throw this.fail(error);
    }
    this.settle();
    return count;
  }

  /** Sends bytes of any length and delivers what comes of them. */
  send(conn: number, bytes: Uint8Array): void {
    this.check();
    this.head = undefined;
    const room = this.scratchEnd - this.scratch;
    for (let at = 0; at < bytes.length && !this.failure; at += room) {
      const piece = bytes.subarray(at, at + room);
      this.bytes.set(piece, this.scratch);
      this.deliver(this.process(conn, piece.length));
    }
  }

  /** Hands outputs to their receivers. */
  deliver(count: number): void {
    const { bytes, words } = this;
    let at = words[this.outputsAt]! / 4;
    let isShutdown = false;
    for (let index = 0; index < count; index += 1, at += DESCRIPTOR_WORDS) {
      const kind = words[at]!;
      const conn = words[at + 1]!;
      if (kind <= WRITE_KIND_MAX) {
        const start = words[at + 2]!;
        this.receivers[conn]?.receive(bytes, start, start + words[at + 3]!);
      } else if (kind === CLOSE_KIND) {
        const receiver = this.receivers[conn];
        this.receivers[conn] = undefined;
        receiver?.closed(new ClosedError('the engine closed the connection'));
      } else if (kind === SHUTDOWN_KIND) {
        isShutdown = true;
      }
    }
    if (isShutdown) this.close(new ClosedError('the engine was shut down'));
  }

  /** Does work that is due now, if there is any; returns whether there was. */
  catchUp(): boolean {
    if (this.failure || this.doubles[this.deadlineAt]! > this.now()) return false;
    this.deliver(this.timeout());
    return true;
  }

  /** Runs a task in the next microtask, outside of any call of the engine. */
  later(task: () => void): void {
    if (this.tasks.push(task) > 1) return;
    queueMicrotask(() => {
      const { tasks } = this;
      this.tasks = [];
      for (const run of tasks) {
        try {
          run();
        } catch (error) {
          // A callback's fault is its caller's: it surfaces as an uncaught error and stops nobody else's.
          queueMicrotask(() => {
            throw error;
          });
        }
      }
    });
  }

  /** Someone waits for the engine's timer from now on, so that it must keep the process alive. */
  hold(): void {
    this.waiting += 1;
    if (this.waiting === 1) setReferenced(this.timer, true);
  }

  /** The opposite of {@link hold}. */
  release(): void {
    this.waiting -= 1;
    if (this.waiting === 0) setReferenced(this.timer, false);
  }

  /** Ends everything. The memory is free once the garbage collector has seen to it. */
  close(reason: Error = new ClosedError('the engine is closed')): void {
    if (this.failure) return;
    this.failure = reason;
    clearTimeout(this.timer as number);
    const receivers = this.receivers.splice(0);
    for (const receiver of receivers) receiver?.closed(reason);
  }

  /** Throws when the engine answers no more. */
  check(): void {
    if (this.failure) throw this.failure;
  }

  /** Unix time in microseconds, which never goes back. */
  private now(): number {
    const micros = Date.now() * 1000;
    if (micros > this.lastMicros) this.lastMicros = micros;
    return this.lastMicros;
  }

  private timeout(): number {
    return this.guard(() => this.exports.timeout(this.now()));
  }

  private guard(call: () => number): number {
    let result;
    try {
      result = call();
    } catch (error) {
      throw this.fail(error);
    }
    this.settle();
    return result;
  }

  /** After each call: memory may have grown, and a deadline come nearer. */
  private settle(): void {
    // Memory that grows leaves views of length 0 behind.
    if (this.bytes.length === 0) this.takeViews();
    const deadline = this.doubles[this.deadlineAt]!;
    if (deadline < this.armed) this.arm(deadline);
  }

  private takeViews(): void {
    const { buffer } = this.exports.memory;
    this.bytes = platform.view(buffer);
    this.words = new Uint32Array(buffer);
    this.doubles = new Float64Array(buffer);
  }

  private arm(deadline: number): void {
    clearTimeout(this.timer as number);
    this.armed = deadline;
    if (deadline === Infinity) return;
    const delay = Math.ceil((deadline - this.now()) / 1000);
    this.timer = setTimeout(() => this.wake(), Math.min(Math.max(delay, 0), DELAY_MILLISECONDS_MAX));
    setReferenced(this.timer, this.waiting > 0);
  }

  private wake(): void {
    // Nothing is armed now, whatever happens below.
    this.armed = Infinity;
    const end = Date.now() + TURN_MILLISECONDS_MAX;
    while (this.catchUp() && Date.now() < end);
    if (!this.failure) this.arm(this.doubles[this.deadlineAt]!);
  }

  /** A call that throws leaves the engine in a state that nobody knows, so it is never called again. */
  private fail(cause: unknown): Error {
    const message = cause instanceof Error ? cause.message : String(cause);
    const error = new ClosedError(`the engine failed and must be opened anew: ${message}`, { cause });
    this.close(error);
    return error;
  }
}

/** In Node, whether a timer keeps the process alive; elsewhere there is nothing to say. */
function setReferenced(timer: unknown, isReferenced: boolean): void {
  const handle = timer as { ref?(): void; unref?(): void } | undefined;
  if (typeof handle !== 'object') return;
  if (isReferenced) handle.ref?.();
  else handle.unref?.();
}
