/** Sessions of signed-in users, which end unless they are used. */

import { button, h } from '../dom.js';
import ioredis from './code/sessions.ioredis.mjs';
import nodeRedis from './code/sessions.node-redis.mjs';
import { Bar, Countdown, act, slider, text } from './controls.js';
import type { Around, Demo } from './demo.js';

/** Sessions that are shown; nobody needs more to see how it works. */
const SESSIONS_MAX = 6;

export const sessions: Demo = {
  id: 'sessions',
  name: 'Sessions',
  about: 'Each sign-in is a hash under a random token. Every visit gives it its full time again; who stays away is signed out.',
  icon: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8M5 20c0-4 3-6 7-6s7 2 7 6',
  rules: {
    user: { kind: 'text', usual: 'Ada', lengthMax: 20 },
    seconds: { kind: 'number', usual: 30, min: 5, max: 120, step: 5 },
  },
  code: { ioredis, 'node-redis': nodeRedis },
  open,
};

interface Session {
  key: string;
  user: string;
  visits: number;
  millisecondsLeft: number;
}

function open(stage: HTMLElement, around: Around): () => Promise<void> {
  const list = h('ul', { class: 'rows' });
  const empty = h('p', { class: 'empty' }, 'Nobody is signed in.');
  const rows = new Map<string, Row>();
  let last: string | undefined;

  const signIn = async (): Promise<void> => {
    const key = around.key(token());
    last = key;
    await around.run('HSET', key, 'user', around.get('user'), 'visits', 1);
    await around.run('EXPIRE', key, around.number('seconds'));
    around.changed();
  };
  const visit = async (key: string): Promise<void> => {
    // What has expired must not come back with a visit and nothing else.
    if ((await around.run('EXPIRE', key, around.number('seconds'))) === 1) await around.run('HINCRBY', key, 'visits', 1);
    around.changed();
  };
  const signOut = async (key: string): Promise<void> => {
    await around.run('DEL', key);
    around.changed();
  };

  const enter = act('Sign in', signIn);
  const name = text(sessions, around, 'user', 'Name');
  name.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return;
    name.querySelector('input')!.dispatchEvent(new Event('change'));
    enter.click();
  });
  stage.append(h('div', { class: 'row wide' }, name, slider(sessions, around, 'seconds', 'Lasts', ' s'), enter), list, empty);

  return async () => {
    const found = await readAll(around);
    for (const [key, row] of rows) {
      if (found.some((session) => session.key === key)) continue;
      row.element.remove();
      rows.delete(key);
    }
    for (const session of found) {
      const row = rows.get(session.key) ?? new Row(around, session, visit, signOut);
      row.show(session);
      if (!rows.has(session.key)) list.append(row.element);
      rows.set(session.key, row);
    }
    empty.hidden = found.length > 0;
    enter.disabled = found.length >= SESSIONS_MAX;
    enter.title = enter.disabled ? `${SESSIONS_MAX} sessions are enough here: sign one out` : '';
    if (last) rows.get(last)?.element.scrollIntoView({ block: 'nearest' });
    last = undefined;
  };
}

/** Eight digits that nobody guesses. */
function token(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(4)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function readAll(around: Around): Promise<Session[]> {
  const keys: string[] = [];
  let cursor = '0';
  do {
    const [next, some] = (await around.read('SCAN', cursor, 'MATCH', around.key('*'), 'COUNT', 100)) as [string, string[]];
    keys.push(...some);
    cursor = next;
  } while (cursor !== '0');
  const found = keys.sort().map(async (key) => {
    const [{ user, visits }, left] = (await Promise.all([around.read('HGETALL', key), around.read('PTTL', key)])) as [Record<string, string>, number];
    return { key, user: user ?? '', visits: Number(visits), millisecondsLeft: left };
  });
  return (await Promise.all(found)).filter((session) => session.millisecondsLeft > 0);
}

class Row {
  private readonly visits = h('small', {});
  private readonly left = h('span', { class: 'number' });
  private readonly bar = new Bar();
  private readonly countdown: Countdown;
  readonly element: HTMLElement;

  constructor(around: Around, session: Session, visit: (key: string) => unknown, signOut: (key: string) => unknown) {
    const { key, user } = session;
    this.countdown = new Countdown(
      around,
      (seconds, left) => {
        this.left.textContent = `${seconds} s`;
        this.bar.set(left / (1000 * around.number('seconds')));
      },
      () => around.changed(),
    );
    this.element = h(
      'li',
      {},
      h('span', { class: 'face', 'aria-hidden': 'true' }, user.slice(0, 1).toUpperCase()),
      h('div', { class: 'grow' }, h('b', {}, user), ' ', this.visits, this.bar.element),
      this.left,
      button('Visit', () => visit(key), { 'aria-label': `Visit as ${user}` }),
      button('Sign out', () => signOut(key), { 'aria-label': `Sign out ${user}` }),
    );
  }

  show({ visits, millisecondsLeft }: Session): void {
    this.visits.textContent = visits === 1 ? '1 visit' : `${visits} visits`;
    this.countdown.start(millisecondsLeft);
  }
}
