/** A string: as a whole with an editor, or a window of it where it is large. */

import type { App } from './app.js';
import { button, h, tell } from '../dom.js';
import { byteField } from './editor.js';
import { bytesIn, numberIn } from './replies.js';
import { count, size } from './names.js';

/** What is shown and edited as a whole, in bytes. */
const WHOLE_BYTES_MAX = 1 << 20;
/** What is shown of a larger string at a time. */
const WINDOW_BYTES = 64 << 10;

/** The value of a key that is a string. */
export async function textOfKey({ client }: App, key: Uint8Array, canWrite: boolean, onChange: () => Promise<void>): Promise<HTMLElement> {
  const length = numberIn(await client.call('STRLEN', key));
  if (length > WHOLE_BYTES_MAX) return windowOf(length, async (from) => bytesIn(await client.call('GETRANGE', key, from, from + WINDOW_BYTES - 1)));
  const before = bytesIn(await client.call('GET', key));
  const field = byteField('Value', before, !canWrite, 12);
  const save = async (): Promise<void> => {
    const after = field.value();
    field.hold(true);
    try {
      // Only in the place of what was shown: what others have stored since is not lost, nor is the time to live.
      const reply = await client.write('SET', key, after, 'IFEQ', before, 'KEEPTTL');
      if (reply.type === 'nil') throw new Error('The value has been changed meanwhile: nothing was stored. Refresh shows it.');
      tell('Stored.');
      // What is typed before the value is shown anew would go with this field.
      await onChange();
    } finally {
      field.hold(false);
    }
  };
  return h('div', {}, field.element, h('div', { class: 'row' }, canWrite && button('Save', save, { class: 'main' }), h('span', { class: 'soft' }, `${count(before.length)} bytes`)));
}

/** A window that can be moved. */
async function windowOf(length: number, read: (from: number) => Promise<Uint8Array>): Promise<HTMLElement> {
  const place = h('div', {});
  const status = h('span', { class: 'soft', role: 'status' });
  const go = async (from: number): Promise<void> => {
    const bytes = await read(from);
    place.replaceChildren(byteField('Part of the value', bytes, true, 12).element);
    status.textContent = `bytes ${count(from)} to ${count(from + bytes.length)} of ${size(length)}; what is so large is not edited here`;
    earlier.disabled = from === 0;
    later.disabled = from + bytes.length >= length;
    at = from;
  };
  let at = 0;
  const earlier = h('button', { type: 'button' }, 'Earlier');
  const later = h('button', { type: 'button' }, 'Later');
  earlier.addEventListener('click', () => void go(Math.max(0, at - WINDOW_BYTES)));
  later.addEventListener('click', () => void go(at + WINDOW_BYTES));
  await go(0);
  return h('div', {}, place, h('div', { class: 'row' }, earlier, later, status));
}
