// A connection to an engine in another thread or tab, which goes on when another one takes that one's place.

import { Name, type Value, encodeRequests } from './encode.js';
import type { Reply } from './decode.js';
import { isShort, refuseTooLong } from './engine-link.js';
import { ClosedError, LeaderChangedError, NotLocalError, ReplyError } from './errors.js';
import type { FarEngine, Renewed } from './far.js';
import { Link, type Request, Waiter } from './link.js';
import { decodeText } from './platform.js';
import type { Kind } from './subscriptions.js';

const HELLO: Request = { name: new Name(['HELLO']), values: ['3'] };
const KINDS: readonly Kind[] = ['subscribe', 'psubscribe', 'ssubscribe'];
/** What a connection is set up by, and what has to be said again to another leader. */
const SETTING_UP = new Set(['select', 'auth', 'client|setname', 'client|setinfo', 'client|no-evict', 'client|no-touch', 'client|tracking']);
/** Replies that have not come yet, and what is known of where their requests are. */
class FarWaiter extends Waiter {
  /** The number under which they were sent last. */
  sequence = 0;
  /** Whether they must not run without what came before on the connection: keys that are watched, a MULTI. */
  isGuarded = false;
  /** Whether nobody waits, for what sets a connection up anew. */
  isOwn = false;
  isGivenUp = false;
  private readonly all: number;

  constructor(
    private readonly note: (request: Request, reply: Reply) => void,
    requests: readonly Request[],
    asBytes: boolean,
    missing = requests.length,
    forPushes = false,
  ) {
    super(requests, asBytes, missing, forPushes);
    this.all = missing;
  }

  override add(reply: Reply): void {
    const request = this.requests[this.replies.length];
    super.add(reply);
    if (request && !this.forPushes) this.note(request, reply);
  }

  /** The requests that have no reply. */
  get rest(): readonly Request[] {
    return this.forPushes ? this.requests : this.requests.slice(this.replies.length);
  }

  /** Forgets the replies that there are. */
  restart(): void {
    this.replies.length = 0;
    this.missing = this.all;
  }

  /** Nobody waits any more, though replies may come. */
  giveUp(error: Error): void {
    this.finish(error);
    this.isDone = false;
    this.isGivenUp = true;
  }
}

/** See above. */
export class FarLink extends Link implements Renewed {
  private readonly settings = new Map<string, Request>();
  private isWatching = false;
  /** Whether a MULTI is open that was sent by itself. */
  private isInMulti = false;
  /** What another leader does not know of: keys that were watched, or a MULTI. */
  private lost: 'watch' | 'multi' | undefined;

  private id = -1;
  private isOpen = false;

  constructor(private readonly far: FarEngine) {
    super();
    this.open();
  }

  override get isAlive(): boolean {
    return this.isOpen && !this.far.failure;
  }

  /** No reply is there at once. */
  override get commit(): undefined {
    return undefined;
  }

  override open(): void {
    if (this.isOpen) return;
    this.far.check();
    this.isOpen = true;
    this.settings.clear();
    this.isWatching = this.isInMulti = false;
    this.lost = undefined;
    this.id = this.far.connect(this);
    this.sendOwn(HELLO);
  }

  override close(): void {
    if (!this.isOpen) return;
    this.closed(new ClosedError('the connection is closed'));
    this.far.disconnect(this.id);
  }

  override duplicate(): FarLink {
    return new FarLink(this.far);
  }

  override request(name: Name, values: readonly Value[], asBytes: boolean): Waiter {
    return this.enqueue([{ name, values }], asBytes);
  }

  override requestNow(): never {
    throw new NotLocalError('what answers at once', 'a worker or another tab answers by promises');
  }

  override enqueue(requests: readonly Request[], asBytes: boolean): Waiter {
    return this.dispatch(this.waiterFor(requests, asBytes));
  }

  override enqueueNow(): never {
    throw new NotLocalError('execSync()', 'exec() is what a worker or another tab answers');
  }

  override confirm(request: Request, pushes: number): Promise<unknown> {
    return this.dispatch(this.waiterFor([request], false, pushes, true)).promise();
  }

  receive(bytes: Uint8Array, start: number, end: number): void {
    this.take(bytes, start, end);
  }

  closed(error: Error): void {
    this.isOpen = false;
    this.subscriptions.clear();
    for (const waiter of this.waiters.takeAll()) waiter.finish(error);
  }

  protected override later(task: () => void): void {
    this.far.later(task);
  }

  protected override touched(waiter: Waiter): void {
    if (this.far.wrote) waiter.commit = this.far.commit;
  }

  private waiterFor(requests: readonly Request[], asBytes: boolean, missing?: number, forPushes?: boolean): FarWaiter {
    this.far.check();
    if (!this.isOpen) throw new ClosedError('the connection is closed');
    const own = requests.map(owned);
    const waiter = new FarWaiter((request, reply) => this.note(request, reply), own, asBytes, missing, forPushes);
    waiter.isGuarded = this.guard(requests);
    return waiter;
  }

  private dispatch(waiter: FarWaiter): FarWaiter {
    for (const { values } of waiter.rest) if (!isShort(values)) refuseTooLong(values, this.far.requestLimits);
    waiter.sequence = this.far.send(this.id, encodeRequests(waiter.rest));
    this.waiters.push(waiter);
    return waiter;
  }

  /** Follows transactions; returns whether requests must not run without what came before them. */
  private guard(requests: readonly Request[]): boolean {
    const words = requests.map(({ name }) => name.words[0]!.toUpperCase());
    const ends = words.some((word) => word === 'EXEC' || word === 'DISCARD');
    const { lost } = this;
    if (lost !== undefined && (ends || words.includes('UNWATCH'))) this.lost = undefined;
    if (lost === 'multi' || (lost === 'watch' && words.includes('EXEC'))) {
      throw new LeaderChangedError('the tab that had the database open has gone, and with it what was watched or queued for a transaction; nothing of it ran');
    }
    const isGuarded = this.isInMulti || (ends && this.isWatching);
    for (const word of words) {
      if (word === 'MULTI') this.isInMulti = true;
      else if (word === 'WATCH') this.isWatching = true;
      else if (word === 'EXEC' || word === 'DISCARD') this.isInMulti = this.isWatching = false;
      else if (word === 'UNWATCH') this.isWatching = false;
    }
    return isGuarded;
  }

  /** Keeps what has set up the connection. */
  private note(request: Request, reply: Reply): void {
    const name = namesOf(request).find((word) => SETTING_UP.has(word));
    if (name === undefined || reply instanceof ReplyError) return;
    // In the order in which they came last.
    this.settings.delete(name);
    this.settings.set(name, request);
  }

  // ----- another leader -----

  renew(accepted: number): void {
    const waiters = this.waiters.takeAll() as FarWaiter[];
    this.lost = this.isInMulti ? 'multi' : this.isWatching ? 'watch' : this.lost;
    this.isInMulti = this.isWatching = false;
    for (const request of [HELLO, ...this.settings.values()]) this.sendOwn(request);
    for (const kind of KINDS) {
      const channels = this.subscriptions.channels(kind);
      if (channels.length > 0) this.sendOwn({ name: new Name([kind.toUpperCase()]), values: channels }, channels.length);
    }
    for (const waiter of waiters) {
      if (waiter.isOwn || waiter.isGivenUp) continue;
      if (this.canRepeat(waiter, waiter.sequence <= accepted)) this.dispatch(waiter);
      else waiter.finish(new LeaderChangedError('the tab that had the database open has gone before it answered: this may have taken effect or not'));
    }
  }

  private sendOwn(request: Request, pushes?: number): void {
    const waiter = new FarWaiter(() => undefined, [request], false, pushes, pushes !== undefined);
    waiter.isOwn = true;
    this.dispatch(waiter);
  }

  /** Whether requests can be sent again, which may have arrived and have been done. */
  private canRepeat(waiter: FarWaiter, hasArrived: boolean): boolean {
    if (waiter.isGuarded) return false;
    const isRepeatable = (request: Request): boolean =>
      namesOf(request).some((name) => this.far.repeatable.has(name) || name === 'multi' || name === 'exec');
    if (hasArrived && !waiter.forPushes && !waiter.requests.every(isRepeatable)) return false;
    if (hasArrived || waiter.forPushes) waiter.restart();
    // Half of a transaction is none.
    else if (waiter.replies.length > 0 && waiter.requests.some((request) => namesOf(request).includes('multi'))) return false;
    return true;
  }

  giveUp(accepted: number, error: Error): void {
    // What sets up the connection waits for whoever leads next: without it nothing can be asked.
    for (const waiter of this.waiters.all() as FarWaiter[]) if (waiter.sequence > accepted && !waiter.isOwn) waiter.giveUp(error);
  }
}

/** A request whose bytes nobody changes or gives away meanwhile: it may have to be sent once more. */
function owned(request: Request): Request {
  const { values } = request;
  if (!values.some((value) => value instanceof Uint8Array)) return request;
  return { ...request, values: values.map((value) => (value instanceof Uint8Array ? new Uint8Array(value) : value)) };
}

/** What a request may be called in lists of commands: `config|get`, and `get` with all that follows. */
function namesOf({ name, values }: Request): string[] {
  const words = name.words.map((word) => word.toLowerCase());
  if (words.length > 1) return [words.join('|')];
  const [first] = values;
  const sub = first instanceof Uint8Array ? decodeText(first) : String(first);
  return first === undefined ? words : [`${words[0]}|${sub.toLowerCase()}`, ...words];
}
