/** The list of what was sent and answered. */

import { h } from '../dom.js';
import type { Spoken } from './client.js';

/** Entries that are kept. */
const ENTRIES_MAX = 60;
/** Lines of a command or a reply that are shown at first, and characters of them. */
const LINES_MAX = 6;
const CHARACTERS_MAX = 240;
/** What needs no quotes, as redis-cli takes it. */
const BARE = /^[^\s"'\\]+$/;

export class Sent {
  private readonly list = h('ol', {});
  /** A place that scrolls has to be reached by the keyboard. That everything be read out is not wanted. */
  private readonly log = h('div', { tabindex: 0, role: 'log', 'aria-live': 'off', 'aria-label': 'Commands and replies' }, this.list);
  private readonly empty = h('p', { class: 'soft' }, 'Nothing yet. Use the demo, and its commands appear here.');
  /** Reads, by what they have in common. */
  private readonly reads = new Map<string, HTMLElement>();
  readonly element = h('section', { class: 'sent' }, h('h3', {}, 'Commands sent ', h('small', {}, 'dimmer: those that only look')), h('div', { class: 'scroller' }, this.empty, this.log));

  /** Shows a command with its reply. One that only looks is dimmer, and replaces the one before that differs by numbers only. */
  add({ words, reply, isError }: Spoken, isRead: boolean): void {
    const line = words.map(quoted).join(' ');
    const alike = isRead ? line.replace(/\d+/g, '#').slice(0, 80) : undefined;
    const before = alike === undefined ? undefined : this.reads.get(alike);
    const entry = entryOf(isRead ? 'read' : 'run', line, reply, before);
    if (isError) entry.classList.add('failed');
    before?.remove();
    if (alike !== undefined) this.reads.set(alike, entry);
    this.put(entry);
  }

  /** Shows what came without being asked for. */
  hear(channel: string, text: string): void {
    this.put(entryOf('heard', channel, quoted(text)));
  }

  clear(): void {
    this.list.replaceChildren();
    this.reads.clear();
    this.empty.hidden = false;
  }

  private put(entry: HTMLElement): void {
    const { list, log } = this;
    // Who has scrolled back wants to read.
    const follows = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    this.empty.hidden = true;
    list.append(entry);
    if (list.childElementCount > ENTRIES_MAX) list.firstElementChild!.remove();
    for (const [alike, read] of this.reads) if (!read.isConnected) this.reads.delete(alike);
    if (follows) log.scrollTop = log.scrollHeight;
  }
}

/** A command and its reply. What is long is shown as a whole when somebody asks for it, as they have for the one `before`. */
function entryOf(kind: string, line: string, reply: string, before?: HTMLElement): HTMLElement {
  const entry = h('li', { class: kind });
  const show = (shorten: (text: string) => string): void => {
    entry.replaceChildren(h('code', {}, shorten(line)), h('samp', {}, shorten(reply)));
  };
  const showAll = (): void => {
    entry.dataset['whole'] = '';
    show((text) => text);
  };
  if (before?.dataset['whole'] !== undefined) {
    showAll();
    return entry;
  }
  show(brief);
  if (brief(line) !== line || brief(reply) !== reply) entry.append(h('button', { type: 'button', class: 'more', click: showAll }, 'Show all'));
  return entry;
}

/** A word as one could type it. */
function quoted(word: string): string {
  if (BARE.test(word)) return word;
  return /^[^'\\\n]*$/.test(word) && word.includes('"') ? `'${word}'` : JSON.stringify(word);
}

function brief(text: string): string {
  const lines = text.split('\n');
  const some = lines.length > LINES_MAX + 1 ? `${lines.slice(0, LINES_MAX).join('\n')}\n…` : text;
  return some.length > CHARACTERS_MAX ? `${some.slice(0, CHARACTERS_MAX)} …` : some;
}
