/** A counter, and how many were counted in each of the last seconds. */

import { h } from '../dom.js';
import { sparkline } from '../svg.js';
import ioredis from './code/counters.ioredis.mjs';
import nodeRedis from './code/counters.node-redis.mjs';
import { act, grouped, steady, text } from './controls.js';
import type { Around, Demo } from './demo.js';

/** Seconds that the line shows. */
const SECONDS = 40;

export const counters: Demo = {
  id: 'counters',
  name: 'Counters',
  about: 'One number counts all visits. Another one for each second expires after a minute, so that the line costs next to nothing.',
  icon: 'M4 19V9M10 19V5M16 19v-7M22 19H2',
  rules: {
    page: { kind: 'text', usual: 'home', lengthMax: 24 },
  },
  code: { ioredis, 'node-redis': nodeRedis },
  open,
};

function open(stage: HTMLElement, around: Around): () => Promise<void> {
  const total = h('b', {});
  const line = h('div', { class: 'line' });
  const rate = h('p', { class: 'soft' });
  const key = (): string => around.key(around.get('page'));
  const now = (): number => Math.floor(Date.now() / 1000);

  const count = async (by: number): Promise<void> => {
    const second = `${key()}:${now()}`;
    await Promise.all([around.run('INCRBY', key(), by), around.run('INCRBY', second, by), around.run('EXPIRE', second, 60)]);
    around.changed();
  };
  const show = async (): Promise<void> => {
    const last = now();
    const keys = Array.from({ length: SECONDS }, (_, at) => `${key()}:${last - SECONDS + 1 + at}`);
    const [all, ...seconds] = (await around.read('MGET', key(), ...keys)) as (string | null)[];
    const numbers = seconds.map(Number);
    total.textContent = grouped(Number(all));
    line.replaceChildren(sparkline(numbers, SECONDS));
    rate.textContent = `${numbers.reduce((sum, number) => sum + number, 0)} in the last ${SECONDS} seconds, at most ${Math.max(...numbers)} in one`;
  };

  stage.append(
    h('div', { class: 'row wide' }, text(counters, around, 'page', 'Page', show)),
    h(
      'div',
      { class: 'row' },
      act('Count 1', () => count(1)),
      act('Count 10', () => count(10)),
      steady(around, 'Steady visitors', 400, () => count(1 + Math.floor(Math.random() * 4))),
    ),
    h('div', { class: 'card counter' }, h('p', { class: 'big' }, total, ' visits'), line, rate),
  );
  around.every(1000, show);
  return show;
}
