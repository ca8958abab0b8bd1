// Names of databases that a browser keeps.

/** Where a browser keeps a database: in its origin private file system, or in IndexedDB. */
export type Store = 'opfs' | 'idb';

/** Which database is meant. */
export interface KeptName {
  readonly store: Store;
  readonly name: string;
}

/** The address of a database, which is in the names of its locks and channels as well. */
export function urlOf({ store, name }: KeptName): string {
  return `${store}://${name}`;
}
