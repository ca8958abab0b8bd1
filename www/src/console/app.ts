/** What the parts of the console have in common. */

import type { Client } from './client.js';
import type { Rights } from './rights.js';

export interface App {
  readonly client: Client;
  readonly rights: Rights;
}

/** One of the console's pages. */
export interface View {
  readonly element: HTMLElement;
  /** It is seen from now on, or everything in it may have changed. */
  show(): void;
  /** It is not seen, and need not do anything. */
  hide(): void;
}
