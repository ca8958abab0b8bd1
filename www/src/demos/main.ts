/** The demos: ten use cases on a database that the browser keeps. Loaded when they are first looked at. */

import { button, complain, h } from '../dom.js';
import { shape } from '../svg.js';
import { DEMOS } from './all.js';
import { Database, DemoError } from './client.js';
import type { Demo } from './demo.js';
import { parse } from './link.js';
import type { Keeping } from './messages.js';
import { Panel } from './panel.js';
import { markTab, tabs } from './tabs.js';

/** What the tabs of this origin tell each other by: which demo has changed. */
const CHANGES = 'sanderling-demos';

const STORES: Record<string, string> = {
  opfs: 'Kept in this browser’s private files, shared by all tabs.',
  idb: 'Kept in this browser’s IndexedDB, shared by all tabs.',
  memory: 'In memory of this tab: gone when it is closed or loaded anew.',
};

class Demos {
  private readonly links = DEMOS.map(linkOf);
  private readonly keeping = h('p', { class: 'soft', role: 'status' }, 'Opening the data …');
  private readonly place = h('div', { class: 'place' });
  private readonly changes = new BroadcastChannel(CHANGES);
  private panel: Panel | undefined;
  private isOpen = false;

  constructor(
    private readonly root: HTMLElement,
    private readonly database: Database,
  ) {
    const list = tabs('Demos', this.links, 0, () => undefined);
    const side = h('div', { class: 'side' }, list, this.keeping);
    root.replaceChildren(side, this.place);
    root.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && this.place.contains(event.target as Node)) this.links[this.chosen]?.focus();
    });
    this.changes.onmessage = ({ data }: MessageEvent<string>) => this.refresh(data);
    addEventListener('hashchange', () => this.follow());
  }

  /** Opens the database, and then the demo that the link names. */
  async start(inMemory = false): Promise<void> {
    try {
      const keeping = await this.database.open(inMemory);
      this.isOpen = true;
      this.tellKeeping(keeping);
      this.follow();
      this.root.dataset['ready'] = '';
    } catch (error) {
      this.refuse(error as DemoError);
    }
  }

  private get chosen(): number {
    const { id } = parse(location.hash);
    return Math.max(0, DEMOS.findIndex((demo) => demo.id === id));
  }

  /** Shows the demo of the link, unless it is shown already. */
  private follow(): void {
    const { hash } = location;
    if (!this.isOpen || !hash.startsWith('#demos') || hash === this.panel?.link) return;
    this.show(DEMOS[this.chosen]!, parse(hash).given);
  }

  private show(demo: Demo, given: URLSearchParams): void {
    this.panel?.close();
    this.panel = new Panel(demo, given, this.database, () => {
      this.changes.postMessage(demo.id);
      this.refresh(demo.id);
    });
    this.place.replaceChildren(this.panel.element);
    markTab(this.links, DEMOS.indexOf(demo));
    this.links[this.chosen]!.scrollIntoView({ block: 'nearest', inline: 'center' });
    document.title = `${demo.name}: a demo of Sanderling`;
    void this.panel.refresh();
  }

  private refresh(id: string): void {
    if (this.panel?.demo.id === id) void this.panel.refresh();
  }

  private tellKeeping({ kind, reason }: Keeping): void {
    this.keeping.replaceChildren(STORES[kind] ?? kind, ...(reason ? [h('span', { class: 'reason' }, ` The browser has no store for it: ${reason}.`)] : []));
  }

  /** The browser does not keep it. */
  private refuse(error: DemoError): void {
    this.keeping.textContent = '';
    const again = button('Try again', () => this.start());
    const memory = button('Go on in memory', () => this.start(true), { class: 'main' });
    this.place.replaceChildren(h('div', { class: 'refused', role: 'alert' }, h('p', {}, error.message), h('div', { class: 'row' }, memory, again)));
  }
}

function linkOf(demo: Demo): HTMLAnchorElement {
  const link = h('a', { href: `#demos/${demo.id}`, id: `demo-${demo.id}`, 'aria-controls': 'demo' });
  link.append(shape('svg', { viewBox: '0 0 24 24', 'aria-hidden': 'true' }, shape('path', { d: demo.icon })), h('span', {}, demo.name));
  return link;
}

/** Begins in a place, with a port to the worker. */
export async function start(root: HTMLElement, port: MessagePort): Promise<void> {
  addEventListener('unhandledrejection', ({ reason }) => reason instanceof DemoError && complain(reason));
  // Where it is told what was done, and what could not be.
  document.body.append(h('div', { id: 'told', role: 'status' }));
  await new Demos(root, new Database(port)).start();
}

