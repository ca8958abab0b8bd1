// The seat of this tab: in a worker of its own, since only workers have synchronous files, or here if this is one.

import { StorageError } from './errors.js';
import type { FarEngine } from './far.js';
import type { KeptOptions } from './platform.js';
import { type Opening, type Order, type Report, packError, unpackError } from './wire.js';

/** What a tab does with its seat. */
export interface SeatHandle {
  /** Leaves it, once what was done is written; the last of it may not have been. */
  close(): Promise<void>;
}

type Making = Pick<KeptOptions, 'worker' | 'loadModule'>;

/** Takes a seat, to which there is a port; what keeps it from leading ends the engine on this side. */
export async function openSeat(opening: Opening, making: Making, far: FarEngine, port: MessagePort): Promise<SeatHandle> {
  if (making.worker === undefined && isWorker()) {
    const { Seat } = await import('./seat.js');
    const seat = new Seat(opening, making.loadModule, { member: far.member, wire: port }, (error) => far.close(error));
    seat.stand();
    return seat;
  }
  return new WorkerSeat(opening, making, far, port);
}

/** Whether this is a dedicated worker, the only place that has synchronous files. */
function isWorker(): boolean {
  const { DedicatedWorkerGlobalScope } = globalThis as { DedicatedWorkerGlobalScope?: abstract new () => object };
  return DedicatedWorkerGlobalScope !== undefined && globalThis instanceof DedicatedWorkerGlobalScope;
}

/** A worker, and when the page has it sync, leave and come back. */
class WorkerSeat implements SeatHandle {
  private readonly worker: Worker;
  private settleClose: ((failure?: Error) => void) | undefined;
  private hasFailed = false;
  private readonly unlisten: () => void;

  constructor(
    private readonly opening: Opening,
    private readonly making: Making,
    private readonly far: FarEngine,
    port: MessagePort,
  ) {
    this.worker = makeWorker(making.worker);
    this.worker.onmessage = ({ data }: MessageEvent<Report>) => this.hear(data);
    this.worker.onerror = (event) => this.fail(event.message);
    this.worker.postMessage({ kind: 'stand', opening, near: { member: far.member, wire: port } } satisfies Order, [port]);
    this.unlisten = listenToPage({
      onHidden: () => this.order({ kind: 'sync' }),
      onGone: () => {
        this.order({ kind: 'step-down' });
        this.far.goAway();
      },
      onBack: () => {
        this.order({ kind: 'stand', opening: this.opening });
        this.far.comeBack();
      },
    });
  }

  private order(order: Order): void {
    this.worker.postMessage(order);
  }

  private hear(report: Report): void {
    if (report.kind === 'module-wanted') void this.giveModule();
    else if (report.kind === 'refused') this.far.close(unpackError(report.failure));
    else this.settleClose?.(report.failure && unpackError(report.failure));
  }

  private async giveModule(): Promise<void> {
    try {
      this.order({ kind: 'module', module: await this.making.loadModule() });
    } catch (error) {
      this.order({ kind: 'module', failure: packError(error) });
    }
  }

  /** The script of the worker is not there, or has thrown what nobody caught. */
  private fail(why: string | undefined): void {
    const words = why ?? 'its script cannot be loaded; if a bundler has not copied worker.js, open({ worker }) makes it of sanderling/worker';
    const error = new StorageError('failed', `the worker that keeps the database has failed: ${words}`);
    this.hasFailed = true;
    this.far.close(error);
    this.settleClose?.();
  }

  async close(): Promise<void> {
    this.unlisten();
    try {
      await new Promise<void>((resolve, reject) => {
        this.settleClose = (failure) => (failure ? reject(failure) : resolve());
        if (this.hasFailed) resolve();
        else this.order({ kind: 'close' });
      });
    } finally {
      this.worker.terminate();
    }
  }
}

function makeWorker(make: Making['worker']): Worker {
  try {
    // Bundlers look for this very expression.
    return make ? (make() as Worker) : new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'sanderling' });
  } catch (error) {
    throw new StorageError('unsupported', `no worker can be made to keep the database: ${(error as Error).message}`, { cause: error });
  }
}

interface PageTasks {
  /** It may be the last that the page hears. */
  onHidden(): void;
  /** It is closed, or frozen, maybe to come back. */
  onGone(): void;
  onBack(): void;
}

/** Listens to what becomes of the page; returns what ends that. */
function listenToPage({ onHidden, onGone, onBack }: PageTasks): () => void {
  if (typeof document === 'undefined') return () => undefined;
  const onVisibility = (): void => {
    if (document.visibilityState === 'hidden') onHidden();
  };
  const listeners: [EventTarget, string, () => void][] = [
    [document, 'visibilitychange', onVisibility],
    [document, 'freeze', onGone],
    [document, 'resume', onBack],
    [window, 'pagehide', onGone],
    [window, 'pageshow', onBack],
  ];
  for (const [target, name, listener] of listeners) target.addEventListener(name, listener);
  return () => {
    for (const [target, name, listener] of listeners) target.removeEventListener(name, listener);
  };
}
