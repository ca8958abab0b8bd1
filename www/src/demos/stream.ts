/** Events that a group of consumers shares out among its members. */

import { button, h } from '../dom.js';
import ioredis from './code/stream.ioredis.mjs';
import nodeRedis from './code/stream.node-redis.mjs';
import { act, slider } from './controls.js';
import type { Around, Demo } from './demo.js';
import type { Value } from './messages.js';

const GROUP = 'crew';
const CONSUMERS = ['ann', 'bob'] as const;
type Consumer = (typeof CONSUMERS)[number];
/** Entries that are shown, and those that are kept. */
const SHOWN_MAX = 12;
const KEPT_MAX = 100;
const EVENTS = ['ship arrives', 'gate opens', 'crane lifts', 'ship leaves', 'tide turns'];

export const stream: Demo = {
  id: 'stream',
  name: 'Stream',
  about: 'Each event goes to one of the group, who says when it is done. What someone has taken and not done, another one can take over.',
  icon: 'M3 8c3-3 6-3 9 0s6 3 9 0M3 13c3-3 6-3 9 0s6 3 9 0M3 18c3-3 6-3 9 0s6 3 9 0',
  rules: {
    count: { kind: 'number', usual: 1, min: 1, max: 5 },
  },
  code: { ioredis, 'node-redis': nodeRedis },
  open,
};

type Entry = [id: string, fields: string[]];
type Pending = [id: string, consumer: Consumer, idle: number, deliveries: number];

function open(stage: HTMLElement, around: Around): () => Promise<void> {
  const key = around.key('harbour');
  const lane = h('ol', { class: 'lane', 'aria-label': 'The stream, the oldest first' });
  const empty = h('p', { class: 'empty' }, 'The stream is empty: add an event.');
  const members = CONSUMERS.map((name) => new Member(name, { read, finish, takeOver }));

  async function add(): Promise<void> {
    // The group first, so that there is no stream without it.
    if ((await around.read('EXISTS', key)) === 0) await around.run('XGROUP', 'CREATE', key, GROUP, 0, 'MKSTREAM');
    await around.run('XADD', key, 'MAXLEN', KEPT_MAX, '*', 'event', EVENTS[Math.floor(Math.random() * EVENTS.length)]!);
    around.changed();
  }
  async function read(name: Consumer): Promise<void> {
    if ((await around.read('EXISTS', key)) === 0) throw new Error('There is no stream yet: add an event first.');
    await around.run('XREADGROUP', 'GROUP', GROUP, name, 'COUNT', around.number('count'), 'STREAMS', key, '>');
    around.changed();
  }
  async function finish(ids: readonly string[]): Promise<void> {
    await around.run('XACK', key, GROUP, ...ids);
    around.changed();
  }
  async function takeOver(name: Consumer, ids: readonly string[]): Promise<void> {
    await around.run('XCLAIM', key, GROUP, name, 0, ...ids);
    around.changed();
  }

  stage.append(
    h('div', { class: 'row wide' }, act('Add an event', add), slider(stream, around, 'count', 'Read at once', '')),
    h('div', { class: 'card' }, empty, lane),
    h('div', { class: 'columns' }, ...members.map(({ element }) => element)),
  );
  return async () => {
    const entries = ((await around.read('XREVRANGE', key, '+', '-', 'COUNT', SHOWN_MAX)) as Entry[]).reverse();
    empty.hidden = entries.length > 0;
    lane.hidden = entries.length === 0;
    const [pending, delivered] = entries.length === 0 ? [[], '0-0'] : await standing(around, key);
    const holders = new Map(pending.map(([id, consumer]) => [id, consumer]));
    lane.replaceChildren(...entries.map(([id, fields]) => chipOf(fields[1] ?? '', holders.get(id) ?? (isAfter(id, delivered) ? 'new' : 'done'))));
    const texts = new Map(entries.map(([id, fields]) => [id, fields[1] ?? '']));
    for (const member of members) member.show(pending, texts);
  };
}

/** What is taken and not done, and the last that was taken. */
async function standing(around: Around, key: string): Promise<[Pending[], string]> {
  const groups = (await around.read('XINFO', 'GROUPS', key)) as Record<string, Value>[];
  const group = groups.find(({ name }) => name === GROUP)!;
  return [(await around.read('XPENDING', key, GROUP, '-', '+', KEPT_MAX)) as Pending[], String(group['last-delivered-id'])];
}

function chipOf(text: string, state: Consumer | 'new' | 'done'): HTMLElement {
  const said = { new: 'waits', done: 'done', ann: 'Ann has it', bob: 'Bob has it' }[state];
  return h('li', { class: state }, h('b', {}, text), h('small', {}, said));
}

/** Whether an entry comes behind another one. */
function isAfter(id: string, other: string): boolean {
  const [[time, number], [otherTime, otherNumber]] = [id, other].map((text) => text.split('-').map(Number)) as [[number, number], [number, number]];
  return time > otherTime || (time === otherTime && number > otherNumber);
}

interface Deeds {
  read(name: Consumer): Promise<void>;
  finish(ids: readonly string[]): Promise<void>;
  takeOver(name: Consumer, ids: readonly string[]): Promise<void>;
}

/** One of the group, and what it has to do. */
class Member {
  private readonly list = h('ul', {});
  private readonly none = h('p', { class: 'soft' });
  private readonly done: HTMLButtonElement;
  private readonly take: HTMLButtonElement;
  private own: string[] = [];
  private others: string[] = [];
  readonly element: HTMLElement;

  constructor(
    private readonly name: Consumer,
    deeds: Deeds,
  ) {
    const [shown, other] = name === 'ann' ? ['Ann', 'Bob'] : ['Bob', 'Ann'];
    this.done = button('Done', () => deeds.finish(this.own), { 'aria-label': `Done, as ${shown}` });
    this.take = button(`Take ${other}’s`, () => deeds.takeOver(name, this.others), { 'aria-label': `Take ${other}’s, as ${shown}` });
    const read = button('Read', () => deeds.read(name), { class: 'main', 'aria-label': `Read as ${shown}` });
    this.element = h('section', { class: `card column ${name}` }, h('h3', {}, shown), this.list, this.none, h('div', { class: 'row' }, read, this.done, this.take));
  }

  show(pending: readonly Pending[], texts: ReadonlyMap<string, string>): void {
    this.own = pending.filter(([, consumer]) => consumer === this.name).map(([id]) => id);
    this.others = pending.filter(([, consumer]) => consumer !== this.name).map(([id]) => id);
    this.list.replaceChildren(...this.own.slice(-5).map((id) => h('li', {}, texts.get(id) ?? id)));
    this.none.textContent = this.own.length > 0 ? '' : 'Has nothing to do.';
    this.done.hidden = this.own.length === 0;
    this.take.hidden = this.others.length === 0;
  }
}
