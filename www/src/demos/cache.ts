/** A cache in front of something slow. */

import { h } from '../dom.js';
import { shape } from '../svg.js';
import ioredis from './code/cache.ioredis.mjs';
import nodeRedis from './code/cache.node-redis.mjs';
import { Countdown, act, pick, slider } from './controls.js';
import type { Around, Demo } from './demo.js';

const PAGES = { tides: 'Tides', weather: 'Weather', ferries: 'Ferries' } as const;
const TEXTS: Record<string, string> = {
  tides: 'High water at 14:32, low water at 20:47.',
  weather: 'Wind from the west, force 5. Showers later.',
  ferries: 'The next ferry leaves at 15:05 from pier 2.',
};
/** How long the origin takes, in milliseconds. There is none: it is made up. */
const ORIGIN_MILLISECONDS = 700;

export const cache: Demo = {
  id: 'cache',
  name: 'Cache',
  about: 'A page that is slow to make is kept for some seconds, and then gone by itself.',
  icon: 'M12 7v5l3 2M12 3a9 9 0 1 0 9 9M16 4l4 0 0 4',
  rules: {
    page: { kind: 'choice', usual: 'tides', of: Object.keys(PAGES) },
    seconds: { kind: 'number', usual: 15, min: 3, max: 60 },
  },
  code: { ioredis, 'node-redis': nodeRedis },
  open,
};

const NEW = 'Load the page twice: the first time is slow.';

function open(stage: HTMLElement, around: Around): () => Promise<void> {
  const shown = new Shown();
  let lifetime = 0;
  const countdown = new Countdown(
    around,
    (seconds, left) => shown.time(seconds, left / Math.max(1, lifetime)),
    () => shown.say('gone', 'Expired: the next one who loads it has to wait.', ''),
  );

  const key = (): string => around.key(around.get('page'));
  const load = async (): Promise<void> => {
    const started = performance.now();
    const kept = (await around.run('GET', key())) as string | null;
    if (kept !== null) {
      shown.say('hit', `From the cache, in ${milliseconds(started)}`, kept);
      await showRest();
      return;
    }
    shown.say('wait', 'Not in the cache: asking the slow origin …', '');
    const made = await askOrigin(around.get('page'));
    await around.run('SET', key(), made, 'EX', around.number('seconds'));
    shown.say('miss', `From the origin, in ${milliseconds(started)}`, made);
    around.changed();
  };
  const showRest = async (): Promise<void> => {
    const left = (await around.read('PTTL', key())) as number;
    lifetime = Math.max(left, 1000 * around.number('seconds'));
    countdown.start(left);
  };
  const turn = async (): Promise<void> => {
    shown.say('none', 'Not looked at yet', NEW);
    await showRest();
  };

  stage.append(
    h('div', { class: 'row wide' }, pick(around, 'page', 'Page', PAGES, turn), slider(cache, around, 'seconds', 'Keep for', ' s')),
    h('div', { class: 'row' }, act('Load the page', load)),
    shown.element,
  );
  shown.say('none', 'Not looked at yet', NEW);
  return showRest;
}

async function askOrigin(page: string): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, ORIGIN_MILLISECONDS));
  return `${TEXTS[page]} Made at ${new Date().toLocaleTimeString('en-GB')}.`;
}

function milliseconds(since: number): string {
  return `${Math.max(1, Math.round(performance.now() - since))} ms`;
}

/** A page, where it came from, and how long it stays. */
class Shown {
  private readonly ring = shape('circle', { class: 'rest', cx: 32, cy: 32, r: 27, pathLength: 100, 'stroke-dasharray': 100 });
  private readonly number = h('b', {});
  private readonly from = h('p', { class: 'badge', role: 'status' });
  private readonly content = h('p', { class: 'content' });
  readonly element: HTMLElement;

  constructor() {
    const drawing = shape('svg', { viewBox: '0 0 64 64', 'aria-hidden': 'true' }, shape('circle', { cx: 32, cy: 32, r: 27 }), this.ring);
    this.element = h('article', { class: 'card cached' }, h('div', { class: 'dial' }, drawing, this.number), h('div', {}, this.from, this.content));
  }

  say(kind: string, from: string, content: string): void {
    this.from.dataset['kind'] = kind;
    this.from.textContent = from;
    this.content.textContent = content;
  }

  /** What is left of its time: in seconds, and as a part of all of it. */
  time(seconds: number, part: number): void {
    this.number.textContent = part > 0 ? `${seconds} s` : '–';
    this.ring.setAttribute('stroke-dashoffset', String(100 - 100 * part));
  }
}
