/** What helps while a line is typed: the grammar's hint behind it, completions and documentation below. */

import { type Docs, completions, findDoc, hint, syntax } from './grammar.js';

/** More candidates than this are not listed. */
const CANDIDATES_MAX = 16;

const TIP = 'Tab completes, ↑ brings back earlier lines, Ctrl-C ends a wait. For more, type help.';

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
    const words = line.trim().split(/\s+/);
    const text = line.trim() === '' ? undefined : hint(this.docs, words);
    // A line longer than its field scrolls, and the hint would stand in the wrong place.
    const hasRoom = input.scrollWidth <= input.clientWidth;
    typed.textContent = line;
    place.textContent = text && hasRoom ? (/\s$/.test(line) ? text : ` ${text}`) : '';
  }

  private showAbout(words: readonly string[]): void {
    const { about } = this.places;
    const found = findDoc(this.docs, words);
    about.replaceChildren(words.length === 0 ? TIP : '');
    about.classList.toggle('tip', words.length === 0);
    if (found === undefined) return;
    const { doc } = found;
    const usage = document.createElement('code');
    usage.textContent = `${doc.name} ${syntax(doc)}`;
    const facts = [doc.summary, doc.complexity, doc.since && `since ${doc.since}`].filter((fact) => fact);
    about.append(usage, ` ${facts.join(' · ')}`);
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
  return { head, words: head.trim() === '' ? [] : head.trim().split(/\s+/), prefix };
}
