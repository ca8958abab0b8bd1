/** Deleting many keys: those of a pattern or a folder, after a look at which they are. */

import type { App } from './app.js';
import { ask, h, tell } from '../dom.js';
import { bytesOf, count, shown } from './names.js';
import { Refused, numberIn, textIn } from './replies.js';
import { scanKeys } from './scan.js';

/** Names that the preview has. */
const PREVIEW_NAMES = 20;
/** Keys that one command deletes. */
const STEP = 500;

/** Looks up the keys of a pattern and a type, asks, and deletes exactly those. Whether it did. */
export async function deleteMany({ client }: App, pattern: string, type: string): Promise<boolean> {
  const found = await scanKeys(client, pattern, type, () => {}, () => true);
  const names = found!.keys.map((key) => key.name);
  const what = type === '' ? 'keys' : `keys of type ${type}`;
  if (names.length === 0) {
    tell(`No ${what} fit ${shown(pattern)}.`);
    return false;
  }
  const number = found!.isWhole ? count(names.length) : `the first ${count(names.length)}`;
  const rest = names.length - PREVIEW_NAMES;
  const preview = h('ul', { class: 'preview' }, ...names.slice(0, PREVIEW_NAMES).map((name) => h('li', {}, h('code', {}, shown(name)))));
  if (rest > 0) preview.append(h('li', { class: 'soft' }, `and ${count(rest)} more`));
  const progress = h('progress', { max: names.length, value: 0, 'aria-label': 'Deleted' });
  progress.hidden = true;
  const question = h('p', {}, `${number} ${what} fit `, h('code', {}, shown(pattern) || '*'), '. These are deleted, and none that come later:');
  let deleted = 0;
  const act = async (): Promise<void> => {
    progress.hidden = false;
    for (let at = 0; at < names.length; at += STEP) {
      const step = names.slice(at, at + STEP).map(bytesOf);
      const [reply] = await client.writeAll([['UNLINK', ...step]]);
      if (reply!.type === 'error') throw new Refused(textIn(reply));
      deleted += numberIn(reply);
      progress.value = at + step.length;
    }
  };
  const isDone = await ask('Delete many keys?', [question, preview, progress], `Delete ${number} keys`, act, true);
  if (isDone) tell(`${count(deleted)} keys are deleted${deleted < names.length ? `; ${count(names.length - deleted)} were gone already` : ''}.`);
  // Some may be gone although it failed half-way.
  return deleted > 0;
}
