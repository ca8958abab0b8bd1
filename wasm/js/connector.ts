// Connections in bytes: what ioredis takes for a socket, and what a listening port hands over.

import type { Receiver, Served } from './engine.js';
import { ClosedError } from './errors.js';
import { type OpenPort, type Port, platform } from './platform.js';
import { printAs } from './print.js';

/** What ioredis wants of a `Connector`. */
export type Connector = new (options: unknown) => {
  check(info: unknown): boolean;
  connect(onError: unknown): Promise<object>;
  disconnect(): void;
};

/** A class whose instances connect ioredis to what a port leads to, by streams that it takes for sockets. */
export function connectorBy(open: OpenPort, openStream = platform.openStream): Connector {
  if (openStream === undefined) throw new Error('ioredis needs Node streams, which this platform has not');
  return class SanderlingConnector {
    private stream: { end?(): void } | undefined;

    check(): boolean {
      return true;
    }

    async connect(): Promise<object> {
      return (this.stream = openStream(open));
    }

    disconnect(): void {
      this.stream?.end?.();
    }
  };
}

/** A connection that speaks in bytes. */
export class EnginePort implements Port, Receiver {
  /** Its number in the engine. */
  protected readonly conn: number;
  private isOpen = true;
  /** Whether its end is known to who uses it. */
  private isOver = false;
  /** What was received last that is not handed on before something is written. */
  private last: Promise<void> | undefined;

  constructor(
    private readonly engine: Served,
    private readonly onData: (chunk: Uint8Array) => void,
    private readonly onClose: (error?: Error) => void,
  ) {
    this.conn = engine.connect(this);
  }

  input(chunk: Uint8Array): void {
    if (!this.isOpen) throw new ClosedError('the connection is closed');
    this.engine.send(this.conn, chunk);
  }

  close(): void {
    this.isOver = true;
    this.leave();
  }

  receive(bytes: Uint8Array, start: number, end: number): void {
    // A copy, since the engine writes over its outputs.
    const chunk = new Uint8Array(bytes.subarray(start, end));
    const { wrote, commit } = this.engine;
    this.hand(wrote ? commit : undefined, () => this.onData(chunk));
  }

  closed(error: Error): void {
    this.isOpen = false;
    // An engine that failed is an error for its users; a connection that it closed has just ended.
    this.hand(undefined, () => this.end(this.engine.failure ? error : undefined));
  }

  /** Hands on what has come once that is committed, and everything before it. */
  private hand(commit: Promise<void> | undefined, task: () => void): void {
    if (commit === undefined && this.last === undefined) return this.engine.later(task);
    const after = Promise.all([this.last, commit]).then(() => {
      if (this.last === after) this.last = undefined;
      this.engine.later(task);
    });
    this.last = after;
    // What was changed and cannot be written is not answered: the connection ends instead.
    after.catch((error: Error) => {
      this.leave();
      this.engine.later(() => this.end(error));
    });
  }

  private leave(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.engine.disconnect(this.conn);
  }

  private end(error: Error | undefined): void {
    if (this.isOver) return;
    this.isOver = true;
    this.onClose(error);
  }
}

printAs(EnginePort, () => '[Sanderling connection in bytes]');
