// Databases that a browser keeps, of which all tabs of an origin share one engine. Loaded when one is opened.

import { choose } from './choice.js';
import { EnginePort } from './connector.js';
import type { ImportOptions, Imported } from './dumps.js';
import { StorageError } from './errors.js';
import { FarEngine } from './far.js';
import { FarLink } from './far-link.js';
import { type KeptName, urlOf } from './kept-name.js';
import type { KeptOptions, OpenPort, Port } from './platform.js';
import { type Persistence, Sanderling, bytesOf } from './sanderling.js';
import { openSeat, type SeatHandle } from './seat-handle.js';

/** See `KeptStores`. */
export async function open(given: KeptName | string, options: KeptOptions): Promise<Sanderling | string> {
  const name = whatIsLacking() ?? (typeof given === 'string' ? await choose(given) : given);
  if (typeof name === 'string') {
    if (typeof given === 'string') return name;
    throw new StorageError('unsupported', `'${urlOf(given)}' is not supported here: ${name}`, { path: urlOf(given) });
  }
  const url = urlOf(name);
  const { port1, port2 } = new MessageChannel();
  const far = new FarEngine(url, port1);
  let seat: SeatHandle | undefined;
  try {
    seat = await openSeat({ ...name, settings: options.settings, durability: options.durability }, options, far, port2);
    await far.ready;
    return new KeptDatabase(far, seat, name);
  } catch (error) {
    far.close(error as Error);
    await seat?.close().catch(() => undefined);
    throw far.failure ?? error;
  }
}

/** What tabs share a database by. */
function whatIsLacking(): string | undefined {
  if (globalThis.navigator?.locks === undefined) return 'there are no Web Locks, which take a secure context (HTTPS or localhost)';
  if (typeof BroadcastChannel === 'undefined') return 'there is no BroadcastChannel';
  return undefined;
}

/** A database of all tabs, as one of them has it. */
class KeptDatabase extends Sanderling {
  private isPersistent: boolean | undefined;

  constructor(
    private readonly far: FarEngine,
    private readonly seat: SeatHandle,
    private readonly keptName: KeptName,
  ) {
    super(new FarLink(far), undefined);
    void askToPersist().then((isPersistent) => (this.isPersistent = isPersistent));
  }

  override get persistence(): Persistence {
    return { kind: this.keptName.store, isPersistent: this.isPersistent };
  }

  override port(...[onData, onClose]: Parameters<OpenPort>): Port {
    return new EnginePort(this.far, onData, onClose);
  }

  override export(): Promise<Uint8Array> {
    return this.far.ask({ kind: 'export' }) as Promise<Uint8Array>;
  }

  override async import(dump: Uint8Array | ArrayBuffer, { skipUnsupported = false }: ImportOptions = {}): Promise<Imported> {
    const bytes = new Uint8Array(bytesOf(dump));
    return this.far.ask({ kind: 'import', dump: bytes, skips: skipUnsupported }) as Promise<Imported>;
  }

  override async close(): Promise<void> {
    this.far.close();
    await this.seat.close();
  }
}

/** Asks the browser not to delete the data when room is short; workers can only ask whether it was asked. */
async function askToPersist(): Promise<boolean | undefined> {
  try {
    const { storage } = navigator;
    return await ('persist' in storage ? storage.persist() : (storage as StorageManager).persisted());
  } catch {
    return undefined;
  }
}
