/** What a link says: which demo, and with what it begins. `#demos/cache?page=tides&seconds=10` */

/** What a value of a link may be; what it is not becomes the default. */
export type Rule =
  | { kind: 'number'; usual: number; min: number; max: number; step?: number }
  | { kind: 'choice'; usual: string; of: readonly string[] }
  | { kind: 'text'; usual: string; lengthMax: number };

export type Rules = Readonly<Record<string, Rule>>;

const HEAD = '#demos';

/** Whether a fragment is one of the demos'. */
export function isDemos(hash: string): boolean {
  return hash === HEAD || hash.startsWith(`${HEAD}/`);
}

/** The demo's name, which need not exist, and what is given with it. */
export function parse(hash: string): { id: string; given: URLSearchParams } {
  const [path = '', query = ''] = hash.slice(HEAD.length + 1).split('?', 2);
  return { id: path, given: new URLSearchParams(query) };
}

/** A demo's fragment; what is as usual need not be said. */
export function print(id: string, rules: Rules, values: Readonly<Record<string, string>>): string {
  const said = Object.entries(rules).filter(([name, rule]) => values[name] !== String(rule.usual));
  const query = new URLSearchParams(said.map(([name]) => [name, values[name]!])).toString();
  return `${HEAD}/${id}${query === '' ? '' : `?${query}`}`;
}

/** What was given, where the rules allow it, and else what is usual. */
export function checked(rules: Rules, given: URLSearchParams): Record<string, string> {
  return Object.fromEntries(Object.entries(rules).map(([name, rule]) => [name, check(rule, given.get(name))]));
}

/** A value that a rule allows. */
export function check(rule: Rule, text: string | null): string {
  const usual = String(rule.usual);
  if (text === null) return usual;
  if (rule.kind === 'choice') return rule.of.includes(text) ? text : usual;
  if (rule.kind === 'text') return text.trim().slice(0, rule.lengthMax) || usual;
  const number = Number(text);
  if (text.trim() === '' || !Number.isFinite(number)) return usual;
  const { min, max, step = 1 } = rule;
  const rounded = min + Math.round((Math.min(max, Math.max(min, number)) - min) / step) * step;
  return String(Number(rounded.toFixed(6)));
}
