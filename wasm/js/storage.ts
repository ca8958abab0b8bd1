// A database that is kept in files: its log, its dumps, and what the engine asks for about them.

import { OutputKind } from './abi.generated.js';
import type { Directory, Place } from './directory.js';
import type { Dumps } from './dumps.js';
import { type Engine, type Keeper, nextTurn, realTimeout, setReferenced } from './engine.js';
import { ClosedError, StorageError } from './errors.js';
import { decodeText } from './platform.js';
import { adoptSingleFile, isRdb } from './single-file.js';
import { type Waiting, newWaiting } from './waiting.js';
import type { Instance, Torn } from './wasm.js';

/** How long steps may follow each other before all else gets its turn, in milliseconds. */
const TURN_MILLISECONDS_MAX = 5;
/** Effects that wait for the end of the turn to be written, in bytes; with more they are written before. */
const UNWRITTEN_BYTES_MAX = 1024 * 1024;
/** How often what cannot be written is tried again, in milliseconds. */
const RETRY_MILLISECONDS = 100;
/** How long replies wait for that before they are given up, in milliseconds. */
const GIVE_UP_MILLISECONDS = 1000;
/** How often the log is made durable, and looked at whether it is to be rewritten, in milliseconds. */
const BEAT_MILLISECONDS = 1000;
/** So many bytes of a save are made durable at a time, so that the end has less to do. */
const SYNC_BYTES = 4 * 1024 * 1024;
/** Rewrites that may fail one after the other before the next one waits. */
const FAILURES_MAX = 3;
/** For how long it waits then, in milliseconds, twice as long after each further one, and at most. */
const REWRITE_MILLISECONDS = [60_000, 3_600_000] as const;
/** A rewrite wants so many times the room of the last base. */
const ROOM_FACTOR = 1.1;
/** A dump that is not complete, of this process or of one that is gone, also of a server. */
const TEMPORARY_DUMP = /^temp-\d+-\d+-/;

/** How much later than it should a beat may come before it is done within a turn, in microseconds. */
const LATE_MICROSECONDS = 500_000;

/** Of what was written: all is committed; there is something to tell the engine; much is not durable. */
const COMMITTED = 1;
const NEWS = 2;
const MUCH = 4;

/** Kinds of files that are loaded. */
const DUMP = 0;
const BASE = 1;
const COMMANDS = 2;

/** Why a snapshot cannot begin: see `SaveFault` in `core/src/engine/save.rs`. */
const CLEARING = 2;
const BUSY = 4;

/** What the engine asks for and waits for: see `HostRequest` in `core/src/server/host_request.rs`. */
const enum Request {
  save = 3,
  saveAndStop = 4,
}

/** A file that is to be made durable before the next step. */
interface Unsynced {
  readonly directory: Directory;
  readonly name: string;
}

/** Work in steps. */
type Steps = Generator<Unsynced | undefined, void>;

/** A file that is being made durable. */
interface Syncing {
  readonly name: string;
  readonly end: Promise<void>;
}

/** Keeps one engine's data in one place. */
export class Storage implements Keeper {
  /** The end of a file that a crash had torn and that was cut off. */
  torn: Torn | undefined;

  private waiting: Waiting | undefined;
  /** Since when nothing can be written. */
  private failingSince: number | undefined;
  /** The timer by which that is tried again. */
  private retry: unknown;
  /** The timer of {@link onBeat}. */
  private beat: unknown;
  /** When it comes, in microseconds. */
  private beatAt: number | undefined;
  /** Whether something may be written that is not durable. */
  private isBehind = false;
  /** The file that is being made durable beside everything else. */
  private syncing: Syncing | undefined;
  /** The save that is under way. */
  private saving: Steps | undefined;
  /** Its file. */
  private file: Unsynced | undefined;
  /** Saves that stand in line: bases, and dumps. */
  private readonly queued = new Set<boolean>();
  /** Takes away the file of the save that is under way. */
  private unfinished: (() => void) | undefined;
  private saves = 0;
  /** Rewrites that have failed one after the other. */
  private failures = 0;
  /** When the next one may begin by itself. */
  private rewriteAt = 0;
  /** Bytes of the base that was loaded, until there is another. */
  private loadedBaseBytes: number | undefined;
  private readonly settings = new Map([
    ['appendfsync', ''],
    ['auto-aof-rewrite-percentage', '100'],
    ['auto-aof-rewrite-min-size', String(64 * 1024 * 1024)],
    ['dbfilename', 'dump.rdb'],
  ]);
  private isClosing = false;
  private hasEnded = false;

  constructor(
    private readonly engine: Engine,
    private readonly place: Place,
    private readonly dumps: Dumps,
    /** A value of `appendfsync`. */
    fsync: string,
  ) {
    this.settings.set('appendfsync', fsync);
  }

  /** Where it is. */
  get path(): string {
    return this.place.path;
  }

  // ----- opening and closing -----

  /** Loads what there is, without a pause. */
  openSync(): void {
    this.runNow(this.open());
  }

  /** The same, with pauses in which all else gets its turn. */
  async openInTurns(): Promise<void> {
    await this.runInTurns(this.open());
    try {
      await this.place.log.commit?.();
    } catch (error) {
      throw this.failed(this.place.log, error);
    }
  }

  private *open(): Steps {
    const { engine, place } = this;
    engine.keeper = this;
    place.onExit(() => this.endQuietly());
    const names = this.onDisk(place.dumps, () => place.dumps.list().split('\n'));
    for (const name of names) if (TEMPORARY_DUMP.test(name)) this.onDisk(place.dumps, () => place.dumps.remove(name));
    this.onDisk(place.log, () => adoptSingleFile(place));
    const dump = names.includes(this.setting('dbfilename')) ? this.setting('dbfilename') : undefined;
    yield* this.loadLog(dump);
    if (this.setting('appendfsync') === 'always') engine.tell('commits 1');
  }

  /** Loads the log; where there is none, one is begun with what is in a dump, if there is one. */
  private *loadLog(dump: string | undefined): Steps {
    const { engine, place } = this;
    const { isFresh, segments, torn } = this.ask((log) => log.recoverLog(place.log));
    this.torn = torn;
    this.loadedBaseBytes = segments.reduce((sum, { isBase, length }) => sum + (isBase ? length : 0), 0);
    const begins = isFresh && dump !== undefined;
    const bytes = begins ? place.dumps.length(dump) : segments.reduce((sum, { length }) => sum + length, 0);
    engine.tell(`loading-begun ${bytes} 1`);
    if (begins) yield* this.loadFile(place.dumps, dump, bytes, DUMP);
    else for (const { name, isBase, length } of segments) yield* this.loadSegment(name, isBase, length);
    this.ask((log) => log.openLog(this.setting('appendfsync'), begins));
    engine.tell('loading-ended');
    place.log.loaded?.();
    if (begins) yield* this.save(true);
  }

  /** Everything is written and durable before it lets go of the files. */
  async close(): Promise<void> {
    this.isClosing = true;
    if (this.hasEnded) return;
    this.flush();
    await this.syncing?.end;
    try {
      this.syncNow();
      await this.place.log.commit?.();
    } finally {
      this.end();
    }
  }

  closed(reason: Error, hasFailed: boolean): void {
    if (hasFailed) {
      // What is not written is lost with the engine, and nobody has heard of it.
      this.letGo(reason);
    } else if (!this.isClosing) {
      this.endQuietly();
    }
  }

  private endQuietly(): void {
    try {
      this.end();
    } catch {
      // Those who wait for what could not be written have heard of it.
    }
  }

  private end(): void {
    if (this.hasEnded) return;
    let failure: Error | undefined;
    this.discard();
    try {
      this.finishSync();
      this.ask((log) => log.closeLog(micros()));
    } catch (error) {
      failure = error as Error;
    }
    this.letGo(failure);
    if (failure) throw failure;
  }

  private letGo(failure: Error | undefined): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    realTimeout.clear(this.retry);
    realTimeout.clear(this.beat);
    this.endWaiting(failure);
    this.place.release();
  }

  /** Writes everything and makes it durable now, as far as the storage takes it. */
  syncNow(): void {
    if (this.hasEnded || this.engine.failure) return;
    try {
      this.finishSync();
      this.ask((log) => log.closeLog(micros()));
      this.place.log.commit?.()?.catch(() => undefined);
    } catch {
      // What the storage does not take is tried again, and those hear of it who wait.
    }
  }

  // ----- writing -----

  changed(unwritten: number): void {
    this.isBehind = true;
    if (this.waiting === undefined) {
      this.waiting = newWaiting();
      this.engine.commit = this.waiting.promise;
      void settled.then(() => this.flush());
    }
    if (unwritten > UNWRITTEN_BYTES_MAX) this.write(micros());
    this.armBeat();
  }

  flush(): void {
    if (this.hasEnded) return;
    const now = micros();
    const state = this.write(now);
    if (this.engine.failure && !this.isClosing) return;
    if (state & COMMITTED) {
      this.failingSince = undefined;
      this.endWaitingOnce(this.place.log.commit?.());
    } else if (this.place.isUndone) {
      const { code, message } = this.whyNot();
      const undone = `what was to be written to ${this.path} is undone: ${message}`;
      return this.engine.close(new StorageError(code, undone, { path: this.path }), true);
    } else {
      this.noteFailure();
    }
    if (state & NEWS && !this.engine.failure) this.engine.followLog();
    // Promises that follow each other let no timer run, and much that is not durable takes memory.
    const isMuch = state & MUCH && this.setting('appendfsync') === 'everysec';
    if (this.beatAt !== undefined && (isMuch || now > this.beatAt + LATE_MICROSECONDS)) this.beatNow();
  }

  afterSync(): void {
    if (this.setting('appendfsync') !== 'always' && this.failingSince === undefined) return;
    this.flush();
    if (this.place.isUndone) this.engine.check();
    if (this.waiting) throw this.trouble();
  }

  /** Writes what is not written; returns bits that tell how it is. */
  private write(now: number): number {
    try {
      return this.engine.callLog((log) => log.flushLog(now));
    } catch {
      // The engine has failed, which those have heard who wait for it.
      return 0;
    }
  }

  /** Those who wait now hear of it once it is there; who comes later waits for what comes then. */
  private endWaitingOnce(committed: Promise<void> | undefined): void {
    if (committed === undefined) return this.endWaiting(undefined);
    const { waiting } = this;
    this.waiting = this.engine.commit = undefined;
    committed.then(
      () => waiting?.resolve(),
      (error: unknown) => waiting?.reject(this.notYet(this.failed(this.place.log, error))),
    );
  }

  private endWaiting(error: Error | undefined): void {
    const { waiting } = this;
    this.waiting = this.engine.commit = undefined;
    if (error) waiting?.reject(error);
    else waiting?.resolve();
  }

  /** Tries again, and after a while lets those know who wait. */
  private noteFailure(): void {
    const now = performance.now();
    this.failingSince ??= now;
    if (this.waiting && now >= this.failingSince + GIVE_UP_MILLISECONDS) this.endWaiting(this.trouble());
    realTimeout.clear(this.retry);
    this.retry = realTimeout.set(() => this.flush(), RETRY_MILLISECONDS, this.waiting !== undefined);
  }

  private trouble(): StorageError {
    return this.notYet(this.whyNot());
  }

  /** Why nothing can be written. */
  private whyNot(): Pick<StorageError, 'code' | 'message'> {
    const message = this.engine.callLog((log) => log.logTrouble()) ?? 'it takes too long';
    return { code: message === WORDS['no-space'] ? 'no-space' : 'failed', message };
  }

  private notYet({ code, message: why }: Pick<StorageError, 'code' | 'message'>): StorageError {
    const message = `what was written is in memory, and not yet in ${this.path}: ${why}; it is tried again`;
    return new StorageError(code, message, { path: this.path });
  }

  // ----- making durable -----

  private armBeat(): void {
    if (this.beatAt !== undefined) return;
    this.beatAt = micros() + BEAT_MILLISECONDS * 1000;
    this.beat = realTimeout.set(() => this.onBeat(), BEAT_MILLISECONDS, this.engine.waiting > 0);
  }

  setReferenced(isReferenced: boolean): void {
    setReferenced(this.beat, isReferenced);
  }

  /** Does what the next beat is for, and waits for the disk. */
  private beatNow(): void {
    realTimeout.clear(this.beat);
    this.finishSync();
    this.onBeat(true);
    if (!this.engine.failure) this.engine.followLog();
  }

  private onBeat(isNow = false): void {
    this.beatAt = undefined;
    const { engine } = this;
    if (this.hasEnded || engine.failure) return;
    if (this.syncing) {
      engine.callLog((log) => log.syncDelayed());
    } else {
      const name = engine.callLog((log) => log.wantedSync(micros()));
      this.isBehind &&= name === undefined && this.setting('appendfsync') === 'everysec';
      if (name !== undefined) this.syncLater(name, isNow);
    }
    if (this.isBehind || this.syncing) this.armBeat();
    if (this.saving === undefined && performance.now() >= this.rewriteAt && this.wantsRewrite()) this.want(true);
  }

  private syncLater(name: string, isNow: boolean): void {
    const { log } = this.place;
    if (isNow || !log.syncLater) {
      this.syncing = { name, end: settled };
      return this.finishSync();
    }
    const done = settled.then(() => log.syncLater?.(name));
    const end = done.then(
      () => undefined,
      (error: unknown) => log.reason(error),
    );
    const syncing: Syncing = {
      name,
      end: end.then((reason) => {
        // Something may have waited for it by doing the same.
        if (this.syncing === syncing && !this.hasEnded) this.synced(reason);
      }),
    };
    this.syncing = syncing;
  }

  private synced(reason: string | undefined): void {
    this.syncing = undefined;
    this.engine.callLog((log) => log.synced(micros(), reason));
    this.flush();
  }

  /** Waits for the sync that is under way, by doing the same once more. */
  private finishSync(): void {
    if (this.syncing === undefined) return;
    const { name } = this.syncing;
    this.syncing = undefined;
    let reason: string | undefined;
    try {
      this.place.log.sync(name);
    } catch (error) {
      reason = this.place.log.reason(error);
    }
    this.engine.callLog((log) => log.synced(micros(), reason));
  }

  // ----- what the engine asks for -----

  take(kind: number, argument: number, text: Uint8Array): void {
    if (kind === OutputKind.setting) this.follow(decodeText(text));
    else if (kind === OutputKind.saveWanted) this.want(argument === 1);
    else this.serve(argument, decodeText(text));
  }

  private follow(line: string): void {
    const [name = ''] = line.split(' ', 1);
    if (!this.settings.has(name)) return;
    const value = line.slice(name.length + 1);
    this.settings.set(name, value);
    if (name !== 'appendfsync') return;
    this.engine.callLog((log) => log.setFsync(micros(), value));
    this.engine.tell(`commits ${Number(value === 'always')}`);
    this.armBeat();
  }

  private setting(name: string): string {
    return this.settings.get(name) ?? '';
  }

  /** Does what the whole engine waits for. */
  private serve(request: number, text: string): void {
    const { engine } = this;
    let reason: string | undefined;
    try {
      if (request === Request.save || request === Request.saveAndStop) this.saveNow(false);
      else reason = 'a database in a program has other files than a server, and they stay where they are';
    } catch (error) {
      reason = (error as Error).message;
    }
    if (request === Request.saveAndStop && (reason === undefined || text === 'force')) {
      engine.close(new ClosedError('the engine was shut down'));
    } else if (!engine.failure) {
      engine.answer(reason);
    }
  }

  /** Loads the log in the place of what there is. */
  private loadAgain(): void {
    this.finishSaving();
    this.finishSync();
    try {
      this.ask((log) => log.closeLog(micros()));
      this.runNow(this.loadLog(undefined));
    } catch (error) {
      // What there was is gone, and nothing has taken its place.
      this.engine.close(error as Error, true);
      throw error;
    }
  }

  replaced(): void {
    try {
      this.saveNow(true);
    } catch (error) {
      this.loadAgain();
      throw error;
    }
  }

  // ----- saving -----

  /** Has a base or a dump made once everything before it is. */
  private want(isBase: boolean): void {
    if (this.queued.has(isBase)) return;
    this.queued.add(isBase);
    const run = async (): Promise<void> => {
      this.queued.delete(isBase);
      if (this.hasEnded || this.isClosing) return;
      const steps = (this.saving = this.save(isBase));
      try {
        await this.runInTurns(steps);
      } catch {
        // The engine and INFO know.
      }
      if (this.saving === steps) this.saving = undefined;
    };
    void this.dumps.after(run);
  }

  private saveNow(isBase: boolean): void {
    this.finishSaving();
    this.runNow(this.save(isBase, true));
  }

  /** Brings the save that is under way to its end. */
  private finishSaving(): void {
    const { saving } = this;
    this.saving = undefined;
    if (saving === undefined) return;
    try {
      this.runNow(saving, this.file);
    } catch {
      // The engine and INFO know.
    }
  }

  private wantsRewrite(): boolean {
    return this.engine.callLog((log) => {
      // Who opens a log often and adds little to it each time would else never have it rewritten.
      const [bytes, before] = [log.logBytes(), this.loadedBaseBytes ?? log.logBaseBytes()];
      const percent = Number(this.setting('auto-aof-rewrite-percentage'));
      const isLarge = percent > 0 && bytes > Number(this.setting('auto-aof-rewrite-min-size'));
      return log.logNeedsBase() || (isLarge && (bytes - before) * 100 >= Math.max(before, 1) * percent);
    });
  }

  /** Makes the base of the log, or a dump. */
  private *save(isBase: boolean, isNow = false): Steps {
    const { engine } = this;
    const kind = Number(isBase);
    let fault: number;
    while ((fault = engine.saveBegin(isBase)) !== 0) {
      // A script is whole or not there; one that is under way ends before, if there is time.
      if (fault !== CLEARING && (fault !== BUSY || isNow)) throw new StorageError('failed', 'nothing can be saved now');
      engine.saveStep();
      yield undefined;
    }
    try {
      // Nothing comes between the end of one file of commands and the beginning of the snapshot.
      const file = (this.file = this.beginFile(isBase));
      engine.tell(`save-begun ${kind}`);
      yield* this.writeFile(file);
      if (isBase) {
        this.ask((log) => log.rewriteEnd(micros()));
      } else {
        this.onDisk(file.directory, () => {
          file.directory.rename(file.name, this.setting('dbfilename'));
          file.directory.syncNames();
        });
      }
      this.unfinished = this.file = undefined;
    } catch (error) {
      this.giveUp(kind, error);
    }
    if (isBase) {
      this.failures = 0;
      this.loadedBaseBytes = undefined;
      // What the base has is durable.
      this.flush();
    }
    engine.tell(`saved ${kind}`);
  }

  private giveUp(kind: number, error: unknown): never {
    const { engine } = this;
    this.discard();
    if (kind === 1) {
      this.failures += 1;
      const over = this.failures - FAILURES_MAX;
      const [first, most] = REWRITE_MILLISECONDS;
      this.rewriteAt = performance.now() + (over > 0 ? Math.min(first * 2 ** (over - 1), most) : BEAT_MILLISECONDS);
      this.armBeat();
    }
    if (!engine.failure) {
      engine.saveAbort();
      engine.tell(`save-failed ${kind}`);
    }
    throw error;
  }

  /** Takes away what there is of a file that will not be finished. */
  private discard(): void {
    const { unfinished } = this;
    this.unfinished = this.file = undefined;
    try {
      unfinished?.();
    } catch {
      // What is left of it is taken away when the directory is opened again.
    }
  }

  private beginFile(isBase: boolean): Unsynced {
    const directory = isBase ? this.place.log : this.place.dumps;
    let name: string;
    if (isBase) {
      this.refuseWithoutRoom();
      this.finishSync();
      name = this.ask((log) => log.rewriteBegin(micros()));
      this.unfinished = () => this.ask((log) => log.rewriteAbort());
    } else {
      name = `temp-${this.place.owner}-${(this.saves += 1)}-${this.setting('dbfilename')}`;
      this.unfinished = () => directory.remove(name);
    }
    this.onDisk(directory, () => directory.create(name));
    return { directory, name };
  }

  /** Fails if the disk has clearly no room for another base: what the log last began with is all that is known of it. */
  private refuseWithoutRoom(): void {
    const wanted = this.engine.callLog((log) => log.logBaseBytes()) * ROOM_FACTOR;
    const room = this.place.log.room?.();
    if (room === undefined || room >= wanted) return;
    throw new StorageError('no-space', `${this.path}: ${WORDS['no-space']}`, { path: this.path });
  }

  /** Writes the snapshot that was begun. */
  private *writeFile(file: Unsynced): Steps {
    const { engine } = this;
    const { directory, name } = file;
    let [length, synced, isDone] = [0, 0, false];
    let failure: Error | undefined;
    const take = (kind: number, bytes: Uint8Array): void => {
      if (kind === OutputKind.snapshotEnd) isDone = true;
      else if (kind === OutputKind.snapshotFailed) failure = new StorageError('failed', decodeText(bytes));
      if (kind !== OutputKind.snapshot || failure) return;
      try {
        for (let at = 0; at < bytes.length; ) at += this.put(directory, name, length + at, bytes.subarray(at));
        length += bytes.length;
      } catch (error) {
        failure = error as Error;
      }
    };
    // Any call may find that the snapshot cannot go on.
    engine.files = take;
    try {
      while (!isDone) {
        engine.check();
        engine.saveStep();
        if (failure) throw failure;
        const syncs = length >= synced + SYNC_BYTES;
        if (syncs) synced = length;
        if (!isDone) yield syncs ? file : undefined;
      }
    } finally {
      engine.files = undefined;
    }
    yield file;
  }

  // ----- loading -----

  private *loadSegment(name: string, isBase: boolean, length: number): Steps {
    if (length === 0) return;
    const { log } = this.place;
    yield* this.loadFile(log, name, length, isBase && isRdb(log, name) ? BASE : COMMANDS);
  }

  /** Loads a file from `start` on; behind an RDB file that is a base there may be commands. */
  private *loadFile(directory: Directory, name: string, length: number, kind: number, start = 0): Steps {
    const { engine } = this;
    let loaded: string | undefined;
    let at = start;
    const call = (task: () => void): void => {
      const refusal = this.outcome(task, (text) => (loaded = text));
      if (refusal === undefined) return;
      const message = `${name} in ${this.path} cannot be loaded: ${refusal} (found with ${at} bytes read)`;
      throw new StorageError('corrupt', message, { path: this.path, file: name, offset: at });
    };
    call(() => engine.loadBegin(kind, length - start, false));
    while (at < length) {
      const room = engine.bytes.subarray(engine.scratch, Math.min(engine.scratchEnd, engine.scratch + length - at));
      const count = this.onDisk(directory, () => directory.read(name, at, room));
      if (count === 0) throw new StorageError('failed', `${name} in ${this.path} has become shorter`, { path: this.path, file: name });
      at += count;
      call(() => engine.loadPiece(count));
      yield undefined;
    }
    call(() => engine.loadEnd());
    const end = start + Number(loaded?.split(' ')[6]);
    if (kind === BASE && end < length) yield* this.loadFile(directory, name, length, COMMANDS, end);
  }

  /** Runs a part of loading; returns why it cannot go on, or hands over what was loaded. */
  private outcome(task: () => void, onLoaded: (text: string) => void): string | undefined {
    const { engine } = this;
    let refusal: string | undefined;
    engine.files = (kind, bytes) => {
      if (kind === OutputKind.loadFailed) refusal ??= decodeText(bytes);
      else if (kind === OutputKind.loaded) onLoaded(decodeText(bytes));
    };
    try {
      task();
    } finally {
      engine.files = undefined;
    }
    return refusal;
  }

  // ----- inside -----

  /** Asks the log; what it refuses is an error of this place. */
  private ask<T>(call: (log: Instance) => T): T {
    try {
      return this.engine.callLog(call);
    } catch (error) {
      if (error instanceof Error) throw error;
      const { code, reason, file, offset } = error as Fault;
      throw new StorageError(code, `the log in ${this.path}: ${reason}`, { path: this.path, file, offset });
    }
  }

  /** Runs an operation; what it throws is an error of this place. */
  private onDisk<T>(directory: Directory, operation: () => T): T {
    try {
      return operation();
    } catch (error) {
      throw this.failed(directory, error);
    }
  }

  private failed(directory: Directory, error: unknown): StorageError {
    const reason = directory.reason(error);
    const words = WORDS[reason] ?? reason;
    return new StorageError(reason === 'no-space' ? reason : 'failed', `${this.path}: ${words}`, { path: this.path, cause: error });
  }

  /** Writes some of the bytes; how many. */
  private put(directory: Directory, name: string, at: number, bytes: Uint8Array): number {
    const count = this.onDisk(directory, () => directory.write(name, at, bytes));
    if (count === 0) throw new StorageError('no-space', `${this.path}: ${WORDS['no-space']}`, { path: this.path });
    return count;
  }

  /** Runs steps to their end; a file may be waiting to be made durable before the next one. */
  private runNow(steps: Steps, unsynced?: Unsynced): void {
    let step: IteratorResult<Unsynced | undefined, void> = { done: false, value: unsynced };
    while (!step.done) {
      const file = step.value;
      let failure: unknown;
      try {
        if (file) this.onDisk(file.directory, () => file.directory.sync(file.name));
      } catch (error) {
        failure = error;
      }
      step = failure === undefined ? steps.next() : steps.throw(failure);
    }
  }

  private async runInTurns(steps: Steps): Promise<void> {
    let end = performance.now() + TURN_MILLISECONDS_MAX;
    let step = steps.next();
    while (!step.done) {
      let failure: unknown;
      if (step.value) failure = await this.syncFile(step.value);
      else if (performance.now() > end) await nextTurn();
      if (performance.now() > end) end = performance.now() + TURN_MILLISECONDS_MAX;
      step = failure === undefined ? steps.next() : steps.throw(failure);
    }
  }

  /** Makes a file durable beside everything else; returns why that failed. */
  private async syncFile({ directory, name }: Unsynced): Promise<unknown> {
    try {
      if (directory.syncLater) await directory.syncLater(name);
      else directory.sync(name);
      return undefined;
    } catch (error) {
      return this.failed(directory, error);
    }
  }
}

/** What a log throws that cannot do what it is asked. */
interface Fault {
  readonly code: 'corrupt' | 'no-space' | 'failed';
  readonly reason: string;
  readonly file?: string;
  readonly offset?: number;
}

const WORDS: Record<string, string> = { 'no-space': 'No space left on device', 'not-found': 'No such file or directory' };

const settled = Promise.resolve();

/** Microseconds of a clock that only goes forward. */
function micros(): number {
  return Math.floor(performance.now() * 1000);
}
