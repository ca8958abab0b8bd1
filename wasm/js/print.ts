// How objects of the package are printed and made JSON of: in a line, since what they hold leads to all of memory.

interface Class<T> {
  readonly prototype: T;
}

/** Has instances of a class printed as a text, by Node, Deno and Bun, and in JSON. */
export function printAs<T>({ prototype }: Class<T>, describe: (self: T) => string): void {
  for (const name of [Symbol.for('nodejs.util.inspect.custom'), 'toJSON']) {
    Object.defineProperty(prototype, name, {
      configurable: true,
      writable: true,
      value(this: T): string {
        return describe(this);
      },
    });
  }
}
