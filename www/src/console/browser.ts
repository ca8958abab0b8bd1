/** The key browser: what is in a database, as a tree, with one key open beside it. */

import type { App, View } from './app.js';
import { deleteMany } from './bulk.js';
import { createKey } from './create.js';
import { remove, showKey } from './details.js';
import { attempt, button, choice, h, labelled } from '../dom.js';
import { binary, count, patternOf, unescaped } from './names.js';
import { type Found, KEYS_MAX, scanKeys } from './scan.js';
import { TreeView } from './tree-view.js';
import { type Key, type Row, rowsOf, sorted } from './tree.js';

export const TYPES = ['string', 'hash', 'list', 'set', 'zset', 'stream'] as const;
/** So few keys are shown with all folders open. */
const FEW_KEYS = 50;
/** So many are scanned again whenever the page is shown; more only when asked. */
const RESCANNED_KEYS_MAX = 10_000;

/** What the memory's sample is taken from. */
export interface KeySpace {
  keys: readonly Key[];
  separators: string;
}

export class Browser implements View {
  readonly element: HTMLElement;
  private readonly pattern = h('input', { type: 'search', placeholder: '*', spellcheck: 'false', autocapitalize: 'off' });
  private readonly type = choice([['', 'All types'], ...TYPES.map((type) => [type, type] as const)]);
  private readonly separators = h('input', { type: 'text', value: ':', size: 3, spellcheck: 'false' });
  private readonly status = h('p', { class: 'soft', role: 'status' });
  private readonly tools = h('div', { class: 'row' });
  private readonly details = h('section', { class: 'details', 'aria-label': 'Key' });
  private readonly tree: TreeView;
  private readonly open = new Set<string>();
  private keys: Key[] = [];
  private scans = 0;
  private isScanned = false;
  private current: string | undefined;

  constructor(private readonly app: App) {
    this.tree = new TreeView({
      openKey: (name) => void attempt(() => this.openKey(name)),
      toggle: (prefix) => this.toggle(prefix),
      remove: (row) => void attempt(() => this.removeRow(row)),
    });
    this.close();
    const form = h(
      'form',
      { class: 'search', role: 'search' },
      labelled('Pattern', this.pattern),
      labelled('Type', this.type),
      labelled('Separators', this.separators),
      h('button', { type: 'submit' }, 'Scan'),
    );
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void attempt(() => this.scan());
    });
    this.type.addEventListener('change', () => void attempt(() => this.scan()));
    this.separators.addEventListener('input', () => this.draw());
    const list = h('section', { class: 'list', 'aria-label': 'Browse' }, form, this.tools, this.status, this.tree.element);
    this.element = h('div', { class: 'browser' }, list, this.details);
  }

  /** The keys of the last scan, and what separates their parts. */
  async keySpace(): Promise<KeySpace> {
    if (!this.isScanned) await this.scan();
    return { keys: this.keys, separators: this.separators.value };
  }

  show(): void {
    void attempt(async () => {
      await this.offer();
      if (!this.isScanned || this.keys.length <= RESCANNED_KEYS_MAX) await this.scan();
      if (this.current !== undefined) await this.openKey(this.current);
    });
  }

  hide(): void {}

  /** Forgets what is of another database. */
  reset(): void {
    this.current = undefined;
    this.isScanned = false;
    this.scans += 1;
    this.keys = [];
    this.open.clear();
    this.close();
    this.draw();
  }

  private close(): void {
    this.tree.mark(undefined);
    this.details.replaceChildren(h('p', { class: 'soft' }, 'Choose a key to see its value.'));
  }

  private async offer(): Promise<void> {
    const may = await this.app.rights.changes({ add: ['SET', 'k', 'v'], unlink: ['UNLINK', 'k'] }, true);
    const create = async (): Promise<void> => {
      const name = await createKey(this.app, TYPES);
      if (name === undefined) return;
      await this.scan();
      await this.openKey(name);
    };
    const removeAll = async (): Promise<void> => {
      if (await deleteMany(this.app, this.wanted(), this.type.value)) await this.scan();
    };
    const tools = [may.has('add') && button('New key', create), may.has('unlink') && button('Delete all of these…', removeAll, { class: 'danger' })];
    this.tools.replaceChildren(...tools.filter((tool) => tool !== false));
  }

  /** The pattern as a string with a character per byte; text without one is searched anywhere in names. */
  private wanted(): string {
    const typed = this.pattern.value;
    // A pattern has backslashes of its own, but bytes are typed like everywhere else.
    const bytes = unescaped(typed.replace(/\\(?!x[0-9a-f]{2})/gi, '\\\\'));
    const pattern = bytes === undefined ? typed : binary(bytes);
    return pattern === '' || /[*?[]/.test(pattern) ? pattern : `*${pattern}*`;
  }

  private async scan(): Promise<void> {
    this.scans += 1;
    const scan = this.scans;
    this.status.textContent = 'Scanning…';
    const show = (found: Found, isDone: boolean): void => {
      this.keys = found.keys;
      this.isScanned = isDone;
      if (isDone && found.keys.length <= FEW_KEYS) this.openFolders();
      this.draw();
      const number = `${count(found.keys.length)} ${found.keys.length === 1 ? 'key' : 'keys'}`;
      const end = found.isWhole ? '' : `; there are more than ${count(KEYS_MAX)}, a pattern narrows them down`;
      this.status.textContent = isDone ? `${number}${end}` : `Scanning… ${number} so far`;
    };
    try {
      await scanKeys(this.app.client, this.wanted(), this.type.value, show, () => this.scans === scan);
    } catch (error) {
      this.status.textContent = 'The scan has failed.';
      throw error;
    }
  }

  private openFolders(): void {
    for (const { name } of this.keys) {
      for (const [at, character] of [...name].entries()) {
        if (this.separators.value.includes(character)) this.open.add(name.slice(0, at + 1));
      }
    }
  }

  private draw(): void {
    this.tree.show(rowsOf(this.keys, this.separators.value, (prefix) => this.open.has(prefix)));
  }

  private toggle(prefix: string): void {
    if (!this.open.delete(prefix)) this.open.add(prefix);
    this.draw();
  }

  private async openKey(name: string): Promise<void> {
    this.current = name;
    this.tree.mark(name);
    await showKey(this.app, name, this.details, {
      gone: (old, renamed) => this.gone(old, renamed),
      isWanted: () => this.current === name,
    });
    // On a phone the value is below the list.
    if (matchMedia('(max-width: 720px)').matches) this.details.scrollIntoView();
  }

  /** A key is no longer there by this name. */
  private gone(name: string, renamed?: string): void {
    if (this.current === name) this.current = undefined;
    if (this.current === undefined && renamed === undefined) this.close();
    void attempt(async () => {
      if (this.keys.length <= RESCANNED_KEYS_MAX) await this.scan();
      else this.replace(name, renamed);
      if (renamed !== undefined) await this.openKey(renamed);
    });
  }

  /** Follows what has become of one key, where a scan of all would take long. */
  private replace(name: string, renamed?: string): void {
    const kept = this.keys.filter((key) => key.name !== name);
    const type = this.keys.find((key) => key.name === name)?.type;
    this.keys = renamed === undefined || type === undefined ? kept : sorted([...kept, { name: renamed, type }]);
    this.draw();
    this.status.textContent = `${count(this.keys.length)} keys, as they were scanned and changed here`;
  }

  private async removeRow(row: Row): Promise<void> {
    const may = await this.app.rights.changes({ unlink: ['UNLINK', 'k'] }, true);
    if (!may.has('unlink')) throw new Error('Deleting is not allowed here.');
    if (row.kind === 'key') {
      await remove(this.app, row.key.name, { gone: (name) => this.gone(name), isWanted: () => true });
    } else if (await deleteMany(this.app, patternOf(row.prefix), this.type.value)) await this.scan();
    this.tree.element.focus();
  }
}
