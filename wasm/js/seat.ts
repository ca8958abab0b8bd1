// A candidate for the leader of a database: it waits for the lock, in the order in which tabs came, and leads.

import type { Place } from './directory.js';
import { openIdb } from './idb.js';
import { Leader } from './leader.js';
import { openOpfs } from './opfs.js';
import { urlOf } from './kept-name.js';
import type { WasmModule } from './platform.js';
import { type Call, type NearWire, type Opening, leaderLock, openMeeting } from './wire.js';

/** See above. */
export class Seat {
  private readonly url: string;
  private readonly meeting: BroadcastChannel;
  /** The highest epoch that was heard of. */
  private epoch = 0;
  private leader: Leader | undefined;
  private abort: AbortController | undefined;
  private standing: Promise<void> | undefined;

  constructor(
    private readonly opening: Opening,
    private readonly loadModule: () => Promise<WasmModule>,
    /** The way to the member in this place. */
    private readonly near: NearWire,
    /** Is told when this one should lead, and cannot open what there is. */
    private readonly refuse: (error: Error) => void,
  ) {
    this.url = urlOf(opening);
    this.meeting = openMeeting(this.url);
    this.meeting.onmessage = ({ data }: MessageEvent<Call>) => {
      if (data.kind === 'lead') this.epoch = Math.max(this.epoch, data.epoch);
    };
  }

  /** Waits in line from now on. */
  stand(): void {
    if (this.abort !== undefined) return;
    const { signal } = (this.abort = new AbortController());
    this.standing = this.standFor(signal).catch((error: Error) => {
      if (!signal.aborted) this.refuse(error);
    });
  }

  private async standFor(signal: AbortSignal): Promise<void> {
    // An engine that has failed, or was shut down, is opened again by who is next, which may be this one.
    while (!signal.aborted) await navigator.locks.request(leaderLock(this.url), { signal }, () => this.lead(signal));
  }

  private async lead(signal: AbortSignal): Promise<void> {
    const module = await this.loadModule();
    if (signal.aborted) return;
    const place = await this.openPlace();
    this.epoch = Math.max(this.epoch + 1, Date.now());
    const leader = await Leader.begin(module, this.opening, place, this.epoch, this.near);
    this.leader = leader;
    if (signal.aborted) await leader.stepDown();
    await leader.ended;
    this.leader = undefined;
  }

  private openPlace(): Promise<Place> {
    const { store, name } = this.opening;
    return store === 'opfs' ? openOpfs(this.url, name) : openIdb(this.url, name);
  }

  /** Makes everything durable, if this one leads. */
  sync(): void {
    this.leader?.syncNow();
  }

  /**
   * Leaves the line, or leads no more.
   *
   * @throws StorageError when the last of what was done could not be written
   */
  async stepDown(): Promise<void> {
    const { abort, leader, standing } = this;
    this.abort = undefined;
    abort?.abort();
    await leader?.stepDown();
    await standing;
  }

  /** The same, for ever. */
  async close(): Promise<void> {
    try {
      await this.stepDown();
    } finally {
      this.meeting.close();
    }
  }
}
