/** Players by their scores. */

import { button, h } from '../dom.js';
import ioredis from './code/leaderboard.ioredis.mjs';
import nodeRedis from './code/leaderboard.node-redis.mjs';
import { Bar, act, glide, grouped, slider, steady, text } from './controls.js';
import type { Around, Demo } from './demo.js';

/** Players that are shown. */
const BEST = 8;
const FIRST: readonly (readonly [score: number, name: string])[] = [[310, 'Ada'], [280, 'Grace'], [265, 'Linus'], [190, 'Barbara'], [150, 'Edsger']];

export const leaderboard: Demo = {
  id: 'leaderboard',
  name: 'Leaderboard',
  about: 'A sorted set keeps its members in the order of their scores: whoever scores has a new rank at once.',
  icon: 'M8 21h8M12 17v4M7 4h10v6a5 5 0 0 1-10 0zM7 6H3v2a4 4 0 0 0 4 4M17 6h4v2a4 4 0 0 1-4 4',
  rules: {
    player: { kind: 'text', usual: 'Mary', lengthMax: 20 },
    points: { kind: 'number', usual: 25, min: 5, max: 100, step: 5 },
  },
  code: { ioredis, 'node-redis': nodeRedis },
  open,
};

function open(stage: HTMLElement, around: Around): () => Promise<void> {
  const key = around.key('scores');
  const own = h('p', { class: 'soft', role: 'status' });

  const start = async (): Promise<void> => {
    await around.run('ZADD', key, ...FIRST.flat());
    around.changed();
  };
  const score = async (player: string, points: number): Promise<void> => {
    await around.run('ZINCRBY', key, points, player);
    around.changed();
  };
  const board = new Board((player) => score(player, around.number('points')));
  const anybody = async (): Promise<void> => {
    const { players } = board;
    if (players.length > 0) await score(players[Math.floor(Math.random() * players.length)]!, 5 * (1 + Math.floor(Math.random() * 8)));
  };
  const playing = steady(around, 'Let them play', 700, anybody);
  const empty = h('div', { class: 'empty' }, h('p', {}, 'Nobody has played yet.'), act('Let five players begin', start));

  stage.append(
    h('div', { class: 'row wide' }, text(leaderboard, around, 'player', 'Player', () => around.changed()), slider(leaderboard, around, 'points', 'Points', '')),
    h('div', { class: 'row' }, act('Score', () => score(around.get('player'), around.number('points'))), playing),
    board.element,
    empty,
    own,
  );
  return async () => {
    const player = around.get('player');
    const best = (await around.read('ZRANGE', key, 0, BEST - 1, 'REV', 'WITHSCORES')) as [string, number][];
    const rank = (await around.read('ZREVRANK', key, player)) as number | null;
    board.show(best);
    empty.hidden = best.length > 0;
    playing.hidden = best.length === 0;
    own.textContent = rank === null ? `${player} has not scored yet.` : `${player} is at rank ${rank + 1}.`;
  };
}

interface Row {
  element: HTMLElement;
  rank: HTMLElement;
  score: HTMLElement;
  bar: Bar;
}

/** The best players, in lines that move when their ranks change. */
class Board {
  readonly element = h('ol', { class: 'rows' });
  private readonly rows = new Map<string, Row>();

  constructor(private readonly score: (player: string) => unknown) {}

  get players(): string[] {
    return [...this.rows.keys()];
  }

  show(best: readonly (readonly [player: string, points: number])[]): void {
    for (const [player, { element }] of this.rows) {
      if (best.some(([name]) => name === player)) continue;
      element.remove();
      this.rows.delete(player);
    }
    const elements = [...this.rows.values()].map(({ element }) => element);
    glide(elements, () => this.arrange(best));
  }

  private arrange(best: readonly (readonly [string, number])[]): void {
    const focused = document.activeElement as HTMLElement | null;
    const highest = Math.max(1, ...best.map(([, points]) => points));
    best.forEach(([player, points], at) => {
      const row = this.rows.get(player) ?? this.rowOf(player);
      row.rank.textContent = String(at + 1);
      row.score.textContent = grouped(points);
      row.bar.set(points / highest);
      const there = this.element.children[at];
      if (there !== row.element) this.element.insertBefore(row.element, there ?? null);
    });
    // What was moved has lost the focus.
    if (focused && this.element.contains(focused)) focused.focus();
  }

  private rowOf(player: string): Row {
    const [rank, score, bar] = [h('span', { class: 'rank' }), h('span', { class: 'number' }), new Bar()];
    const plus = button('Score', () => this.score(player), { 'aria-label': `Score for ${player}` });
    const element = h('li', {}, rank, h('div', { class: 'grow' }, h('b', {}, player), bar.element), score, plus);
    const row = { element, rank, score, bar };
    this.rows.set(player, row);
    return row;
  }
}
