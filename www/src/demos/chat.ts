/** Rooms in which all tabs hear each other. */

import { button, h, labelled } from '../dom.js';
import ioredis from './code/chat.ioredis.mjs';
import nodeRedis from './code/chat.node-redis.mjs';
import { text } from './controls.js';
import type { Around, Demo, Line } from './demo.js';

/** Messages of a room that are kept. */
const KEPT_MAX = 50;
const LENGTH_MAX = 300;
/** How often it is asked who listens: nobody tells of leaving. */
const COUNT_MILLISECONDS = 4000;
const NAMES = ['Ada', 'Grace', 'Linus', 'Barbara', 'Edsger', 'Radia', 'Alan', 'Mary'];

export const chat: Demo = {
  id: 'chat',
  name: 'Chat',
  about: 'A message is published to all who listen to the room now, and kept in a list for those who come later.',
  icon: 'M4 5h16v11H10l-5 4v-4H4zM8 9h8M8 12h5',
  rules: {
    room: { kind: 'text', usual: 'harbour', lengthMax: 24 },
  },
  code: { ioredis, 'node-redis': nodeRedis },
  open,
};

interface Message {
  from: string;
  text: string;
  /** When it was said, in milliseconds since 1970: the same words again are another message. */
  at?: number;
}

function open(stage: HTMLElement, around: Around): () => Promise<void> {
  const log = new Log();
  const here = h('p', { class: 'soft', role: 'status' });
  const channel = (): string => around.key(`room:${around.get('room')}`);
  const kept = (): string => around.key(`last:${around.get('room')}`);
  let line: Line | undefined;

  const count = async (): Promise<void> => {
    const [, listeners] = (await around.read('PUBSUB', 'NUMSUB', channel())) as [string, number];
    here.textContent = listeners === 1 ? 'Only this tab is here.' : `${listeners} tabs are here.`;
  };
  const enter = async (): Promise<void> => {
    line?.close();
    line = around.connect();
    log.clear();
    await line.subscribe(channel(), (json) => {
      log.show(json);
      void count();
    });
    for (const json of (await around.read('LRANGE', kept(), 0, -1)) as string[]) log.show(json);
    around.changed();
  };
  const say = async (text: string): Promise<void> => {
    const json = JSON.stringify({ from: log.name, text, at: Date.now() } satisfies Message);
    await around.run('RPUSH', kept(), json);
    await around.run('LTRIM', kept(), -KEPT_MAX, -1);
    await around.run('PUBLISH', channel(), json);
  };

  const other = h('a', { href: '', target: '_blank', rel: 'noopener', class: 'button' }, 'Open another tab');
  other.addEventListener('click', () => (other.href = location.href));
  stage.append(
    h('div', { class: 'row wide' }, text(chat, around, 'room', 'Room', enter), nameField(log), other),
    h('div', { class: 'card talk' }, here, log.element, sayField(say)),
  );
  around.every(COUNT_MILLISECONDS, count);
  let entered: Promise<void> | undefined;
  return () => (entered ??= enter()).then(count);
}

function nameField(log: Log): HTMLElement {
  const field = h('input', { maxlength: 20, autocomplete: 'off', spellcheck: 'false' });
  field.value = log.name;
  field.addEventListener('change', () => (field.value = log.name = field.value.trim() || log.name));
  return labelled('You are', field, { class: 'stacked' });
}

function sayField(say: (text: string) => Promise<void>): HTMLElement {
  const field = h('input', { maxlength: LENGTH_MAX, autocomplete: 'off', placeholder: 'Say something', 'aria-label': 'Message' });
  const send = async (): Promise<void> => {
    const said = field.value.trim();
    field.focus();
    if (said === '') return;
    await say(said);
    field.value = '';
  };
  const sender = button('Send', send, { class: 'main' });
  field.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && !event.isComposing) sender.click();
  });
  return h('div', { class: 'row say' }, field, sender);
}

/** What was said in a room. */
class Log {
  /** Who this is. Not in the link: who opens it is somebody else. */
  name = NAMES[Math.floor(Math.random() * NAMES.length)]!;
  /** Messages that are shown. Who comes in may find one in the list, and hear it as well. */
  private readonly shown = new Set<string>();
  private readonly list = h('ol', {});
  readonly element = h('div', { class: 'messages', tabindex: 0, role: 'log', 'aria-label': 'What was said' }, this.list);

  show(json: string): void {
    if (this.shown.has(json)) return;
    const { from, text } = messageOf(json);
    this.shown.add(json);
    this.list.append(h('li', { class: from === this.name ? 'own' : '' }, h('b', {}, from), h('span', {}, text)));
    if (this.shown.size > KEPT_MAX) {
      const [oldest] = this.shown;
      this.shown.delete(oldest!);
      this.list.firstElementChild!.remove();
    }
    this.element.scrollTop = this.element.scrollHeight;
  }

  clear(): void {
    this.shown.clear();
    this.list.replaceChildren();
  }
}

/** What was published: by this page, or by anybody. */
function messageOf(json: string): Message {
  try {
    const { from, text } = JSON.parse(json) as Partial<Message>;
    if (typeof from === 'string' && typeof text === 'string') return { from, text };
  } catch {
    // Not ours, and shown as it is.
  }
  return { from: 'somebody', text: json };
}
