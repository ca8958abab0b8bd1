// An engine in another thread or tab, as connections see it, and what becomes of them when another one takes its place.

import type { Receiver, Served } from './engine.js';
import { ClosedError, LeaderChangedError, LimitError } from './errors.js';
import type { RequestLimits } from './wasm.js';
import {
  type Call,
  type Deed,
  type Deeds,
  type Outcome,
  type Outcomes,
  type Wire,
  memberLock,
  openMeeting,
  openWire,
  unpackError,
} from './wire.js';

/** Bytes of requests that wait for a leader. */
const WAITING_BYTES_MAX = 64 * 1024 * 1024;
/** How long a leader may take to say that it has a request before it is taken for frozen, in milliseconds. */
const ACCEPT_MILLISECONDS_MAX = 3000;

/** What a {@link FarEngine} asks of a connection when another leader is there. */
export interface Renewed extends Receiver {
  /** Sets up anew, and asks again. What was asked up to a number had arrived, and may have been done. */
  renew(accepted: number): void;
  /** Gives up what was sent and has not arrived; the leader does not answer. */
  giveUp(accepted: number, error: Error): void;
}

interface Question {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** See above. It has of an engine what connections need. */
export class FarEngine implements Served {
  failure: Error | undefined;
  /** Of the output that is being received: whether it tells of changes that could not be stored. */
  wrote = false;
  commit: Promise<void> | undefined;
  requestLimits: RequestLimits = { arguments: 0, argumentBytes: 0, bytes: 0 };
  repeatable: ReadonlySet<string> = new Set();
  /** Where the data is, in the leader's words. */
  path = '';

  /** The name of this one among those who are led. */
  readonly member = crypto.randomUUID();
  private readonly meeting: BroadcastChannel;
  /** What the leader said welcome by. */
  private wire: Wire;
  private readonly wires: readonly Wire[];
  private readonly conns = new Map<number, Renewed | Receiver>();
  private readonly questions = new Map<number, Question>();
  private lastConn = 0;
  private lastQuestion = 0;
  /** The number of the last request. */
  private sequence = 0;
  /** What the leader has of them. */
  private accepted = 0;
  /** The leader that was heard of last. */
  private epoch = 0;
  /** The one that has said welcome last. */
  private joined = 0;
  /** Whether that one leads no more, or this one has left it. */
  private hasLeft = false;
  private deeds: Deed[] = [];
  private waitingBytes = 0;
  private isAway = false;
  private watch: unknown;
  private giveLockBack!: () => void;
  private welcomed!: { resolve(): void; reject(error: Error): void };
  /** Resolves when the first leader has said welcome. */
  readonly ready: Promise<void>;

  constructor(
    url: string,
    /** The way to a leader in the worker of this page. */
    near: Wire,
  ) {
    this.ready = new Promise((resolve, reject) => (this.welcomed = { resolve, reject }));
    this.ready.catch(() => undefined);
    this.meeting = openMeeting(url);
    this.wires = [openWire(url, this.member), near];
    this.wire = near;
    this.meeting.onmessage = ({ data }: MessageEvent<Call>) => {
      if (data.kind === 'lead') this.follow(data.epoch);
    };
    for (const wire of this.wires) wire.onmessage = ({ data }: MessageEvent<Outcomes>) => this.take(data, wire);
    // The leader waits for this lock, and so learns when this one is gone.
    const gone = new Promise<void>((resolve) => (this.giveLockBack = resolve));
    void navigator.locks.request(memberLock(url, this.member), () => {
      this.call({ kind: 'seek' });
      return gone;
    });
  }

  // ----- what connections call -----

  connect(receiver: Receiver): number {
    this.check();
    const conn = (this.lastConn += 1);
    this.conns.set(conn, receiver);
    this.post({ kind: 'connect', conn });
    return conn;
  }

  disconnect(conn: number): void {
    if (this.conns.delete(conn)) this.post({ kind: 'disconnect', conn });
  }

  /** Sends whole requests, of which one must not be half there when the leader goes; returns their number. */
  send(conn: number, bytes: Uint8Array): number {
    this.check();
    if (!this.isJoined) {
      this.waitingBytes += bytes.length;
      if (this.waitingBytes > WAITING_BYTES_MAX) throw new LimitError(`requests of more than ${WAITING_BYTES_MAX} bytes wait for a tab that opens the database`);
    }
    const sequence = (this.sequence += 1);
    // Callers go on to use what they gave.
    this.post({ kind: 'input', conn, sequence, bytes: new Uint8Array(bytes) });
    return sequence;
  }

  later(task: () => void): void {
    queueMicrotask(task);
  }

  check(): void {
    if (this.failure) throw new ClosedError(this.failure.message, { cause: this.failure });
  }

  // ----- dumps -----

  ask(question: { kind: 'export' } | { kind: 'import'; dump: Uint8Array; skips: boolean }): Promise<unknown> {
    this.check();
    const number = (this.lastQuestion += 1);
    return new Promise((resolve, reject) => {
      this.questions.set(number, { resolve, reject });
      this.post({ ...question, question: number });
    });
  }

  // ----- leaders -----

  private call(call: Call): void {
    this.meeting.postMessage(call);
  }

  private get isJoined(): boolean {
    return this.joined === this.epoch && this.epoch > 0 && !this.hasLeft;
  }

  /** A leader has made itself known. */
  private follow(epoch: number): void {
    if (this.failure || this.isAway || epoch < this.epoch || (epoch === this.epoch && this.isJoined)) return;
    if (epoch > this.epoch && this.epoch > 0 && this.isJoined) {
      // The one before has gone without a word.
      this.hasLeft = true;
    }
    this.epoch = epoch;
    this.call({ kind: 'join', epoch, member: this.member });
  }

  private take({ epoch, outcomes }: Outcomes, wire: Wire): void {
    // What the one before had still to say counts until the next one has said welcome.
    if (this.failure || (epoch !== this.epoch && epoch !== this.joined)) return;
    for (const outcome of outcomes) {
      if (outcome.kind !== 'welcome') this.suffer(outcome);
      // A leader answers each call to join, of which there may be more than one.
      else if (epoch === this.epoch && !this.isJoined) this.join(outcome, wire);
    }
  }

  private suffer(outcome: Exclude<Outcome, { kind: 'welcome' }>): void {
    if (outcome.kind === 'accepted') this.accepted = outcome.sequence;
    else if (outcome.kind === 'output') this.receive(outcome);
    else if (outcome.kind === 'closed') this.closeConn(outcome.conn, new ClosedError(outcome.reason));
    else if (outcome.kind === 'left') this.leave();
    else this.answer(outcome);
  }

  private join(welcome: Extract<Outcome, { kind: 'welcome' }>, wire: Wire): void {
    this.wire = wire;
    const isFirst = this.joined === 0;
    const accepted = this.accepted;
    this.joined = this.epoch;
    this.hasLeft = false;
    this.requestLimits = welcome.limits;
    this.repeatable = new Set(welcome.repeatable);
    this.path = welcome.path;
    this.waitingBytes = 0;
    if (isFirst) {
      this.flush();
      this.welcomed.resolve();
      return;
    }
    this.renew(accepted);
  }

  /** Everything that is not answered is asked again where that can be. */
  private renew(accepted: number): void {
    clearTimeout(this.watch as number);
    this.watch = undefined;
    // What was on its way is sent by who has asked for it.
    this.deeds = [];
    const error = (): Error => new LeaderChangedError('the tab that had the database open has gone, before it answered');
    for (const { reject } of [...this.questions.values()]) reject(error());
    this.questions.clear();
    for (const [conn, receiver] of [...this.conns]) {
      if (!('renew' in receiver)) {
        this.closeConn(conn, error());
        continue;
      }
      this.post({ kind: 'connect', conn });
      receiver.renew(accepted);
    }
  }

  /** The leader has finished everything that it had begun: what is not answered was not done. */
  private leave(): void {
    this.hasLeft = true;
    this.accepted = 0;
  }

  private receive({ conn, bytes, failure }: Extract<Outcome, { kind: 'output' }>): void {
    if (failure !== undefined) {
      this.wrote = true;
      this.commit = Promise.reject(unpackError(failure));
      this.commit.catch(() => undefined);
    }
    this.conns.get(conn)?.receive(bytes, 0, bytes.length);
    this.wrote = false;
    this.commit = undefined;
  }

  private answer({ question, value, failure }: Extract<Outcome, { kind: 'answer' }>): void {
    const asked = this.questions.get(question);
    this.questions.delete(question);
    if (failure === undefined) asked?.resolve(value);
    else asked?.reject(unpackError(failure));
  }

  private closeConn(conn: number, error: Error): void {
    const receiver = this.conns.get(conn);
    this.conns.delete(conn);
    receiver?.closed(error);
  }

  // ----- sending -----

  /** Sends, together with what else is sent in this turn. */
  private post(deed: Deed): void {
    if (this.deeds.push(deed) === 1) queueMicrotask(() => this.flush());
  }

  private flush(): void {
    if (!this.isJoined || this.isAway || this.deeds.length === 0) return;
    this.wire.postMessage({ epoch: this.epoch, deeds: this.deeds } satisfies Deeds);
    this.deeds = [];
    this.watchLeader();
  }

  /** A tab that is frozen keeps its lock, so that no other one can lead. */
  private watchLeader(): void {
    if (this.watch !== undefined) return;
    const { epoch, sequence } = this;
    this.watch = setTimeout(() => {
      this.watch = undefined;
      if (epoch === this.epoch && this.isJoined && this.accepted < sequence) {
        const error = (): Error => new LeaderChangedError('the tab that has the database open does not answer');
        for (const receiver of [...this.conns.values()]) if ('giveUp' in receiver) receiver.giveUp(this.accepted, error());
      } else if (this.accepted < this.sequence && this.isJoined) {
        this.watchLeader();
      }
    }, ACCEPT_MILLISECONDS_MAX);
  }

  // ----- coming and going -----

  /** The page is about to be frozen: nothing may be sent to it, and what waits must take nothing. */
  goAway(): void {
    if (this.isAway || this.failure) return;
    if (this.isJoined) {
      this.flush();
      this.wire.postMessage({ epoch: this.epoch, deeds: [{ kind: 'leave' }] } satisfies Deeds);
    }
    this.isAway = true;
  }

  /** It is back, and joins whoever leads. */
  comeBack(): void {
    if (!this.isAway) return;
    this.isAway = false;
    this.hasLeft = true;
    this.call({ kind: 'seek' });
  }

  /** Ends everything on this side. */
  close(reason: Error = new ClosedError('the engine is closed')): void {
    if (this.failure) return;
    this.flush();
    if (this.isJoined) this.wire.postMessage({ epoch: this.epoch, deeds: [{ kind: 'leave' }] } satisfies Deeds);
    this.failure = reason;
    clearTimeout(this.watch as number);
    this.welcomed.reject(reason);
    for (const { reject } of this.questions.values()) reject(reason);
    for (const conn of [...this.conns.keys()]) this.closeConn(conn, reason);
    this.meeting.close();
    for (const wire of this.wires) wire.close();
    this.giveLockBack();
  }
}
