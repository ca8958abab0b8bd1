/** All keys that fit a pattern and a type. */

import type { Client, Command } from './client.js';
import { binary, bytesOf } from './names.js';
import { bytesIn, itemsOf, textIn } from './replies.js';
import { type Key, sorted } from './tree.js';

/** Keys that a page holds. More are not scanned; a pattern narrows them down. */
export const KEYS_MAX = 500_000;
/** How many keys a step of a scan looks at. */
const STEP = 5000;

export interface Found {
  /** In the order of their bytes. */
  keys: Key[];
  /** Whether these are all. */
  isWhole: boolean;
}

/** Scans the database, and shows now and then how far it is. `isWanted` says whether anyone still waits for it. */
export async function scanKeys(
  client: Client,
  pattern: string,
  type: string,
  show: (found: Found, isDone: boolean) => void,
  isWanted: () => boolean,
): Promise<Found | undefined> {
  const options: Command = [...(pattern === '' ? [] : ['MATCH', bytesOf(pattern)]), ...(type === '' ? [] : ['TYPE', type])];
  let keys: Key[] = [];
  let [cursor, shownAt] = ['0', STEP];
  do {
    const [next, items] = itemsOf(await client.call('SCAN', cursor, ...options, 'COUNT', STEP, 'WITHTYPE'));
    if (!isWanted()) return undefined;
    cursor = textIn(next);
    const words = itemsOf(items);
    for (let at = 0; at < words.length; at += 2) keys.push({ name: binary(bytesIn(words[at])), type: textIn(words[at + 1]) });
    // To sort takes longer than to scan, so it is done each time that there are twice as many.
    if (keys.length >= shownAt && cursor !== '0') {
      keys = sorted(keys);
      shownAt = 2 * keys.length;
      show({ keys, isWhole: false }, false);
    }
  } while (cursor !== '0' && keys.length < KEYS_MAX);
  const found = { keys: sorted(keys), isWhole: cursor === '0' };
  show(found, true);
  return found;
}
