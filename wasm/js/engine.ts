// One engine: its memory, its clock and timer, its connections, and the outputs for them.

import { DESCRIPTOR_WORDS, OutputKind } from './abi.generated.js';
import type { Name } from './encode.js';
import { ClosedError } from './errors.js';
import { Image } from './image.js';
import { type WasmModule, platform } from './platform.js';
import { printAs } from './print.js';
import { type Exports, type Instance, type RequestLimits, type Kept, type Settings, instantiate } from './wasm.js';

/** Takes the outputs of one connection of the engine. It must not call the engine back; see {@link Engine.later}. */
export interface Receiver {
  /** Replies lie between two positions of linear memory, for the time of the call. */
  receive(bytes: Uint8Array, start: number, end: number): void;
  /** The connection is gone. */
  closed(error: Error): void;
}

/** Keeps an engine's data in files. */
export interface Keeper {
  /** A call had effects, which are to be written before anyone hears of it; so many bytes are not. */
  changed(unwritten: number): void;
  /** Writes them, outside of any call of the engine. */
  flush(): void;
  /** The reply to a call that does not wait for anything is about to be returned. */
  afterSync(): void;
  /** All data was replaced by what was loaded, of which the files know nothing. */
  replaced(): void;
  /** Whether to wait for what is to become durable is a reason for the process to go on. */
  setReferenced(isReferenced: boolean): void;
  /** The engine has put out something about files. */
  take(kind: number, argument: number, text: Uint8Array): void;
  /** The engine answers no more; it has failed, or is shut down and can still be asked for what is not written. */
  closed(reason: Error, hasFailed: boolean): void;
}

/** What connections in bytes need of an engine, which may be in another thread. */
export type Served = Pick<Engine, 'failure' | 'wrote' | 'commit' | 'connect' | 'disconnect' | 'send' | 'later'>;

/** The longest delay that `setTimeout` takes, in milliseconds. */
const DELAY_MILLISECONDS_MAX = 2 ** 31 - 1;
/** Calls of background work in a turn, should the clock stand still meanwhile, as that of a test may. */
const TURN_CALLS_MAX = 256;
/** How often it is looked whether timers that were replaced are back, in milliseconds. */
const WATCH_MILLISECONDS = 20;
/** Bytes of a snapshot that are written in a step. */
const SAVE_STEP_BYTES = 64 * 1024;
/** Outputs that belong to dumps. */
const FILE_KINDS: ReadonlySet<number> = new Set([
  OutputKind.snapshot,
  OutputKind.snapshotEnd,
  OutputKind.snapshotFailed,
  OutputKind.loaded,
  OutputKind.loadFailed,
]);
/** Outputs for who keeps the data in files. */
const KEEPER_KINDS: ReadonlySet<number> = new Set([OutputKind.setting, OutputKind.hostRequest, OutputKind.saveWanted]);
/** The number that was given to an engine last. */
let lastNumber = 0;
/** The timers that there were before any test replaced them. */
const firstSetTimeout = globalThis.setTimeout;
const firstClearTimeout = globalThis.clearTimeout;
/** What makes microtasks that no test can hold up, unlike those of `queueMicrotask`. */
const settled = Promise.resolve();
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
  /** The name, or the head, of a request that lies at the start of that region, if it is known. */
  head: Uint8Array | undefined;
  /** Takes what is written of a dump, and what becomes of one. */
  files: ((kind: number, bytes: Uint8Array) => void) | undefined;
  /** Whether calls are still answered; the reason if not. */
  failure: Error | undefined;
  /** Keeps the data in files, if anything does. */
  keeper: Keeper | undefined;
  /**
   * Whether timers are for those who wait alone, and not for keys that expire: a platform may keep a program in memory, and
   * charge for it, as long as one is armed. What is due is done by {@link catchUp} then, and what has expired is not there.
   */
  isFrugal = false;
  /** Whether the last call had effects that go into files. */
  wrote = false;
  /** What those wait for who have caused effects that are not written, if there are any. */
  commit: Promise<void> | undefined;

  /** Index in {@link words} of the first range of a request that is called. */
  readonly ranges: number;
  /** How many of them there are. */
  readonly rangesMax: number;

  /** Tells it apart from others of this process. */
  private readonly number = (lastNumber += 1);
  /** What commands are called by. */
  private readonly commands = new Map<string, number>();
  private doubles!: Float64Array;
  private readonly instance: Instance;
  private readonly exports: Exports;
  private readonly deadlineAt: number;
  private readonly outputsAt: number;
  private readonly callsAt: number;
  private readonly unwrittenAt: number;
  /** Calls with such effects, modulo 2^32. */
  private calls = 0;
  private readonly receivers: (Receiver | undefined)[] = [];
  /** The time that the engine was told last. */
  private told = 0;
  private timer: unknown;
  /** The deadline that the timer waits for. */
  private armed = Infinity;
  /** What it was made by: tests replace that, and then no time may bring it to its end. */
  private armedBy = setTimeout;
  /** Whether it is for work that is due already. */
  private isDue = false;
  /** Counts timers, so that one which was given up does nothing. */
  private timers = 0;
  /** Looks whether replaced timers are back. */
  private watch: unknown;
  /** Requests that wait. */
  waiting = 0;
  private tasks: (() => void)[] = [];

  constructor(
    private readonly module: WasmModule,
    /** What it is made with, or what it begins with. */
    private readonly settings: Settings | Image,
    /** Milliseconds since 1970; of the platform's clock, as it is at each call, unless told. */
    private readonly clock: () => number = () => Date.now(),
    /** How the data is kept in files, if it is. */
    kept?: Kept,
  ) {
    this.instance = settings instanceof Image ? settings.revive() : instantiate(module, settings, this.now(), kept);
    this.exports = this.instance.exports;
    this.scratch = this.exports.scratchPtr();
    this.scratchEnd = this.scratch + this.exports.scratchCap();
    const head = this.exports.headPtr();
    this.deadlineAt = head / 8;
    this.outputsAt = head / 4 + 2;
    this.callsAt = head / 4 + 3;
    this.first = head / 4 + 4;
    this.unwrittenAt = head / 4 + 8;
    this.ranges = this.exports.rangesPtr() / 4;
    this.rangesMax = this.exports.rangesMax();
    this.takeViews();
    if (settings instanceof Image) settings.connections.forEach((conn) => this.disconnect(conn));
  }

  /** Everything that there is now, without connections. */
  image(): Image {
    this.check();
    if (this.isInScript) throw new Error('a script has paused in the midst of what it does, which no image can have');
    const { module, instance, receivers } = this;
    const settings = this.settings instanceof Image ? this.settings.settings : this.settings;
    return Image.of(module, instance, [...receivers.keys()].filter((conn) => receivers[conn]), settings);
  }

  /** Bytes of linear memory that live data takes. */
  get memoryUsedBytes(): number {
    // The module's integers have a sign, addresses have none.
    return this.failure ? 0 : this.exports.memoryUsed() >>> 0;
  }

  /** What a request may have at most: arguments, bytes in one of them, and bytes in all of them together. */
  get requestLimits(): RequestLimits {
    return this.guard(() => this.instance.requestLimits());
  }

  /** Adds a connection and returns its number; outputs that come of it are delivered already. */
  connect(receiver: Receiver): number {
    this.check();
    const now = this.now();
    const conn = this.guard(() => this.exports.connect(now));
    this.receivers[conn] = receiver;
    this.deliver(this.guard(() => this.exports.outputCount()));
    return conn;
  }

  /** Ends a connection; its receiver is given nothing more. */
  disconnect(conn: number): void {
    this.receivers[conn] = undefined;
    if (this.failure) return;
    const now = this.now();
    this.deliver(this.guard(() => this.exports.disconnect(now, conn)));
  }

  /**
   * What a client has set up on its connection, to be restored on another one, of another engine; `undefined` while there is
   * more to it: a transaction, watched keys, a command that waits or is half there, MONITOR.
   */
  session(conn: number): Uint8Array | undefined {
    return this.guard(() => this.instance.session(conn));
  }

  /** Makes a connection that has just been made what another one was; whether that can be. If not, it is to be closed. */
  restore(conn: number, session: Uint8Array): boolean {
    const now = this.now();
    const isRestored = this.guard(() => this.instance.restore(now, conn, session));
    this.deliver(this.guard(() => this.exports.outputCount()));
    return isRestored;
  }

  /** Has the engine handle what was written to the scratch region; returns the number of outputs to deliver. */
  process(conn: number, length: number): number {
    const now = this.now();
    let count;
    try {
      count = this.exports.process(now, conn, length);
    } catch (error) {
      throw this.fail(error);
    }
    this.settle();
    return count;
  }

  /** What {@link call} knows a command by; -1 for those that it does not take. */
  commandOf(name: Name): number {
    if (name.engine === this.number) return name.command;
    name.engine = this.number;
    return (name.command = name.word === undefined ? -1 : this.find(name.words[0]!));
  }

  /**
   * Has the engine handle one request, whose name and arguments were written to the scratch region, one after the other;
   * where they lie stands in the ranges. Returns the number of outputs to deliver; -1 if it has to be processed.
   */
  call(conn: number, command: number, count: number, length: number, now = this.now()): number {
    let outputs;
    try {
      outputs = this.exports.call(now, conn, command, count, length);
    } catch (error) {
      throw this.fail(error);
    }
    this.settle();
    return outputs;
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
    let asked: [number, number, Uint8Array][] | undefined;
    for (let index = 0; index < count; index += 1, at += DESCRIPTOR_WORDS) {
      const kind = words[at]!;
      const conn = words[at + 1]!;
      if (kind <= OutputKind.writePubsub) {
        const start = words[at + 2]!;
        this.receivers[conn]?.receive(bytes, start, start + words[at + 3]!);
      } else if (kind === OutputKind.close) {
        const receiver = this.receivers[conn];
        this.receivers[conn] = undefined;
        receiver?.closed(new ClosedError('the engine closed the connection'));
      } else if (kind === OutputKind.shutdown) {
        isShutdown = true;
      } else if (FILE_KINDS.has(kind)) {
        const start = words[at + 2]!;
        // A copy; `slice` of a Node buffer would be none.
        this.files?.(kind, new Uint8Array(bytes.subarray(start, start + words[at + 3]!)));
      } else if (this.keeper && KEEPER_KINDS.has(kind)) {
        const start = words[at + 2]!;
        (asked ??= []).push([kind, conn, new Uint8Array(bytes.subarray(start, start + words[at + 3]!))]);
      }
    }
    // The engine may be called again, now that all outputs are taken.
    for (const output of asked ?? []) this.keeper?.take(...output);
    if (isShutdown) this.close(new ClosedError('the engine was shut down'));
  }

  /**
   * Begins a snapshot, as a dump or the base of a log; 0, or the number of the reason for which it cannot begin now, such
   * as a script that has paused.
   */
  saveBegin(isBase = false): number {
    this.check();
    const now = this.now();
    return this.guard(() => this.exports.saveBegin(now, Number(isBase)));
  }

  /** Does a step of the snapshot, or of clearing away one that was given up. */
  saveStep(): void {
    const now = this.now();
    this.deliver(this.guard(() => this.exports.saveStep(now, SAVE_STEP_BYTES)));
  }

  /** Gives the snapshot up. */
  saveAbort(): void {
    const now = this.now();
    this.deliver(this.guard(() => this.exports.saveAbort(now)));
  }

  /** Whether a script has paused in the midst of what it does. */
  get isInScript(): boolean {
    return this.guard(() => this.exports.isInScript()) !== 0;
  }

  /** Loads a dump in the place of what is there. It is not looked at before, so that it may end half loaded. */
  load(dump: Uint8Array, skipsModules: boolean): void {
    this.tell(`loading-begun ${dump.length} 1`);
    this.loadBegin(0, dump.length, skipsModules);
    const room = this.scratchEnd - this.scratch;
    for (let at = 0; at < dump.length && !this.failure; at += room) {
      const piece = dump.subarray(at, at + room);
      this.bytes.set(piece, this.scratch);
      this.loadPiece(piece.length);
    }
    this.check();
    this.loadEnd();
    this.tell('loading-ended');
  }

  /** Begins to load the next file: of the kind 0 a dump, 1 the RDB file that is the base of a log, 2 commands. */
  loadBegin(kind: number, bytes: number, skipsModules: boolean): void {
    this.check();
    this.head = undefined;
    const now = this.now();
    this.deliver(this.guard(() => this.exports.loadBegin(now, kind, bytes, Number(skipsModules))));
  }

  /** Loads what was written to the scratch region. */
  loadPiece(length: number): void {
    const now = this.now();
    this.deliver(this.guard(() => this.exports.load(now, length)));
  }

  /** The file has come to its end. */
  loadEnd(): void {
    const now = this.now();
    this.deliver(this.guard(() => this.exports.loadEnd(now)));
  }

  /** Tells of what has become of files, by an event as the engine's interface words it. */
  tell(event: string): void {
    this.check();
    const now = this.now();
    this.deliver(this.guard(() => this.instance.tell(now, event)));
  }

  /** How what the engine has asked for went: without a reason it is done. */
  answer(reason?: string): void {
    const now = this.now();
    this.deliver(this.guard(() => this.instance.answer(now, reason)));
  }

  /** Tells how the log is. */
  followLog(): void {
    const now = this.now();
    this.deliver(this.guard(() => this.exports.followLog(now)));
  }

  /** Calls the log, also of an engine that is closed but has not failed. What it throws is for the caller. */
  callLog<T>(call: (log: Instance) => T): T {
    try {
      return call(this.instance);
    } catch (error) {
      // A refusal is an object with a code; all else is the end of the engine.
      throw typeof (error as { code?: unknown }).code === 'string' ? error : this.fail(error);
    } finally {
      if (this.bytes.length === 0) this.takeViews();
    }
  }

  /** Does work that is due now, if there is any; returns whether there was. */
  catchUp(): boolean {
    if (this.failure) return false;
    const { told } = this;
    const now = this.now();
    // A clock that was set back makes deadlines come earlier, which the engine must be asked for.
    if (now >= told && this.doubles[this.deadlineAt]! > now) return false;
    this.deliver(this.guard(() => this.exports.timeout(now)));
    return true;
  }

  /** Runs a task in the next microtask, outside of any call of the engine, once what is to be written is. */
  later(task: () => void): void {
    if (this.tasks.push(task) > 1) return;
    void settled.then(() => {
      if (this.commit) this.keeper?.flush();
      const { tasks } = this;
      this.tasks = [];
      for (const run of tasks) {
        try {
          run();
        } catch (error) {
          // An error in a callback surfaces as an uncaught error, and the other callbacks run all the same.
          queueMicrotask(() => {
            throw error;
          });
        }
      }
    });
  }

  /** A request waits for the engine's timer from now on, so that it must keep the process alive. */
  hold(): void {
    this.waiting += 1;
    if (this.waiting === 1) this.setReferenced(true);
  }

  /** The opposite of {@link hold}. */
  release(): void {
    this.waiting -= 1;
    if (this.waiting === 0) this.setReferenced(false);
  }

  /** Ends everything. The memory is free once the garbage collector has seen to it. */
  close(reason: Error = new ClosedError('the engine is closed'), hasFailed = false): void {
    if (this.failure) return;
    this.failure = reason;
    this.disarm();
    this.keeper?.closed(reason, hasFailed);
    const receivers = this.receivers.splice(0);
    for (const receiver of receivers) receiver?.closed(reason);
  }

  /** Throws when the engine answers no more. */
  check(): void {
    // An error of its own, since the other one tells where the engine was closed and not who called it afterwards.
    if (this.failure) throw new ClosedError(this.failure.message, { cause: this.failure });
  }

  private find(word: string): number {
    let command = this.commands.get(word);
    if (command === undefined) {
      command = this.guard(() => this.instance.callable(word));
      // Others may be any words.
      if (command >= 0) this.commands.set(word, command);
    }
    return command;
  }

  /** Unix time in microseconds, to be told to the engine, which follows wherever it goes. */
  now(): number {
    return (this.told = Math.floor(this.clock() * 1000));
  }

  private guard<T>(call: () => T): T {
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
    const isReplaced = this.armed !== Infinity && setTimeout !== this.armedBy;
    // A clock may have passed the deadline in a leap, which no timer notices.
    const isLate = deadline <= this.told && !this.isDue;
    if (deadline < this.armed || isReplaced || isLate) this.arm(deadline);
    const calls = this.words[this.callsAt]!;
    const wrote = calls !== this.calls;
    if (wrote) {
      this.calls = calls;
      this.keeper!.changed(this.words[this.unwrittenAt]!);
    }
    this.wrote = wrote;
  }

  private takeViews(): void {
    const { buffer } = this.exports.memory;
    this.bytes = platform.view(buffer);
    this.words = new Uint32Array(buffer);
    this.doubles = new Float64Array(buffer);
  }

  private arm(wanted: number): void {
    this.disarm();
    const deadline = this.isFrugal && wanted !== Infinity ? this.exports.waitsUntil() : wanted;
    this.armed = deadline;
    this.isDue = false;
    if (deadline === Infinity) return;
    const delay = Math.ceil((deadline - this.told) / 1000);
    this.isDue = delay <= 0;
    this.armedBy = setTimeout;
    const own = this.timers;
    this.timer = setTimeout(() => this.timers === own && this.wake(), Math.min(Math.max(delay, 0), DELAY_MILLISECONDS_MAX));
    setReferenced(this.timer, this.waiting > 0);
    if (setTimeout !== firstSetTimeout) this.watchTimers();
  }

  private disarm(): void {
    this.timers += 1;
    // Replaced timers need not know the ones that were made before, nor the other way round.
    if (setTimeout === this.armedBy) clearTimeout(this.timer as number);
    else setReferenced(this.timer, false);
    this.timer = undefined;
  }

  /** A request may wait under timers that a test has replaced, and the test put the others back. */
  private watchTimers(): void {
    if (this.watch !== undefined) return;
    const look = (): void => {
      this.watch = undefined;
      if (this.failure || this.armed === Infinity) return;
      if (setTimeout === this.armedBy) {
        this.watchTimers();
      } else {
        this.disarm();
        this.wake();
      }
    };
    this.watch = firstSetTimeout(look, WATCH_MILLISECONDS);
    setReferenced(this.watch, this.waiting > 0);
  }

  /** In Node, whether to wait for the engine is a reason to go on. */
  private setReferenced(isReferenced: boolean): void {
    setReferenced(this.timer, isReferenced);
    setReferenced(this.watch, isReferenced);
    this.keeper?.setReferenced(isReferenced);
  }

  private wake(): void {
    // Nothing is armed now, whatever happens below.
    this.timer = undefined;
    this.armed = Infinity;
    this.isDue = false;
    const end = Date.now() + TURN_MILLISECONDS_MAX;
    for (let calls = 0; calls < TURN_CALLS_MAX && this.catchUp() && Date.now() < end; calls += 1);
    if (!this.failure) this.arm(this.doubles[this.deadlineAt]!);
  }

  /** A call that throws leaves the engine in an unknown state, so it is never called again. */
  private fail(cause: unknown): Error {
    const message = cause instanceof Error ? cause.message : String(cause);
    const error = new ClosedError(`the engine failed and must be opened anew: ${message}`, { cause });
    this.close(error, true);
    return error;
  }
}

printAs(Engine, (engine) => `[Sanderling engine, ${engine.failure ? 'closed' : 'open'}]`);

/** Timers that no test can replace: those of files keep to the time of the machine. */
export const realTimeout = {
  /** A timer; whether it keeps the process alive is for Node. */
  set(task: () => void, milliseconds: number, isReferenced: boolean): unknown {
    const timer = firstSetTimeout(task, milliseconds);
    setReferenced(timer, isReferenced);
    return timer;
  },
  clear(timer: unknown): void {
    firstClearTimeout(timer as number);
  },
};

/** Lets all else that is due run first, also where timers are replaced. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => firstSetTimeout(resolve));
}

/** In Node, whether a timer keeps the process alive; elsewhere there is nothing to say. */
export function setReferenced(timer: unknown, isReferenced: boolean): void {
  const handle = timer as { ref?(): void; unref?(): void } | undefined;
  if (typeof handle !== 'object') return;
  if (isReferenced) handle.ref?.();
  else handle.unref?.();
}
