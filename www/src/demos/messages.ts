/** The messages between the demos and the worker, which has their database. */

/** A reply: text, numbers and `null`, in arrays and in objects by the fields' names. */
export type Value = string | number | null | Value[] | { [field: string]: Value };

/** Why something could not be done. */
export interface Failure {
  name: string;
  message: string;
  /** Such as `no-space`. */
  code?: string;
}

/** Where the data is, and why that is no store of the browser if it is none. */
export interface Keeping {
  kind: string;
  reason?: string;
}

/** From the demos. A connection is a number of their choice; it is made when it is first named. */
export type Request =
  | { kind: 'open'; inMemory: boolean }
  | { kind: 'call'; id: number; connection: number; words: string[] }
  | { kind: 'subscribe'; id: number; connection: number; channel: string }
  | { kind: 'close'; connection: number };

/** From the worker. */
export type Answer =
  | { kind: 'opened'; keeping: Keeping }
  | { kind: 'refused'; failure: Failure }
  /** `text` is the reply as redis-cli prints it. */
  | { kind: 'reply'; id: number; value: Value; text: string }
  | { kind: 'failed'; id: number; failure: Failure }
  | { kind: 'message'; connection: number; channel: string; text: string };
