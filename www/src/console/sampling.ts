/** What a part tells of the whole: totals that are estimated from some members of each group. */

/** An estimate of a total, and how far off it may be, 19 times out of 20. */
export interface Estimate {
  total: number;
  error: number;
}

/** Groups smaller than this are measured as a whole. */
const WHOLE_MAX = 30;
/** What 95 of 100 values of a normal distribution are within, in standard deviations. */
const DEVIATIONS = 1.96;

/** How many members of each group to look at, so that it is about `budget` in all: each in proportion, but some of each. */
export function allocation(sizes: readonly number[], budget: number): number[] {
  const all = sizes.reduce((sum, size) => sum + size, 0);
  return sizes.map((size) => Math.min(size, Math.max(WHOLE_MAX, Math.round((budget * size) / Math.max(1, all)))));
}

/** Members that are chosen at random, each as likely as any other, in their order. */
export function chosen<T>(members: readonly T[], wanted: number, random: () => number = Math.random): T[] {
  const found: T[] = [];
  for (const [at, member] of members.entries()) {
    // The chance of each, given how many have been taken before it.
    if (random() * (members.length - at) < wanted - found.length) found.push(member);
  }
  return found;
}

/** The total of a group of `size` members, of whom some were measured. Nothing is uncertain once all of them were. */
export function estimate(measured: readonly number[], size: number): Estimate {
  const n = measured.length;
  if (n === 0) return { total: 0, error: size === 0 ? 0 : Infinity };
  const mean = measured.reduce((sum, value) => sum + value, 0) / n;
  const total = mean * size;
  if (n >= size) return { total, error: 0 };
  if (n === 1) return { total, error: Infinity };
  const variance = measured.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  // Those who were measured are no longer uncertain.
  const rest = (size - n) / size;
  return { total, error: DEVIATIONS * size * Math.sqrt((variance / n) * rest) };
}

/** Several of them together, which were made independently. */
export function sum(estimates: readonly Estimate[]): Estimate {
  return {
    total: estimates.reduce((total, each) => total + each.total, 0),
    error: Math.sqrt(estimates.reduce((squares, each) => squares + each.error ** 2, 0)),
  };
}
