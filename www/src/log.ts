/** A terminal's transcript. */

import type { Entry } from './messages.js';

/** Older entries leave the page. */
export const ENTRIES_MAX = 1_000;
/** How near to the end counts as being there, in pixels. */
const END_PIXELS = 24;

export class Log {
  /** Whether the end is in sight, where it then stays. */
  private isAtEnd = true;

  constructor(private readonly element: HTMLElement) {
    let top = 0;
    element.addEventListener('scroll', () => {
      const isNear = element.scrollHeight - element.scrollTop - element.clientHeight < END_PIXELS;
      // Only scrolling back leaves the end: it also moves away when more is added.
      if (isNear) this.isAtEnd = true;
      else if (element.scrollTop < top) this.isAtEnd = false;
      top = element.scrollTop;
    });
    // What helps typing takes some of the height, and so does a phone's keyboard.
    new ResizeObserver(() => this.keepEnd()).observe(element);
  }

  /** Adds entries, and lets the oldest go. */
  add(entries: readonly Entry[]): void {
    const { element } = this;
    const cleared = entries.findLastIndex((entry) => entry.kind === 'clear');
    if (cleared >= 0) element.replaceChildren();
    const added = entries.slice(Math.max(cleared + 1, entries.length - ENTRIES_MAX));
    const fragment = document.createDocumentFragment();
    for (const entry of added) fragment.append(elementOf(entry));
    if (added.length === ENTRIES_MAX) element.replaceChildren(fragment);
    else element.append(fragment);
    while (element.childElementCount > ENTRIES_MAX) element.firstElementChild!.remove();
    this.keepEnd();
  }

  scrollToEnd(): void {
    this.isAtEnd = true;
    this.keepEnd();
  }

  private keepEnd(): void {
    if (this.isAtEnd) this.element.scrollTop = this.element.scrollHeight;
  }
}

function elementOf(entry: Entry): HTMLElement {
  const element = document.createElement('div');
  element.className = `entry ${entry.kind}`;
  if (entry.prompt !== undefined) {
    const prompt = document.createElement('span');
    prompt.className = 'prompt';
    prompt.textContent = entry.prompt;
    element.append(prompt);
  }
  element.append(entry.text);
  return element;
}
