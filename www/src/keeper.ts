/** The demos' database, in the worker: kept by the browser where it can be, and then one for all tabs. */

import { type Client, Sanderling } from 'sanderling';
import type { Answer, Failure, Request, Value } from './demos/messages.js';
import { format } from './format.js';
import type { Reply } from './resp.js';

/** What the browser's store has the database under. */
const NAME = 'playground';
/** Commands whose numbers are doubles in the third version of the protocol. */
const WITH_DOUBLES = /^z(incrby|score|range)$/i;

const encoder = new TextEncoder();

/** Answers what comes through a port. */
export class Keeper {
  private db: Sanderling | undefined;
  private readonly connections = new Map<number, Client>();

  constructor(
    private readonly port: MessagePort,
    private readonly module: WebAssembly.Module,
  ) {
    port.onmessage = ({ data }: MessageEvent<Request>) => void this.obey(data);
  }

  private async obey(request: Request): Promise<void> {
    try {
      if (request.kind === 'open') await this.open(request.inMemory);
      else if (request.kind === 'call') await this.call(request);
      else if (request.kind === 'subscribe') await this.subscribe(request);
      else this.close(request.connection);
    } catch (error) {
      const failure = packed(error);
      if ('id' in request) this.answer({ kind: 'failed', id: request.id, failure });
      else this.answer({ kind: 'refused', failure });
    }
  }

  private async open(inMemory: boolean): Promise<void> {
    const { module } = this;
    this.connections.clear();
    this.db = await Sanderling.open({ module, ...(inMemory ? {} : { persist: NAME }) });
    const { kind, reason } = this.db.persistence;
    this.answer({ kind: 'opened', keeping: { kind, ...(reason !== undefined && { reason }) } });
  }

  private async call({ id, connection, words }: Extract<Request, { kind: 'call' }>): Promise<void> {
    const [name, ...args] = words as [string, ...string[]];
    const value = (await this.connection(connection).call(name, ...args)) as Value;
    this.answer({ kind: 'reply', id, value, text: format(replyOf(value, WITH_DOUBLES.test(name))) });
  }

  private async subscribe({ id, connection, channel }: Extract<Request, { kind: 'subscribe' }>): Promise<void> {
    await this.connection(connection).subscribe(channel, (text) => this.answer({ kind: 'message', connection, channel, text }));
    const value = ['subscribe', channel, 1];
    this.answer({ kind: 'reply', id, value, text: format(replyOf(value, false)) });
  }

  private connection(number: number): Client {
    if (this.db === undefined) throw new Error('the database is not open yet');
    const made = this.connections.get(number) ?? this.db.duplicate();
    this.connections.set(number, made);
    return made;
  }

  private close(connection: number): void {
    void this.connections.get(connection)?.close();
    this.connections.delete(connection);
  }

  private answer(answer: Answer): void {
    this.port.postMessage(answer);
  }
}

/** A value as the reply that it was made of. */
function replyOf(value: Value, hasDoubles: boolean): Reply {
  if (value === null) return { type: 'nil' };
  if (typeof value === 'number') return { type: hasDoubles || !Number.isInteger(value) ? 'double' : 'integer', text: String(value) };
  if (value === 'OK') return { type: 'status', text: value };
  if (typeof value === 'string') return { type: 'bulk', bytes: encoder.encode(value) };
  if (Array.isArray(value)) return { type: 'array', items: value.map((item) => replyOf(item, hasDoubles)) };
  const items = Object.entries(value).flat() as Value[];
  return { type: 'map', items: items.map((item) => replyOf(item, hasDoubles)) };
}

function packed(error: unknown): Failure {
  const { name, message, code } = error as Failure;
  return { name, message, ...(code !== undefined && { code }) };
}
