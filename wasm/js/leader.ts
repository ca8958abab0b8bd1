// The tab that has a database open for all tabs: it answers what they send, each on a channel of its own.

import { Dumps } from './dumps.js';
import { Engine, type Receiver, nextTurn } from './engine.js';
import { ClosedError } from './errors.js';
import { EngineLink } from './engine-link.js';
import type { Place } from './directory.js';
import { Name } from './encode.js';
import { urlOf } from './kept-name.js';
import type { WasmModule } from './platform.js';
import { Storage } from './storage.js';
import {
  type Call,
  type Deed,
  type Deeds,
  type NearWire,
  type Opening,
  type Outcome,
  type Wire,
  memberLock,
  openMeeting,
  openWire,
  packError,
} from './wire.js';

const COMMAND_LIST = new Name(['COMMAND', 'LIST']);
/** Categories of commands that can be asked twice: what only reads, and what is about the connection alone. */
const REPEATABLE = ['read', 'connection'];

/** See above. */
export class Leader {
  /** Resolves when it leads no more. */
  readonly ended: Promise<void>;
  readonly engine: Engine;
  readonly dumps: Dumps;
  repeatable: readonly string[] = [];

  private readonly storage: Storage;
  private readonly meeting: BroadcastChannel;
  private readonly members = new Map<string, Member>();
  private readonly abort = new AbortController();
  private readonly url: string;
  private isEnding = false;
  private end!: () => void;

  private constructor(
    private readonly module: WasmModule,
    private readonly opening: Opening,
    readonly place: Place,
    readonly epoch: number,
    private readonly near: NearWire,
  ) {
    const { settings, durability } = opening;
    const kept = { path: place.path, fsync: durability === 'none' ? 'no' : durability };
    this.url = urlOf(opening);
    this.ended = new Promise((resolve) => (this.end = resolve));
    this.engine = new Engine(module, settings, undefined, kept);
    this.dumps = new Dumps(this.engine);
    this.storage = new Storage(this.engine, place, this.dumps, kept.fsync);
    this.meeting = openMeeting(this.url);
  }

  /**
   * Loads what there is, and leads.
   *
   * @throws StorageError for what cannot be loaded
   */
  static async begin(module: WasmModule, opening: Opening, place: Place, epoch: number, near: NearWire): Promise<Leader> {
    let leader: Leader | undefined;
    try {
      leader = new Leader(module, opening, place, epoch, near);
      await leader.storage.openInTurns();
    } catch (error) {
      leader?.engine.close(error as Error, true);
      leader?.meeting.close();
      if (leader === undefined) place.release();
      throw error;
    }
    leader.lead();
    return leader;
  }

  private lead(): void {
    const own = new EngineLink(this.engine);
    const lists = REPEATABLE.map((category) => own.requestNow(COMMAND_LIST, ['FILTERBY', 'ACLCAT', category], false));
    this.repeatable = lists.flat() as string[];
    own.close();
    this.meeting.onmessage = ({ data }: MessageEvent<Call>) => {
      if (this.isEnding) return;
      if (data.kind === 'seek') this.announce();
      else if (data.kind === 'join' && data.epoch === this.epoch) this.admit(data.member);
    };
    this.announce();
  }

  private announce(): void {
    this.meeting.postMessage({ kind: 'lead', epoch: this.epoch } satisfies Call);
  }

  private admit(name: string): void {
    const known = this.members.get(name);
    if (known) return known.welcome();
    const member = new Member(this, this.near.member === name ? lent(this.near.wire) : openWire(this.url, name));
    this.members.set(name, member);
    // It has this lock for as long as it is there.
    const { signal } = this.abort;
    void navigator.locks.request(memberLock(this.url, name), { signal }, () => this.dismiss(name)).catch(() => undefined);
  }

  private dismiss(name: string): void {
    this.members.get(name)?.close();
    this.members.delete(name);
  }

  makeEngine(): Engine {
    return new Engine(this.module, this.opening.settings);
  }

  /** Makes everything durable. */
  syncNow(): void {
    this.storage.syncNow();
  }

  /** The engine has failed, or was shut down. */
  lost(): void {
    void this.stepDown().catch(() => undefined);
  }

  /**
   * Lets another one lead: everything that was done is written, durable and answered; what waits will be asked there.
   *
   * @throws StorageError when the last of it could not be written
   */
  async stepDown(): Promise<void> {
    if (this.isEnding) return this.ended;
    this.isEnding = true;
    try {
      await this.storage.close();
    } finally {
      const hasFailed = this.engine.failure !== undefined;
      // What is committed now is handed on by promises.
      await nextTurn();
      for (const member of this.members.values()) member.end(!hasFailed);
      this.engine.close();
      this.abort.abort();
      this.meeting.close();
      this.end();
    }
  }

  get isLeading(): boolean {
    return !this.isEnding;
  }
}

/** A port that is not closed with a leader, since another one may come after it in the same place. */
function lent(wire: Wire): Wire {
  return {
    postMessage: (message) => wire.postMessage(message),
    set onmessage(listener: Wire['onmessage']) {
      wire.onmessage = listener;
    },
    close: () => (wire.onmessage = null),
  };
}

/** One tab, and what it has here. */
class Member {
  private readonly ports = new Map<number, MemberPort>();
  private outcomes: Outcome[] = [];
  private isClosed = false;

  constructor(
    private readonly leader: Leader,
    private readonly wire: Wire,
  ) {
    wire.onmessage = ({ data }: MessageEvent<Deeds>) => {
      if (data.epoch === leader.epoch && leader.isLeading) this.take(data.deeds);
    };
    this.welcome();
  }

  /** Tells that it is served. */
  welcome(): void {
    const { engine, repeatable, place } = this.leader;
    this.send({ kind: 'welcome', limits: engine.requestLimits, repeatable, path: place.path });
  }

  private take(deeds: readonly Deed[]): void {
    const sequence = deeds.reduce((last, deed) => (deed.kind === 'input' ? deed.sequence : last), -1);
    // This is on its way before anything is done, so that nobody asks again for what may have been done.
    if (sequence >= 0) this.sendNow([{ kind: 'accepted', sequence }]);
    for (const deed of deeds) this.serve(deed);
  }

  private serve(deed: Deed): void {
    if (deed.kind === 'connect') this.connect(deed.conn);
    else if (deed.kind === 'input') this.ports.get(deed.conn)?.input(deed.bytes);
    else if (deed.kind === 'disconnect') this.disconnect(deed.conn);
    else if (deed.kind === 'leave') this.takeLeave();
    else void this.answer(deed);
  }

  /** It may come back. What it waits for was not done, and will not be. */
  private takeLeave(): void {
    this.closePorts();
    this.send({ kind: 'left' });
  }

  private connect(conn: number): void {
    try {
      this.ports.set(conn, new MemberPort(this.leader, this, conn));
    } catch (error) {
      this.closed(conn, error as Error);
    }
  }

  private disconnect(conn: number): void {
    const port = this.ports.get(conn);
    this.ports.delete(conn);
    port?.close();
  }

  private async answer(deed: Extract<Deed, { question: number }>): Promise<void> {
    const { question } = deed;
    const { dumps } = this.leader;
    try {
      const value =
        deed.kind === 'export' ? await dumps.export() : await dumps.import(deed.dump, deed.skips, () => this.leader.makeEngine());
      this.send({ kind: 'answer', question, value });
    } catch (error) {
      this.send({ kind: 'answer', question, failure: packError(error) });
    }
  }

  closed(conn: number, error: Error): void {
    this.ports.delete(conn);
    this.send({ kind: 'closed', conn, reason: error.message });
  }

  /** Sends, together with what else is sent in this turn. */
  send(outcome: Outcome): void {
    if (this.outcomes.push(outcome) === 1) queueMicrotask(() => this.sendNow(this.outcomes.splice(0)));
  }

  private sendNow(outcomes: readonly Outcome[]): void {
    if (!this.isClosed && outcomes.length > 0) this.wire.postMessage({ epoch: this.leader.epoch, outcomes });
  }

  /** The leader leads no more; where it could, it has finished everything. */
  end(isClean: boolean): void {
    this.sendNow(this.outcomes.splice(0));
    if (isClean) this.sendNow([{ kind: 'left' }]);
    // The engine is about to close all connections, which the others need not hear of.
    this.isClosed = true;
    this.wire.close();
  }

  /** The tab is gone. */
  close(): void {
    this.isClosed = true;
    this.closePorts();
    this.wire.close();
  }

  private closePorts(): void {
    for (const conn of [...this.ports.keys()]) this.disconnect(conn);
  }
}

/** A connection of another tab. */
class MemberPort implements Receiver {
  private readonly conn: number;
  private isOpen = true;
  /** What was received last that is not handed on before something is written. */
  private last: Promise<void> | undefined;

  constructor(
    private readonly leader: Leader,
    private readonly member: Member,
    /** Its number in that tab. */
    private readonly name: number,
  ) {
    this.conn = leader.engine.connect(this);
  }

  input(bytes: Uint8Array): void {
    if (this.isOpen && !this.leader.engine.failure) this.leader.engine.send(this.conn, bytes);
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.leader.engine.disconnect(this.conn);
  }

  receive(bytes: Uint8Array, start: number, end: number): void {
    const { wrote, commit } = this.leader.engine;
    // A copy, since the engine writes over its outputs.
    const output = { kind: 'output', conn: this.name, bytes: new Uint8Array(bytes.subarray(start, end)) } as const;
    this.hand(wrote ? commit : undefined, (failure) => {
      if (this.isOpen) this.member.send(failure === undefined ? output : { ...output, failure: packError(failure) });
    });
  }

  closed(error: Error): void {
    this.isOpen = false;
    if (this.leader.engine.failure) this.leader.lost();
    else this.hand(undefined, () => this.member.closed(this.name, error instanceof ClosedError ? error : new ClosedError(error.message)));
  }

  /** Hands on what has come once that is committed or has failed, and everything before it. */
  private hand(commit: Promise<void> | undefined, task: (failure?: unknown) => void): void {
    if (commit === undefined && this.last === undefined) return task();
    const after = Promise.all([this.last, commit?.then(() => undefined, (failure: unknown) => ({ failure }))]).then(([, failed]) => {
      if (this.last === after) this.last = undefined;
      task(failed?.failure);
    });
    this.last = after;
  }
}
