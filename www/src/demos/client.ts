/** The demos' side of the port to the worker: connections to one database, and what goes wrong in plain words. */

import type { Answer, Failure, Keeping, Request, Value } from './messages.js';

/** What was called and what came back, for those who show it. */
export interface Spoken {
  words: readonly string[];
  /** As redis-cli prints it. */
  reply: string;
  isError: boolean;
}

interface Waiting {
  resolve(answer: { value: Value; text: string }): void;
  reject(error: Error): void;
}

/** Something that could not be done; its message can be shown, and `line` is what redis-cli would print. */
export class DemoError extends Error {
  readonly line: string;

  constructor(readonly failure: Failure) {
    super(inPlainWords(failure));
    this.line = failure.name === 'ReplyError' ? `(error) ${failure.message}` : this.message;
  }
}

/** The database, by a port to the worker that has it or knows who has it. */
export class Database {
  private readonly waiting = new Map<number, Waiting>();
  private readonly listeners = new Map<number, (text: string) => void>();
  private opening: { resolve(keeping: Keeping): void; reject(error: Error): void } | undefined;
  private lastId = 0;
  private lastConnection = 0;

  constructor(private readonly port: MessagePort) {
    port.onmessage = ({ data }: MessageEvent<Answer>) => this.accept(data);
  }

  /**
   * Opens it; again after it has failed.
   *
   * @throws DemoError when the browser does not keep it
   */
  open(inMemory = false): Promise<Keeping> {
    return new Promise((resolve, reject) => {
      this.opening = { resolve, reject };
      this.send({ kind: 'open', inMemory });
    });
  }

  connect(): Connection {
    return new Connection(this, (this.lastConnection += 1));
  }

  /** Sends words on a connection; the reply, also as text. */
  ask(connection: number, words: string[]): Promise<{ value: Value; text: string }> {
    return this.request((id) => ({ kind: 'call', id, connection, words }));
  }

  listen(connection: number, channel: string, hear: (text: string) => void): Promise<{ text: string }> {
    this.listeners.set(connection, hear);
    return this.request((id) => ({ kind: 'subscribe', id, connection, channel }));
  }

  drop(connection: number): void {
    this.listeners.delete(connection);
    this.send({ kind: 'close', connection });
  }

  private request(make: (id: number) => Request): Promise<{ value: Value; text: string }> {
    const id = (this.lastId += 1);
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.send(make(id));
    });
  }

  private accept(answer: Answer): void {
    if (answer.kind === 'opened') this.opening?.resolve(answer.keeping);
    else if (answer.kind === 'refused') this.opening?.reject(new DemoError(answer.failure));
    else if (answer.kind === 'message') this.listeners.get(answer.connection)?.(answer.text);
    else this.settle(answer);
  }

  private settle(answer: Extract<Answer, { id: number }>): void {
    const waiting = this.waiting.get(answer.id);
    this.waiting.delete(answer.id);
    if (answer.kind === 'reply') waiting?.resolve(answer);
    else waiting?.reject(new DemoError(answer.failure));
  }

  private send(request: Request): void {
    this.port.postMessage(request);
  }
}

/** A connection: its commands are answered in order, and one that waits holds up those behind it. */
export class Connection {
  constructor(
    private readonly database: Database,
    private readonly number: number,
  ) {}

  /**
   * Runs a command, and tells `spoken` how that went.
   *
   * @throws DemoError
   */
  async call(words: readonly (string | number)[], spoken: (spoken: Spoken) => unknown): Promise<Value> {
    const sent = words.map(String);
    try {
      const { value, text } = await this.database.ask(this.number, sent);
      spoken({ words: sent, reply: text, isError: false });
      return value;
    } catch (error) {
      spoken({ words: sent, reply: (error as DemoError).line, isError: true });
      throw error;
    }
  }

  /** Listens to a channel; the reply of SUBSCRIBE. */
  async subscribe(channel: string, hear: (text: string) => void): Promise<string> {
    return (await this.database.listen(this.number, channel, hear)).text;
  }

  close(): void {
    this.database.drop(this.number);
  }
}

/** What each failure of the store means to who looks at the page. */
const STORAGE: Record<string, string> = {
  'no-space': 'There is no room left for this page in the browser’s store. Free some, or go on in memory.',
  locked: 'Another tab has the data and does not answer. Close it, or wait a moment, and try again.',
  unsupported: 'This browser gives the page no store of its own, as some private windows do. The demos can go on in memory.',
  corrupt: 'What the browser has kept cannot be read. The demos can go on in memory.',
};

function inPlainWords({ name, message, code }: Failure): string {
  if (name === 'LeaderChangedError') {
    return 'The tab that kept the data was closed at this very moment. This may have been done or not: look, and try again.';
  }
  if (name === 'StorageError') return STORAGE[code ?? ''] ?? `The browser’s store has failed: ${message}`;
  if (name === 'ClosedError') return 'The connection to the data is closed. Load the page anew.';
  if (code === 'MISCONF') return 'Nothing can be stored right now: the browser has no room left. Reading goes on.';
  return message;
}
