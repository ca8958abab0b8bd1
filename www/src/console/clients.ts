/** Who is connected, and ending such connections. */

import type { App, View } from './app.js';
import { ask, attempt, button, h, table } from '../dom.js';
import { size, span } from './names.js';
import { pairsIn, textIn } from './replies.js';

export class ClientsView implements View {
  readonly element = h('div', {});

  constructor(private readonly app: App) {}

  show(): void {
    void attempt(() => this.look());
  }

  hide(): void {}

  private async look(): Promise<void> {
    const { client, rights } = this.app;
    const [own, list] = await client.all([['CLIENT', 'ID'], ['CLIENT', 'LIST']]);
    const ownId = textIn(own);
    const clients = textIn(list)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => pairsIn(line, / /, '='));
    const may = await rights.changes({ kill: ['CLIENT', 'KILL', 'ID', '0'] });
    const rows = clients.map((about) => this.row(about, about.get('id') === ownId, may.has('kill')));
    const columns = ['ID', 'Name', 'Address', 'User', 'Database', 'Age', 'Idle', 'Last command', 'Memory', 'Actions'];
    const tools = h('div', { class: 'row' }, button('Refresh', () => this.look()), h('span', { class: 'soft', role: 'status' }, `${clients.length} clients`));
    this.element.replaceChildren(h('h2', {}, 'Clients'), tools, table('The clients', columns, rows));
  }

  private row(about: ReadonlyMap<string, string>, isOwn: boolean, canKill: boolean): HTMLTableRowElement {
    const text = (name: string): string => about.get(name) ?? '';
    const seconds = (name: string): string => span(1000 * Number(text(name)));
    const cells = [text('id'), text('name'), text('addr'), text('user'), text('db'), seconds('age'), seconds('idle'), text('cmd'), size(Number(text('tot-mem')))];
    const kill = async (): Promise<void> => {
      const question = h('p', {}, `This ends the connection ${text('id')} of ${text('addr')}.`);
      const act = (): Promise<unknown> => this.app.client.write('CLIENT', 'KILL', 'ID', text('id'));
      if (await ask('End the connection?', [question], 'End it', act, true)) await this.look();
    };
    const action = isOwn ? 'this page' : canKill ? button('Kill', kill, { 'aria-label': `Kill ${text('id')}` }) : '';
    return h('tr', {}, ...cells.map((cell) => h('td', {}, cell)), h('td', { class: 'actions' }, action));
  }
}
