// The message listeners of a connection, by channel and pattern.

import type { Reply } from './decode.js';
import { decodeText, platform } from './platform.js';

/** Is called with each message, and the channel that it was published to. */
export type MessageListener<Text> = (message: Text, channel: Text) => void;

/** What can be subscribed to: channels, patterns of channels, or channels of a shard. */
export type Kind = 'subscribe' | 'psubscribe' | 'ssubscribe';

/** What a listener is given: text, bytes, or the class that the platform has for these, which node-redis gives. */
export type MessageForm = 'text' | 'bytes' | 'buffers';

interface Entry {
  readonly listener: MessageListener<never>;
  readonly form: MessageForm;
}

const KIND_OF_MESSAGE: Record<string, Kind> = {
  message: 'subscribe',
  pmessage: 'psubscribe',
  smessage: 'ssubscribe',
};

const FORMS: Record<MessageForm, (bytes: Uint8Array) => string | Uint8Array> = {
  text: decodeText,
  bytes: (bytes) => bytes,
  buffers: (bytes) => platform.buffer?.(bytes) ?? bytes,
};

const encoder = new TextEncoder();

/** The message listeners of one connection. */
export class Subscriptions {
  /** By kind and by channel or pattern, whose bytes are the key's characters. */
  private readonly entries: Record<Kind, Map<string, Entry[]>> = {
    subscribe: new Map(),
    psubscribe: new Map(),
    ssubscribe: new Map(),
  };

  add(kind: Kind, channel: string | Uint8Array, listener: MessageListener<never>, form: MessageForm): void {
    const key = keyOf(channel);
    const entries = this.entries[kind].get(key) ?? [];
    this.entries[kind].set(key, [...entries, { listener, form }]);
  }

  /**
   * Removes one listener, or only one of a form, or all; returns whether none is left, so that the
   * subscription can end.
   */
  remove(
    kind: Kind,
    channel: string | Uint8Array,
    listener: MessageListener<never> | undefined,
    form: MessageForm | undefined,
  ): boolean {
    const key = keyOf(channel);
    const isMeant = (entry: Entry): boolean =>
      entry.listener === listener && (form === undefined || entry.form === form);
    const left = listener ? (this.entries[kind].get(key) ?? []).filter((entry) => !isMeant(entry)) : [];
    if (left.length > 0) this.entries[kind].set(key, left);
    else this.entries[kind].delete(key);
    return left.length === 0;
  }

  /** All channels or patterns of a kind. */
  channels(kind: Kind): Uint8Array[] {
    return [...this.entries[kind].keys()].map((key) => Uint8Array.from(key, (character) => character.charCodeAt(0)));
  }

  clear(): void {
    for (const entries of Object.values(this.entries)) entries.clear();
  }

  /** A task that calls the listeners of a message; nothing for what is no message. */
  accept(parts: readonly Reply[]): (() => void) | undefined {
    const [type, ...rest] = parts as Uint8Array[];
    const kind = KIND_OF_MESSAGE[decodeText(type!)];
    if (kind === undefined) return undefined;
    const subscribed = rest[0]!;
    const [channel, message] = rest.slice(-2) as [Uint8Array, Uint8Array];
    const entries = this.entries[kind].get(keyOf(subscribed)) ?? [];
    return () => {
      for (const { listener, form } of entries) {
        const give = FORMS[form];
        (listener as MessageListener<string | Uint8Array>)(give(message), give(channel));
      }
    };
  }
}

/** Bytes that become characters by one call; a call takes only so many arguments. */
const KEY_PIECE_BYTES = 8192;

/** A string of one character per byte, since bytes themselves make no keys. */
function keyOf(channel: string | Uint8Array): string {
  const bytes = typeof channel === 'string' ? encoder.encode(channel) : channel;
  let key = '';
  for (let at = 0; at < bytes.length; at += KEY_PIECE_BYTES) {
    key += String.fromCharCode.apply(null, bytes.subarray(at, at + KEY_PIECE_BYTES) as unknown as number[]);
  }
  return key;
}
