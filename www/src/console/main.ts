/** The console: who is let in, its pages, and what is switched for all of them. */

import type { App, View } from './app.js';
import { Browser } from './browser.js';
import { Client, type Command, type Standing } from './client.js';
import { ClientsView } from './clients.js';
import { attempt, button, choice, h, labelled } from '../dom.js';
import { LatencyView } from './latency.js';
import { MessagesView, MonitorView } from './live.js';
import { MemoryView } from './memory.js';
import { count } from './names.js';
import { itemsOf, numberIn, pairsIn, textIn } from './replies.js';
import { Rights } from './rights.js';
import { ServerView } from './server.js';
import { ShellView } from './shell.js';
import { SlowlogView } from './slowlog.js';
import { forgetToken, keepToken, knownToken, tokenOf } from './token.js';

/** Databases that are offered where the server does not tell how many there are. */
const DATABASES = 16;
const STANDINGS: Record<Standing, string> = {
  connecting: 'connecting…',
  open: 'connected',
  lost: 'no connection; trying again',
  refused: 'refused',
};

/** A page, and what a user has to be allowed to be shown it. */
interface Page {
  name: string;
  needs: readonly Command[];
  view: View;
}

const body = document.getElementById('console')!;
const token = knownToken();
if (token === undefined) askForToken();
else enter(token);

/** Asks for what lets one in. */
function askForToken(failure = ''): void {
  const user = h('input', { type: 'text', autocomplete: 'username', autocapitalize: 'off', spellcheck: 'false' });
  const secret = h('input', { type: 'password', autocomplete: 'current-password', required: true });
  const form = h(
    'form',
    { class: 'login', 'aria-label': 'Sign in' },
    h('h2', {}, 'Sign in'),
    h('p', { class: 'soft' }, 'The server’s log has an address with the token, unless http-token sets it.'),
    labelled('User, if you have one', user),
    labelled('Token, or password of the user', secret),
    h('p', { class: 'error', role: 'alert' }, failure),
    h('button', { type: 'submit', class: 'main' }, 'Sign in'),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const given = user.value === '' ? secret.value : tokenOf(user.value, secret.value);
    keepToken(given);
    enter(given);
  });
  body.replaceChildren(h('main', {}, form));
  (failure === '' ? user : secret).focus();
}

function enter(given: string): void {
  const status = h('span', { class: 'standing', role: 'status' }, STANDINGS.connecting);
  let desk: Desk | undefined;
  const client = new Client(given, (standing) => {
    status.textContent = STANDINGS[standing];
    status.dataset['standing'] = standing;
    if (standing === 'open') {
      desk ??= new Desk(client, status);
      void attempt(() => desk!.refresh());
    } else if (standing === 'refused') {
      client.close();
      forgetToken();
      askForToken('The server does not take this token.');
    }
  });
  body.replaceChildren(h('main', {}, h('p', { class: 'waiting' }, status)));
}

/** Everything that is there once one is in. */
class Desk {
  private readonly rights: Rights;
  private readonly pages: Page[];
  private readonly nav = h('nav', { 'aria-label': 'Pages' });
  private readonly main = h('main', { id: 'main', tabindex: -1 });
  private readonly database = choice([['0', '0']], {});
  private readonly browser: Browser;
  private shown: Page | undefined;

  constructor(
    private readonly client: Client,
    status: HTMLElement,
  ) {
    this.rights = new Rights(client);
    const app: App = { client, rights: this.rights };
    this.browser = new Browser(app);
    this.pages = [
      { name: 'Keys', needs: [['SCAN', '0']], view: this.browser },
      { name: 'Terminal', needs: [], view: new ShellView(app) },
      { name: 'Server', needs: [['INFO']], view: new ServerView(app) },
      { name: 'Memory', needs: [['SCAN', '0'], ['MEMORY', 'USAGE', 'k']], view: new MemoryView(app, () => this.browser.keySpace()) },
      { name: 'Clients', needs: [['CLIENT', 'LIST']], view: new ClientsView(app) },
      { name: 'Slow log', needs: [['SLOWLOG', 'GET']], view: new SlowlogView(app) },
      { name: 'Latency', needs: [['LATENCY', 'LATEST']], view: new LatencyView(app) },
      { name: 'Messages', needs: [['PSUBSCRIBE', '*']], view: new MessagesView(app) },
      { name: 'Monitor', needs: [['MONITOR']], view: new MonitorView(app) },
    ];
    const readOnly = h('input', { type: 'checkbox' });
    readOnly.addEventListener('change', () => {
      client.isReadOnly = readOnly.checked;
      this.shown?.view.show();
    });
    this.database.addEventListener('change', () => void attempt(() => this.select(Number(this.database.value))));
    const leave = button('Sign out', () => {
      forgetToken();
      client.close();
      location.reload();
    });
    const tools = h('section', { class: 'tools', 'aria-label': 'Connection' }, labelled('Database', this.database), labelled('Read-only', readOnly, { class: 'switch' }), status, leave);
    body.replaceChildren(tools, this.nav, this.main);
  }

  /** Shows what is there now, after the connection has been made, or made anew. */
  async refresh(): Promise<void> {
    await this.rights.learn();
    await this.offerDatabases();
    const needs = this.pages.flatMap((page) => page.needs);
    const allowed = new Map((await this.rights.allowed(needs, true)).map((is, at) => [needs[at]!, is]));
    const pages = this.pages.filter((page) => page.needs.every((need) => allowed.get(need)));
    const buttons = pages.map((page) => h('button', { type: 'button', click: () => this.show(page) }, page.name));
    this.nav.replaceChildren(...buttons);
    this.show(pages.find((page) => page === this.shown) ?? pages[0]!);
  }

  private show(page: Page): void {
    if (this.shown !== page) this.shown?.view.hide();
    this.shown = page;
    for (const each of this.nav.querySelectorAll('button')) {
      if (each.textContent === page.name) each.setAttribute('aria-current', 'page');
      else each.removeAttribute('aria-current');
    }
    if (this.main.firstElementChild !== page.view.element) this.main.replaceChildren(page.view.element);
    page.view.show();
  }

  private async select(database: number): Promise<void> {
    await this.client.select(database);
    this.browser.reset();
    this.shown?.view.show();
  }

  /** The databases, with how many keys those have that are not empty. */
  private async offerDatabases(): Promise<void> {
    const [config, info] = await this.client.all([
      ['CONFIG', 'GET', 'databases'],
      ['INFO', 'keyspace'],
    ]);
    const number = numberIn(itemsOf(config)[1]) || DATABASES;
    const keys = pairsIn(textIn(info), /\r?\n/, ':');
    const options = Array.from({ length: number }, (_, at) => {
      const found = /keys=(\d+)/.exec(keys.get(`db${at}`) ?? '')?.[1];
      return h('option', { value: at }, found === undefined ? String(at) : `${at} (${count(Number(found))})`);
    });
    this.database.replaceChildren(...options);
    this.database.value = String(this.client.database);
  }
}
