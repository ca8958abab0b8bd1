/** One terminal's connection: runs lines one after the other and keeps what the prompt shows. */

import { format, isRawCommand } from './format.js';
import type { Port } from 'sanderling';
import { type Docs, suggestion } from './grammar.js';
import { help } from './help.js';
import type { Entry, State } from './messages.js';
import { splitLine } from './quote.js';
import { type Reply, ReplyReader, encodeRequest, textOf } from './resp.js';
import { nextTask } from './tasks.js';

/** What connections are made to: an engine in the worker, or a server. */
export interface Engine {
  readonly isOpen: boolean;
  port(onData: (chunk: Uint8Array) => void, onClose: () => void): Port;
  /** Runs a command on another connection; an error reply is thrown, with its first word as `code`. */
  call(name: string, ...args: string[]): Promise<unknown>;
}

/** What belongs to the worker, or to the page that has none. */
export interface Surroundings {
  docs: Docs;
  /** Whether there is a keyboard, whose keys help may speak of. */
  hasKeys: boolean;
  /** The engine; a fresh one when it has failed. */
  engine(): Promise<Engine>;
  /** Why a command is not to be sent, if it is not. */
  refusal?(words: readonly string[]): string | undefined;
  /** Shows entries and the state after them. */
  show(entries: Entry[], state: State): void;
}

/** How long lines run before the worker looks at its messages, in milliseconds. */
const SLICE_MILLISECONDS_MAX = 12;
/** A command that takes longer has its time printed. */
const SLOW_MILLISECONDS = 500;
/** What the engine answers later than this, though it would tell of a script that runs, is held up by CLIENT PAUSE. */
const PAUSED_MILLISECONDS = 1500;
/** How often a line may be repeated by a number before it. */
const REPEATS_MAX = 100_000;

/** Microtasks within which an answer comes that comes at once. */
const ANSWER_TURNS = 8;

const CLOSED: Reply = { type: 'error', text: 'ERR the connection was closed' };
const decoder = new TextDecoder();
/** Commands whose scripts may run without an end. */
const SCRIPTED = /^((eval|evalsha|fcall)(_ro)?|exec)$/i;
/** A line of MONITOR, which is a status like any reply. */
const MONITORED = /^\d+\.\d{6} \[/;
const MESSAGES = new Set(['message', 'pmessage', 'smessage']);
const CONFIRMATION = /^([ps]?)(un)?subscribe$/;

interface Line {
  text: string;
  /** A repeated line is shown once. */
  isShown: boolean;
}

interface Current {
  words: string[];
  /** Confirmations of subscriptions that are still to come. */
  remaining: number;
  started: number;
  /** Takes the reply instead of the transcript. */
  take?: (reply: Reply) => void;
}

export class Session {
  private port: Port | undefined;
  private reader = new ReplyReader();
  private clientId = '';
  private db = 0;
  private version = 2;
  /** The database that SELECT in a transaction will choose. */
  private queuedDb: number | undefined;
  private isInTransaction = false;
  private isMonitoring = false;
  /** Names by the prefix of their command: none, `p` or `s`. */
  private readonly channels = { '': new Set<string>(), p: new Set<string>(), s: new Set<string>() };
  /** What is still to run, the next at the end. */
  private lines: Line[] = [];
  private runs = 0;
  private current: Current | undefined;
  private isRunning = false;
  private entries: Entry[] = [];
  private isFlushPlanned = false;

  constructor(private readonly around: Surroundings) {}

  /** Connects, so that the first command need not. */
  async open(): Promise<void> {
    this.isRunning = true;
    await this.connect();
    this.isRunning = false;
    await this.pump();
  }

  close(): void {
    this.lines = [];
    this.port?.close();
    this.port = undefined;
  }

  /** Runs lines behind those that wait. */
  run(lines: readonly string[]): void {
    const added = lines.map((text) => ({ text, isShown: true })).reverse();
    this.lines = added.concat(this.lines);
    this.runs += 1;
    void this.pump();
  }

  /** Ends what is going on: a wait, lines to come, subscriptions. */
  async cancel(): Promise<void> {
    const dropped = this.lines.length;
    this.lines = [];
    if (dropped > 0) this.put('note', `${dropped} ${dropped === 1 ? 'line was' : 'lines were'} dropped`);
    const waited = this.current;
    if (waited === undefined && this.isMonitoring) {
      this.port?.close();
      this.disconnected('MONITOR has ended, and so has its connection; the next command opens another one.');
      return;
    }
    if (waited === undefined) {
      const ends = (['', 'p', 's'] as const).filter((kind) => this.channels[kind].size > 0);
      this.lines = ends.map((kind) => ({ text: `${kind}unsubscribe`, isShown: true }));
      await this.pump();
      return;
    }
    const engine = await this.around.engine();
    const isEnded = await this.end(engine, waited);
    // It neither waits for a key nor runs a script, so nothing but a new connection gets rid of it.
    if (isEnded || this.current !== waited) return;
    this.port?.close();
    this.disconnected();
  }

  /** Tells that an order could not be obeyed. */
  complain(error: unknown): void {
    this.put('error', `(error) ${error instanceof Error ? error.message : String(error)}`);
    this.planFlush();
  }

  /** Ends a wait or a script; whether there is nothing more to do. */
  private async end(engine: Engine, waited: Current): Promise<boolean> {
    try {
      const unblocked = engine.call('CLIENT', 'UNBLOCK', this.clientId, 'ERROR');
      const reply = await Promise.race([unblocked, new Promise<undefined>((resolve) => setTimeout(resolve, PAUSED_MILLISECONDS))]);
      if (reply === undefined) this.put('note', 'Clients are paused, this one as well, until the time of CLIENT PAUSE is over.');
      return reply === 1;
    } catch (error) {
      // While a script runs nothing else is answered.
      if (codeOf(error) !== 'BUSY') throw error;
      return SCRIPTED.test(waited.words[0]!) && this.kill(engine);
    }
  }

  /** Ends the script, or the function, that runs: only one of the two is allowed. */
  private async kill(engine: Engine): Promise<boolean> {
    for (const kind of ['SCRIPT', 'FUNCTION']) {
      try {
        await engine.call(kind, 'KILL');
        return true;
      } catch (error) {
        const code = codeOf(error);
        if (code === 'BUSY') continue;
        // It may have ended by itself meanwhile.
        if (code === 'NOTBUSY') return true;
        if (code !== 'UNKILLABLE') throw error;
        this.complain(error);
        this.put('note', 'SHUTDOWN NOSAVE in a second connection ends it, and with it all data.');
        return true;
      }
    }
    return true;
  }

  /** Runs lines until there are none or one waits. */
  private async pump(): Promise<void> {
    if (this.isRunning) return;
    this.isRunning = true;
    let end = performance.now() + SLICE_MILLISECONDS_MAX;
    while (this.lines.length > 0 && this.current === undefined) {
      await this.execute(this.lines.pop()!);
      if (performance.now() < end) continue;
      this.flush();
      await nextTask();
      end = performance.now() + SLICE_MILLISECONDS_MAX;
    }
    this.isRunning = false;
    this.planFlush();
  }

  /** Runs a line; the promise is settled when its reply is there or it turns out to wait. */
  private async execute({ text, isShown }: Line): Promise<void> {
    if (isShown) this.entries.push({ kind: 'echo', text, prompt: this.prompt() });
    const repeated = /^\s*(\d+)\s+(\S[^]*)$/.exec(text);
    if (repeated && isShown) {
      this.repeat(Number(repeated[1]), repeated[2]!);
      return;
    }
    const args = splitLine(text);
    if (args === undefined) this.put('error', 'Invalid argument(s)');
    if (args === undefined || args.length === 0) return;
    const words = args.map((arg) => decoder.decode(arg));
    if (this.runLocal(words)) return;
    const refusal = this.around.refusal?.(words);
    if (refusal === undefined) await this.send(args, words);
    else this.put('error', `(error) ${refusal}`);
  }

  private repeat(count: number, text: string): void {
    if (count > REPEATS_MAX) this.put('error', `(error) a line can be repeated ${REPEATS_MAX} times`);
    else for (let index = 0; index < count; index += 1) this.lines.push({ text, isShown: false });
  }

  /** Commands of the terminal itself. */
  private runLocal(words: string[]): boolean {
    switch (words[0]!.toLowerCase()) {
      case 'help':
      case '?': {
        const text = help(this.around.docs, words.slice(1), this.around.hasKeys);
        this.put(text.startsWith('(error)') ? 'error' : 'note', text);
        return true;
      }
      case 'clear':
        this.entries = [{ kind: 'clear', text: '' }];
        return true;
      default:
        return false;
    }
  }

  private async send(args: readonly (Uint8Array | string)[], words: string[]): Promise<void> {
    if (this.port === undefined) await this.connect();
    if (this.port === undefined) return;
    if (words[0]!.toLowerCase() === 'exit') args = words = ['QUIT'];
    this.current = { words, remaining: this.confirmations(words), started: performance.now() };
    this.port.input(encodeRequest(args));
    // The engine answers within the call; its answer is delivered in the microtasks behind it.
    for (let turn = 0; turn < ANSWER_TURNS && this.current !== undefined; turn += 1) await undefined;
  }

  private async connect(): Promise<void> {
    const engine = await this.around.engine();
    this.reader = new ReplyReader();
    const { db, version } = this;
    this.startAfresh();
    const port: Port = engine.port(
      (chunk) => {
        if (this.port === port) this.receive(chunk as Uint8Array<ArrayBuffer>);
      },
      () => {
        if (this.port !== port) return;
        if (engine.isOpen) this.disconnected();
        else this.disconnected('The engine has ended, and all data with it; the next command starts another one.');
      },
    );
    this.port = port;
    this.clientId = textOf(await this.ask(['CLIENT', 'ID'])) ?? '';
    // What redis-cli brings back after a lost connection.
    if (version === 3 && (await this.ask(['HELLO', '3'])).type !== 'error') this.version = 3;
    if (db > 0 && (await this.ask(['SELECT', String(db)])).type !== 'error') this.db = db;
  }

  /** A connection begins, or begins anew. */
  private startAfresh(): void {
    this.db = 0;
    this.version = 2;
    this.isMonitoring = false;
    this.endTransaction();
    for (const names of Object.values(this.channels)) names.clear();
  }

  private ask(words: string[]): Promise<Reply> {
    return new Promise((take) => {
      if (this.port === undefined) return take(CLOSED);
      this.current = { words, remaining: 0, started: performance.now(), take };
      this.port.input(encodeRequest(words));
      // It may have to wait, which should be seen.
      this.planFlush();
    });
  }

  private disconnected(note = 'The connection was closed; the next command opens another one.'): void {
    const { current, db, version } = this;
    this.port = undefined;
    this.current = undefined;
    this.startAfresh();
    // The next connection takes these over.
    Object.assign(this, { db, version });
    this.put('note', note);
    current?.take?.(CLOSED);
    void this.pump();
    this.planFlush();
  }

  private receive(chunk: Uint8Array<ArrayBuffer>): void {
    for (const reply of this.reader.read(chunk)) this.accept(reply);
    if (this.current === undefined) void this.pump();
    this.planFlush();
  }

  private accept(reply: Reply): void {
    const { current } = this;
    const kind = 'items' in reply ? textOf(reply.items[0]) : undefined;
    const isMonitored = this.isMonitoring && reply.type === 'status' && MONITORED.test(reply.text);
    const isPush = reply.type === 'push' || (reply.type === 'array' && this.isSubscribed);
    if (current === undefined || isMonitored || (isPush && MESSAGES.has(kind ?? ''))) {
      this.put('message', format(reply));
      return;
    }
    const confirmation = CONFIRMATION.exec(kind ?? '');
    if (confirmation && current.remaining > 0 && 'items' in reply) {
      this.confirm(confirmation[1] as '' | 'p' | 's', confirmation[2] !== undefined, reply.items);
      this.put('reply', format(reply));
      current.remaining -= 1;
      if (current.remaining === 0) this.current = undefined;
      return;
    }
    this.current = undefined;
    if (current.take) {
      current.take(reply);
      return;
    }
    this.follow(current.words, reply);
    this.put(reply.type === 'error' ? 'error' : 'reply', format(reply, isRawCommand(current.words)) + took(current));
    const isUnknown = reply.type === 'error' && /^ERR unknown (sub)?command/.test(reply.text);
    const meant = isUnknown ? suggestion(this.around.docs, current.words) : undefined;
    if (meant !== undefined) this.put('note', `Did you mean ${meant}?`);
  }

  /** A subscription began or ended. */
  private confirm(kind: '' | 'p' | 's', isEnd: boolean, items: readonly Reply[]): void {
    const name = items[1];
    if (name === undefined || name.type === 'nil') return;
    if (isEnd) this.channels[kind].delete(format(name));
    else this.channels[kind].add(format(name));
  }

  /** How many confirmations a command is answered by; 0 for one that has a reply. */
  private confirmations(words: readonly string[]): number {
    const match = CONFIRMATION.exec(words[0]!.toLowerCase());
    if (match === null) return 0;
    if (words.length > 1) return words.length - 1;
    return match[2] === undefined ? 0 : Math.max(1, this.channels[match[1] as '' | 'p' | 's'].size);
  }

  /** Follows what commands do to the connection, as redis-cli does for its prompt. */
  private follow(words: readonly string[], reply: Reply): void {
    const text = reply.type === 'status' ? reply.text : undefined;
    switch (words[0]!.toLowerCase()) {
      case 'select':
        if (text === 'OK') this.db = Number(words[1]);
        else if (text === 'QUEUED') this.queuedDb = Number(words[1]);
        return;
      case 'hello':
        if (reply.type !== 'error' && words.length > 1) this.version = Number(words[1]);
        return;
      case 'reset':
        if (text === 'RESET') this.startAfresh();
        return;
      case 'monitor':
        if (text === 'OK') this.isMonitoring = true;
        return;
      case 'multi':
        if (text === 'OK') this.isInTransaction = true;
        return;
      case 'exec':
        if (reply.type === 'array') this.db = this.queuedDb ?? this.db;
        if (reply.type !== 'error' || reply.text.startsWith('EXECABORT')) this.endTransaction();
        return;
      case 'discard':
        if (text === 'OK') this.endTransaction();
    }
  }

  private endTransaction(): void {
    this.isInTransaction = false;
    this.queuedDb = undefined;
  }

  private get isSubscribed(): boolean {
    return Object.values(this.channels).some((names) => names.size > 0);
  }

  private prompt(): string {
    const marks = [this.db > 0 ? `[${this.db}]` : '', this.isInTransaction ? '(TX)' : ''];
    return `sanderling${marks.join('')}${this.isSubscribed ? '(subscribed mode)' : ''}> `;
  }

  private put(kind: Entry['kind'], text: string): void {
    this.entries.push({ kind, text });
  }

  private planFlush(): void {
    if (this.isFlushPlanned) return;
    this.isFlushPlanned = true;
    void nextTask().then(() => this.flush());
  }

  private flush(): void {
    this.isFlushPlanned = false;
    const { entries } = this;
    this.entries = [];
    this.around.show(entries, {
      prompt: this.prompt(),
      isWaiting: this.current !== undefined,
      queued: this.lines.length,
      runs: this.runs,
      isSubscribed: this.isSubscribed || this.isMonitoring,
    });
  }
}

function took(current: Current): string {
  const milliseconds = performance.now() - current.started;
  return milliseconds >= SLOW_MILLISECONDS ? `\n(${(milliseconds / 1000).toFixed(2)}s)` : '';
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}
