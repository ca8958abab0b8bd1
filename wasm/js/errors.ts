// The errors that callers of the package can tell apart.

/** What the engine replied was an error; the message is Redis's own, such as `WRONGTYPE Operation against…`. */
export class ReplyError extends Error {
  override readonly name: string = 'ReplyError';

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
    const first = failed[0] as ReplyError;
    super(failed.length === 1 ? first.message : `${first.message} (and ${failed.length - 1} more errors)`);
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
