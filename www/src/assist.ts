/** What helps while a line is typed: the grammar's hint behind it, completions and documentation below. */

import { type Docs, completions, findDoc, hint, suggestion, syntax } from './grammar.js';
import { hasKeys } from './keys.js';

/** More candidates than this are not listed. */
const CANDIDATES_MAX = 16;

const TIP = hasKeys
  ? 'Tab completes, ↑ brings back earlier lines, Ctrl-R searches them, Ctrl-C ends a wait. For more, type help.'
  : 'Tap a suggestion to complete a word. For more, type help.';
/** What only the terminal knows. */
const OWN = new Set(['HELP', '?', 'CLEAR', 'EXIT', 'QUIT']);

/** The parts of the page that it writes to. */
export interface Places {
  input: HTMLInputElement;
  typed: HTMLElement;
  hint: HTMLElement;
  list: HTMLElement;
  about: HTMLElement;
}

export class Assist {
  private candidates: string[] = [];
  /** The candidate that Tab has put into the line; -1 before. */
  private chosen = -1;
  /** What stands before the word that is completed. */
  private head = '';

  constructor(
    private readonly places: Places,
    private readonly docs: Docs,
    private readonly onChange: () => void,
  ) {}

  /** Looks at the line anew. */
  update(): void {
    const { input } = this.places;
    const { head, words, prefix } = parts(input.value);
    this.head = head;
    this.chosen = -1;
    const isAtEnd = input.selectionStart === input.value.length;
    this.candidates = isAtEnd && (words.length > 0 || prefix !== '') ? completions(this.docs, words, prefix) : [];
    this.showHint();
    this.showAbout([...words, ...(prefix === '' ? [] : [prefix])]);
    this.showList(prefix);
  }

  /** Shows a search in the history: `found` is the line that it stands at. */
  showSearch(found: string | undefined, position: number, count: number): void {
    const { input, typed, hint: place, list, about } = this.places;
    this.candidates = [];
    list.hidden = true;
    input.setAttribute('aria-expanded', 'false');
    typed.textContent = input.value;
    place.textContent = found === undefined ? '' : ` ← ${found}`;
    about.replaceChildren(
      found === undefined
        ? 'No earlier line has this in it. Ctrl-G ends the search.'
        : `Line ${position + 1} of ${count}: ${found} · Enter runs it, Tab takes it to be changed, Ctrl-R goes on, Ctrl-G ends the search.`,
    );
  }

  /** Completes the word at the end, each time by the next candidate; false when there is none. */
  complete(): boolean {
    const { candidates } = this;
    if (candidates.length === 0) return false;
    if (candidates.length === 1) {
      this.put(`${candidates[0]} `);
      this.update();
      return true;
    }
    this.chosen = (this.chosen + 1) % candidates.length;
    this.put(candidates[this.chosen]!);
    this.showHint();
    this.mark();
    return true;
  }

  /** Takes a candidate that was clicked. */
  choose(candidate: string): void {
    this.put(`${candidate} `);
    this.update();
    this.places.input.focus();
  }

  private put(word: string): void {
    const { input } = this.places;
    input.value = this.head + word;
    input.setSelectionRange(input.value.length, input.value.length);
    this.onChange();
  }

  private showHint(): void {
    const { input, typed, hint: place } = this.places;
    const line = input.value;
    const words = commandOf(line.trim().split(/\s+/));
    const text = line.trim() === '' ? undefined : hint(this.docs, words);
    // A line longer than its field scrolls, and the hint would stand in the wrong place.
    const hasRoom = input.scrollWidth <= input.clientWidth;
    typed.textContent = line;
    place.textContent = text && hasRoom ? (/\s$/.test(line) ? text : ` ${text}`) : '';
  }

  private showAbout(words: readonly string[]): void {
    const { about } = this.places;
    const found = findDoc(this.docs, words);
    const complaint = words.length === 0 ? '' : this.aboutUnknown(words);
    about.replaceChildren(words.length === 0 ? TIP : complaint);
    if (found === undefined) return;
    about.replaceChildren(complaint === '' ? '' : `${complaint} `);
    const { doc } = found;
    const usage = document.createElement('code');
    usage.textContent = `${doc.name} ${syntax(doc)}`;
    const facts = [doc.summary, doc.complexity, doc.since && `since ${doc.since}`].filter((fact) => fact);
    about.append(usage, ` ${facts.join(' · ')}`);
  }

  /** What there is to say of a line that begins with no command, once its word cannot become one any more. */
  private aboutUnknown(words: readonly string[]): string {
    const [first, second] = words;
    const found = findDoc(this.docs, words);
    const isBegun = this.candidates.length > 0 || OWN.has(first!.toUpperCase());
    if (isBegun || (found && (found.doc.subcommands.length === 0 || second === undefined))) return '';
    const meant = suggestion(this.docs, words);
    const what = found ? `${found.doc.name} has no subcommand ${second!.toUpperCase()}.` : `There is no command ${first!.toUpperCase()}.`;
    return meant === undefined ? what : `${what} Did you mean ${meant}?`;
  }

  private showList(prefix: string): void {
    const { list, input } = this.places;
    // A word that is whole needs no list of itself.
    const isWhole = this.candidates.length === 1 && this.candidates[0]!.toUpperCase() === prefix.toUpperCase();
    const shown = isWhole ? [] : this.candidates.slice(0, CANDIDATES_MAX);
    list.replaceChildren(...shown.map((candidate, index) => this.option(candidate, index)));
    const more = this.candidates.length - shown.length;
    if (more > 0 && shown.length > 0) {
      const rest = document.createElement('span');
      rest.className = 'more';
      rest.textContent = `+${more}`;
      list.append(rest);
    }
    list.hidden = shown.length === 0;
    input.setAttribute('aria-expanded', String(shown.length > 0));
    input.removeAttribute('aria-activedescendant');
  }

  private option(candidate: string, index: number): HTMLElement {
    const option = document.createElement('div');
    option.setAttribute('role', 'option');
    option.id = `${this.places.list.id}-${index}`;
    option.textContent = candidate;
    // Before the input loses its focus, which would take a phone's keyboard away.
    option.addEventListener('pointerdown', (event) => event.preventDefault());
    option.addEventListener('click', () => this.choose(candidate));
    return option;
  }

  private mark(): void {
    const { list, input } = this.places;
    for (const [index, option] of [...list.querySelectorAll('[role=option]')].entries()) {
      option.setAttribute('aria-selected', String(index === this.chosen));
      if (index === this.chosen) input.setAttribute('aria-activedescendant', option.id);
    }
  }
}

/** A line before the word at its end, that in words, and the word's beginning. */
function parts(line: string): { head: string; words: string[]; prefix: string } {
  const prefix = /\S*$/.exec(line)![0];
  const head = line.slice(0, line.length - prefix.length);
  return { head, words: commandOf(head.trim() === '' ? [] : head.trim().split(/\s+/)), prefix };
}

/** Words without the number that repeats the command behind it. */
function commandOf(words: string[]): string[] {
  return /^\d+$/.test(words[0] ?? '') && words.length > 0 ? words.slice(1) : words;
}
