// Which store of a browser keeps a database that is opened by its name alone. The choice is made once and remembered, since the
// other store would have another database, or none.

import { StorageError } from './errors.js';
import { answered } from './idb.js';
import type { KeptName, Store } from './kept-name.js';
import { hasOpfs, makeOpfs } from './opfs.js';

/** The database of IndexedDB that has the choices, by name. */
const CHOICES = 'sanderling';
const LOCK = 'sanderling:choice';

/** The store that has a database of this name, or is to have it; or why there is none. */
export function choose(name: string): Promise<KeptName | string> {
  return navigator.locks.request(LOCK, async () => {
    const choices = await openChoices();
    try {
      const store = (await choices?.get(name)) ?? (await find(name, choices !== undefined));
      if (typeof store !== 'string') return store.reason;
      await choices?.set(name, store);
      return { store, name };
    } finally {
      choices?.close();
    }
  });
}

/** The store for a name that nobody remembers. */
async function find(name: string, hasIdb: boolean): Promise<Store | { reason: string }> {
  let reason: string;
  try {
    // This is how the private file system remembers it.
    if (!(await hasOpfs(name))) await makeOpfs(name);
    return 'opfs';
  } catch (error) {
    // A store that is full is there, and so will the database be.
    if ((error as Error).name === 'QuotaExceededError') throw new StorageError('no-space', `'${name}' cannot be kept: No space left on device`);
    reason = (error as Error).message;
  }
  return hasIdb ? 'idb' : { reason: `the browser gives neither its private file system (${reason}) nor IndexedDB` };
}

interface Choices {
  get(name: string): Promise<Store | undefined>;
  set(name: string, store: Store): Promise<unknown>;
  close(): void;
}

/** What is remembered; `undefined` where there is no IndexedDB. */
async function openChoices(): Promise<Choices | undefined> {
  let db: IDBDatabase;
  try {
    const request = indexedDB.open(CHOICES, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(CHOICES);
    db = await answered(request);
  } catch {
    return undefined;
  }
  const within = (mode: IDBTransactionMode): IDBObjectStore => db.transaction(CHOICES, mode, { durability: 'strict' }).objectStore(CHOICES);
  return {
    get: (name) => answered(within('readonly').get(name) as IDBRequest<Store | undefined>),
    set: (name, store) => answered(within('readwrite').put(store, name)),
    close: () => db.close(),
  };
}
