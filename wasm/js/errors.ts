// The errors that callers of the package can tell apart.

import type { Name, Value } from './encode.js';

/** The request that an error answers, as ioredis has it. */
export interface FailedCommand {
  /** The command in capitals, with its subcommand where that is a method of its own. */
  readonly name: string;
  /** Its arguments as they were sent; those that hold passwords are hidden. */
  readonly args: readonly Value[];
}

/** What the engine replied was an error; the message is Redis's own, such as `WRONGTYPE Operation against…`. */
export class ReplyError extends Error {
  override readonly name: string = 'ReplyError';
  /** The request that it answers; none where a script replied with the error as a part of its own reply. */
  declare readonly command: FailedCommand | undefined;

  /** The error's first word, such as `ERR`, `WRONGTYPE` or `NOAUTH`. */
  get code(): string {
    const space = this.message.indexOf(' ');
    return space < 0 ? this.message : this.message.slice(0, space);
  }
}

/** Some commands of a pipeline or transaction failed; the others took effect all the same. */
export class BatchError extends ReplyError {
  override readonly name: string = 'BatchError';

  constructor(
    /** One reply per command; a {@link ReplyError} stands where one failed. */
    readonly replies: readonly unknown[],
  ) {
    const failed = replies.filter((reply) => reply instanceof ReplyError);
    const [first] = failed as [ReplyError];
    const which = first.command ? `${first.command.name}, command ${replies.indexOf(first) + 1} of ${replies.length}` : '';
    const others = failed.length > 1 ? `${failed.length - 1} more errors` : '';
    const about = [which, others].filter((part) => part !== '').join('; and ');
    super(about === '' ? first.message : `${first.message} (${about})`);
    setCommand(this, first.command);
  }
}

/** A request is longer than the engine takes; nothing was sent, and everything else goes on. */
export class LimitError extends RangeError {
  override readonly name: string = 'LimitError';
}

/** The connection or the engine is closed, or the engine has failed; nothing will be answered any more. */
export class ClosedError extends Error {
  override readonly name: string = 'ClosedError';
}

/** The connection to a server was lost, or could not be made. */
export class ConnectionError extends ClosedError {
  override readonly name: string = 'ConnectionError';

  constructor(
    message: string,
    /** Whether the request had been sent, so that the server may have run it. What has not was not run. */
    readonly mayHaveRun = false,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** What was called needs an engine in this process, and this one is a server's, or in a worker or another tab. */
export class NotLocalError extends Error {
  override readonly name: string = 'NotLocalError';

  constructor(what: string, instead: string) {
    super(`${what} needs an engine in this process, by Sanderling.open(): ${instead}`);
  }
}

/** A dump cannot be read, and nothing of it was taken over; or it could not be written. */
export class DumpError extends Error {
  override readonly name: string = 'DumpError';
}

/** What a {@link StorageError} is about. */
export interface StorageErrorDetails {
  /** Where the database is kept. */
  readonly path?: string | undefined;
  /** The file with the fault. */
  readonly file?: string | undefined;
  /** Where in it, in bytes. */
  readonly offset?: number | undefined;
  /** The process that has it open, if that is known. */
  readonly holder?: number | undefined;
  readonly cause?: unknown;
}

/**
 * Files cannot be kept or loaded: `locked` when another database has them open, `corrupt` when what was promised to be
 * there is damaged, `no-space` when the disk is full, `unsupported` where there are no such files, and else `failed`. What
 * there was before is as it was.
 */
export class StorageError extends Error {
  override readonly name: string = 'StorageError';
  readonly path: string | undefined;
  readonly file: string | undefined;
  readonly offset: number | undefined;
  readonly holder: number | undefined;

  constructor(
    readonly code: 'locked' | 'corrupt' | 'no-space' | 'unsupported' | 'failed',
    message: string,
    { path, file, offset, holder, cause }: StorageErrorDetails = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.path = path;
    this.file = file;
    this.offset = offset;
    this.holder = holder;
  }
}

/**
 * The tab that had the database open for all of them has gone, and nobody can say whether this took effect: it was sent and
 * not answered. What only reads is asked again by itself. {@link isRetryable} is always `true`: the next leader is there, or
 * about to be; whether to repeat a change is for its caller to say.
 */
export class LeaderChangedError extends Error {
  override readonly name: string = 'LeaderChangedError';
  readonly isRetryable = true;
}

/** Commands that take passwords, which an error should not carry into a log. */
const SECRETIVE = /^(AUTH|HELLO|MIGRATE|ACL( SETUSER| RESTTOKEN)?|CONFIG( SET)?)$/i;
const HIDDEN: readonly Value[] = ['(redacted)'];

/** Tells a reply that is an error which request it answers. */
export function attribute(reply: unknown, name: Name, values: readonly Value[]): void {
  if (!(reply instanceof ReplyError) || reply.command !== undefined) return;
  const command = name.words.join(' ').toUpperCase();
  setCommand(reply, { name: command, args: SECRETIVE.test(command) ? HIDDEN : values });
}

function setCommand(error: ReplyError, command: FailedCommand | undefined): void {
  if (command !== undefined) Object.defineProperty(error, 'command', { value: command, configurable: true, enumerable: true, writable: true });
}
