import type { Shape } from './arguments.js';
import type * as t from './types.js';
import type { Value } from './encode.js';
export interface Commands {
  /** x */
  get(key: t.Key): string | null;
  set(key: t.Key, value: Value, ...options: t.OptionsOr<{EX?: t.Numeric}>): 'OK' | string | null;
}
export const rows: readonly (readonly [words: string, methods: string, shape?: Shape])[] = [
  ['GET', 'get'], ['SET', 'set'],
];
