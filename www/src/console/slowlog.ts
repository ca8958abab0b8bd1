/** Commands that took long. */

import type { App, View } from './app.js';
import { ask, attempt, button, h, table } from '../dom.js';
import { count, shortened } from './names.js';
import { bytesIn, itemsOf, numberIn, textIn } from './replies.js';

/** How many are shown. */
const ENTRIES_MAX = 128;

export class SlowlogView implements View {
  readonly element = h('div', {});

  constructor(private readonly app: App) {}

  show(): void {
    void attempt(() => this.look());
  }

  hide(): void {}

  private async look(): Promise<void> {
    const { client, rights } = this.app;
    const entries = itemsOf(await client.call('SLOWLOG', 'GET', ENTRIES_MAX));
    const rows = entries.map((entry) => {
      const [id, time, micros, words, address, name] = itemsOf(entry);
      const command = itemsOf(words).map((word) => shortened(bytesIn(word))).join(' ');
      const when = new Date(1000 * numberIn(time)).toLocaleString();
      const cells = [textIn(id), when, `${count(numberIn(micros))} µs`, command, textIn(address), textIn(name)];
      return h('tr', {}, ...cells.map((cell) => h('td', {}, cell)));
    });
    const may = await rights.changes({ reset: ['SLOWLOG', 'RESET'] });
    const reset = async (): Promise<void> => {
      const act = (): Promise<unknown> => client.write('SLOWLOG', 'RESET');
      if (await ask('Empty the slow log?', [], 'Empty it', act, true)) await this.look();
    };
    const tools = [button('Refresh', () => this.look()), may.has('reset') && button('Empty', reset), h('span', { class: 'soft', role: 'status' }, `${rows.length} entries`)];
    const columns = ['ID', 'When', 'Took', 'Command', 'Client', 'Name'];
    this.element.replaceChildren(h('h2', {}, 'Slow log'), h('div', { class: 'row' }, ...tools), table('The slow log', columns, rows));
  }
}
