/** A field for bytes in one of their forms. */

import { button, choice, h, labelled } from '../dom.js';
import { type Form, formsOf, narrowed, read, write } from './forms.js';

const NAMES: Record<Form, string> = { text: 'Text', escaped: 'Escaped', json: 'JSON', hex: 'Hex' };

export interface ByteField {
  element: HTMLElement;
  input: HTMLTextAreaElement;
  /** The bytes that are in it. Throws an error where the text is none in its form. */
  value(): Uint8Array;
  /** Lets nobody change it, or lets them again. */
  hold(isHeld: boolean): void;
}

/** Makes a field with these bytes; `rows` is how high it is. */
export function byteField(name: string, bytes: Uint8Array, isFixed = false, rows = 2): ByteField {
  let current = bytes;
  const forms = formsOf(bytes);
  let form = forms[0]!;
  const input = h('textarea', { rows, spellcheck: 'false', autocapitalize: 'off', readonly: isFixed });
  // What is typed anew may be of any form.
  const offered: Form[] = bytes.length === 0 ? ['text', 'escaped', 'json', 'hex'] : withJson(forms, isFixed);
  if (bytes.length === 0) form = 'text';
  const select = choice(
    offered.map((each) => [each, NAMES[each]]),
    { 'aria-label': `Form of ${name.toLowerCase()}` },
  );
  let written = '';
  const show = (): void => {
    select.value = form;
    written = input.value = write(form, current);
    // Editors may have line breaks of their own.
    written = input.value;
  };
  const value = (): Uint8Array => {
    if (input.value === written) return current;
    const isNarrow = form === 'json' && !current.includes(10);
    return read(form, isNarrow && read(form, input.value) ? narrowed(input.value) : input.value);
  };
  const failure = h('p', { class: 'error', role: 'alert' });
  select.addEventListener('change', () => {
    failure.textContent = '';
    const wanted = select.value as Form;
    try {
      current = value();
      // Not every form can hold these bytes, and none may change them.
      if (!canBe(wanted, current)) throw new Error(`These bytes cannot be shown as ${NAMES[wanted]}.`);
      form = wanted;
      show();
    } catch (error) {
      select.value = form;
      failure.textContent = (error as Error).message;
    }
  });
  const tools = h('span', { class: 'tools' }, select);
  if (navigator.clipboard) tools.append(button('Copy', () => navigator.clipboard.writeText(input.value)));
  const element = h('div', { class: 'bytes' }, labelled(name, input), tools, failure);
  show();
  const hold = (isHeld: boolean): void => {
    input.disabled = select.disabled = isHeld;
  };
  return { element, input, value, hold };
}

function withJson(forms: readonly Form[], isFixed: boolean): Form[] {
  return isFixed || forms.includes('json') || !forms.includes('text') ? [...forms] : [...forms, 'json'];
}

function canBe(form: Form, bytes: Uint8Array): boolean {
  return form === 'hex' || form === 'escaped' || bytes.length === 0 || formsOf(bytes).includes(form);
}
