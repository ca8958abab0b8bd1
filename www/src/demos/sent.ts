/** The list of what was sent and answered. */

import { h } from '../dom.js';
import type { Spoken } from './client.js';

/** Entries that are kept. */
const ENTRIES_MAX = 60;
/** Characters of a line that are shown, and lines of a reply; a few more than these are shown at once. */
const CHARACTERS_MAX = 600;
const LINES_MAX = 6;
const LINES_SPARED = 3;
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
    const line = words.map((word) => (BARE.test(word) ? word : JSON.stringify(word))).join(' ');
    const entry = h('li', { class: isRead ? 'read' : 'run' }, h('code', {}, cut(line)), replyOf(reply, isError));
    if (isRead) {
      const alike = line.replace(/\d+/g, '#').slice(0, 80);
      this.reads.get(alike)?.remove();
      this.reads.set(alike, entry);
    }
    this.put(entry);
  }

  /** Shows what came without being asked for. */
  hear(channel: string, text: string): void {
    this.put(h('li', { class: 'heard' }, h('code', {}, channel), h('samp', {}, cut(JSON.stringify(text)))));
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

/** A reply, of which a long one is shown as a whole when somebody asks for it. */
function replyOf(text: string, isError: boolean): HTMLElement {
  const lines = text.split('\n').map(cut);
  const samp = h('samp', { class: isError ? 'error' : '' }, lines.join('\n'));
  const more = lines.length - LINES_MAX;
  if (more <= LINES_SPARED) return samp;
  samp.textContent = lines.slice(0, LINES_MAX).join('\n');
  const all = h('button', { type: 'button', class: 'more', click: () => (samp.textContent = lines.join('\n')) }, `${more} more lines`);
  samp.append('\n', all);
  return samp;
}

function cut(text: string): string {
  return text.length > CHARACTERS_MAX ? `${text.slice(0, CHARACTERS_MAX)} …` : text;
}
