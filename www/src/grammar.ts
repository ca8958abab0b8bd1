/** What the command table says about arguments: as text, as a hint for what is still missing, as completions. */

/** One argument, or a group of them, as `COMMAND DOCS` describes it. */
export interface Argument {
  name: string;
  type: string;
  token?: string;
  isOptional: boolean;
  isMultiple: boolean;
  /** Whether the token comes again before each further value. */
  hasTokenEachTime: boolean;
  parts: Argument[];
}

/** One command or subcommand. */
export interface Doc {
  /** In capitals, a subcommand's behind its container's: `CONFIG GET`. */
  name: string;
  summary: string;
  since: string;
  group: string;
  complexity: string;
  args: Argument[];
  subcommands: Doc[];
}

/** All commands, by name. */
export type Docs = ReadonlyMap<string, Doc>;

/** The command that words begin with, and how many of the words are its name. */
export function findDoc(docs: Docs, words: readonly string[]): { doc: Doc; depth: number } | undefined {
  const doc = docs.get(words[0]?.toUpperCase() ?? '');
  if (doc === undefined) return undefined;
  const second = words[1]?.toUpperCase();
  const sub = doc.subcommands.find((candidate) => candidate.name === `${doc.name} ${second}`);
  return sub ? { doc: sub, depth: 2 } : { doc, depth: 1 };
}

/** The command, or subcommand, whose name is next to what words begin with; nothing when they begin with one, or with none like it. */
export function suggestion(docs: Docs, words: readonly string[]): string | undefined {
  const doc = docs.get(words[0]?.toUpperCase() ?? '');
  if (doc === undefined) return nearest(words[0] ?? '', [...docs.keys()]);
  const names = doc.subcommands.map((sub) => sub.name.slice(doc.name.length + 1));
  if (names.length === 0 || words[1] === undefined) return undefined;
  const name = nearest(words[1], names);
  return name === undefined || name === words[1].toUpperCase() ? undefined : `${doc.name} ${name}`;
}

/** The name with the fewest mistakes, as long as most of the word is right. */
function nearest(word: string, names: readonly string[]): string | undefined {
  const typed = word.toUpperCase();
  const most = typed.length < 8 ? 1 : 2;
  const scored = names.map((name) => ({ name, mistakes: mistakes(typed, name) })).filter(({ mistakes }) => mistakes <= most);
  return scored.sort((a, b) => a.mistakes - b.mistakes || a.name.length - b.name.length)[0]?.name;
}

/** How many characters are missing, too many, wrong, or in the place of their neighbour. */
function mistakes(typed: string, name: string): number {
  let [before, last]: [number[], number[]] = [[], Array.from({ length: name.length + 1 }, (_, at) => at)];
  for (let row = 1; row <= typed.length; row += 1) {
    const next = [row];
    for (let column = 1; column <= name.length; column += 1) {
      const isSame = typed[row - 1] === name[column - 1];
      const isSwapped = row > 1 && column > 1 && typed[row - 1] === name[column - 2] && typed[row - 2] === name[column - 1];
      const edited = Math.min(last[column]! + 1, next[column - 1]! + 1, last[column - 1]! + (isSame ? 0 : 1));
      next.push(isSwapped ? Math.min(edited, before[column - 2]! + 1) : edited);
    }
    [before, last] = [last, next];
  }
  return last[name.length]!;
}

/** The whole grammar of a command's arguments: `key value [NX|XX] [EX seconds|PX milliseconds]`. */
export function syntax(doc: Doc): string {
  if (doc.subcommands.length > 0) return 'subcommand [argument …]';
  return doc.args.map(render).join(' ');
}

/** What may follow the words of a line, which begin with a command; undefined when they do not fit. */
export function hint(docs: Docs, words: readonly string[]): string | undefined {
  const found = findDoc(docs, words);
  if (found === undefined) return undefined;
  if (found.doc.subcommands.length > 0) return words.length === 1 ? syntax(found.doc) : undefined;
  return missing(found.doc.args, words.slice(found.depth))?.text;
}

/** Words that can stand at the end of a line: `words` are those before it, `prefix` is its beginning. */
export function completions(docs: Docs, words: readonly string[], prefix: string): string[] {
  const candidates = candidatesAfter(docs, words);
  const start = prefix.toUpperCase();
  const fitting = candidates.filter((word) => word.toUpperCase().startsWith(start));
  // A word begun in lower case goes on in lower case.
  const isLower = prefix !== '' && prefix === prefix.toLowerCase();
  return [...new Set(fitting)].map((word) => (isLower ? word.toLowerCase() : word));
}

function candidatesAfter(docs: Docs, words: readonly string[]): string[] {
  if (words.length === 0) return [...docs.keys(), 'HELP', 'CLEAR'].sort();
  const first = words[0]!.toUpperCase();
  if (first === 'HELP') return words.length === 1 ? helpTopics(docs) : subcommandsOf(docs, words.slice(1));
  const found = findDoc(docs, words);
  if (found === undefined) return [];
  if (found.doc.subcommands.length > 0) return subcommandsOf(docs, words);
  return missing(found.doc.args, words.slice(found.depth))?.tokens ?? [];
}

function helpTopics(docs: Docs): string[] {
  const groups = new Set([...docs.values()].map((doc) => `@${doc.group}`));
  return [...[...docs.keys()].sort(), ...[...groups].sort()];
}

function subcommandsOf(docs: Docs, words: readonly string[]): string[] {
  if (words.length !== 1) return [];
  const doc = docs.get(words[0]!.toUpperCase());
  return (doc?.subcommands ?? []).map((sub) => sub.name.slice(doc!.name.length + 1)).sort();
}

/** What is left of a grammar, and the literal words that may come next. */
interface Rest {
  text: string;
  tokens: string[];
}

/** What is missing behind `words`; undefined when they are too many or the wrong ones. */
function missing(args: readonly Argument[], words: readonly string[]): Rest | undefined {
  const texts: string[] = [];
  const tokens: string[] = [];
  let at = 0;
  // Once a required argument is missing, nothing behind it can come next.
  let isOpen = true;
  for (let index = 0; index < args.length; ) {
    const run: Argument[] = [];
    while (args[index]?.isOptional) run.push(args[index++]!);
    const group = run.length > 0 ? run : [args[index++]!];
    const taken = takeGroup(group, words, at);
    if (taken === undefined) return undefined;
    at = taken.at;
    texts.push(...taken.texts);
    if (isOpen) tokens.push(...taken.tokens);
    if (taken.isBlocked) isOpen = false;
  }
  return at < words.length ? undefined : { text: texts.join(' '), tokens };
}

interface Taken {
  at: number;
  texts: string[];
  tokens: string[];
  isBlocked: boolean;
}

/** Matches optional arguments in any order, or a single required one. */
function takeGroup(group: readonly Argument[], words: readonly string[], start: number): Taken | undefined {
  const left = [...group];
  const texts: string[] = [];
  const tokens: string[] = [];
  let at = start;
  for (let index = 0; index < left.length; ) {
    const arg = left[index]!;
    const match = take(arg, words, at);
    if (match === undefined) {
      index += 1;
      continue;
    }
    at = match.at;
    left.splice(index, 1);
    if (match.rest !== undefined) {
      // The line ends inside this argument, which must be finished first.
      return { at, texts: [match.rest.text, ...left.map(render)], tokens: match.rest.tokens, isBlocked: true };
    }
    if (arg.isMultiple) {
      texts.push(`[${repeated(arg)} …]`);
      if (arg.hasTokenEachTime) tokens.push(...firstTokens(arg));
    }
    index = 0;
  }
  const isMissing = left.length > 0 && !left[0]!.isOptional;
  if (isMissing && at < words.length) return undefined;
  return { at, texts: [...texts, ...left.map(render)], tokens: [...tokens, ...left.flatMap(firstTokens)], isBlocked: isMissing };
}

interface Match {
  at: number;
  /** What is missing when the words end within the argument. */
  rest?: Rest;
}

/** Matches an argument as often as it may come. */
function take(arg: Argument, words: readonly string[], start: number): Match | undefined {
  let match = takeOnce(arg, words, start, true);
  while (match !== undefined && match.rest === undefined && arg.isMultiple && match.at < words.length) {
    const next = takeOnce(arg, words, match.at, arg.hasTokenEachTime);
    if (next === undefined) break;
    match = next;
  }
  return match;
}

function takeOnce(arg: Argument, words: readonly string[], start: number, withToken: boolean): Match | undefined {
  if (start >= words.length) return undefined;
  let at = start;
  if (arg.token !== undefined && withToken) {
    if (!isSame(words[at]!, arg.token)) return undefined;
    at += 1;
    if (arg.type === 'pure-token') return { at };
    if (at >= words.length) return { at, rest: { text: body(arg), tokens: bodyTokens(arg) } };
  }
  switch (arg.type) {
    case 'oneof':
      return best(arg.parts.map((part) => take(part, words, at)));
    case 'block':
      return takeBlock(arg.parts, words, at);
    case 'integer':
    case 'unix-time':
      return /^-?\d+$/.test(words[at]!) ? { at: at + 1 } : undefined;
    case 'double':
      return /^[-+]?(\d|\.\d|inf|nan)/i.test(words[at]!) ? { at: at + 1 } : undefined;
    default:
      return { at: at + 1 };
  }
}

function takeBlock(parts: readonly Argument[], words: readonly string[], start: number): Match | undefined {
  let at = start;
  for (let index = 0; index < parts.length; index += 1) {
    const part = parts[index]!;
    const match = take(part, words, at);
    const behind = parts.slice(index + 1).map(render);
    if (match?.rest !== undefined) {
      return { at: match.at, rest: { text: [match.rest.text, ...behind].join(' '), tokens: match.rest.tokens } };
    }
    if (match !== undefined) {
      at = match.at;
    } else if (!part.isOptional) {
      if (at < words.length || at === start) return undefined;
      return { at, rest: { text: [render(part), ...behind].join(' '), tokens: firstTokens(part) } };
    }
  }
  return { at };
}

/** The longest match; an unfinished one only when no other is there. */
function best(matches: (Match | undefined)[]): Match | undefined {
  const found = matches.filter((match) => match !== undefined);
  found.sort((a, b) => Number(a.rest !== undefined) - Number(b.rest !== undefined) || b.at - a.at);
  return found[0];
}

function isSame(word: string, token: string): boolean {
  return word.toUpperCase() === token.toUpperCase();
}

function firstTokens(arg: Argument): string[] {
  return arg.token !== undefined ? [arg.token] : bodyTokens(arg);
}

function bodyTokens(arg: Argument): string[] {
  if (arg.type === 'oneof') return arg.parts.flatMap(firstTokens);
  return arg.type === 'block' ? firstTokens(arg.parts[0]!) : [];
}

/** An argument as documentation writes it. */
function render(arg: Argument): string {
  let text = arg.token !== undefined && arg.type === 'pure-token' ? arg.token : withToken(arg, body(arg));
  if (arg.isMultiple) text = `${text} [${repeated(arg)} …]`;
  return arg.isOptional ? `[${text}]` : text;
}

function repeated(arg: Argument): string {
  return arg.hasTokenEachTime ? withToken(arg, body(arg)) : body(arg);
}

function withToken(arg: Argument, text: string): string {
  if (arg.token === undefined) return text;
  return arg.token === '""' ? text : `${arg.token} ${text}`;
}

function body(arg: Argument): string {
  if (arg.type === 'oneof') {
    const choices = arg.parts.map(render).join('|');
    return arg.isOptional && arg.token === undefined ? choices : `<${choices}>`;
  }
  return arg.type === 'block' ? arg.parts.map(render).join(' ') : arg.name;
}
