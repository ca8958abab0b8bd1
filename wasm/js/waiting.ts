// What many wait for at once, some of whom do not look whether it comes.

/** A promise, with what settles it. */
export interface Waiting {
  readonly promise: Promise<void>;
  resolve(): void;
  reject(error: Error): void;
}

/** One that has not come. */
export function newWaiting(): Waiting {
  let settle: Pick<Waiting, 'resolve' | 'reject'> | undefined;
  const promise = new Promise<void>((resolve, reject) => (settle = { resolve, reject }));
  // Not everyone who writes waits for it.
  promise.catch(() => undefined);
  return { promise, ...settle! };
}
