/** How the server is: numbers of INFO, and how they were in the last minutes. */

import type { App, View } from './app.js';
import { attempt, h } from '../dom.js';
import { count, size, span } from './names.js';
import { pairsIn, textIn } from './replies.js';
import { sparkline } from '../svg.js';

/** How often INFO is asked, in milliseconds, and how many answers are drawn. */
const PERIOD_MILLISECONDS = 2000;
const SAMPLES_MAX = 90;

type Info = ReadonlyMap<string, string>;

/** A number that is drawn: its name, how it is got and how it is written. */
interface Gauge {
  name: string;
  of(info: Info): number;
  write(value: number): string;
}

const field =
  (name: string) =>
  (info: Info): number =>
    Number(info.get(name) ?? 0);

const GAUGES: readonly Gauge[] = [
  { name: 'Commands per second', of: field('instantaneous_ops_per_sec'), write: count },
  { name: 'Memory', of: field('used_memory'), write: size },
  { name: 'Clients', of: field('connected_clients'), write: count },
  { name: 'Blocked clients', of: field('blocked_clients'), write: count },
  { name: 'Hits of lookups', of: hits, write: (part) => (Number.isNaN(part) ? '–' : `${(100 * part).toFixed(1)} %`) },
  { name: 'Keys', of: keys, write: count },
  { name: 'Input', of: (info) => field('instantaneous_input_kbps')(info) * 1024, write: (rate) => `${size(rate)}/s` },
  { name: 'Output', of: (info) => field('instantaneous_output_kbps')(info) * 1024, write: (rate) => `${size(rate)}/s` },
  { name: 'Expired keys', of: field('expired_keys'), write: count },
  { name: 'Evicted keys', of: field('evicted_keys'), write: count },
];

/** Facts that do not change much. */
const FACTS: readonly [name: string, of: (info: Info) => string][] = [
  ['Version', (info) => info.get('sanderling_version') ?? info.get('redis_version') ?? ''],
  ['Up for', (info) => span(1000 * field('uptime_in_seconds')(info))],
  ['Limit on memory', (info) => (field('maxmemory')(info) === 0 ? 'none' : size(field('maxmemory')(info)))],
  ['Policy', (info) => info.get('maxmemory_policy') ?? ''],
  ['Log of writes', (info) => (info.get('aof_enabled') === '1' ? 'on' : 'off')],
  ['Last dump', (info) => info.get('rdb_last_bgsave_status') ?? ''],
];

function hits(info: Info): number {
  const [found, missed] = [field('keyspace_hits')(info), field('keyspace_misses')(info)];
  return found / (found + missed);
}

function keys(info: Info): number {
  const databases = [...info].filter(([name]) => /^db\d+$/.test(name));
  return databases.reduce((sum, [, about]) => sum + Number(/keys=(\d+)/.exec(about)?.[1] ?? 0), 0);
}

export class ServerView implements View {
  readonly element = h('div', {});
  private readonly samples = GAUGES.map(() => [] as number[]);
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly app: App) {}

  show(): void {
    this.hide();
    this.timer = setInterval(() => void this.look(), PERIOD_MILLISECONDS);
    void attempt(() => this.look(true));
  }

  hide(): void {
    clearInterval(this.timer);
  }

  private async look(isFirst = false): Promise<void> {
    // Nobody looks, or there is nobody to ask, which is told elsewhere.
    if (!isFirst && (document.hidden || this.app.client.standing !== 'open')) return;
    const info = pairsIn(textIn(await this.app.client.call('INFO')), /\r?\n/, ':');
    const cards = GAUGES.map(({ name, of, write }, at) => {
      const samples = this.samples[at]!;
      const value = of(info);
      samples.push(Number.isNaN(value) ? 0 : value);
      if (samples.length > SAMPLES_MAX) samples.shift();
      return h('div', { class: 'card' }, h('dt', {}, name), h('dd', {}, write(value), sparkline(samples, SAMPLES_MAX)));
    });
    const facts = FACTS.map(([name, of]) => h('div', { class: 'card' }, h('dt', {}, name), h('dd', {}, of(info) || '–')));
    this.element.replaceChildren(h('h2', {}, 'Server'), h('dl', { class: 'cards' }, ...cards, ...facts));
  }
}
