/** Messages and commands as they come: PSUBSCRIBE, PUBLISH and MONITOR. */

import type { Reply } from '../resp.js';
import type { App, View } from './app.js';
import type { Command } from './client.js';
import { ask, button, complain, h, labelled, tell } from '../dom.js';
import { type Feed, Lines, openFeed } from './feed.js';
import { count, shortened, unescaped } from './names.js';
import { bytesIn, itemsOf, numberIn, textIn } from './replies.js';

/** Lines that each list keeps. */
const LINES_MAX = 1000;
/** Characters of a line that are shown. */
const LINE_CHARACTERS_MAX = 2000;

/** What is heard on a connection of its own, in a list. */
class Listener {
  readonly list = h('div', { class: 'feed', role: 'log', tabindex: 0 });
  readonly status = h('span', { class: 'soft', role: 'status' }, 'stopped');
  private readonly lines = new Lines(this.list, LINES_MAX);
  private feed: Feed | undefined;
  private heard = 0;

  constructor(
    private readonly token: string,
    name: string,
    /** What a reply shows; nothing for one that only confirms. */
    private readonly write: (reply: Reply) => string | undefined,
  ) {
    this.list.setAttribute('aria-label', name);
  }

  start(command: Command): void {
    this.stop();
    this.heard = 0;
    const take = (reply: Reply): void => {
      if (reply.type === 'error') {
        this.stop();
        return complain(textIn(reply));
      }
      const line = this.write(reply);
      if (line !== undefined) {
        this.heard += 1;
        this.lines.add(h('div', {}, h('time', {}, new Date().toLocaleTimeString()), ` ${line}`));
      }
      this.status.textContent = `listening, ${count(this.heard)} so far`;
    };
    const end = (): void => {
      this.feed = undefined;
      this.status.textContent = 'the connection was closed';
    };
    this.status.textContent = 'connecting';
    this.feed = openFeed(this.token, [command], take, end);
  }

  stop(): void {
    this.feed?.close();
    this.feed = undefined;
    this.status.textContent = 'stopped';
  }

  clear(): void {
    this.lines.clear();
  }
}

export class MessagesView implements View {
  readonly element: HTMLElement;
  private readonly listener: Listener;

  constructor(private readonly app: App) {
    this.listener = new Listener(app.client.token, 'Messages', (reply) => {
      const [kind, , channel, message] = itemsOf(reply);
      return textIn(kind) === 'pmessage' ? `${shortened(bytesIn(channel))}: ${shortened(bytesIn(message), LINE_CHARACTERS_MAX)}` : undefined;
    });
    const pattern = h('input', { type: 'text', value: '*', spellcheck: 'false', autocapitalize: 'off' });
    const start = h('button', { type: 'submit', class: 'main' }, 'Listen');
    const form = h('form', { class: 'row' }, labelled('Pattern of channels', pattern), start, button('Stop', () => this.listener.stop()), button('Clear', () => this.listener.clear()), this.listener.status);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.listener.start(['PSUBSCRIBE', unescaped(pattern.value) ?? pattern.value]);
    });
    this.element = h('div', { class: 'tall' }, h('h2', {}, 'Messages'), form, this.listener.list, this.publishing());
  }

  show(): void {}

  hide(): void {
    this.listener.stop();
  }

  private publishing(): HTMLElement {
    const channel = h('input', { type: 'text', required: true, spellcheck: 'false', autocapitalize: 'off' });
    const message = h('input', { type: 'text', spellcheck: 'false' });
    const form = h('form', { class: 'row' }, labelled('Channel', channel), labelled('Message', message), h('button', { type: 'submit' }, 'Publish'));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.app.client.write('PUBLISH', channel.value, message.value).then(
        (reply) => tell(`${numberIn(reply)} have got it.`),
        complain,
      );
    });
    return form;
  }
}

export class MonitorView implements View {
  readonly element: HTMLElement;
  private readonly listener: Listener;

  constructor(app: App) {
    this.listener = new Listener(app.client.token, 'Commands', (reply) => {
      const text = textIn(reply);
      return text === 'OK' ? undefined : text.length > LINE_CHARACTERS_MAX ? `${text.slice(0, LINE_CHARACTERS_MAX)}…` : text;
    });
    const warning = 'MONITOR shows every command of every client, with their data. While it runs each command costs the server more: do not leave it on where there is load.';
    const start = async (): Promise<void> => {
      await ask('Start MONITOR?', [h('p', {}, warning)], 'Start', () => this.listener.start(['MONITOR']));
    };
    const tools = [button('Start…', start, { class: 'main' }), button('Stop', () => this.listener.stop()), button('Clear', () => this.listener.clear()), this.listener.status];
    this.element = h('div', { class: 'tall' }, h('h2', {}, 'Monitor'), h('p', { class: 'soft' }, warning), h('div', { class: 'row' }, ...tools), this.listener.list);
  }

  show(): void {}

  hide(): void {
    this.listener.stop();
  }
}
