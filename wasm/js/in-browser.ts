// What the package needs of browsers, wherever the module comes from.

import { type Platform, standardText, usePlatform } from './platform.js';

/** Sets up for a browser, or anything that has the same standard classes. */
export function useBrowser(loading: Pick<Platform, 'load' | 'loadSync'>): void {
  usePlatform({
    ...loading,
    view: (buffer) => new Uint8Array(buffer),
    text: standardText,
    // Pages whose data is in memory do not load it.
    loadKept: () => import('./kept.js'),
  });
}
