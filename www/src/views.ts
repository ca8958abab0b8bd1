/** The two views of the page, by the address's fragment: the terminal, and the demos, which are loaded when they are wanted. */

import { isDemos } from './demos/link.js';
import type * as DemosModule from './demos/main.js';

// Set by the build: the demos' script and style.
declare const DEMOS_URL: string;
declare const DEMOS_STYLE_URL: string;

/** The terminal's fragment; none is as good. */
const TERMINAL = '#terminal';

export class Views {
  private readonly title = document.title;
  private loading: Promise<void> | undefined;

  constructor(
    private readonly terminal: HTMLElement,
    private readonly demos: HTMLElement,
    /** Gives a way to the worker. */
    private readonly openPort: () => MessagePort,
    private readonly onTerminal: () => void,
  ) {
    addEventListener('hashchange', () => this.follow());
    document.querySelector('.skip')!.addEventListener('click', (event) => {
      // The address says which view it is, and stays.
      event.preventDefault();
      this.shown.focus();
    });
    this.follow();
  }

  private get shown(): HTMLElement {
    return this.terminal.hidden ? this.demos : this.terminal;
  }

  /** Shows what the fragment names; one of another kind changes nothing. */
  private follow(): void {
    const { hash } = location;
    const wantsDemos = isDemos(hash);
    if (!wantsDemos && hash !== '' && hash !== TERMINAL) return;
    const isNew = wantsDemos === this.demos.hidden;
    this.terminal.hidden = wantsDemos;
    this.demos.hidden = !wantsDemos;
    document.documentElement.dataset['view'] = wantsDemos ? 'demos' : 'terminal';
    for (const link of document.querySelectorAll('.views a')) {
      if ((link.getAttribute('href') !== TERMINAL) === wantsDemos) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
    if (wantsDemos) {
      this.loading ??= this.load();
      return;
    }
    document.title = this.title;
    if (isNew) this.onTerminal();
  }

  private async load(): Promise<void> {
    try {
      const [{ start }] = await Promise.all([import(DEMOS_URL) as Promise<typeof DemosModule>, loadStyle(DEMOS_STYLE_URL)]);
      await start(this.demos, this.openPort());
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const text = Object.assign(document.createElement('p'), { className: 'failure', textContent: `The demos cannot be loaded: ${why}. Load the page anew once there is a network.` });
      text.setAttribute('role', 'alert');
      // A script that did not come is not asked for again by this page.
      this.demos.replaceChildren(text);
    }
  }
}

function loadStyle(href: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const link = Object.assign(document.createElement('link'), { rel: 'stylesheet', href });
    link.onload = () => resolve();
    link.onerror = () => reject(new Error('their style did not come'));
    document.head.append(link);
  });
}
