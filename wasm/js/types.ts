// The types that the generated methods are made of.

import type { FieldValue, ScoredMember } from './derived.js';
import type { Value } from './encode.js';

/** A key: text or bytes. */
export type Key = string | Uint8Array;

/** A number, or a text that is one, such as `-inf` or `(5`. */
export type Numeric = number | bigint | string;

/** A time: a number in the unit that the command names, or a date. */
export type Time = Numeric | Date;

/** One, or an array of them. */
export type OneOrMore<T> = T | readonly T[];

/** At least one, as arguments or in arrays. */
export type Many<T> = [first: OneOrMore<T>, ...more: OneOrMore<T>[]];

/** Keys as an array, or behind their number, and other arguments. */
export type KeysOr =
  | [keys: readonly Key[], ...more: Argument[]]
  | [numkeys: Numeric, key: Key, ...more: Argument[]];

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
      : R extends ScoredMember
        ? ScoredMember<Uint8Array>
        : R extends FieldValue
          ? FieldValue<Uint8Array>
          : R extends { [key: string]: infer V }
            ? Map<Uint8Array, Bytes<V>>
            : R;

/** Arguments, and the reply to them. */
export type Overload = readonly [args: readonly unknown[], reply: unknown];

/**
 * A method whose arguments decide the form of its reply: the first list that they fit tells it. It stands for an
 * overloaded function, of which a mapped type would only see the last signature.
 */
export interface Overloads<L extends readonly Overload[]> {
  /** There is no such property; it is where the compiler finds the list. */
  readonly overloads: L;
}

/** A method whose reply has another form when elements are counted. */
export type ByCount<P extends readonly unknown[], One, Several> = Overloads<
  [
    [[...args: P, count?: undefined], One],
    [[...args: P, count: Numeric], Several],
    [[...args: P, count?: Numeric], One | Several],
  ]
>;

/** The same where a word behind the count decides as well. */
export type ByCountAndWord<P extends readonly unknown[], W extends string, One, Several, Worded> = Overloads<
  [
    [[...args: P, count?: undefined], One],
    [[...args: P, count: Numeric, ...options: Without<{ [K in W]?: boolean }, W>], Several],
    [[...args: P, count: Numeric, ...options: With<{ [K in W]?: boolean }, W>], Worded],
    [[...args: P, count: Numeric | undefined, word: Value, ...words: Value[]], One | Several | Worded],
    [[...args: P, count: Numeric | undefined, options?: { [K in W]?: boolean }], One | Several | Worded],
  ]
>;

/** A method whose reply has another form with or without some options `O`: the first rule that applies tells it. */
export type ByOption<
  P extends readonly unknown[],
  O,
  Rules extends readonly Rule[],
  Any,
  Args extends readonly unknown[] = [...args: P, ...options: OptionsOr<O>],
> = Overloads<[...Ruled<P, O, Rules, Args>, [Args, Any], [P extends Args ? [...args: P, options?: O] : [...args: P, options: O], Any]]>;

/**
 * A method whose options do not decide on the form of its reply. The last function takes them as an object, since it
 * is its complaint that the compiler shows: that an object is no `Uint8Array` would help nobody.
 */
export type WithOptions<P extends readonly unknown[], O, R> = Overloads<
  [[[...args: P, word: Value, ...words: Value[]], R], [[...args: P, options?: O], R]]
>;

/** The form of replies with an option, or without any of some. */
export type Rule = { with: string; is: unknown } | { without: string; is: unknown };

type Ruled<P extends readonly unknown[], O, Rules, Args> = Rules extends readonly [infer First, ...infer Others]
  ? [
      First extends { with: infer W; is: infer R }
        ? [[...args: P, ...options: With<O, W & keyof O>], R]
        : First extends { without: infer W; is: infer R }
          ? // Some commands do nothing without options.
            [[...args: P, ...options: P extends Args ? Without<O, W & keyof O> : Required<Without<O, W & keyof O>>], R]
          : never,
      ...Ruled<P, O, Others, Args>,
    ]
  : [];

/** Options among which a `W` is: in an object, or as a word behind others that cannot be meant otherwise. */
export type With<O, W extends keyof O> =
  | WithProperty<O, W>
  | Behind<Known<O, W> | Digits, Spelled<W>>
  | Behind<Known<O, W> | Digits, Spelled<W>, [], [word: Free<O, W>, value: Value]>;

type WithProperty<O, W extends keyof O> = W extends keyof O
  ? [options: O & { [K in W]-?: Exclude<O[K], false | undefined> }]
  : never;

/** Options among which `W` is not. Words have to be known to the compiler, for any other may be `W`. */
export type Without<O, W extends keyof O> =
  | [options?: O & { [K in W]?: false | undefined }]
  | [word: Known<O, W> | Digits, ...words: (Known<O, W> | Digits)[]]
  | [word: Free<O, W>, value: Value, ...words: (Known<O, W> | Digits)[]];

/** Options of a command, then scores and members, or objects of both and then options. */
export type MembersOr<O> =
  | [members: OneOrMore<Member>, options?: O]
  | [first: Value, second: Value, ...more: Value[]];

/** {@link MembersOr} where `W` is not among the options. */
export type MembersWithout<O, W extends keyof O> =
  | [members: OneOrMore<Member>, options?: O & { [K in W]?: false | undefined }]
  | Behind<Known<O, W>, Digits, [Value]>;

/** Keys as an array, or behind their number; so the compiler knows where a few of them end. */
export type CountedKeys =
  | [keys: readonly Key[]]
  | [numkeys: 1 | '1', key: Key]
  | [numkeys: 2 | '2', key: Key, second: Key]
  | [numkeys: 3 | '3', key: Key, second: Key, third: Key]
  | [numkeys: 4 | '4', key: Key, second: Key, third: Key, fourth: Key];

/** What is surely a number, and no word of a command. */
type Digits = number | bigint | `${number}` | `${"" | "+" | "-"}inf`;

type Spelled<W> = W extends string ? Word<W> : never;

/** Words of the options but for `W`, and but for those in front of a value that could look like `W`. */
type Known<O, W> = Spelled<
  Exclude<{ [K in keyof O]-?: Uint8Array extends O[K] ? never : K | Choice<O[K]> }[keyof O], W>
>;

/** Words in front of any value. Where they come first, that value is no word. */
type Free<O, W> = Spelled<Exclude<{ [K in keyof O]-?: Uint8Array extends O[K] ? K : never }[keyof O], W>>;

/** The words among values. */
type Choice<V> = V extends string
  ? string extends V
    ? never
    : V extends Digits
      ? never
      : V
  : V extends Uint8Array | Date | readonly unknown[]
    ? never
    : V extends object
      ? { [K in keyof V]: Choice<V[K]> }[keyof V]
      : never;

/** `Last` behind up to seven of `First`. */
type Behind<First, Last, More extends Value[] = [], Before extends unknown[] = []> = Before['length'] extends 8
  ? never
  :
      | [...before: Before, last: Last, ...needed: More, ...more: Value[]]
      | Behind<First, Last, More, [...before: Before, word: First]>;

/** How methods answer: a function of types, from `reply` to `answer`. */
export interface Form {
  readonly reply: unknown;
  readonly answer: unknown;
}

type Answer<F extends Form, R> = (F & { readonly reply: R })['answer'];

/** A method for each of the commands, that answers in a form. */
export type Methods<C, F extends Form> = {
  [K in keyof C]: C[K] extends Overloads<infer L>
    ? Overloaded<L, F>
    : C[K] extends (...args: infer A) => infer R
      ? (...args: A) => Answer<F, R>
      : never;
};

type Overloaded<L, F extends Form> = L extends readonly [
  readonly [infer A extends readonly unknown[], infer R],
  ...infer Others,
]
  ? ((...args: A) => Answer<F, R>) & Overloaded<Others, F>
  : unknown;

/** Methods answer by a promise. */
export interface Promised<M extends Mode> extends Form {
  readonly answer: Promise<As<M, this['reply']>>;
}

/** Methods answer at once. */
export interface Immediate<M extends Mode> extends Form {
  readonly answer: As<M, this['reply']>;
}
