/** The answers to `help`. */

import { type Doc, type Docs, findDoc, suggestion, syntax } from './grammar.js';

/** Lines about keys are for those who have them. */
const USAGE = `help <command>    what a command does, such as: help zadd
help @<group>     the commands of a group, such as: help @list
<tab>             completes commands and their options
<up> <down>       earlier lines
ctrl-r            searches them
ctrl-c            ends a wait, a script, a subscription, MONITOR
ctrl-l or clear   clears the terminal
5 <command>       runs a command five times`;

/** The text for the words behind `help`. */
export function help(docs: Docs, words: readonly string[], hasKeys = true): string {
  if (words.length === 0) return `${hasKeys ? USAGE : USAGE.replaceAll(/^(<|ctrl-[a-z] {2,}).*\n/gm, '').replace(/^ctrl-l or clear/m, 'clear'.padEnd(15))}\n\ngroups: ${groups(docs).map((group) => `@${group}`).join(' ')}`;
  if (words[0]!.startsWith('@')) return helpOfGroup(docs, words[0]!.slice(1).toLowerCase());
  const found = findDoc(docs, words);
  if (found === undefined || found.depth < words.length) {
    const meant = suggestion(docs, words);
    return `(error) no help for '${words.join(' ')}'${meant === undefined ? '' : `; did you mean ${meant}?`}`;
  }
  const { doc } = found;
  return doc.subcommands.length > 0 ? list(doc.subcommands) : describe(doc);
}

function describe(doc: Doc): string {
  return [
    `${doc.name} ${syntax(doc)}`.trimEnd(),
    `summary: ${doc.summary}`,
    `since: ${doc.since}`,
    `group: ${doc.group}`,
    `complexity: ${doc.complexity}`,
  ]
    .map((line, index) => (index === 0 ? line : `  ${line}`))
    .join('\n');
}

function helpOfGroup(docs: Docs, group: string): string {
  const members = [...docs.values()].filter((doc) => doc.group === group);
  if (members.length > 0) return list(members.sort((a, b) => (a.name < b.name ? -1 : 1)));
  return `(error) no group '@${group}'; there are ${groups(docs).map((name) => `@${name}`).join(' ')}`;
}

function list(docs: readonly Doc[]): string {
  const width = Math.max(...docs.map((doc) => doc.name.length));
  return docs.map((doc) => `${doc.name.padEnd(width)}  ${doc.summary}`).join('\n');
}

function groups(docs: Docs): string[] {
  return [...new Set([...docs.values()].map((doc) => doc.group))].sort();
}
