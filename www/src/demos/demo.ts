/** What a demo is, and what it is given. */

import type { Value } from './messages.js';
import type { Rules } from './link.js';

/** A use case that can be tried. */
export interface Demo {
  /** What its links and keys have it under. */
  readonly id: string;
  readonly name: string;
  /** What it is about, in a sentence or two. */
  readonly about: string;
  /** Its sign, as a path in 24 × 24. */
  readonly icon: string;
  /** What its links can say. */
  readonly rules: Rules;
  /** Programs that do the same, by client. */
  readonly code: Readonly<Record<Client, string>>;
  /** Builds it in an empty place; the function shows it as the data is now. */
  open(stage: HTMLElement, around: Around): () => Promise<void>;
}

export type Client = 'ioredis' | 'node-redis';

type Words = readonly (string | number)[];

/** What a demo acts by. All of its keys come from here, so that a reset finds them. */
export interface Around {
  /** Goes off when the demo is left, or reset. */
  readonly signal: AbortSignal;
  /** A key of the demo's own; the one that all of them begin with by `key('')`. */
  key(name: string): string;
  /** Runs a command because somebody asked for it. */
  run(...words: Words): Promise<Value>;
  /** Runs a command to see how things stand; repeated, it takes the place of the one before. */
  read(...words: Words): Promise<Value>;
  /** Another connection, for what waits; it is closed with the demo. */
  connect(): Line;
  /** The other tabs, and this one, show the demo as it is now. */
  changed(): void;
  /** What the link says. */
  get(name: string): string;
  number(name: string): number;
  /** Says it in the link from now on. */
  set(name: string, value: string): void;
  /** Does something again and again while the page is seen. */
  every(milliseconds: number, act: () => unknown): void;
}

export interface Line {
  run(...words: Words): Promise<Value>;
  subscribe(channel: string, hear: (text: string) => void): Promise<void>;
  close(): void;
}
