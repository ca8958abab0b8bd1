/** A value of several elements: a window of them in a table, with more when asked, and dialogs to change them. */

import { ask, attempt, button, h, labelled, present, table } from '../dom.js';
import { byteField } from './editor.js';
import { shortened } from './names.js';

/** A part of an element: bytes in one of their forms, or a line of text such as a number. */
export interface Part {
  name: string;
  kind: 'bytes' | 'line';
  /** What stands in the field for a new element. */
  initial?: string;
  /** What identifies an element cannot be changed. */
  isFixed?: boolean;
  /** The server gives it, so that new elements have none. */
  isGiven?: boolean;
}

export interface Element {
  parts: (Uint8Array | string)[];
}

/** What a type of value has, and how its elements are read and changed. */
export interface Source {
  /** What an element is called, as `field`, and several of them. */
  noun: string;
  nouns: string;
  parts: readonly Part[];
  /** Whether elements can be searched by a pattern. */
  canFilter: boolean;
  /** A window of elements: the first without a position, and the position of the next if there is one. */
  load(position: string | undefined, pattern: string): Promise<{ elements: Element[]; next?: string }>;
  /** What can be done; absent where it may not be. */
  add?(parts: (Uint8Array | string)[]): Promise<unknown>;
  edit?(element: Element, parts: (Uint8Array | string)[]): Promise<unknown>;
  remove?(element: Element): Promise<unknown>;
}

/** Elements that a table shows at a time before it is asked for more. */
export const WINDOW = 100;
const encoder = new TextEncoder();

/** The elements of a value; `onChange` is called when one has been changed. */
export async function elementsOf(source: Source, onChange: () => void): Promise<HTMLElement> {
  const filter = h('input', { type: 'search', placeholder: '*', 'aria-label': `Filter ${source.nouns} by a pattern` });
  const place = h('div', {});
  const status = h('span', { class: 'soft', role: 'status' });
  let next: string | undefined;
  let rows: HTMLTableRowElement[] = [];
  const more = button('More', () => load());
  const load = async (): Promise<void> => {
    const window = await source.load(next, filter.value);
    next = window.next;
    rows = rows.concat(window.elements.map((element) => rowOf(source, element, onChange)));
    const columns = [...source.parts.map((part) => part.name), 'Actions'];
    place.replaceChildren(table(`The ${source.nouns}`, columns, rows));
    status.textContent = `${rows.length} ${rows.length === 1 ? source.noun : source.nouns} shown${next === undefined ? '' : ', and there are more'}`;
    more.hidden = next === undefined;
  };
  const begin = (): Promise<void> => {
    rows = [];
    next = undefined;
    return load();
  };
  filter.addEventListener('change', () => void attempt(begin));
  await begin();
  const { add } = source;
  const adding = add && button(`Add ${source.noun}`, () => change(`Add ${source.noun}`, source, undefined, 'Add', add.bind(source), onChange));
  return h('div', { class: 'elements' }, h('div', { class: 'row' }, source.canFilter && filter, status, adding), place, more);
}

function rowOf(source: Source, element: Element, onChange: () => void): HTMLTableRowElement {
  const texts = element.parts.map((part) => (typeof part === 'string' ? part : shortened(part)));
  const cells = texts.map((text) => h('td', {}, text));
  const name = texts[0]!;
  const { edit, remove } = source;
  const actions: HTMLElement[] = [];
  if (edit) {
    const act = (parts: (Uint8Array | string)[]): Promise<unknown> => edit.call(source, element, parts);
    const open = (): Promise<unknown> => change(`Edit ${source.noun}`, source, element, 'Save', act, onChange);
    actions.push(button('Edit', open, { 'aria-label': `Edit ${name}` }));
  } else {
    // A cell has only the beginning of what is long.
    const open = (): void => present(`The ${source.noun}`, fieldsOf(source, element, true).map((field) => field.element));
    actions.push(button('View', open, { 'aria-label': `View ${name}` }));
  }
  if (remove) {
    const question = [h('p', {}, `This deletes the ${source.noun} `, h('code', {}, name), '.')];
    const act = async (): Promise<void> => {
      if (await ask(`Delete ${source.noun}?`, question, 'Delete', () => remove.call(source, element), true)) onChange();
    };
    actions.push(button('Delete', act, { 'aria-label': `Delete ${name}` }));
  }
  return h('tr', {}, ...cells, h('td', { class: 'actions' }, ...actions));
}

/** A dialog for a new element, or for one that is there. */
export async function change(
  title: string,
  source: Source,
  element: Element | undefined,
  verb: string,
  act: (parts: (Uint8Array | string)[]) => Promise<unknown>,
  onChange: () => void,
): Promise<void> {
  const fields = fieldsOf(source, element);
  const content = fields.map((field) => field.element);
  const isDone = await ask(title, content, verb, () => act(fields.map((field) => field.value())));
  if (isDone) onChange();
}

/** Fields for the parts of an element that is there, or of a new one. */
function fieldsOf(source: Source, element: Element | undefined, isFixed = false): PartField[] {
  return source.parts.map((part, at) => {
    const before = element?.parts[at] ?? part.initial ?? '';
    const stays = isFixed || (part.isFixed === true && element !== undefined);
    if (part.isGiven && element === undefined) return { element: undefined, value: () => '' };
    if (part.kind === 'line') {
      const input = h('input', { type: 'text', value: String(before), readonly: stays });
      return { element: labelled(part.name, input), value: () => input.value.trim() };
    }
    const bytes = typeof before === 'string' ? encoder.encode(before) : before;
    return byteField(part.name, bytes, stays, part.isFixed && element !== undefined ? 1 : 4);
  });
}

interface PartField {
  element: HTMLElement | undefined;
  value(): Uint8Array | string;
}
