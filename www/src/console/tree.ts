/** Keys as a tree: what stands between separators is a folder. */

/** A key, as a string with a character per byte, and its type. */
export interface Key {
  name: string;
  type: string;
}

/** A line of the tree. */
export type Row = FolderRow | KeyRow;

export interface FolderRow {
  kind: 'folder';
  /** What its keys begin with, the separator included. */
  prefix: string;
  /** The part of it that this folder adds to the one around it. */
  label: string;
  depth: number;
  /** How many keys are in it, at any depth. */
  count: number;
  isOpen: boolean;
  /** Its place among those in the same folder, from 1, and how many these are. */
  position: number;
  siblings: number;
}

export interface KeyRow {
  kind: 'key';
  key: Key;
  label: string;
  depth: number;
  position: number;
  siblings: number;
}

/** Sorts keys by their bytes, and leaves out those that came twice. */
export function sorted(keys: readonly Key[]): Key[] {
  const inOrder = [...keys].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return inOrder.filter((key, at) => at === 0 || key.name !== inOrder[at - 1]!.name);
}

/**
 * The lines that are seen of sorted keys: those of the top, and those in open folders. What a folder holds stands together
 * in the order of bytes, so that only the lines which are seen take time, and a search for where each folder ends.
 */
export function rowsOf(keys: readonly Key[], separators: string, isOpen: (prefix: string) => boolean): Row[] {
  const rows: Row[] = [];
  put(rows, { keys, separators, isOpen }, 0, keys.length, '', 0);
  return rows;
}

interface Tree {
  keys: readonly Key[];
  separators: string;
  isOpen(prefix: string): boolean;
}

function put(rows: Row[], tree: Tree, start: number, end: number, before: string, depth: number): void {
  const level: Row[] = [];
  for (let at = start; at < end; ) {
    const key = tree.keys[at]!;
    const { name } = key;
    const cut = firstOf(name, tree.separators, before.length);
    const prefix = name.slice(0, cut + 1);
    const next = cut < 0 ? at + 1 : endOf(tree.keys, prefix, at, end);
    const place = { depth, position: level.length + 1, siblings: 0 };
    // A folder for one key would be a click more.
    if (next - at <= 1) level.push({ kind: 'key', key, label: name.slice(before.length), ...place });
    else {
      const label = prefix.slice(before.length);
      level.push({ kind: 'folder', prefix, label, count: next - at, isOpen: tree.isOpen(prefix), ...place });
    }
    at = next;
  }
  let from = start;
  for (const row of level) {
    row.siblings = level.length;
    rows.push(row);
    const length = row.kind === 'folder' ? row.count : 1;
    if (row.kind === 'folder' && row.isOpen) put(rows, tree, from, from + length, row.prefix, depth + 1);
    from += length;
  }
}

/** Where the first of some characters is, from a place on; -1 if nowhere. */
function firstOf(name: string, characters: string, from: number): number {
  let first = -1;
  for (const character of characters) {
    const at = name.indexOf(character, from);
    if (at >= 0 && (first < 0 || at < first)) first = at;
  }
  return first;
}

/** Where keys end that begin with a prefix, as the one at `start` does. */
function endOf(keys: readonly Key[], prefix: string, start: number, end: number): number {
  let [low, high] = [start + 1, end];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keys[middle]!.name.startsWith(prefix)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How many keys there are under each part before the first separator, the most first; keys without one are apart. */
export function groupsOf(keys: readonly Key[], separators: string): { prefix: string; keys: readonly Key[] }[] {
  const groups = new Map<string, Key[]>();
  for (const key of keys) {
    const prefix = key.name.slice(0, firstOf(key.name, separators, 0) + 1);
    const group = groups.get(prefix);
    if (group === undefined) groups.set(prefix, [key]);
    else group.push(key);
  }
  const found = [...groups].map(([prefix, members]) => ({ prefix, keys: members }));
  return found.sort((a, b) => b.keys.length - a.keys.length);
}
