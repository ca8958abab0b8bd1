// One request's connection to the engine: commands go in, and so many replies are awaited, for so long.

import type { OpenPort, Port } from './platform.js';
import { Refusal, denied } from './rest-refusal.js';
import { NOTHING, Replies, elementsOf, errorOf, errorReply } from './rest-reply.js';
import { type Word, encodeCommands, isBlocking, refusedOf } from './rest-request.js';

/** Opens connections that speak Redis's protocol in bytes, as a database does. */
export interface Ports {
  port: OpenPort;
}

/** The name and the password by which a request is somebody's. */
export interface User {
  readonly name: Uint8Array;
  readonly password: Uint8Array;
}

/** What a conversation may take. */
export interface Limits {
  /** Seconds for which commands may wait. */
  readonly blockSecondsMax: number;
  /** Bytes of all replies together. */
  readonly replyBytesMax: number;
}

/** Why no more replies are awaited. */
type End = 'answered' | 'closed' | 'late' | 'long' | 'aborted';

/**
 * A connection for a single request, so that nothing of it is left for the next one: a proxy may send requests of
 * different users one behind the other. It ends with {@link close}, whatever still waits.
 */
export class Conversation {
  private readonly replies = new Replies();
  private readonly port: Port | undefined;
  private bytes = 0;
  private end: End = 'answered';
  /** Replies that are waited for. */
  private wanted = 0;
  /** An error that answers no command, such as that there are too many connections. */
  private complaint: string | undefined;
  /** Why the engine has ended the connection, if that was for a reason. */
  private failure: Error | undefined;
  private wake: (() => void) | undefined;
  private listener: ((reply: Uint8Array) => void) | undefined;
  private readonly abort = (): void => this.stop('aborted');

  /** @throws Refusal if the database is closed */
  constructor(
    ports: Ports,
    private readonly limits: Limits,
    private readonly signal: AbortSignal,
  ) {
    try {
      this.port = ports.port(
        (piece) => this.receive(piece),
        (error) => {
          this.failure = error;
          this.stop('closed');
        },
      );
    } catch (error) {
      throw new Refusal(503, `ERR ${(error as Error).message}`);
    }
    if (signal.aborted) this.abort();
    else signal.addEventListener('abort', this.abort);
  }

  /** Becomes a user's, and goes to another database than the first. */
  async begin(user: User | undefined, database: string | undefined): Promise<void> {
    if (user) {
      const [reply] = await this.ask([['AUTH', user.name, user.password]]);
      if (errorOf(reply!)) throw denied();
    }
    if (database !== undefined) {
      const [reply] = await this.ask([['SELECT', database]]);
      const error = errorOf(reply!);
      if (error) throw new Refusal(400, error);
    }
  }

  /** The replies to commands, one for each: those that are refused or not run at all get errors. */
  async run(commands: readonly (readonly Word[])[]): Promise<Uint8Array[]> {
    const refused = commands.map(refusedOf);
    const sent = commands.filter((_, index) => refused[index] === undefined);
    const replies = await this.ask(sent);
    let next = 0;
    return refused.map((error) => (error === undefined ? replies[next++]! : errorReply(error)));
  }

  /** The replies to commands of which nothing else runs in between. */
  async runTogether(commands: readonly (readonly Word[])[]): Promise<Uint8Array[]> {
    for (const command of commands) {
      const error = refusedOf(command);
      if (error) throw new Refusal(400, error);
    }
    // Nothing may run without it, as when its user may not have transactions.
    const [begun] = await this.ask([['MULTI']]);
    const replies = errorOf(begun!) === undefined ? await this.ask([...commands, ['EXEC']]) : [begun!];
    const outcome = replies[replies.length - 1]!;
    const error = errorOf(outcome);
    if (error) throw new Refusal(this.statusOf(outcome), error);
    return elementsOf(outcome);
  }

  /** The status of HTTP that a reply is sent with. */
  statusOf(reply: Uint8Array): number {
    const error = errorOf(reply);
    if (error === undefined) return 200;
    if (this.end !== 'answered' && this.end !== 'long') return 503;
    return error.startsWith('NOAUTH ') ? 401 : 400;
  }

  /** Sends a command that is answered again and again, until the conversation ends. */
  listen(command: readonly Word[], take: (reply: Uint8Array) => void, ended: () => void): void {
    this.listener = take;
    this.wake = ended;
    if (this.end === 'answered') this.send([command]);
    else ended();
  }

  /** Why there is no reply. */
  refusal(): Refusal {
    return new Refusal(503, this.complaint ?? this.reason());
  }

  close(): void {
    this.stop('closed');
  }

  private async ask(commands: readonly (readonly Word[])[]): Promise<Uint8Array[]> {
    this.wanted = commands.length;
    if (this.end === 'answered' && this.wanted > 0) await this.answered(commands);
    const replies = this.replies.take();
    this.wanted = 0;
    if (this.complaint) throw this.refusal();
    if (replies.length < commands.length) this.complete(replies, commands);
    return replies;
  }

  private answered(commands: readonly (readonly Word[])[]): Promise<void> {
    return new Promise((resolve) => {
      const late = setTimeout(() => this.stop('late'), this.limits.blockSecondsMax * 1000);
      this.wake = () => {
        clearTimeout(late);
        this.wake = undefined;
        resolve();
      };
      this.send(commands);
    });
  }

  private send(commands: readonly (readonly Word[])[]): void {
    try {
      this.port?.input(encodeCommands(commands));
    } catch {
      // The engine has too many connections or is closed itself, which it tells, or is about to.
      this.wanted = 0;
      this.listener = undefined;
    }
  }

  private receive(piece: Uint8Array): void {
    if (this.end !== 'answered') return;
    if (this.listener) {
      this.replies.add(piece);
      return this.replies.take().forEach(this.listener);
    }
    if (this.wanted === 0) {
      this.complaint = errorOf(piece);
      return;
    }
    this.bytes += piece.length;
    if (this.bytes > this.limits.replyBytesMax) return this.stop('long');
    this.replies.add(piece);
    if (this.replies.count >= this.wanted) this.wake?.();
  }

  /** Ends the connection; what waits there waits no more, and takes nothing. */
  private stop(end: End): void {
    if (this.end !== 'answered') return;
    this.end = end;
    this.signal.removeEventListener('abort', this.abort);
    this.port?.close();
    this.wake?.();
  }

  /** Puts replies in the places of those that have not come. */
  private complete(replies: Uint8Array[], commands: readonly (readonly Word[])[]): void {
    const { end } = this;
    // A command that waits in vain gets what Redis gives it then.
    if (end === 'late' && isBlocking(commands[replies.length]!)) replies.push(NOTHING);
    const error = errorReply(this.reason());
    while (replies.length < commands.length) replies.push(error);
  }

  private reason(): string {
    switch (this.end) {
      case 'late':
        return `ERR not run, since the request has waited for ${this.limits.blockSecondsMax} seconds (blockSecondsMax)`;
      case 'long':
        return `ERR the replies have more than ${this.limits.replyBytesMax} bytes (replyBytesMax)`;
      default:
        return `ERR ${this.failure?.message ?? 'the connection to the engine was closed before the reply'}`;
    }
  }
}
