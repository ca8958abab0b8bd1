/** One demo on the page: what it is about, the demo itself, what it sends, and its code. */

import { attempt, button, h, tell } from '../dom.js';
import { Connection, type Database } from './client.js';
import { codeOf, copyText } from './code.js';
import type { Around, Demo, Line } from './demo.js';
import { checked, print } from './link.js';
import type { Value } from './messages.js';
import { Sent } from './sent.js';

/** What all keys of the demos begin with. */
const PREFIX = 'demo:';
/** How long a value has to stay before the address says it, in milliseconds. */
const SAY_MILLISECONDS = 150;
/** How many keys SCAN looks at in one go. */
const SCAN_COUNT = 200;

export class Panel {
  readonly element: HTMLElement;
  /** Where the link to the demo as it is leads. */
  link = '';
  private readonly values: Record<string, string>;
  private readonly sent = new Sent();
  private readonly stage = h('div', { class: 'stage' });
  private readonly connection: Connection;
  private readonly lines = new Set<Connection>();
  private end = new AbortController();
  private show: () => Promise<void> = async () => undefined;
  private isRefreshing = false;
  private isStale = false;
  /** What the address says, as long as it is about this. */
  private said = location.hash;
  private saying: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly demo: Demo,
    given: URLSearchParams,
    private readonly database: Database,
    private readonly changed: () => void,
  ) {
    this.values = checked(demo.rules, given);
    this.connection = database.connect();
    const share = button('Copy link', () => copyText(new URL(this.link, location.href).href, 'The link is copied: it opens this demo as it is set now.'));
    const reset = button('Reset', () => this.reset(), { title: 'Deletes the keys of this demo, and nothing else' });
    const head = h('header', {}, h('h2', {}, demo.name), h('div', { class: 'row' }, share, reset), h('p', {}, demo.about));
    this.element = h('div', { id: 'demo', class: `panel ${demo.id}`, role: 'tabpanel', tabindex: -1, 'aria-labelledby': `demo-${demo.id}` });
    this.element.append(head, this.stage, this.sent.element, codeOf(demo));
    this.say();
    this.begin();
  }

  /** Shows the data as it is now. What changes meanwhile is shown after that. */
  async refresh(): Promise<void> {
    const { signal } = this.end;
    this.isStale = true;
    if (this.isRefreshing) return;
    this.isRefreshing = true;
    while (this.isStale && !signal.aborted) {
      this.isStale = false;
      await attempt(this.show);
    }
    if (!signal.aborted) this.isRefreshing = false;
  }

  close(): void {
    clearTimeout(this.saying);
    this.end.abort();
    this.connection.close();
    for (const line of this.lines) line.close();
    this.lines.clear();
  }

  private begin(): void {
    this.isRefreshing = false;
    this.show = this.demo.open(this.stage, this.around());
  }

  /** Deletes the demo's own keys, and begins anew with what is usual. */
  private async reset(): Promise<void> {
    this.end.abort();
    this.end = new AbortController();
    const { signal } = this.end;
    for (const line of this.lines) line.close();
    this.lines.clear();
    this.sent.clear();
    let cursor = '0';
    let count = 0;
    do {
      const [next, keys] = (await this.call(signal, true, 'SCAN', cursor, 'MATCH', `${PREFIX}${this.demo.id}:*`, 'COUNT', SCAN_COUNT)) as [string, string[]];
      if (keys.length > 0) count += Number(await this.call(signal, false, 'UNLINK', ...keys));
      cursor = next;
    } while (cursor !== '0');
    Object.assign(this.values, checked(this.demo.rules, new URLSearchParams()));
    this.say();
    this.stage.replaceChildren();
    this.begin();
    this.changed();
    tell(count === 0 ? 'There was nothing to delete.' : `Deleted: ${count} ${count === 1 ? 'key' : 'keys'} of this demo.`);
  }

  private around(): Around {
    const { signal } = this.end;
    return {
      signal,
      key: (name) => `${PREFIX}${this.demo.id}:${name}`,
      run: (...words) => this.call(signal, false, ...words),
      read: (...words) => this.call(signal, true, ...words),
      connect: () => this.connect(signal),
      changed: this.changed,
      get: (name) => this.values[name]!,
      number: (name) => Number(this.values[name]),
      set: (name, value) => {
        this.values[name] = value;
        this.say();
      },
      every: (milliseconds, act) => {
        const timer = setInterval(() => document.hidden || void attempt(act), milliseconds);
        signal.addEventListener('abort', () => clearInterval(timer));
      },
    };
  }

  private call(signal: AbortSignal, isRead: boolean, ...words: (string | number)[]): Promise<Value> {
    return whileHere(signal, () => this.connection.call(words, (spoken) => signal.aborted || this.sent.add(spoken, isRead)));
  }

  private connect(signal: AbortSignal): Line {
    const connection = this.database.connect();
    this.lines.add(connection);
    return {
      // What a closed connection was waiting for is of no interest.
      run: (...words) => whileHere(signal, () => connection.call(words, (spoken) => this.lines.has(connection) && this.sent.add(spoken, false))),
      subscribe: async (channel, hear) => {
        const reply = await connection.subscribe(channel, (text) => {
          this.sent.hear(channel, text);
          hear(text);
        });
        this.sent.add({ words: ['SUBSCRIBE', channel], reply, isError: false }, false);
      },
      close: () => {
        this.lines.delete(connection);
        connection.close();
      },
    };
  }

  /** Puts the demo as it is into the address, at the end of a drag: browsers hold up pages that do so too often. */
  private say(): void {
    this.link = print(this.demo.id, this.demo.rules, this.values);
    clearTimeout(this.saying);
    this.saying = setTimeout(() => {
      // Somebody may have gone on already, which is only told of in a moment.
      if (location.hash !== this.said) return;
      history.replaceState(history.state, '', this.link);
      this.said = location.hash;
    }, SAY_MILLISECONDS);
  }
}

/** Asks for something, but for a demo that is left by then: what it was about to do with it is not done any more. */
async function whileHere<T>(signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
  const never = new Promise<never>(() => undefined);
  if (signal.aborted) return never;
  try {
    const answer = await ask();
    return signal.aborted ? never : answer;
  } catch (error) {
    if (signal.aborted) return never;
    throw error;
  }
}
