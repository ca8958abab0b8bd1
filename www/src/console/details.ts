/** One key: its value, and what can be done to it as a whole. */

import type { App } from './app.js';
import { WRITES, milliseconds, sourceOf } from './collections.js';
import { ask, attempt, button, h, labelled, tell } from '../dom.js';
import { byteField } from './editor.js';
import { elementsOf } from './elements.js';
import { binary, bytesOf, shown, size, span } from './names.js';
import { Refused, numberIn, textIn } from './replies.js';
import { textOfKey } from './text-value.js';

/** What happens around an open key. */
export interface Surroundings {
  /** It is no longer there by this name; with its new one if it has one. */
  gone(name: string, renamed?: string): void;
  /** Whether no other key has been chosen meanwhile. */
  isWanted(): boolean;
}

/** Shows a key in a place. `name` has a character per byte. */
export async function showKey(app: App, name: string, place: HTMLElement, around: Surroundings): Promise<void> {
  const key = bytesOf(name);
  const { client, rights } = app;
  const refresh = (): Promise<void> => attempt(() => showKey(app, name, place, around));
  const [kind, pttl, encoding, memory] = await client.all([
    ['TYPE', key],
    ['PTTL', key],
    ['OBJECT', 'ENCODING', key],
    ['MEMORY', 'USAGE', key],
  ]);
  if (kind!.type === 'error') throw new Refused(textIn(kind));
  const type = textIn(kind);
  if (!around.isWanted()) return;
  if (type === 'none') {
    place.replaceChildren(h('p', { class: 'soft' }, `${shown(name)} is not there (any more).`));
    around.gone(name);
    return;
  }
  const may = await rights.changes({
    expire: ['PEXPIRE', key, 1000],
    rename: ['RENAMENX', key, key],
    unlink: ['UNLINK', key],
    set: ['SET', key, 'v', 'IFEQ', 'v', 'KEEPTTL'],
    ...WRITES[type]?.(key),
  });
  const ttl = numberIn(pttl);
  const facts: [string, string][] = [
    ['Type', type],
    ['TTL', ttl < 0 ? 'none' : span(ttl)],
  ];
  if (encoding!.type !== 'error') facts.push(['Encoding', textIn(encoding)]);
  if (memory!.type !== 'error') facts.push(['Memory', size(numberIn(memory))]);
  const actions = [
    button('Refresh', () => showKey(app, name, place, around)),
    may.has('expire') && button('Set TTL', () => setTtl(app, key, ttl, refresh)),
    may.has('rename') && button('Rename', () => rename(app, name, around)),
    may.has('unlink') && button('Delete', () => remove(app, name, around), { class: 'danger' }),
  ];
  const source = sourceOf(type, client, key, may);
  const value =
    source !== undefined
      ? await elementsOf(source, refresh)
      : type === 'string'
        ? await textOfKey(app, key, may.has('set'), refresh)
        : h('p', { class: 'soft' }, `Values of type ${type} are not shown here.`);
  if (!around.isWanted()) return;
  const list = h('dl', { class: 'facts' }, ...facts.map(([term, fact]) => h('div', {}, h('dt', {}, term), h('dd', {}, fact))));
  place.replaceChildren(h('h2', { class: 'key', tabindex: -1 }, shown(name)), list, h('div', { class: 'row' }, ...actions), value);
}

async function setTtl({ client }: App, key: Uint8Array, ttl: number, onChange: () => void): Promise<void> {
  const input = h('input', { type: 'number', min: 0, step: 'any', value: ttl < 0 ? '' : String(Math.ceil(ttl / 1000)) });
  const field = labelled('Seconds; empty for a key that stays', input);
  const act = (): Promise<unknown> =>
    input.value === '' ? client.write('PERSIST', key) : client.write('PEXPIRE', key, milliseconds(input.value));
  if (await ask('Set the time to live', [field], 'Set', act)) onChange();
}

async function rename({ client }: App, name: string, around: Surroundings): Promise<void> {
  const field = byteField('New name', bytesOf(name), false, 1);
  let renamed = name;
  const act = async (): Promise<void> => {
    const to = field.value();
    const reply = await client.write('RENAMENX', bytesOf(name), to);
    if (numberIn(reply) === 0) throw new Error('There is a key of this name.');
    renamed = binary(to);
  };
  if (await ask('Rename the key', [field.element], 'Rename', act)) around.gone(name, renamed);
}

/** Deletes a key after a question. */
export async function remove({ client }: App, name: string, around: Surroundings): Promise<void> {
  const question = [h('p', {}, 'This deletes ', h('code', {}, shown(name)), '.')];
  const isDone = await ask('Delete the key?', question, 'Delete', () => client.write('UNLINK', bytesOf(name)), true);
  if (!isDone) return;
  tell(`${shown(name)} is deleted.`);
  around.gone(name);
}
