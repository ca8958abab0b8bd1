// What a database needs of a platform to be kept in files.

/**
 * The files of one directory. Names are names in it. Each operation is over when it returns, fails by throwing, and must
 * not call the engine, which is in the midst of a call. What was written is durable once {@link sync} has returned, and
 * that a file is there, or gone, or has another name, once {@link syncNames} has.
 */
export interface Directory {
  /** The names of all files, a line each. */
  list(): string;
  /** Bytes of a file. */
  length(name: string): number;
  /** Reads from `at` on into `room`; how many bytes there were, fewer than asked for only at the end. */
  read(name: string, at: number, room: Uint8Array): number;
  /** Makes an empty file, in place of one of that name. */
  create(name: string): void;
  /** Writes at `at`; how many bytes it took, fewer than given only if the next call would fail. */
  write(name: string, at: number, bytes: Uint8Array): number;
  /** Cuts a file off. */
  truncate(name: string, length: number): void;
  /** Makes what was written to a file durable. */
  sync(name: string): void;
  /** The same beside everything else; absent where that cannot be. */
  syncLater?(name: string): Promise<void>;
  /**
   * Where operations only gather what is to be done: stores that, and resolves once it is there; `undefined` if there is
   * nothing. It rejects after a while in which that cannot be done; meanwhile operations fail, and it is tried again.
   */
  commit?(): Promise<void> | undefined;
  /** Everything has been loaded, and no file is read any more. */
  loaded?(): void;
  /** Makes the names durable. */
  syncNames(): void;
  /** Gives a file another name, in place of the file of that name. */
  rename(from: string, to: string): void;
  /** Takes a file away. */
  remove(name: string): void;
  /** Bytes that there is room for; absent, or `undefined`, where that is not known. */
  room?(): number | undefined;
  /** What one of these has thrown: `not-found`, `no-space`, or the system's words. */
  reason(error: unknown): string;
}

/** Files beside the dumps that others have written. */
export interface Strays {
  /** Whether there is one of this name, which is no directory. */
  has(name: string): boolean;
  /** Moves one to the log's directory, durably. */
  adopt(name: string): void;
}

/** A place that one database is kept in. */
export interface Place {
  /** Where that is, for people. */
  readonly path: string;
  /** A number that no other process has: it is in the names of dumps that are not complete. */
  readonly owner: number;
  /** The directory of dumps. */
  readonly dumps: Directory;
  /** The directory of the log. */
  readonly log: Directory;
  /** What others may have left in the dumps' directory; absent where nothing but this package writes there. */
  readonly strays?: Strays;
  /**
   * Whether what cannot be written is undone at once, by an end of the engine that is like a failure: where there are others
   * who would see it, and who opens it again finds what there was before. Else it is tried again.
   */
  readonly isUndone?: boolean;
  /** Calls back when the process ends, as far as that can be told, until {@link release}. */
  onExit(task: () => void): void;
  /** Lets others have it. */
  release(): void;
}

/** When writes are answered: once they are durable, once they are written and durable within a second, or once they are written. */
export type Durability = 'always' | 'everysec' | 'none';
