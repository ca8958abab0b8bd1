// From the arguments of a method to the words of a request: options, objects and nested arrays are laid out flat.

import type { Value } from './encode.js';

/** What the command table says about a command's arguments beyond their order. */
export interface Shape {
  /** Index of the argument that counts the keys; an array in its place brings its own count. */
  readonly count?: number;
  /** What is counted are a script's keys, and an object there is `{ keys, arguments }`, as node-redis has it. */
  readonly script?: true;
  /** Objects and maps are members with a value each, not options. */
  readonly pairs?: true;
  /** Objects are `{ score, value }`, and options stand before them. */
  readonly members?: true;
}

/** Whether all arguments can be sent as they are. */
export function isPlain(args: readonly unknown[]): args is readonly Value[] {
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index];
    if (typeof arg !== 'string' && typeof arg !== 'number' && !(arg instanceof Uint8Array)) return false;
  }
  return true;
}

const NONE: Shape = {};

/**
 * The arguments as they are sent. Arrays are flattened; options objects become words: `{ EX: 60, NX: true }` is
 * `EX 60 NX`; what is `undefined`, `null` or `false` in one is left out.
 *
 * @throws TypeError for what cannot be sent, such as `undefined`, a function or a date.
 */
export function flatten(args: readonly unknown[], shape: Shape = NONE): Value[] {
  let length = args.length;
  while (length > 0 && args[length - 1] === undefined) length -= 1;
  const values: Value[] = [];
  const options: Value[] = [];
  for (let index = 0; index < length; index += 1) {
    const arg = args[index];
    if (index === shape.count && Array.isArray(arg)) values.push(arg.length);
    if (index === shape.count && shape.script && isRecord(arg)) addScript(values, arg);
    else addArgument(values, arg, shape, options);
  }
  // Options of ZADD come last in JavaScript and right behind the key on the wire.
  if (options.length > 0) values.splice(1, 0, ...options);
  return values;
}

function addArgument(values: Value[], arg: unknown, shape: Shape, options: Value[]): void {
  if (isValue(arg)) values.push(arg);
  else if (ArrayBuffer.isView(arg)) values.push(new Uint8Array(arg.buffer, arg.byteOffset, arg.byteLength));
  else if (Array.isArray(arg)) for (const part of arg) addArgument(values, part, shape, options);
  else if (arg instanceof ArrayBuffer) values.push(new Uint8Array(arg));
  else if (arg instanceof Map) addPairs(values, arg);
  else if (isRecord(arg)) {
    if (shape.pairs) addPairs(values, Object.entries(arg));
    else if (shape.members && 'score' in arg && 'value' in arg) {
      values.push(toValue(arg['score']), toValue(arg['value']));
    } else addOptions(shape.members ? options : values, arg);
  } else throw unsendable(arg);
}

function addScript(values: Value[], { keys = [], arguments: more = [], ...others }: Record<string, unknown>): void {
  const unknown = Object.keys(others);
  if (!Array.isArray(keys) || !Array.isArray(more) || unknown.length > 0) {
    throw new TypeError('a script is given { keys: [], arguments: [] }');
  }
  values.push(keys.length, ...keys.map(toValue), ...more.map(toValue));
}

function addPairs(values: Value[], pairs: Iterable<readonly [unknown, unknown]>): void {
  for (const [key, value] of pairs) values.push(toValue(key), toValue(value));
}

function addOptions(values: Value[], options: Record<string, unknown>): void {
  // node-redis also says `{ type: 'EX', value: 60 }`.
  if ('type' in options) {
    values.push(toValue(options['type']));
    if (options['value'] !== undefined) values.push(toValue(options['value']));
    return;
  }
  for (const [name, value] of Object.entries(options)) addOption(values, name, value);
}

/** Options whose name is only for JavaScript: what is sent is the value alone. */
const UNNAMED = new Set(['expiration', 'condition', 'comparison', 'DIRECTION', 'mode']);

function addOption(values: Value[], name: string, value: unknown): void {
  if (value === undefined || value === null || value === false) return;
  if (UNNAMED.has(name)) {
    if (isRecord(value)) addOptions(values, value);
    else values.push(toValue(value));
  } else if (name === 'BY' && (value === 'SCORE' || value === 'LEX')) {
    values.push(`BY${value}`);
  } else if (value === true) {
    values.push(name);
  } else if (isRecord(value)) {
    // `LIMIT: { offset, count }`
    values.push(name, ...Object.values(value).map(toValue));
  } else if (Array.isArray(value)) {
    // SORT repeats the word before each pattern; elsewhere it stands once.
    if (name === 'GET') for (const part of value) values.push(name, toValue(part));
    else values.push(name, ...value.map(toValue));
  } else {
    values.push(name, toValue(value));
  }
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

function toValue(arg: unknown): Value {
  if (isValue(arg)) return arg;
  if (ArrayBuffer.isView(arg)) return new Uint8Array(arg.buffer, arg.byteOffset, arg.byteLength);
  throw unsendable(arg);
}

function isRecord(arg: unknown): arg is Record<string, unknown> {
  if (typeof arg !== 'object' || arg === null) return false;
  const prototype: unknown = Object.getPrototypeOf(arg);
  // An object from another realm has that realm's `Object.prototype`, whose own prototype is null.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function unsendable(arg: unknown): TypeError {
  const kind = arg === null ? 'null' : typeof arg === 'object' ? (arg.constructor?.name ?? 'object') : typeof arg;
  return new TypeError(`a command's arguments are strings, numbers, booleans and bytes, not ${kind}`);
}
