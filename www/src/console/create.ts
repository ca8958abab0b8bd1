/** A dialog for a new key. */

import type { App } from './app.js';
import { sourceOf } from './collections.js';
import { ask, choice, labelled } from '../dom.js';
import { byteField } from './editor.js';
import { change } from './elements.js';
import { binary } from './names.js';
import { numberIn } from './replies.js';

/** Asks for a name and a type, then for the first value; the name if there is a key now. */
export async function createKey({ client }: App, types: readonly string[]): Promise<string | undefined> {
  const name = byteField('Name', new Uint8Array(0), false, 1);
  const type = choice(types.map((each) => [each, each]));
  let key: Uint8Array = new Uint8Array(0);
  const check = async (): Promise<void> => {
    key = name.value();
    if (numberIn(await client.call('EXISTS', key)) > 0) throw new Error('There is a key of this name.');
  };
  if (!(await ask('New key', [name.element, labelled('Type', type)], 'Next', check))) return undefined;
  let isMade = false;
  const made = (): void => void (isMade = true);
  if (type.value === 'string') {
    const value = byteField('Value', new Uint8Array(0), false, 6);
    const act = async (): Promise<void> => {
      if ((await client.write('SET', key, value.value(), 'NX')).type === 'nil') throw new Error('There is a key of this name.');
    };
    if (await ask('New string', [value.element], 'Add', act)) made();
  } else {
    const source = sourceOf(type.value, client, key, new Set(['add']))!;
    await change(`New ${type.value}`, source, undefined, 'Add', (parts) => source.add!(parts), made);
  }
  return isMade ? binary(key) : undefined;
}
