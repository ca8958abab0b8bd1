/** So many requests in so many seconds, and no more. */

import { h } from '../dom.js';
import ioredis from './code/rate.ioredis.mjs';
import nodeRedis from './code/rate.node-redis.mjs';
import { Bar, Countdown, act, slider } from './controls.js';
import type { Around, Demo } from './demo.js';

/** Requests that are shown as dots. */
const DOTS_MAX = 40;
/** Requests of the burst. */
const BURST = 10;

export const rate: Demo = {
  id: 'rate',
  name: 'Rate limit',
  about: 'The first request opens a window and counts from zero; when the window expires, so does the count.',
  icon: 'M4 17a8 8 0 1 1 16 0M12 17l4-6M12 17h.01',
  rules: {
    limit: { kind: 'number', usual: 5, min: 1, max: 20 },
    seconds: { kind: 'number', usual: 10, min: 2, max: 60 },
  },
  code: { ioredis, 'node-redis': nodeRedis },
  open,
};

function open(stage: HTMLElement, around: Around): () => Promise<void> {
  const key = around.key('203.0.113.7');
  const dots = h('ol', { class: 'dots', 'aria-hidden': 'true' });
  const verdict = h('p', { class: 'badge', role: 'status' }, 'No request yet');
  const used = h('p', { class: 'big' });
  const opens = h('p', { class: 'soft' });
  const bar = new Bar();
  let count = 0;
  const showCount = (): void => {
    const limit = around.number('limit');
    used.replaceChildren(h('b', {}, String(Math.min(count, limit))), ` of ${limit} used`);
    bar.set(count / limit);
  };
  const countdown = new Countdown(
    around,
    (seconds, left) => (opens.textContent = left > 0 ? `The window ends in ${seconds} s.` : 'No window is open: the next request begins one.'),
    () => {
      count = 0;
      showCount();
    },
  );

  const request = async (): Promise<void> => {
    const [, number] = (await Promise.all([
      around.run('SET', key, 0, 'EX', around.number('seconds'), 'NX'),
      around.run('INCR', key),
    ])) as [unknown, number];
    const isAllowed = number <= around.number('limit');
    verdict.dataset['kind'] = isAllowed ? 'hit' : 'no';
    verdict.textContent = isAllowed ? `Request ${number} is allowed` : `Request ${number} is refused: 429 Too Many Requests`;
    dots.append(h('li', { class: isAllowed ? 'yes' : 'no' }, isAllowed ? '✓' : '×'));
    if (dots.childElementCount > DOTS_MAX) dots.firstElementChild!.remove();
  };
  const send = async (times: number): Promise<void> => {
    for (let time = 0; time < times; time += 1) await request();
    around.changed();
  };

  stage.append(
    h('div', { class: 'row wide' }, slider(rate, around, 'limit', 'Requests', '', showCount), slider(rate, around, 'seconds', 'In', ' s')),
    h('div', { class: 'row' }, act('Send a request', () => send(1)), act(`Send ${BURST}`, () => send(BURST))),
    h('div', { class: 'card' }, used, bar.element, opens, verdict, dots),
  );
  return async () => {
    const [value, left] = (await Promise.all([around.read('GET', key), around.read('PTTL', key)])) as [string | null, number];
    count = Number(value);
    showCount();
    countdown.start(left);
  };
}
