// What the stores of a browser have in common: how they fail, and how much room there is.

import { StorageError } from './errors.js';

/** What has failed, as `Directory.reason` names it. */
export function reasonOf(error: unknown): string {
  const { name, message = String(error) } = error as Error;
  if (name === 'NotFoundError') return 'not-found';
  if (name === 'QuotaExceededError') return 'no-space';
  return message.charAt(0).toUpperCase() + message.slice(1);
}

/** Codes of what browsers throw when a store cannot be opened; anything else is `failed`. */
const CODES: Record<string, StorageError['code']> = {
  NoModificationAllowedError: 'locked',
  QuotaExceededError: 'no-space',
  SecurityError: 'unsupported',
};

/** What has kept a place from being opened. */
export function asStorageError(error: unknown, url: string): StorageError {
  if (error instanceof StorageError) {
    return new StorageError(error.code, `${url} cannot be opened: ${error.message}`, { path: url, file: error.file });
  }
  const code = CODES[(error as Error).name] ?? 'failed';
  const words = code === 'no-space' ? 'No space left on device' : reasonOf(error);
  return new StorageError(code, `${url} cannot be opened: ${words}`, { path: url, cause: error });
}

/** How much room a browser gives an origin. It answers later, so what is known is what it said when it was asked last. */
export class Quota {
  private known: number | undefined;

  constructor() {
    this.bytesLeft();
  }

  bytesLeft(): number | undefined {
    void Promise.resolve(navigator.storage?.estimate?.()).then(
      (estimate) => (this.known = estimate?.quota === undefined ? undefined : estimate.quota - (estimate.usage ?? 0)),
      () => (this.known = undefined),
    );
    return this.known;
  }
}
