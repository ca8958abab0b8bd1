/** Tabs: one is reached by Tab, the others by arrows, Home and End. */

import { h } from '../dom.js';

const STEPS: Record<string, number> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -Infinity, End: Infinity };

/** A list of tabs, of which one is chosen. `choose` is told of another one. */
export function tabs(name: string, all: readonly HTMLElement[], first: number, choose: (at: number) => void): HTMLElement {
  const mark = (chosen: number): void => markTab(all, chosen);
  all.forEach((tab, at) => {
    tab.setAttribute('role', 'tab');
    tab.addEventListener('click', (event) => {
      // That opens a link elsewhere.
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      mark(at);
      choose(at);
    });
  });
  mark(first);
  const list = h('div', { class: 'tabs', role: 'tablist', 'aria-label': name }, ...all);
  list.addEventListener('keydown', (event) => {
    const step = STEPS[event.key];
    const at = all.indexOf(event.target as HTMLElement);
    if (step === undefined || at < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const last = all.length - 1;
    // Beyond an end the other one is next.
    const next = Number.isFinite(step) ? (at + step + all.length) % all.length : step < 0 ? 0 : last;
    all[next]!.focus();
    all[next]!.click();
  });
  return list;
}

/** Shows which one is chosen, without choosing it. */
export function markTab(all: readonly HTMLElement[], chosen: number): void {
  all.forEach((tab, at) => {
    tab.setAttribute('aria-selected', String(at === chosen));
    tab.tabIndex = at === chosen ? 0 : -1;
  });
}
