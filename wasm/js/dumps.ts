// Dumps: all data of a database as an RDB file, and back.

import { OutputKind } from './abi.generated.js';
import { joined } from './bytes.js';
import { Engine, nextTurn } from './engine.js';
import { DumpError } from './errors.js';
import { decodeText } from './platform.js';

/** How long steps may follow each other before all else gets its turn, in milliseconds. */
const TURN_MILLISECONDS_MAX = 5;

/** How a dump is imported. */
export interface ImportOptions {
  /** Whether what belongs to modules of Redis is left out; else a dump that has any is refused. */
  skipUnsupported?: boolean;
}

/** What was in a dump. */
export interface Imported {
  /** Keys that are in the database now. */
  readonly keys: number;
  /** Keys that had expired, and were left out. */
  readonly expired: number;
  /** What belongs to modules, and was left out. */
  readonly skipped: number;
}

/** The dumps of one engine, one after the other. */
export class Dumps {
  private last: Promise<unknown> = Promise.resolve();
  /** Dumps that are written or read, or wait for that. */
  private pending = 0;

  constructor(private readonly engine: Engine) {}

  /** Everything as it is now, whatever is changed while it is written. */
  async export(): Promise<Uint8Array> {
    // What is there now is meant, and not what is there once others have been written.
    const begun = this.isIdle && this.engine.saveBegin() === 0 ? this.write() : undefined;
    return this.after(() => begun ?? this.beginAndWrite());
  }

  /** Replaces everything, or nothing if the dump cannot be read to its end. */
  async import(dump: Uint8Array, skips: boolean, makeEngine: () => Engine): Promise<Imported> {
    // As with commands, what is called afterwards finds what is called now.
    if (this.isIdle && !this.engine.isInScript) return this.replace(dump, skips, makeEngine);
    const kept = new Uint8Array(dump);
    return this.after(async () => {
      // A script is whole or not there.
      while (this.engine.isInScript) await nextTurn();
      return this.replace(kept, skips, makeEngine);
    });
  }

  private replace(dump: Uint8Array, skips: boolean, makeEngine: () => Engine): Imported {
    this.engine.check();
    const trial = makeEngine();
    try {
      load(trial, dump, skips);
    } finally {
      trial.close();
    }
    const imported = load(this.engine, dump, skips);
    this.engine.keeper?.replaced();
    return imported;
  }

  get isIdle(): boolean {
    this.engine.check();
    return this.pending === 0;
  }

  /** Runs a task once all dumps before it are written or read, and those behind it wait for it. */
  async after<T>(task: () => Promise<T>): Promise<T> {
    this.pending += 1;
    const before = this.last;
    const done = before.then(task, task).finally(() => (this.pending -= 1));
    this.last = done.catch(() => undefined);
    return done;
  }

  private async beginAndWrite(): Promise<Uint8Array> {
    for (;;) {
      this.engine.check();
      if (this.engine.saveBegin() === 0) return this.write();
      // A script has paused, or a snapshot that was given up is still to be cleared away.
      this.engine.saveStep();
      await nextTurn();
    }
  }

  private async write(): Promise<Uint8Array> {
    const { engine } = this;
    const pieces: Uint8Array[] = [];
    let isDone = false;
    let refusal: string | undefined;
    engine.files = (kind, bytes) => {
      if (kind === OutputKind.snapshot) pieces.push(bytes);
      else if (kind === OutputKind.snapshotEnd) isDone = true;
      else if (kind === OutputKind.snapshotFailed) refusal = decodeText(bytes);
    };
    try {
      while (!isDone && refusal === undefined) {
        engine.check();
        const end = performance.now() + TURN_MILLISECONDS_MAX;
        while (!isDone && refusal === undefined && performance.now() < end) engine.saveStep();
        if (!isDone) await nextTurn();
      }
    } finally {
      engine.files = undefined;
    }
    if (refusal !== undefined) throw new DumpError(`the dump was not finished: ${refusal}`);
    return joined(pieces);
  }
}

function load(engine: Engine, dump: Uint8Array, skips: boolean): Imported {
  let imported: Imported | undefined;
  let refusal: string | undefined;
  engine.files = (kind, bytes) => {
    if (kind === OutputKind.loadFailed) refusal ??= decodeText(bytes).replace('--import-skip-unsupported', 'skipUnsupported');
    else if (kind === OutputKind.loaded) imported = understood(decodeText(bytes), dump);
  };
  try {
    engine.load(dump, skips);
  } finally {
    engine.files = undefined;
  }
  if (refusal !== undefined || imported === undefined) {
    throw new DumpError(`the dump cannot be read: ${refusal ?? 'it has no end'}`);
  }
  return imported;
}

/** Numbers in the order of the engine's interface. */
function understood(text: string, dump: Uint8Array): Imported {
  const [keys, expired, , skipped, , , bytes] = text.split(' ').map(Number) as [number, number, number, number, number, number, number];
  // Commands of a log may stand there.
  if (bytes !== dump.length) throw new DumpError(`the dump cannot be read: something follows its end, at offset ${bytes}`);
  return { keys, expired, skipped };
}
