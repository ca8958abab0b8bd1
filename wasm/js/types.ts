import type { Value } from './encode.js';

/** A key: text or bytes. */
export type Key = string | Uint8Array;

/** A number, or a text that is one, such as `-inf` or `(5`. */
export type Numeric = number | bigint | string;

/** One, or an array of them. */
export type OneOrMore<T> = T | readonly T[];

/** At least one, as arguments or in arrays. */
export type Many<T> = [first: OneOrMore<T>, ...more: OneOrMore<T>[]];

/** A script's keys, counted, and its other arguments. */
export type ScriptArguments =
  | [options: { keys?: readonly Key[]; arguments?: readonly Value[] }]
  | [keys: readonly Key[], ...more: Argument[]]
  | [numkeys: Numeric, ...more: Argument[]];

/** Members with their values: an object, a `Map`, or both in turn as arguments. */
export type Pairs =
  | [pairs: Record<string, Value> | ReadonlyMap<Key, Value> | readonly Value[]]
  | [member: Value, value: Value, ...more: Value[]];

/** A member of a sorted set. */
export interface Member {
  /** Its score. */
  score: Numeric;
  /** The member itself. */
  value: Value;
}

/** Anything that a command may take: values, arrays of them, and objects whose names are words of the command. */
export type Argument = Value | readonly Argument[] | ReadonlyMap<Key, Value> | Options;

/** Options by the word that Redis has for them: `{ EX: 60, NX: true }`. */
export interface Options {
  readonly [word: string]: OneOrMore<Value> | Options | undefined;
}

/** Options as an object, or as Redis's own words. */
export type OptionsOr<O> = [options?: O] | [word: Value, ...words: Value[]];

/** An integer reply. One beyond `Number.MAX_SAFE_INTEGER` comes as a `bigint`, which this type does not say. */
export type Integer = number;

/** One of some words, in either case. */
export type Word<W extends string> = W | Lowercase<W>;

/** How replies come: as text, or as bytes. */
export type Mode = 'text' | 'bytes';

/** A reply of a mode. In bytes mode only `OK` stays text, and objects become `Map`s. */
export type As<M extends Mode, R> = M extends 'text' ? R : Bytes<R>;

type Bytes<R> = R extends string
  ? string extends R
    ? Uint8Array
    : R
  : R extends readonly [unknown, ...unknown[]]
    ? { [K in keyof R]: Bytes<R[K]> }
    : R extends readonly (infer E)[]
      ? Bytes<E>[]
      : R extends { [key: string]: infer V }
        ? Map<Uint8Array, Bytes<V>>
        : R;

/** Methods that answer by a promise. */
export type Promised<C, M extends Mode> = {
  [K in keyof C]: C[K] extends (...args: infer A) => infer R ? (...args: A) => Promise<As<M, R>> : never;
};

/** Methods that answer at once. */
export type Immediate<C, M extends Mode> = {
  [K in keyof C]: C[K] extends (...args: infer A) => infer R ? (...args: A) => As<M, R> : never;
};
