/** A tree of which only the lines that are seen exist, used by mouse and keyboard. */

import { h } from '../dom.js';
import { count, shown } from './names.js';
import type { Row } from './tree.js';

/** What lines are there for. */
export interface Acts {
  openKey(name: string): void;
  /** A folder is opened or closed. */
  toggle(prefix: string): void;
  /** A key or all of a folder is to be deleted. */
  remove(row: Row): void;
}

/** Pixels of a line, as in the style sheet. */
const ROW_PIXELS = 30;
/** Lines beyond the seen ones, above and below. */
const MARGIN_ROWS = 8;

export class TreeView {
  readonly element: HTMLElement;
  private readonly space: HTMLElement;
  private rows: readonly Row[] = [];
  private active = 0;
  /** The key that is open. */
  private current: string | undefined;

  constructor(private readonly acts: Acts) {
    this.space = h('div', { class: 'space', role: 'presentation' });
    this.element = h('div', { class: 'tree', role: 'tree', tabindex: 0, 'aria-label': 'Keys' }, this.space);
    this.element.addEventListener('scroll', () => this.draw());
    this.element.addEventListener('keydown', (event) => {
      if (this.press(event)) event.preventDefault();
    });
    new ResizeObserver(() => this.draw()).observe(this.element);
  }

  /** Shows other lines. */
  show(rows: readonly Row[]): void {
    const before = this.rows[this.active];
    this.rows = rows;
    // The same line stays the active one, wherever it is now.
    const found = before === undefined ? 0 : rows.findIndex((row) => nameOf(row) === nameOf(before));
    this.active = Math.max(0, Math.min(found < 0 ? this.active : found, rows.length - 1));
    this.space.style.height = `${rows.length * ROW_PIXELS}px`;
    this.draw();
  }

  /** Marks the key that is open. */
  mark(name: string | undefined): void {
    this.current = name;
    this.draw();
  }

  private draw(): void {
    const first = Math.max(0, Math.floor(this.element.scrollTop / ROW_PIXELS) - MARGIN_ROWS);
    const last = Math.ceil((this.element.scrollTop + this.element.clientHeight) / ROW_PIXELS) + MARGIN_ROWS;
    const seen = this.rows.slice(first, last).map((row, at) => this.line(row, first + at));
    this.space.replaceChildren(...seen);
    const active = seen.find((line) => line.id === idOf(this.active));
    if (active) this.element.setAttribute('aria-activedescendant', active.id);
    else this.element.removeAttribute('aria-activedescendant');
  }

  private line(row: Row, at: number): HTMLElement {
    const isFolder = row.kind === 'folder';
    const text = shown(row.label) || '(empty)';
    const line = h(
      'div',
      {
        id: idOf(at),
        role: 'treeitem',
        class: at === this.active ? 'line active' : 'line',
        'aria-level': row.depth + 1,
        'aria-posinset': row.position,
        'aria-setsize': row.siblings,
        'aria-selected': row.kind === 'key' && row.key.name === this.current ? 'true' : 'false',
        'aria-expanded': isFolder ? String(row.isOpen) : undefined,
        click: () => this.choose(at),
      },
      h('span', { class: 'mark', 'aria-hidden': 'true' }, isFolder ? (row.isOpen ? '▾' : '▸') : ''),
      h('span', { class: 'label' }, text),
      h('span', { class: isFolder ? 'soft' : `kind ${row.key.type}` }, isFolder ? count(row.count) : row.key.type),
    );
    line.style.top = `${at * ROW_PIXELS}px`;
    line.style.paddingLeft = `${0.5 + row.depth}rem`;
    return line;
  }

  private choose(at: number): void {
    this.active = at;
    const row = this.rows[at]!;
    if (row.kind === 'folder') this.acts.toggle(row.prefix);
    else this.acts.openKey(row.key.name);
    this.draw();
  }

  private press({ key, ctrlKey, altKey, metaKey }: KeyboardEvent): boolean {
    const row = this.rows[this.active];
    if (row === undefined || ctrlKey || altKey || metaKey) return false;
    const page = Math.max(1, Math.floor(this.element.clientHeight / ROW_PIXELS) - 1);
    switch (key) {
      case 'ArrowDown':
        return this.go(this.active + 1);
      case 'ArrowUp':
        return this.go(this.active - 1);
      case 'PageDown':
        return this.go(this.active + page);
      case 'PageUp':
        return this.go(this.active - page);
      case 'Home':
        return this.go(0);
      case 'End':
        return this.go(this.rows.length - 1);
      case 'ArrowRight':
        if (row.kind === 'folder' && !row.isOpen) this.acts.toggle(row.prefix);
        else if (row.kind === 'folder') this.go(this.active + 1);
        return true;
      case 'ArrowLeft':
        if (row.kind === 'folder' && row.isOpen) this.acts.toggle(row.prefix);
        else this.go(this.parentOf(this.active));
        return true;
      case 'Enter':
      case ' ':
        this.choose(this.active);
        return true;
      case 'Delete':
        this.acts.remove(row);
        return true;
      default:
        return false;
    }
  }

  private parentOf(at: number): number {
    const { depth } = this.rows[at]!;
    const above = this.rows.slice(0, at).findLastIndex((row) => row.depth < depth);
    return above < 0 ? at : above;
  }

  private go(at: number): true {
    this.active = Math.max(0, Math.min(at, this.rows.length - 1));
    const top = this.active * ROW_PIXELS;
    const { scrollTop, clientHeight } = this.element;
    if (top < scrollTop) this.element.scrollTop = top;
    else if (top + ROW_PIXELS > scrollTop + clientHeight) this.element.scrollTop = top + ROW_PIXELS - clientHeight;
    this.draw();
    return true;
  }
}

function nameOf(row: Row): string {
  return row.kind === 'folder' ? row.prefix : row.key.name;
}

function idOf(at: number): string {
  return `line-${at}-of-keys`;
}
