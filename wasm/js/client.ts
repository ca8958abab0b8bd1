// A connection, with a method for every command, pipelines, transactions and subscriptions.

import { type Shape, relaxed, valuesOf } from './arguments.js';
import { type Commands, rows } from './commands.generated.js';
import type { Reply } from './decode.js';
import { Name, nameOf } from './encode.js';
import { type Derived, derived, namedPage } from './derived.js';
import { ReplyError } from './errors.js';
import { Link, type Request, Waiter } from './link.js';
import { Batch, Pipeline, Transaction, refuseUnfit, relaxedShapes } from './pipeline.js';
import { decodeText } from './platform.js';
import { printAs } from './print.js';
import type { Kind, MessageListener } from './subscriptions.js';
import type { Argument, As, Immediate, Key, Methods, Mode, OneOrMore, Promised } from './types.js';

/** A method per command; see {@link Commands}, and {@link Derived} for node-redis's forms of some. */
export interface Client<M extends Mode = 'text'> extends Methods<Commands & Derived, Promised<M>> {}

/** A listener whose messages come as bytes where `bufferMode` is `true`, as node-redis has it, and else by the mode. */
type ListenerFor<M extends Mode, B extends boolean> = MessageListener<As<B extends true ? 'bytes' : M, string>>;

/**
 * A connection. Every command is a method, by Redis's name in lower case and by node-redis's name.
 * Commands run in the order in which they are called, at once: their promises are for those that wait.
 */
export class Client<M extends Mode = 'text'> {
  private bytesClient: Client<'bytes'> | undefined;
  private syncClient: SyncClient<M> | undefined;

  /** @internal */
  constructor(
    /** @internal */
    readonly link: Link,
    /** @internal */
    readonly asBytes: boolean,
  ) {
    if (!(link instanceof Link)) throw new TypeError('a connection is made by db.duplicate(), a database by Sanderling.open()');
  }

  /** The same connection with replies as bytes (`Uint8Array`). */
  get buffers(): Client<'bytes'> {
    return (this.bytesClient ??= new Client<'bytes'>(this.link, true));
  }

  /**
   * The same connection without promises. A command that would wait is answered as if its time were up; while an
   * asynchronous call waits, calls here throw.
   */
  get sync(): SyncClient<M> {
    return (this.syncClient ??= new SyncClient<M>(this.link, this.asBytes));
  }

  /** Whether commands are answered. */
  get isOpen(): boolean {
    return this.link.isAlive;
  }

  /** Whether they are answered now, as node-redis has it: a connection to a server may be lost, and made anew. */
  get isReady(): boolean {
    return this.link.isReady;
  }

  /** Runs any command: `call('SET', 'key', 'value')`. */
  call(command: string, ...args: Argument[]): Promise<Reply> {
    try {
      refuseUnfit(command, args);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.run(nameOf(command), relaxedShapes.get(command.toUpperCase()), args);
  }

  /** Runs any command and returns its strings as bytes. */
  callBuffer(command: string, ...args: Argument[]): Promise<Reply> {
    return this.buffers.call(command, ...args);
  }

  /** Runs any command, given as an array as node-redis does. */
  sendCommand(command: readonly Argument[]): Promise<Reply> {
    if (!Array.isArray(command) || command.length === 0) {
      return Promise.reject(new TypeError("sendCommand takes an array of a command's name and its arguments"));
    }
    const [name, ...args] = command as readonly Argument[];
    return this.call(name instanceof Uint8Array ? decodeText(name) : String(name), ...args);
  }

  /** Collects commands that are sent together: `await db.pipeline().incr('a').get('b').exec()`. */
  pipeline(): Pipeline<[], M> {
    return new Pipeline<[], M>(this.link, this.asBytes);
  }

  /** The same, but nothing else runs in between, and nothing runs when a watched key has changed. */
  multi(): Transaction<[], M> {
    return new Transaction<[], M>(this.link, this.asBytes);
  }

  /**
   * Listens to what is published to channels. With `bufferMode`, messages come as bytes, in Node as `Buffer`s.
   */
  subscribe<B extends boolean = false>(channels: OneOrMore<Key>, listener: ListenerFor<M, B>, bufferMode?: B): Promise<void> {
    return this.listenTo('subscribe', channels, listener, bufferMode);
  }

  /** Listens to what is published to channels whose names match patterns. */
  psubscribe<B extends boolean = false>(patterns: OneOrMore<Key>, listener: ListenerFor<M, B>, bufferMode?: B): Promise<void> {
    return this.listenTo('psubscribe', patterns, listener, bufferMode);
  }

  /** The same as {@link psubscribe}. */
  pSubscribe<B extends boolean = false>(patterns: OneOrMore<Key>, listener: ListenerFor<M, B>, bufferMode?: B): Promise<void> {
    return this.listenTo('psubscribe', patterns, listener, bufferMode);
  }

  /** Listens to what `SPUBLISH` sends to channels. */
  ssubscribe<B extends boolean = false>(channels: OneOrMore<Key>, listener: ListenerFor<M, B>, bufferMode?: B): Promise<void> {
    return this.listenTo('ssubscribe', channels, listener, bufferMode);
  }

  /** The same as {@link ssubscribe}. */
  sSubscribe<B extends boolean = false>(channels: OneOrMore<Key>, listener: ListenerFor<M, B>, bufferMode?: B): Promise<void> {
    return this.listenTo('ssubscribe', channels, listener, bufferMode);
  }

  /** Ends subscriptions: of a listener, of all listeners of channels, or all. */
  unsubscribe<B extends boolean = false>(channels?: OneOrMore<Key>, listener?: ListenerFor<M, B>, bufferMode?: B): Promise<void> {
    return this.stopListening('subscribe', channels, listener, bufferMode);
  }

  /** {@link unsubscribe} for patterns. */
  punsubscribe<B extends boolean = false>(patterns?: OneOrMore<Key>, listener?: ListenerFor<M, B>, bufferMode?: B): Promise<void> {
    return this.stopListening('psubscribe', patterns, listener, bufferMode);
  }

  /** The same as {@link punsubscribe}. */
  pUnsubscribe<B extends boolean = false>(patterns?: OneOrMore<Key>, listener?: ListenerFor<M, B>, bufferMode?: B): Promise<void> {
    return this.stopListening('psubscribe', patterns, listener, bufferMode);
  }

  /** {@link unsubscribe} for {@link ssubscribe}. */
  sunsubscribe<B extends boolean = false>(channels?: OneOrMore<Key>, listener?: ListenerFor<M, B>, bufferMode?: B): Promise<void> {
    return this.stopListening('ssubscribe', channels, listener, bufferMode);
  }

  /** The same as {@link sunsubscribe}. */
  sUnsubscribe<B extends boolean = false>(channels?: OneOrMore<Key>, listener?: ListenerFor<M, B>, bufferMode?: B): Promise<void> {
    return this.stopListening('ssubscribe', channels, listener, bufferMode);
  }

  /** Keys that match, a few at a time: `for await (const keys of db.scanIterator({ MATCH: 'user:*' }))`. */
  async *scanIterator(
    options: { MATCH?: Key; COUNT?: number; TYPE?: string } = {},
  ): AsyncGenerator<As<M, string>[], void, undefined> {
    let cursor = '0';
    do {
      const page = await this.run(nameOf('SCAN'), undefined, [cursor, options]);
      const [next, keys] = page as unknown as [string | Uint8Array, As<M, string>[]];
      cursor = typeof next === 'string' ? next : decodeText(next);
      if (keys.length > 0) yield keys;
    } while (cursor !== '0');
  }

  /**
   * Another connection to the same data, with a database, subscriptions and transactions of its own. It is open at
   * once.
   */
  duplicate(): Client<M> {
    return new Client<M>(this.link.duplicate(), this.asBytes);
  }

  /**
   * Takes a listener of node-redis's events, and never calls it: a connection to an engine of this process cannot be lost, so
   * that it has no events. What a closed one is asked rejects.
   */
  on(_event: string | symbol, _listener: (...args: any[]) => void): this {
    return this;
  }

  /** The same as {@link on}. */
  once(event: string | symbol, listener: (...args: any[]) => void): this {
    return this.on(event, listener);
  }

  /** The opposite of {@link on}. */
  off(_event: string | symbol, _listener: (...args: any[]) => void): this {
    return this;
  }

  /** Opens the connection again after it was closed. A fresh one is open already. */
  async connect(): Promise<this> {
    await this.link.open();
    return this;
  }

  /** Closes the connection; what waits is rejected. */
  close(): Promise<void> {
    this.link.close();
    return Promise.resolve();
  }

  /** The same as {@link close}, as ioredis and node-redis call it. */
  async quit(): Promise<'OK'> {
    await this.close();
    return 'OK';
  }

  /** The same as {@link close}. */
  disconnect(): void {
    void this.close();
  }

  /** The same as {@link close}. */
  destroy(): void {
    void this.close();
  }

  /** @internal */
  run(name: Name, shape: Shape | undefined, args: readonly unknown[], convert?: Request['convert']): Promise<Reply> {
    try {
      const reply = this.link.request(name, valuesOf(args, shape, name), this.asBytes);
      if (reply instanceof Waiter) {
        const only = reply.promise().then(onlyReply);
        return convert ? only.then(convert) : only;
      }
      if (reply instanceof ReplyError) return Promise.reject(reply);
      const converted = convert ? convert(reply) : reply;
      const { commit } = this.link;
      return commit ? commit.then(() => converted) : Promise.resolve(converted);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  private async listenTo(
    kind: Kind,
    channels: OneOrMore<Key>,
    listener: MessageListener<never>,
    bufferMode = false,
  ): Promise<void> {
    if (typeof listener !== 'function') throw new TypeError(`${kind} takes channels and a function`);
    const list = listOf(channels, kind);
    const form = bufferMode ? 'buffers' : this.asBytes ? 'bytes' : 'text';
    const confirmed = this.link.confirm({ name: nameOf(kind), values: list }, list.length);
    for (const channel of list) this.link.subscriptions.add(kind, channel, listener, form);
    try {
      await confirmed;
    } catch (error) {
      for (const channel of list) this.link.subscriptions.remove(kind, channel, listener, form);
      throw error;
    }
  }

  private async stopListening(
    kind: Kind,
    channels: OneOrMore<Key> | undefined,
    listener: MessageListener<never> | undefined,
    bufferMode = false,
  ): Promise<void> {
    const { subscriptions } = this.link;
    const list = channels === undefined ? subscriptions.channels(kind) : listOf(channels, ended(kind));
    // A listener hears text and bytes by different calls, of which node-redis ends the one that is named.
    const form = bufferMode ? 'buffers' : undefined;
    const left = list.filter((channel) => subscriptions.remove(kind, channel, listener, form));
    if (left.length === 0) return;
    await this.link.confirm({ name: nameOf(ended(kind)), values: left }, left.length);
  }
}

/** A method per command; see {@link Commands}, and {@link Derived} for node-redis's forms of some. */
export interface SyncClient<M extends Mode = 'text'> extends Methods<Commands & Derived, Immediate<M>> {}

/** A connection whose methods return replies, not promises; see {@link Client.sync}. */
export class SyncClient<M extends Mode = 'text'> {
  private bytesClient: SyncClient<'bytes'> | undefined;

  /** @internal */
  constructor(
    /** @internal */
    readonly link: Link,
    /** @internal */
    readonly asBytes: boolean,
  ) {}

  /** The same connection with replies as bytes (`Uint8Array`). */
  get buffers(): SyncClient<'bytes'> {
    return (this.bytesClient ??= new SyncClient<'bytes'>(this.link, true));
  }

  /** Runs any command: `call('SET', 'key', 'value')`. */
  call(command: string, ...args: Argument[]): Reply {
    refuseUnfit(command, args);
    return this.run(nameOf(command), relaxedShapes.get(command.toUpperCase()), args);
  }

  /** Runs any command and returns its strings as bytes. */
  callBuffer(command: string, ...args: Argument[]): Reply {
    return this.buffers.call(command, ...args);
  }

  /** @internal */
  run(name: Name, shape: Shape | undefined, args: readonly unknown[], convert?: Request['convert']): Reply {
    const reply = this.link.requestNow(name, valuesOf(args, shape, name), this.asBytes);
    if (reply instanceof ReplyError) throw reply;
    return convert ? convert(reply) : reply;
  }
}

interface Runner {
  run(name: Name, shape: Shape | undefined, args: readonly unknown[], convert?: Request['convert']): unknown;
}

interface Caller {
  call(command: string, ...args: Argument[]): unknown;
}

/** Gives the classes a method, unless they define it themselves, which is more than the bare command. */
function define(method: string, value: (this: Runner & Caller, ...args: Argument[]) => unknown): void {
  for (const { prototype } of [Client, SyncClient, Batch] as unknown as { prototype: object }[]) {
    if (!(method in prototype)) Object.defineProperty(prototype, method, { configurable: true, writable: true, value });
  }
}

// Methods are defined once, not looked up by name at each call.
const defined = new Map<string, { name: Name; shape: Shape | undefined }>();
for (const [words, methods, shape] of rows) {
  const name = new Name(words.split(' '));
  const convert = words === 'SCAN' ? namedPage : undefined;
  defined.set(words, { name, shape });
  if (shape) relaxedShapes.set(words, relaxed(shape));
  for (const method of methods.split(' ')) {
    define(
      method,
      words === 'CLIENT'
        ? // One of its subcommands is refused, as `call` refuses it.
          function (...args) {
            return this.call(words, ...args);
          }
        : function (...args) {
            return this.run(name, shape, args, convert);
          },
    );
  }
}
for (const [method, [words, prepare, convert]] of Object.entries(derived)) {
  const { name, shape } = defined.get(words)!;
  define(method, function (...args) {
    return this.run(name, shape, prepare(args), convert);
  });
}

printAs(Client, (client: Client<Mode>) => `[Sanderling connection, ${client.isOpen ? 'open' : 'closed'}]`);
printAs(SyncClient, (client: SyncClient<Mode>) => `[Sanderling connection, ${client.link.isAlive ? 'open' : 'closed'}, synchronous]`);

function onlyReply([reply]: Reply[]): Reply {
  if (reply instanceof ReplyError) throw reply;
  return reply!;
}

/** The command that ends a kind of subscription. */
function ended(kind: Kind): string {
  return kind.replace('subscribe', 'unsubscribe');
}

function listOf(channels: OneOrMore<Key>, method: string): readonly Key[] {
  const list = Array.isArray(channels) ? (channels as readonly Key[]) : [channels as Key];
  if (list.every((channel) => typeof channel === 'string' || channel instanceof Uint8Array)) return list;
  throw new TypeError(`${method} takes a channel, or an array of them: strings or bytes`);
}
