/** A terminal: a transcript, a line to type, and what helps typing it. */

import { Assist } from './assist.js';
import type { Docs } from './grammar.js';
import { Walk, remember, search } from './history.js';
import { ENTRIES_MAX, Log } from './log.js';
import type { Entry, State } from './messages.js';

/** Where lines go. */
export interface Connection {
  run(lines: string[]): void;
  cancel(): void;
  /** Ends it; absent for the connection that always is there. */
  close?(): void;
}

export class Terminal {
  readonly element: HTMLElement;
  private readonly log: Log;
  private readonly input: HTMLInputElement;
  private readonly assist: Assist;
  private readonly walk = new Walk();
  /** A search in the history: what was typed before it, and the line that it stands at, counted from the latest. */
  private searching: { before: string; at: number } | undefined;
  private sent = 0;
  private state: State = { prompt: 'sanderling> ', isWaiting: false, queued: 0, runs: 0, isSubscribed: false };
  /** What the next frame shows. */
  private coming: readonly Entry[] = [];
  private next: State | undefined;
  private readonly watchers: { isReached: (state: State) => boolean; reach: () => void }[] = [];

  constructor(
    readonly number: number,
    private readonly connection: Connection,
    docs: Docs,
  ) {
    this.element = build(number, connection.close !== undefined);
    this.input = this.find('input');
    this.log = new Log(this.find('.log'));
    this.assist = new Assist(
      {
        input: this.input,
        typed: this.find('.typed'),
        hint: this.find('.hint'),
        list: this.find('.candidates'),
        about: this.find('.about'),
      },
      docs,
      () => this.walk.reset(),
    );
    this.listen();
    this.assist.update();
    this.showState();
  }

  focus(): void {
    this.input.focus({ preventScroll: true });
  }

  /** Shows what the worker sends, with the next frame: the page is laid out once for all that comes until then. */
  show(entries: readonly Entry[], state: State): void {
    if (this.next === undefined) requestAnimationFrame(() => this.showNext());
    this.next = state;
    this.coming = this.coming.concat(entries).slice(-ENTRIES_MAX);
  }

  private showNext(): void {
    this.state = this.next!;
    this.log.add(this.coming);
    this.next = undefined;
    this.coming = [];
    this.showState();
    for (const watcher of [...this.watchers]) {
      if (!watcher.isReached(this.state)) continue;
      this.watchers.splice(this.watchers.indexOf(watcher), 1);
      watcher.reach();
    }
  }

  /** Says something in the transcript. */
  note(text: string): void {
    this.log.add([{ kind: 'note', text }]);
  }

  /** Runs lines as if they had been typed. */
  run(lines: string[]): void {
    remember(lines);
    this.walk.reset();
    this.log.scrollToEnd();
    this.sent += 1;
    this.element.dataset['state'] = 'busy';
    this.connection.run(lines);
  }

  /** Settles once the lines that were sent have their replies. */
  async untilDone(): Promise<void> {
    const { sent } = this;
    await this.until((state) => state.runs >= sent && state.queued === 0 && !state.isWaiting);
  }

  /** Settles once the connection is in such a state. */
  until(isReached: (state: State) => boolean): Promise<void> {
    return new Promise((reach) => {
      if (isReached(this.state)) reach();
      else this.watchers.push({ isReached, reach });
    });
  }

  private find<E extends HTMLElement>(selector: string): E {
    return this.element.querySelector<E>(selector)!;
  }

  private listen(): void {
    const { input } = this;
    this.find('form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.submit();
    });
    input.addEventListener('input', () => {
      this.walk.reset();
      if (this.searching) this.search(0);
      else this.assist.update();
    });
    input.addEventListener('focus', () => this.reveal());
    input.addEventListener('keydown', (event) => {
      if (this.press(event)) event.preventDefault();
    });
    input.addEventListener('paste', (event) => this.paste(event));
    this.find('.stop').addEventListener('click', () => this.interrupt());
    this.element.querySelector('.close')?.addEventListener('click', () => this.connection.close?.());
    this.find('.log').addEventListener('click', () => {
      // A click that selected text is for copying it.
      if (getSelection()?.isCollapsed) this.focus();
    });
  }

  private submit(): void {
    if (this.searching && !this.takeFound()) return;
    const line = this.input.value;
    this.replace('');
    this.run([line]);
  }

  /** Whole lines run at once; what is behind the last line break stays to be edited. */
  private paste(event: ClipboardEvent): void {
    const text = event.clipboardData?.getData('text/plain') ?? '';
    if (!/[\r\n]/.test(text)) return;
    if (this.searching) this.endSearch();
    event.preventDefault();
    const { value, selectionStart, selectionEnd } = this.input;
    const all = value.slice(0, selectionStart ?? 0) + text + value.slice(selectionEnd ?? 0);
    const lines = all.split(/\r\n|\r|\n/);
    this.replace(lines.pop()!);
    this.run(lines.filter((line) => line.trim() !== ''));
  }

  /** The keys of redis-cli, as far as browsers leave them to a page; whether it was one of them. */
  private press(event: KeyboardEvent): boolean {
    if (event.isComposing || event.altKey || event.metaKey) return false;
    if (event.ctrlKey) return !event.shiftKey && this.pressControl(event.key.toLowerCase());
    if (this.searching && ['Tab', 'Escape', 'ArrowUp', 'ArrowDown'].includes(event.key)) {
      if (event.key.startsWith('Arrow')) this.search(this.searching.at + (event.key === 'ArrowUp' ? 1 : -1));
      else if (!this.takeFound()) this.endSearch();
      return true;
    }
    switch (event.key) {
      case 'Tab':
        return !event.shiftKey && this.assist.complete();
      case 'ArrowUp':
        return this.recall(this.walk.back(this.input.value));
      case 'ArrowDown':
        return this.recall(this.walk.forward());
      default:
        return false;
    }
  }

  private pressControl(key: string): boolean {
    const { input } = this;
    const { value } = input;
    const at = input.selectionStart ?? value.length;
    const isSelected = input.selectionEnd !== at || getSelection()?.isCollapsed === false;
    if (this.searching && (key === 'c' || key === 'g')) {
      this.endSearch();
      return true;
    }
    switch (key) {
      case 'r':
        this.search(this.searching ? this.searching.at + 1 : 0);
        return true;
      case 'c':
        if (isSelected) return false;
        this.interrupt();
        return true;
      case 'l':
        this.log.add([{ kind: 'clear', text: '' }]);
        return true;
      case 'a':
        input.setSelectionRange(0, 0);
        return true;
      case 'e':
        input.setSelectionRange(value.length, value.length);
        return true;
      case 'u':
        this.replace(value.slice(at), 0);
        return true;
      case 'k':
        this.replace(value.slice(0, at));
        return true;
      case 'w': {
        const kept = value.slice(0, at).replace(/\S*\s*$/, '');
        this.replace(kept + value.slice(at), kept.length);
        return true;
      }
      case 'p':
        return this.recall(this.walk.back(value));
      case 'n':
        return this.recall(this.walk.forward());
      default:
        return false;
    }
  }

  /** Goes to a line of those that have in them what is typed; begins a search if there is none. */
  private search(at: number): void {
    const { input } = this;
    if (this.searching === undefined) {
      this.searching = { before: input.value, at: 0 };
      input.value = '';
    }
    const found = search(input.value);
    this.searching.at = Math.max(0, Math.min(at, found.length - 1));
    this.assist.showSearch(found[this.searching.at], this.searching.at, found.length);
    this.showState();
  }

  /** Ends a search with the line that it stands at; false when there is none. */
  private takeFound(): boolean {
    const line = search(this.input.value)[this.searching!.at];
    if (line !== undefined) this.endSearch(line);
    return line !== undefined;
  }

  private endSearch(line = this.searching!.before): void {
    this.searching = undefined;
    this.replace(line);
    this.showState();
  }

  private interrupt(): void {
    const { isWaiting, queued, isSubscribed, prompt } = this.state;
    if (isWaiting || queued > 0 || isSubscribed) this.connection.cancel();
    else this.log.add([{ kind: 'echo', text: `${this.input.value}^C`, prompt }]);
    this.replace('');
    this.walk.reset();
    this.log.scrollToEnd();
    this.focus();
  }

  private recall(line: string | undefined): boolean {
    if (line !== undefined) this.replace(line);
    return true;
  }

  /** Makes it seen as a whole, where the page is longer than the screen. */
  reveal(): void {
    this.element.scrollIntoView({ block: 'nearest' });
  }

  private replace(line: string, at = line.length): void {
    this.input.value = line;
    this.input.setSelectionRange(at, at);
    this.assist.update();
  }

  private showState(): void {
    const { prompt, isWaiting, queued, runs, isSubscribed } = this.state;
    this.find('label').textContent = this.searching ? 'search: ' : prompt;
    const status = this.find('.status');
    const text = isWaiting ? `waiting${queued > 0 ? `, ${queued} to come` : ''}` : queued > 0 ? `${queued} to come` : '';
    const shown = text || (isSubscribed ? 'listening' : '');
    if (status.textContent !== shown) status.textContent = shown;
    this.find('.stop').hidden = shown === '';
    this.element.dataset['state'] = shown === '' && runs === this.sent ? 'idle' : 'busy';
  }
}

const HTML = `
  <header>
    <h2></h2>
    <span class="status" role="status"></span>
    <button class="stop" type="button" hidden>Stop <kbd>Ctrl-C</kbd></button>
    <button class="close" type="button">Close</button>
  </header>
  <div class="log" role="log" aria-live="polite" tabindex="0"></div>
  <form autocomplete="off">
    <label></label>
    <div class="field">
      <div class="ghost" aria-hidden="true"><span class="typed"></span><span class="hint"></span></div>
      <input type="text" role="combobox" aria-autocomplete="list" aria-expanded="false" autocapitalize="off"
        autocorrect="off" autocomplete="off" spellcheck="false" enterkeyhint="send">
    </div>
    <button class="run" type="submit">Run</button>
  </form>
  <div class="assist">
    <div class="candidates" role="listbox" aria-label="Completions" hidden></div>
    <p class="about"></p>
  </div>`;

function build(number: number, canClose: boolean): HTMLElement {
  const element = document.createElement('section');
  element.className = 'terminal';
  // Constant text, so nothing of a user's gets into it.
  element.innerHTML = HTML;
  const title = `Connection ${number}`;
  element.setAttribute('aria-label', title);
  element.querySelector('h2')!.textContent = title;
  element.querySelector('.log')!.setAttribute('aria-label', `Transcript of connection ${number}`);
  if (!canClose) element.querySelector('.close')!.remove();
  const id = (name: string): string => `${name}-${number}`;
  const input = element.querySelector('input')!;
  input.id = id('line');
  input.setAttribute('aria-controls', id('candidates'));
  input.setAttribute('aria-describedby', id('about'));
  input.setAttribute('aria-label', `Command for connection ${number}`);
  element.querySelector('label')!.htmlFor = input.id;
  element.querySelector('.candidates')!.id = id('candidates');
  element.querySelector('.about')!.id = id('about');
  return element;
}
