/** The terminal, which is the playground's, on connections to the server. */

import { readDocs } from '../docs.js';
import type { Docs } from '../grammar.js';
import { hasKeys } from '../keys.js';
import { type Engine, Session } from '../session.js';
import { Terminal } from '../terminal.js';
import type { App, View } from './app.js';
import type { Client } from './client.js';
import { attempt, h } from '../dom.js';
import { openPort } from './port.js';
import { itemsOf, plain, textIn } from './replies.js';

/** What is not sent while nothing may be changed, by categories and names; scripts that cannot write have names of their own. */
const CHANGING_CATEGORIES = ['write', 'scripting', 'admin'] as const;
const CHANGING_NAMES = ['publish', 'spublish'] as const;

export class ShellView implements View {
  readonly element = h('div', { class: 'shell' });
  private terminal: Terminal | undefined;
  /** Names of commands, a subcommand's behind its container's; unknown where the server does not tell. */
  private changing: ReadonlySet<string> | undefined;

  constructor(private readonly app: App) {}

  show(): void {
    void attempt(async () => {
      this.terminal ??= await this.open();
      this.terminal.focus();
    });
  }

  hide(): void {}

  private async open(): Promise<Terminal> {
    const { client } = this.app;
    const [about, ...lists] = await client.all([
      ['COMMAND', 'DOCS'],
      ...CHANGING_CATEGORIES.map((category) => ['COMMAND', 'LIST', 'FILTERBY', 'ACLCAT', category]),
    ]);
    // Without it there are no hints, but commands run.
    const docs: Docs = about?.type === 'map' ? readDocs(plain(about) as Parameters<typeof readDocs>[0]) : new Map();
    const names = lists.flatMap((list) => itemsOf(list).map(textIn)).filter((name) => !name.endsWith('_ro'));
    if (lists.every((list) => list.type !== 'error')) this.changing = new Set([...names, ...CHANGING_NAMES]);
    const session = new Session({
      docs,
      hasKeys,
      engine: () => Promise.resolve(engineOf(client)),
      refusal: (words) => (client.isReadOnly && this.changes(words) ? 'Read-only is switched on: this command is not sent.' : undefined),
      show: (entries, state) => terminal.show(entries, state),
    });
    const terminal = new Terminal(1, { run: (lines) => session.run(lines), cancel: () => void session.cancel() }, docs);
    this.element.replaceChildren(terminal.element);
    await session.open();
    return terminal;
  }

  private changes(words: readonly string[]): boolean {
    const [name, subcommand] = words.map((word) => word.toLowerCase());
    return this.changing === undefined || this.changing.has(name!) || this.changing.has(`${name}|${subcommand}`);
  }
}

/** The server as the terminal's session takes an engine. */
function engineOf(client: Client): Engine {
  return {
    isOpen: true,
    port: (onData, onClose) => openPort(client.token, onData, onClose),
    call: async (...words) => plain(await client.call(...words)),
  };
}
