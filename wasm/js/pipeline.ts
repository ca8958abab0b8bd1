// Requests that are collected and sent together: pipelines and transactions.

import { type Shape, flatten, valuesOf } from './arguments.js';
import type { Commands } from './commands.generated.js';
import type { Reply } from './decode.js';
import { Name, type Value, nameOf } from './encode.js';
import { BatchError, ReplyError, attribute } from './errors.js';
import type { Link, Request } from './link.js';
import { decodeText } from './platform.js';
import type { Derived } from './derived.js';
import { printAs } from './print.js';
import type { Argument, As, Form, Methods, Mode } from './types.js';

/** What is known of commands that are called by name, in capitals; those of one word, and without subcommands. */
export const relaxedShapes = new Map<string, Shape | undefined>();

const MULTI: Request = { name: new Name(['MULTI']), values: [] };
const EXEC: Request = { name: new Name(['EXEC']), values: [] };

/** Commands that are collected first and sent together, for one crossing into the engine. */
export abstract class Batch {
  private requests: Request[] = [];
  private fault: unknown;

  /** @internal */
  constructor(
    /** @internal */
    protected readonly link: Link,
    /** @internal */
    protected readonly asBytes: boolean,
  ) {}

  /** Number of commands so far. */
  get length(): number {
    return this.requests.length;
  }

  /** @internal */
  run(name: Name, shape: Shape | undefined, args: readonly unknown[], convert?: Request['convert']): this {
    try {
      this.refuse(name);
      this.requests.push({ name, values: valuesOf(args, shape, name), convert });
    } catch (error) {
      this.fault ??= error;
    }
    return this;
  }

  /** Throws for what cannot be part of this batch. */
  protected refuse(_name: Name): void {}

  /** @internal */
  protected runAny(command: string, args: readonly Argument[]): this {
    refuseUnfit(command, args);
    return this.run(nameOf(command), relaxedShapes.get(command.toUpperCase()), args);
  }

  /** @internal */
  protected take(): Request[] {
    const { requests, fault } = this;
    this.requests = [];
    this.fault = undefined;
    // A batch of which a part cannot be sent is not sent at all.
    if (fault !== undefined) throw fault;
    return requests;
  }
}

/** Methods answer by the pipeline with one reply more. */
interface PipelineWith<Replies extends unknown[], M extends Mode> extends Form {
  readonly answer: Pipeline<[...Replies, As<M, this['reply']>], M>;
}

/** A method per command, each of which adds its reply to those of `exec`. */
export interface Pipeline<Replies extends unknown[], M extends Mode>
  extends Methods<Commands & Derived, PipelineWith<Replies, M>> {}

/** Commands that are sent together; others may run in between when one of them waits. */
export class Pipeline<Replies extends unknown[], M extends Mode> extends Batch {
  /** Adds any command. */
  call(command: string, ...args: Argument[]): Pipeline<[...Replies, Reply], M> {
    return this.runAny(command, args) as unknown as Pipeline<[...Replies, Reply], M>;
  }

  /**
   * Sends the commands.
   *
   * @returns their replies in order
   * @throws BatchError when any failed; it has all replies
   */
  async exec(): Promise<Replies> {
    const requests = this.take();
    if (requests.length === 0) return [] as unknown as Replies;
    const replies = this.link.enqueue(requests, this.asBytes).settled();
    return checked(replies instanceof Promise ? await replies : replies, requests) as Replies;
  }

  /** {@link exec} without a promise; a command that would wait is answered as if its time were up. */
  execSync(): Replies {
    const requests = this.take();
    if (requests.length === 0) return [] as unknown as Replies;
    return checked(this.link.enqueueNow(requests, this.asBytes), requests) as Replies;
  }
}

/** Methods answer by the transaction with one reply more. */
interface TransactionWith<Replies extends unknown[], M extends Mode> extends Form {
  readonly answer: Transaction<[...Replies, As<M, this['reply']>], M>;
}

/** A method per command, each of which adds its reply to those of `exec`. */
export interface Transaction<Replies extends unknown[], M extends Mode>
  extends Methods<Commands & Derived, TransactionWith<Replies, M>> {}

/** What begins and ends a transaction, or must come before it; within one it would take replies for those of others. */
const NOT_WITHIN: Record<string, string> = {
  DISCARD: 'what is not to run need not be sent',
  EXEC: 'use exec()',
  MULTI: 'it is one already',
  WATCH: 'call watch(key) before multi()',
};

/** Commands that run as one, between `MULTI` and `EXEC`. */
export class Transaction<Replies extends unknown[], M extends Mode> extends Batch {
  protected override refuse(name: Name): void {
    const word = name.words[0]!.toUpperCase();
    const reason = NOT_WITHIN[word];
    if (reason !== undefined) throw new TypeError(`${word} cannot be called within a transaction: ${reason}`);
  }

  /** Adds any command. */
  call(command: string, ...args: Argument[]): Transaction<[...Replies, Reply], M> {
    return this.runAny(command, args) as unknown as Transaction<[...Replies, Reply], M>;
  }

  /**
   * Runs the commands.
   *
   * @returns their replies in order; `null` when a watched key changed, so that nothing ran
   * @throws BatchError when any failed; it has all replies
   */
  async exec(): Promise<Replies | null> {
    const requests = this.take();
    const replies = this.link.enqueue([MULTI, ...requests, EXEC], this.asBytes).settled();
    return outcome(replies instanceof Promise ? await replies : replies, requests) as Replies | null;
  }

  /** {@link exec} without a promise. */
  execSync(): Replies | null {
    const requests = this.take();
    return outcome(this.link.enqueueNow([MULTI, ...requests, EXEC], this.asBytes), requests) as Replies | null;
  }
}

/** The replies to requests, unless one of them is an error. */
function checked(replies: Reply[], requests: readonly Request[]): Reply[] {
  let isFailed = false;
  for (let index = 0; index < requests.length; index += 1) {
    const { name, values, convert } = requests[index]!;
    const reply = replies[index];
    if (reply instanceof ReplyError) {
      isFailed = true;
      attribute(reply, name, values);
    } else if (convert) {
      replies[index] = convert(reply!);
    }
  }
  if (isFailed) throw new BatchError(replies);
  return replies;
}

function outcome(replies: Reply[], requests: readonly Request[]): Reply[] | null {
  const result = replies.at(-1);
  // EXEC only says that something was wrong; what it was stands with the command that was refused.
  if (result instanceof ReplyError) {
    const queued = replies.slice(1, -1);
    throw queued.some((reply) => reply instanceof ReplyError) ? new BatchError(queued) : result;
  }
  return result === null ? null : checked(result as Reply[], requests);
}

printAs(Pipeline, (pipeline) => `[Sanderling pipeline of ${pipeline.length} commands]`);
printAs(Transaction, (transaction) => `[Sanderling transaction of ${transaction.length} commands]`);

const UNFIT: Record<string, string> = {
  HELLO: 'the protocol is settled already',
  MONITOR: 'its lines are no replies',
  PSUBSCRIBE: 'use psubscribe(pattern, listener)',
  PUNSUBSCRIBE: 'use punsubscribe(pattern)',
  QUIT: 'use close()',
  RESET: 'use duplicate() for a fresh connection',
  SSUBSCRIBE: 'use ssubscribe(channel, listener)',
  SUBSCRIBE: 'use subscribe(channel, listener)',
  SUNSUBSCRIBE: 'use sunsubscribe(channel)',
  UNSUBSCRIBE: 'use unsubscribe(channel)',
};

/** Refuses commands after which requests and replies would no longer go in pairs. */
export function refuseUnfit(command: string, args: readonly Argument[]): void {
  if (typeof command !== 'string') throw new TypeError("a command's name is a string");
  const name = command.toUpperCase();
  const reason = name === 'CLIENT' && isReply(flatten(args)[0]) ? 'every call has its reply' : UNFIT[name];
  if (reason !== undefined) throw new TypeError(`${name} cannot be called: ${reason}`);
}

function isReply(subcommand: Value | undefined): boolean {
  const text = subcommand instanceof Uint8Array ? decodeText(subcommand) : String(subcommand);
  return text.toUpperCase() === 'REPLY';
}
