/** Rooms in which all tabs hear each other. */

import { button, h } from '../dom.js';
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
}

function open(stage: HTMLElement, around: Around): () => Promise<void> {
  // Not in the link: who opens it is somebody else.
  let name = NAMES[Math.floor(Math.random() * NAMES.length)]!;
  const messages = h('ol', {});
  const log = h('div', { class: 'messages', tabindex: 0, role: 'log', 'aria-label': 'What was said' }, messages);
  const here = h('p', { class: 'soft', role: 'status' });
  const nameField = h('input', { maxlength: 20, autocomplete: 'off', spellcheck: 'false', 'aria-label': 'Your name' });
  const field = h('input', { maxlength: LENGTH_MAX, autocomplete: 'off', placeholder: 'Say something', 'aria-label': 'Message' });
  const sender = button('Send', () => send(), { class: 'main' });
  const channel = (): string => around.key(`room:${around.get('room')}`);
  const kept = (): string => around.key(`last:${around.get('room')}`);
  let line: Line | undefined;

  nameField.value = name;
  nameField.addEventListener('change', () => (nameField.value = name = nameField.value.trim() || name));
  field.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && !event.isComposing) sender.click();
  });

  const show = (json: string): void => {
    const { from, text } = messageOf(json);
    messages.append(h('li', { class: from === name ? 'own' : '' }, h('b', {}, from), h('span', {}, text)));
    if (messages.childElementCount > KEPT_MAX) messages.firstElementChild!.remove();
    log.scrollTop = log.scrollHeight;
  };
  const count = async (): Promise<void> => {
    const [, listeners] = (await around.read('PUBSUB', 'NUMSUB', channel())) as [string, number];
    here.textContent = listeners === 1 ? 'Only this tab is here.' : `${listeners} tabs are here.`;
  };
  const enter = async (): Promise<void> => {
    line?.close();
    line = around.connect();
    messages.replaceChildren();
    await line.subscribe(channel(), (json) => {
      show(json);
      void count();
    });
    for (const json of (await around.read('LRANGE', kept(), 0, -1)) as string[]) show(json);
    around.changed();
  };
  const send = async (): Promise<void> => {
    const said = field.value.trim();
    field.focus();
    if (said === '') return;
    const json = JSON.stringify({ from: name, text: said } satisfies Message);
    await around.run('RPUSH', kept(), json);
    await around.run('LTRIM', kept(), -KEPT_MAX, -1);
    await around.run('PUBLISH', channel(), json);
    field.value = '';
  };

  const other = h('a', { href: '', target: '_blank', rel: 'noopener', class: 'button' }, 'Open another tab');
  other.addEventListener('click', () => (other.href = location.href));
  stage.append(
    h('div', { class: 'row wide' }, text(chat, around, 'room', 'Room', enter), h('label', { class: 'stacked' }, h('span', {}, 'You are'), nameField), other),
    h('div', { class: 'card talk' }, here, log, h('div', { class: 'row say' }, field, sender)),
  );
  around.every(COUNT_MILLISECONDS, count);
  let entered: Promise<void> | undefined;
  return () => (entered ??= enter()).then(count);
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
