/** The forms in which a value is shown and edited, each of which stands for exactly its bytes. */

import { escaped, unescaped } from './names.js';

/** `escaped` is for what is no text, or would not survive an editor. */
export type Form = 'text' | 'escaped' | 'json' | 'hex';

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();
/** Editors make other line breaks of these, or do not show them. */
const FRAGILE = /[\0-\x08\x0b-\x1f\x7f]/;

/** The forms that a value can have, the most telling one first. */
export function formsOf(bytes: Uint8Array): Form[] {
  const text = textOf(bytes);
  const forms: Form[] = [];
  if (text !== undefined && isJson(text)) forms.push('json');
  forms.push(text === undefined ? 'escaped' : 'text', 'hex');
  return forms;
}

/** A value in one of its forms. */
export function write(form: Form, bytes: Uint8Array): string {
  switch (form) {
    case 'text':
      return textOf(bytes) ?? '';
    case 'json':
      return spread(textOf(bytes) ?? '');
    case 'hex':
      return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'))
        .join(' ')
        .replace(/((?:.. ){15}..) /g, '$1\n');
    case 'escaped':
      return escaped(bytes);
  }
}

/** The value that text in a form stands for. Throws an error that says what is wrong with the text. */
export function read(form: Form, text: string): Uint8Array {
  switch (form) {
    case 'text':
      return encoder.encode(text);
    case 'json':
      if (!isValid(text)) throw new Error('This is not JSON. Choose Text to store it as it is.');
      return encoder.encode(text);
    case 'hex': {
      const digits = text.replace(/\s+/g, '');
      if (!/^([0-9a-f]{2})*$/i.test(digits)) throw new Error('Bytes are two hexadecimal digits each.');
      return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
    }
    case 'escaped': {
      const bytes = unescaped(text);
      if (bytes === undefined) throw new Error('A backslash stands at the end. Write \\\\ for a backslash.');
      return bytes;
    }
  }
}

/** A value's text, if an editor gives it back as it was. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    const text = strict.decode(bytes);
    return FRAGILE.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

/** Only what has parts gains by being spread over lines. */
function isJson(text: string): boolean {
  return /^\s*[[{]/.test(text) && isValid(text);
}

function isValid(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Strings and numbers of JSON as they stand, and single signs. Numbers keep digits that `JSON.parse` would lose. */
const TOKENS = /"(?:[^"\\]|\\.)*"|[^\s"[\]{},:]+|[[\]{},:]/g;

/** JSON with a line for each of its elements. */
function spread(text: string): string {
  let [out, depth] = ['', 0];
  const line = (): string => `\n${'  '.repeat(depth)}`;
  let before = '';
  for (const [token] of text.matchAll(TOKENS)) {
    const isEmpty = /[[{]/.test(before) && before.length === 1 && /^[\]}]$/.test(token);
    if (/^[\]}]$/.test(token)) {
      depth -= 1;
      if (!isEmpty) out += line();
    } else if (/^[[{,]$/.test(before)) out += line();
    out += token === ':' ? ': ' : token;
    if (/^[[{]$/.test(token)) depth += 1;
    before = token;
  }
  return out;
}

/** JSON that was spread for reading, as narrow as it was before. */
export function narrowed(text: string): string {
  return [...text.matchAll(TOKENS)].map(([token]) => token).join('');
}
