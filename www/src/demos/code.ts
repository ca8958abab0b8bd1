/** A demo's program, for one client or the other. */

import { button, h, tell } from '../dom.js';
import type { Client, Demo } from './demo.js';
import { tabs } from './tabs.js';

const CLIENTS: readonly Client[] = ['ioredis', 'node-redis'];
/** Comments, strings, words of the language, and names behind a dot, which are none. */
const TOKEN = /(\/\/.*)|('(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`)|\.\w+|\b(await|async|const|let|import|from|new|for|of|while|if|else|return|function|try|catch|finally|true|false|null)\b/g;

/** The client that was chosen last, which stays as one goes from demo to demo. */
let chosen: Client = 'ioredis';

/** The programs of a demo, of which one is shown. */
export function codeOf(demo: Demo): HTMLElement {
  const shown = h('code', {});
  const panel = h('pre', { id: 'code', role: 'tabpanel', tabindex: 0 }, shown);
  const show = (client: Client): void => {
    chosen = client;
    shown.replaceChildren(...coloured(demo.code[client]));
    panel.setAttribute('aria-labelledby', `client-${client}`);
    panel.scrollTop = 0;
  };
  const choices = CLIENTS.map((client) => h('button', { type: 'button', id: `client-${client}`, 'aria-controls': 'code' }, client));
  const list = tabs('Client', choices, CLIENTS.indexOf(chosen), (at) => show(CLIENTS[at]!));
  const copy = button('Copy', () => copyText(demo.code[chosen], 'The program is copied.'));
  show(chosen);
  return h('section', { class: 'program' }, h('div', { class: 'row' }, h('h3', {}, 'The same in your program'), list, copy), panel);
}

/** Puts text where it can be pasted from, and says so. */
export async function copyText(text: string, said: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    throw new Error('The browser does not let the page copy: select the text and copy it yourself.');
  }
  tell(said);
}

function* coloured(text: string): Generator<Node | string> {
  let at = 0;
  for (const match of text.matchAll(TOKEN)) {
    yield text.slice(at, match.index);
    const [token, comment, string, word] = match;
    const kind = comment ? 'comment' : string ? 'string' : word ? 'word' : undefined;
    yield kind ? h('span', { class: kind }, token) : token;
    at = match.index + token.length;
  }
  yield text.slice(at);
}
