/** A connection for the console's own requests, which is made anew when it is lost. */

import type { Port } from 'sanderling';
import { type Reply, ReplyReader, encodeRequest } from '../resp.js';
import { check, openPort } from './port.js';
import { Refused } from './replies.js';

/** A command and its arguments. */
export type Command = readonly (string | number | Uint8Array)[];

/** How a connection stands. */
export type Standing = 'connecting' | 'open' | 'lost' | 'refused';

/** The first and the longest wait before another attempt, in milliseconds. */
const RETRY_MILLISECONDS = [500, 10_000] as const;

interface Waiting {
  take(reply: Reply): void;
  fail(error: Error): void;
}

export class Client {
  /** The database of all requests. */
  database = 0;
  /** Whether requests that write are refused here. */
  isReadOnly = false;
  standing: Standing = 'connecting';
  private port: Port | undefined;
  private reader = new ReplyReader();
  private waiting: Waiting[] = [];
  private retryAfter: number = RETRY_MILLISECONDS[0];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isEnded = false;

  constructor(
    readonly token: string,
    private readonly onStanding: (standing: Standing) => void,
  ) {
    void this.connect();
  }

  /** Runs a command. Throws `Refused` for an error reply. */
  async call(...command: Command): Promise<Reply> {
    const [reply] = await this.all([command]);
    if (reply!.type === 'error') throw new Refused(reply!.text);
    return reply!;
  }

  /** Runs a command that changes data, unless that is switched off. */
  write(...command: Command): Promise<Reply> {
    if (this.isReadOnly) return Promise.reject(new Error('Read-only is switched on: nothing is changed.'));
    return this.call(...command);
  }

  /** Runs commands together, and gives a reply for each, errors as well. */
  all(commands: readonly Command[]): Promise<Reply[]> {
    const { port } = this;
    if (port === undefined || this.standing !== 'open') return Promise.reject(new Error('There is no connection to the server.'));
    return this.send(port, commands);
  }

  /** The same for commands that change data. */
  writeAll(commands: readonly Command[]): Promise<Reply[]> {
    if (this.isReadOnly) return Promise.reject(new Error('Read-only is switched on: nothing is changed.'));
    return this.all(commands);
  }

  /** Goes on in another database. */
  async select(database: number): Promise<void> {
    await this.call('SELECT', database);
    this.database = database;
  }

  /** Ends it for good. */
  close(): void {
    this.isEnded = true;
    clearTimeout(this.timer);
    this.port?.close();
    this.end();
  }

  private send(port: Port, commands: readonly Command[]): Promise<Reply[]> {
    const replies = commands.map(
      (command) =>
        new Promise<Reply>((take, fail) => {
          this.waiting.push({ take, fail });
          port.input(encodeRequest(command.map((word) => (typeof word === 'number' ? String(word) : word))));
        }),
    );
    return Promise.all(replies);
  }

  private async connect(): Promise<void> {
    this.show('connecting');
    const answer = await check(this.token);
    if (this.isEnded) return;
    if (answer === 'refused') return this.show('refused');
    if (answer === 'unreachable') return this.retry();
    this.reader = new ReplyReader();
    const port: Port = openPort(
      this.token,
      (chunk) => {
        for (const reply of this.reader.read(chunk)) {
          if (reply.type !== 'push') this.waiting.shift()?.take(reply);
        }
      },
      () => {
        this.end();
        this.retry();
      },
    );
    this.port = port;
    try {
      // Who may not choose the version, or another database, has the usual ones.
      await this.send(port, [['HELLO', '3', 'SETNAME', 'console'], ['SELECT', this.database]]);
    } catch {
      return;
    }
    this.retryAfter = RETRY_MILLISECONDS[0];
    this.show('open');
  }

  private end(): void {
    this.port = undefined;
    const { waiting } = this;
    this.waiting = [];
    const error = new Error('The connection was lost before the reply: a change may have been made or not.');
    for (const each of waiting) each.fail(error);
  }

  private retry(): void {
    if (this.isEnded) return;
    this.show('lost');
    this.timer = setTimeout(() => void this.connect(), this.retryAfter);
    this.retryAfter = Math.min(this.retryAfter * 2, RETRY_MILLISECONDS[1]);
  }

  private show(standing: Standing): void {
    this.standing = standing;
    this.onStanding(standing);
  }
}
