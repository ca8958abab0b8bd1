// From the arguments of a method to the words of a request: options, objects and nested arrays are laid out flat.

import type { Name, Value } from './encode.js';

/** What the command table says about a command's arguments. */
export interface Shape {
  /** How many arguments come first that are one value each. */
  readonly lead?: number;
  /** The same where these may come in arrays. */
  readonly head?: number;
  /** The names that an object of options may have, in capitals where they are words of the command. */
  readonly options?: string;
  /** Index of the argument that counts the keys; an array in its place brings its own count. */
  readonly count?: number;
  /** What is counted are a script's keys, and an object there is `{ keys, arguments }`, as node-redis has it. */
  readonly script?: true;
  /** Objects and maps are members with a value each, not options. */
  readonly pairs?: true;
  /** Objects with these properties are members, and options stand before them. */
  readonly members?: readonly string[];
  /** The argument behind the first is a time: the milliseconds of its unit. */
  readonly time?: number;
  /** Fields stand last, behind a word and their number; node-redis has them behind the key. */
  readonly fields?: true;
}

/** A command's words and its shape; a command that is called by name alone has none. */
interface Call {
  readonly command: string;
  readonly shape: Shape | undefined;
}

/**
 * The arguments of a method as they are sent.
 *
 * @throws TypeError as {@link flatten}
 */
export function valuesOf(args: readonly unknown[], shape: Shape | undefined, name: Name): readonly Value[] {
  return isPlain(args) && !shape?.fields ? args : flatten(args, shape, name.words.join(' '));
}

/**
 * What is known of a command that is called by name: there arrays are flattened wherever they stand, but an object is
 * no more than an option or pairs.
 */
export function relaxed({ lead = 0, options = '', pairs, members, count, fields }: Shape): Shape | undefined {
  // Pairs that are counted by hand could be anything.
  return fields || (pairs && count !== undefined) ? undefined : { head: lead, options, ...(pairs && { pairs }), ...(members && { members }) };
}

/** Whether all arguments can be sent as they are. */
function isPlain(args: readonly unknown[]): args is readonly Value[] {
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index];
    if (typeof arg !== 'string' && typeof arg !== 'number' && !(arg instanceof Uint8Array)) return false;
  }
  return true;
}

/**
 * The arguments as they are sent. Arrays are flattened; options objects become words: `{ EX: 60, NX: true }` is
 * `EX 60 NX`; what is `undefined`, `null` or `false` in one is left out.
 *
 * @throws TypeError for what cannot be sent, such as `undefined` or a function, and for objects and arrays that the
 *   command has no use for at their place
 */
export function flatten(given: readonly unknown[], shape?: Shape, command = ''): Value[] {
  const call: Call = { command, shape };
  const args = shape?.fields ? inOrder(given, call) : given;
  const { count, script, lead = 0, time } = shape ?? {};
  let length = args.length;
  while (length > 0 && args[length - 1] === undefined) length -= 1;
  const values: Value[] = [];
  const options: Value[] = [];
  for (let index = 0; index < length; index += 1) {
    const arg = args[index];
    if (index === count && shape?.pairs && typeof arg === 'object') {
      const pairs = pairsOf(arg, call);
      values.push(pairs.length / 2, ...pairs);
      continue;
    }
    if (index === count && Array.isArray(arg)) values.push(arg.length);
    if (index === count && script && isRecord(arg)) addScript(values, arg);
    else if (index === 1 && time !== undefined && isDate(arg)) values.push(unixTime(arg, time));
    else if (index < lead) values.push(single(arg, call));
    else addArgument(values, arg, call, options, 0);
  }
  // Options of commands with members come last in JavaScript and right behind the key on the wire.
  if (options.length > 0) values.splice(1, 0, ...options);
  return values;
}

/** Arguments with their fields last, if the key is followed by fields and no word says otherwise. */
function inOrder(args: readonly unknown[], call: Call): readonly unknown[] {
  const isWord = (arg: unknown): boolean => typeof arg === 'string' && arg.toUpperCase() === 'FIELDS';
  const isNamed = args.slice(1).some((arg) => isWord(arg) || (isRecord(arg) && Object.keys(arg).some(isWord)));
  if (isNamed || args.length < 2) return args;
  const [key, fields, ...others] = args;
  // HSETEX has values with them, in an object, a map, or in turn.
  const hasValues = call.shape?.options?.includes('FNX') === true;
  const list = hasValues ? pairsOf(fields, call) : valuesIn(fields, call);
  return [key, ...others.filter((arg) => arg !== undefined), 'FIELDS', hasValues ? list.length / 2 : list.length, ...list];
}

/** Members and their values in turn, of an object, a map, or an array of both in turn or in pairs. */
function pairsOf(arg: unknown, call: Call): Value[] {
  const list: Value[] = [];
  if (isRecord(arg)) addPairs(list, Object.entries(arg), call);
  else if (arg instanceof Map) addPairs(list, arg, call);
  else return valuesIn(arg, call);
  return list;
}

function valuesIn(arg: unknown, call: Call): Value[] {
  return (Array.isArray(arg) ? arg.flat() : [arg]).map((value) => single(value, call));
}

function addArgument(values: Value[], arg: unknown, call: Call, options: Value[], depth: number): void {
  const { shape } = call;
  if (isValue(arg)) values.push(arg);
  else if (Array.isArray(arg)) {
    if (isInPair(values, call)) throw misplaced(call, 'an array');
    if (depth > 0 && isList(shape)) throw misplaced(call, 'an array within an array');
    for (const part of arg) addArgument(values, part, call, options, depth + 1);
  } else if (arg instanceof Map) {
    if (shape && (!shape.pairs || isInPair(values, call))) throw misplaced(call, 'a Map');
    addPairs(values, arg, call);
  } else if (isRecord(arg)) {
    if (isInPair(values, call)) throw misplaced(call, describe(arg));
    if (shape?.pairs && !isOptions(values, arg, call)) addPairs(values, Object.entries(arg), call);
    else if (shape?.members?.every((name) => name in arg)) {
      for (const name of shape.members) values.push(toValue(arg[name], call));
    } else addOptions(shape?.members || isEntry(shape) ? options : values, arg, call);
  } else if (isDate(arg)) addDate(values, arg, call);
  else values.push(toValue(arg, call));
}

/** Whether a member has come and its value has not. What options may stand before cannot be counted so. */
function isInPair(values: readonly Value[], { shape }: Call): boolean {
  return shape?.pairs === true && !shape.options && (values.length - (shape.lead ?? shape.head ?? 0)) % 2 === 1;
}

/**
 * Whether an object is one of options, where others are pairs: behind counted ones, and of an entry of a stream before
 * its ID or behind its fields.
 */
function isOptions(values: readonly Value[], record: Record<string, unknown>, call: Call): boolean {
  const { shape } = call;
  const isPlace = shape?.count !== undefined || (isEntry(shape) && values.length !== 2);
  return isPlace && Object.keys(record).every((name) => has(call, name) || has(call, name.toUpperCase()));
}

/** Whether a command makes an entry of a stream: its key, an ID and pairs, with options behind the key. */
function isEntry(shape: Shape | undefined): boolean {
  return shape?.pairs === true && Boolean(shape.options) && shape.count === undefined;
}

/** Whether a command takes nothing but values, so that what stands in an array in an array would be lost. */
function isList(shape: Shape | undefined): boolean {
  return !(shape === undefined || shape.options !== undefined || shape.pairs || shape.members || shape.count !== undefined);
}

function addScript(values: Value[], { keys = [], arguments: more = [], ...others }: Record<string, unknown>): void {
  const unknown = Object.keys(others);
  if (!Array.isArray(keys) || !Array.isArray(more) || unknown.length > 0) {
    throw new TypeError('a script is given { keys: [], arguments: [] }');
  }
  values.push(keys.length, ...keys.map((key) => toValue(key)), ...more.map((value) => toValue(value)));
}

function addPairs(values: Value[], pairs: Iterable<readonly [unknown, unknown]>, call: Call): void {
  for (const [key, value] of pairs) values.push(toValue(key, call), toValue(value, call));
}

/** Words in front of a time, and the milliseconds of its unit. */
const TIMES: Record<string, number> = { EXAT: 1000, PXAT: 1, TIME: 1 };

/** A date among words: the word before it says in which unit it is sent. */
function addDate(values: Value[], date: Date, call: Call): void {
  const word = String(values.at(-1)).toUpperCase();
  const unit = TIMES[word];
  if (unit === undefined || !has(call, word)) throw unsendable(date, call);
  values.push(unixTime(date, unit));
}

function unixTime(date: Date, unit: number): number {
  const time = Math.floor(date.getTime() / unit);
  if (Number.isNaN(time)) throw new TypeError('a time is given by an invalid Date');
  return time;
}

/** Whether a command has an option; one that is called by its name alone may have any. */
function has({ shape }: Call, name: string): boolean {
  if (shape === undefined) return true;
  let names = optionNames.get(shape);
  if (names === undefined) optionNames.set(shape, (names = new Set(shape.options?.split(' '))));
  return names.has(name);
}

const optionNames = new WeakMap<Shape, Set<string>>();

function addOptions(values: Value[], options: Record<string, unknown>, call: Call): void {
  // node-redis also says `{ type: 'EX', value: 60 }`.
  if ('type' in options && (call.shape === undefined || !has(call, 'TYPE'))) {
    const { type, value } = options;
    if (typeof type === 'string') refuseUnknown(type, call);
    values.push(toValue(type, call));
    if (isDate(value)) addDate(values, value, call);
    else if (value !== undefined) values.push(toValue(value, call));
    return;
  }
  for (const [name, value] of Object.entries(options)) {
    refuseUnknown(name, call);
    addOption(values, name, value, call);
  }
}

/** What is no option may have been meant as a value, of which nothing but the names of its properties would be sent. */
function refuseUnknown(name: string, call: Call): void {
  if (has(call, name) || has(call, name.toUpperCase())) return;
  if (name === 'score') throw new TypeError(`${call.command} takes a member with its score as { score, value }`);
  const options = call.shape?.options?.replaceAll(' ', ', ');
  throw new TypeError(
    `${call.command} has no option '${name}'${options ? ` (but ${options})` : ''}; a value that is an object is sent by JSON.stringify(value)`,
  );
}

/** Options whose name is only for JavaScript: what is sent is the value alone. */
const UNNAMED = new Set(['expiration', 'condition', 'comparison', 'mode', 'DIRECTION']);

function addOption(values: Value[], name: string, value: unknown, call: Call): void {
  if (value === undefined || value === null || value === false) return;
  if (UNNAMED.has(name)) {
    if (isRecord(value)) addOptions(values, value, call);
    else values.push(toValue(value, call));
  } else if (name === 'TRIM' && isRecord(value)) {
    const { strategy, strategyModifier, threshold, limit, policy } = value;
    const words = [strategy, strategyModifier, threshold, ...(limit === undefined ? [] : ['LIMIT', limit]), policy];
    values.push(...words.filter((word) => word !== undefined).map((word) => toValue(word, call)));
  } else if (name === 'BY' && (value === 'SCORE' || value === 'LEX')) {
    values.push(`BY${value}`);
  } else if (value === true) {
    values.push(name);
  } else if (isRecord(value)) {
    values.push(name, ...partsOf(name, value, call));
  } else if (Array.isArray(value)) {
    // SORT repeats the word before each pattern; elsewhere it stands once.
    if (name === 'GET') for (const part of value) values.push(name, toValue(part, call));
    else values.push(name, ...value.map((part) => toValue(part, call)));
  } else {
    values.push(name);
    if (isDate(value)) addDate(values, value, call);
    else values.push(toValue(value, call));
  }
}

/** Options with more than one value, and the names of these in the order in which they are sent. */
const PARTS: Record<string, readonly string[]> = {
  LIMIT: ['offset', 'count'],
  FROMLONLAT: ['longitude', 'latitude'],
  BYRADIUS: ['radius', 'unit'],
  BYBOX: ['width', 'height', 'unit'],
  GET: ['encoding', 'offset'],
  CONFIG: ['name', 'value'],
};

function partsOf(option: string, given: Record<string, unknown>, call: Call): Value[] {
  const names = PARTS[option.toUpperCase()];
  if (names === undefined || !Object.keys(given).every((name) => names.includes(name))) {
    const form = names ? `{ ${names.join(', ')} }` : 'a value';
    throw new TypeError(`${call.command}: option '${option}' takes ${form}, and not ${describe(given)}`);
  }
  return names.filter((name) => given[name] !== undefined).map((name) => toValue(given[name], call));
}

function isValue(arg: unknown): arg is Value {
  return (
    typeof arg === 'string' ||
    typeof arg === 'number' ||
    typeof arg === 'bigint' ||
    typeof arg === 'boolean' ||
    arg instanceof Uint8Array
  );
}

/** What stands where a command takes exactly one value. */
function single(arg: unknown, call: Call): Value {
  if (Array.isArray(arg)) throw misplaced(call, 'an array');
  if (arg instanceof Map) throw misplaced(call, 'a Map');
  if (isRecord(arg)) throw misplaced(call, describe(arg));
  return toValue(arg, call);
}

function describe(record: Record<string, unknown>): string {
  const [name] = Object.keys(record);
  return name === undefined ? 'an empty object' : `an object with '${name}'`;
}

function misplaced({ command }: Call, what: string): TypeError {
  return new TypeError(`${command} takes a value where ${what} stands: use JSON.stringify(value) to store it as text`);
}

function toValue(arg: unknown, call?: Call): Value {
  if (isValue(arg)) return arg;
  if (ArrayBuffer.isView(arg)) return new Uint8Array(arg.buffer, arg.byteOffset, arg.byteLength);
  if (arg instanceof ArrayBuffer) return new Uint8Array(arg);
  throw unsendable(arg, call);
}

/** Also a date of another realm, or of a clock that a test has put in place of the real one. */
function isDate(arg: unknown): arg is Date {
  return Object.prototype.toString.call(arg) === '[object Date]';
}

function isRecord(arg: unknown): arg is Record<string, unknown> {
  if (typeof arg !== 'object' || arg === null) return false;
  const prototype: unknown = Object.getPrototypeOf(arg);
  // An object from another realm has that realm's `Object.prototype`, whose own prototype is null.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function unsendable(arg: unknown, call?: Call): TypeError {
  const isObject = typeof arg === 'object' && arg !== null;
  const kind = arg === null ? 'null' : isObject ? (arg.constructor?.name ?? 'object') : typeof arg;
  const where = call?.command ? `${call.command}: ` : '';
  const remedy = isObject ? `; ${remedyFor(arg)}` : '';
  return new TypeError(`${where}a command's arguments are strings, numbers, booleans and bytes, not ${kind}${remedy}`);
}

/** What makes an argument of an object; JSON would have nothing of some. */
function remedyFor(arg: object): string {
  if ('then' in arg && typeof arg.then === 'function') return 'it is to be awaited first';
  if (Symbol.iterator in arg && !Array.isArray(arg) && !(arg instanceof String)) return '[...value] makes an array of it';
  if (isDate(arg)) return 'date.toISOString() makes text of it, and date.getTime() milliseconds';
  return 'JSON.stringify(value) makes text of an object';
}
