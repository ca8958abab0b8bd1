/** What takes the memory: a sample of the keys of each prefix, and what follows from it for all of them. */

import type { App, View } from './app.js';
import type { KeySpace } from './browser.js';
import { button, h, labelled, table } from '../dom.js';
import { bytesOf, count, shown, size } from './names.js';
import { numberIn } from './replies.js';
import { type Estimate, allocation, chosen, estimate, sum } from './sampling.js';
import { bar } from '../svg.js';
import { groupsOf } from './tree.js';

/** Groups that are told apart; the smaller ones are one. */
const GROUPS_MAX = 60;
/** Keys that are asked for together. */
const STEP = 200;
/** Keys of the largest that are listed. */
const LARGEST = 20;

interface Group extends Estimate {
  name: string;
  keys: number;
  measured: number;
}

export class MemoryView implements View {
  readonly element: HTMLElement;
  private readonly result = h('div', {});
  private readonly status = h('span', { class: 'soft', role: 'status' });
  private readonly budget = h('input', { type: 'number', min: 100, max: 100_000, step: 100, value: 2000 });

  constructor(
    private readonly app: App,
    private readonly keySpace: () => Promise<KeySpace>,
  ) {
    const about = 'Keys of the last scan are chosen at random and measured by MEMORY USAGE. The lines across the bars say how far off the sums may be, 19 times out of 20.';
    const tools = h('div', { class: 'row' }, labelled('Keys to measure', this.budget), button('Measure', () => this.measure(), { class: 'main' }), this.status);
    this.element = h('div', {}, h('h2', {}, 'Memory by prefix'), h('p', { class: 'soft' }, about), tools, this.result);
  }

  show(): void {
    // What was measured may be of another database.
    this.result.replaceChildren();
    this.status.textContent = '';
  }

  hide(): void {}

  private async measure(): Promise<void> {
    const { keys, separators } = await this.keySpace();
    const all = groupsOf(keys, separators).map(({ prefix, keys: members }) => ({ name: prefix === '' ? 'no prefix' : shown(prefix), members }));
    const groups = all.slice(0, GROUPS_MAX);
    const rest = all.slice(GROUPS_MAX).flatMap((group) => group.members);
    if (rest.length > 0) groups.push({ name: `${all.length - GROUPS_MAX} smaller prefixes`, members: rest });
    const wanted = allocation(groups.map((group) => group.members.length), Number(this.budget.value) || 0);
    const found: Group[] = [];
    const sizes: { name: string; bytes: number }[] = [];
    for (const [at, { name, members }] of groups.entries()) {
      const names = chosen(members, wanted[at]!).map((key) => key.name);
      const measured = await this.sizesOf(names);
      sizes.push(...measured);
      found.push({ name, keys: members.length, measured: measured.length, ...estimate(measured.map(({ bytes }) => bytes), members.length) });
      this.status.textContent = `${count(sizes.length)} of ${count(keys.length)} keys are measured`;
    }
    this.draw(found, sizes);
  }

  /** What keys take that are still there. */
  private async sizesOf(names: readonly string[]): Promise<{ name: string; bytes: number }[]> {
    const sizes: { name: string; bytes: number }[] = [];
    for (let at = 0; at < names.length; at += STEP) {
      const step = names.slice(at, at + STEP);
      const replies = await this.app.client.all(step.map((name) => ['MEMORY', 'USAGE', bytesOf(name)]));
      for (const [nth, reply] of replies.entries()) {
        if (reply.type === 'integer') sizes.push({ name: step[nth]!, bytes: numberIn(reply) });
      }
    }
    return sizes;
  }

  private draw(groups: Group[], sizes: { name: string; bytes: number }[]): void {
    const largest = Math.max(1, ...groups.map(({ total, error }) => total + (Number.isFinite(error) ? error : 0)));
    const rows = groups
      .sort((a, b) => b.total - a.total)
      .map((group) => {
        const cells = [group.name, count(group.keys), count(group.measured), written(group)];
        return h('tr', {}, ...cells.map((cell) => h('td', {}, cell)), h('td', {}, bar(group.total, group.error, largest)));
      });
    const biggest = sizes.sort((a, b) => b.bytes - a.bytes).slice(0, LARGEST);
    const biggestRows = biggest.map(({ name, bytes }) => h('tr', {}, h('td', {}, shown(name)), h('td', {}, size(bytes))));
    this.result.replaceChildren(
      h('p', {}, 'All of these keys together: ', h('strong', {}, written(sum(groups)))),
      table('Memory by prefix', ['Prefix', 'Keys', 'Measured', 'Memory', 'Share'], rows),
      h('h3', {}, 'The largest of the measured keys'),
      table('The largest keys', ['Key', 'Memory'], biggestRows),
    );
  }
}

function written({ total, error }: Estimate): string {
  if (error === 0) return size(total);
  return Number.isFinite(error) ? `${size(total)} ± ${size(error)}` : `about ${size(total)}`;
}
