/** Features that are switched while the application runs. */

import { h } from '../dom.js';
import ioredis from './code/flags.ioredis.mjs';
import nodeRedis from './code/flags.node-redis.mjs';
import { slider, text } from './controls.js';
import type { Around, Demo } from './demo.js';

const SWITCHES = { night: 'Night colours', banner: 'Banner of the week', express: 'Express checkout' } as const;
type Switch = keyof typeof SWITCHES;
/** Visitors of the picture. */
const VISITORS = 60;

export const flags: Demo = {
  id: 'flags',
  name: 'Feature flags',
  about: 'A hash has a field for each flag. The search is there for a share of the visitors, always for the same ones.',
  icon: 'M5 21V4M5 4h12l-3 4 3 4H5',
  rules: {
    visitor: { kind: 'text', usual: 'alan', lengthMax: 24 },
    share: { kind: 'number', usual: 0, min: 0, max: 100, step: 5 },
  },
  code: { ioredis, 'node-redis': nodeRedis },
  open,
};

function open(stage: HTMLElement, around: Around): () => Promise<void> {
  const key = around.key('shop');
  const toggles = new Map<Switch, HTMLInputElement>();
  const dots = h('ol', { class: 'crowd', 'aria-hidden': 'true' }, ...Array.from({ length: VISITORS }, () => h('li')));
  const shares = h('p', { class: 'soft', role: 'status' });
  const shop = new Shop();

  const turn = async (flag: Switch, isOn: boolean): Promise<void> => {
    await around.run('HSET', key, flag, isOn ? 'on' : 'off');
    around.changed();
  };
  const switches = (Object.keys(SWITCHES) as Switch[]).map((flag) => {
    const toggle = h('input', { type: 'checkbox', role: 'switch' });
    toggle.addEventListener('change', () => void turn(flag, toggle.checked));
    toggles.set(flag, toggle);
    return h('label', { class: 'switch' }, toggle, h('span', {}, SWITCHES[flag]));
  });
  const setShare = async (): Promise<void> => {
    await around.run('HSET', key, 'search', around.number('share'));
    around.changed();
  };
  const share = slider(flags, around, 'share', 'Search for', ' %');
  share.addEventListener('change', () => void setShare());

  stage.append(
    h('div', { class: 'columns' }, h('div', { class: 'switches' }, ...switches, share, text(flags, around, 'visitor', 'Visitor', () => around.changed())), shop.element),
    h('div', { class: 'row' }, dots, shares),
  );
  return async () => {
    const values = (await around.read('HGETALL', key)) as Record<string, string>;
    const percent = Number(values['search'] ?? 0);
    for (const [flag, toggle] of toggles) toggle.checked = values[flag] === 'on';
    const chosen = [...dots.children].filter((dot, at) => {
      const isIn = bucketOf(`visitor ${at}`) < percent;
      dot.className = isIn ? 'in' : '';
      return isIn;
    });
    shares.textContent = `${percent} % of all: ${chosen.length} of these ${VISITORS} visitors`;
    shop.show(values, around.get('visitor'), bucketOf(around.get('visitor')) < percent);
  };
}

/** A number below 100 that a visitor always has: FNV-1a. */
function bucketOf(visitor: string): number {
  let hash = 2166136261;
  for (const character of visitor) hash = Math.imul(hash ^ character.codePointAt(0)!, 16777619);
  return (hash >>> 0) % 100;
}

/** What the flags are about. */
class Shop {
  private readonly banner = h('p', { class: 'banner' }, 'This week: ropes at half the price');
  private readonly search = h('p', { class: 'search-box' }, 'Search the shop …');
  private readonly pay = h('p', { class: 'pay' });
  private readonly greeting = h('p', {});
  readonly element: HTMLElement;

  constructor() {
    this.element = h('div', { class: 'shop', role: 'img' }, h('b', {}, 'Harbour shop'), this.banner, this.search, this.greeting, this.pay);
  }

  show(values: Record<string, string>, visitor: string, hasSearch: boolean): void {
    const isNight = values['night'] === 'on';
    const isExpress = values['express'] === 'on';
    this.element.dataset['night'] = String(isNight);
    this.banner.hidden = values['banner'] !== 'on';
    this.search.hidden = !hasSearch;
    this.greeting.textContent = `Good day, ${visitor}!`;
    this.pay.textContent = isExpress ? 'Buy at once' : 'To the basket';
    const said = [isNight ? 'in night colours' : 'in day colours', !this.banner.hidden && 'with a banner', hasSearch && 'with the search', isExpress && 'with express checkout'];
    this.element.setAttribute('aria-label', `The shop as ${visitor} sees it: ${said.filter(Boolean).join(', ')}`);
  }
}
