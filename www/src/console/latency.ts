/** What took long of the server's own work, by event. */

import type { App, View } from './app.js';
import { ask, attempt, button, h, labelled, table, tell } from '../dom.js';
import { count } from './names.js';
import { itemsOf, numberIn, textIn } from './replies.js';
import { sparkline } from '../svg.js';

/** How many measurements the server keeps of an event. */
const SAMPLES_MAX = 160;
const THRESHOLD = 'latency-monitor-threshold';

export class LatencyView implements View {
  readonly element = h('div', {});

  constructor(private readonly app: App) {}

  show(): void {
    void attempt(() => this.look());
  }

  hide(): void {}

  private async look(): Promise<void> {
    const { client, rights } = this.app;
    const events = itemsOf(await client.call('LATENCY', 'LATEST')).map(itemsOf);
    const histories = await client.all(events.map(([event]) => ['LATENCY', 'HISTORY', textIn(event)]));
    const rows = events.map(([event, time, latest, most], at) => {
      const samples = itemsOf(histories[at]).map((sample) => numberIn(itemsOf(sample)[1]));
      const when = new Date(1000 * numberIn(time)).toLocaleString();
      const cells = [textIn(event), when, `${count(numberIn(latest))} ms`, `${count(numberIn(most))} ms`, sparkline(samples, SAMPLES_MAX)];
      return h('tr', {}, ...cells.map((cell) => h('td', {}, cell)));
    });
    const may = await rights.changes({ reset: ['LATENCY', 'RESET'], watch: ['CONFIG', 'SET', THRESHOLD, '1'] });
    const reset = async (): Promise<void> => {
      const act = (): Promise<unknown> => client.write('LATENCY', 'RESET');
      if (await ask('Forget what was measured?', [], 'Forget it', act, true)) await this.look();
    };
    const tools = [button('Refresh', () => this.look()), may.has('reset') && button('Forget', reset), h('span', { class: 'soft', role: 'status' }, `${rows.length} ${rows.length === 1 ? 'event' : 'events'}`)];
    const columns = ['Event', 'Last', 'Took', 'At most', 'History'];
    const content = [h('div', { class: 'row' }, ...tools), await this.threshold(may.has('watch')), table('What took long', columns, rows)];
    this.element.replaceChildren(h('h2', {}, 'Latency'), ...content);
  }

  /** From which time on something is measured, and the way to change that. */
  private async threshold(isChangeable: boolean): Promise<HTMLElement> {
    const { client } = this.app;
    const [reply] = await client.all([['CONFIG', 'GET', THRESHOLD]]);
    // Who may not ask sees what was measured all the same.
    const known = reply!.type === 'error' ? undefined : textIn(itemsOf(reply)[1]);
    const text = known === '0' ? 'Nothing is measured.' : `Measured is what takes ${known ?? 'some'} ms or more.`;
    if (!isChangeable) return h('p', {}, text);
    const field = h('input', { type: 'number', min: 0, value: known });
    const set = button('Set', async () => {
      await client.write('CONFIG', 'SET', THRESHOLD, field.value);
      tell(field.value === '0' ? 'Nothing is measured any more.' : `What takes ${field.value} ms or more is measured from now on.`);
      await this.look();
    });
    return h('div', { class: 'row' }, h('span', {}, text), labelled('From milliseconds, 0 for nothing', field), set);
  }
}
