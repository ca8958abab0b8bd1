/** The engine's own documentation, as `COMMAND DOCS` gives it. */

import type { Reply } from 'sanderling';
import type { Argument, Doc, Docs } from './grammar.js';

interface Fields {
  readonly [name: string]: Reply | undefined;
}

/** Reads the reply of `COMMAND DOCS`. */
export function readDocs(reply: Reply): Docs {
  return new Map(readCommands(reply).map((doc) => [doc.name, doc]));
}

function readCommands(reply: Reply | undefined): Doc[] {
  return Object.entries((reply ?? {}) as Fields).map(([name, about]) => {
    const fields = about as Fields;
    const text = (field: string): string => String(fields[field] ?? '');
    return {
      name: name.toUpperCase().replace('|', ' '),
      summary: text('summary'),
      since: text('since'),
      group: text('group'),
      complexity: text('complexity'),
      args: readArguments(fields['arguments']),
      subcommands: readCommands(fields['subcommands']),
    };
  });
}

function readArguments(reply: Reply | undefined): Argument[] {
  return ((reply ?? []) as unknown as Fields[]).map((fields) => {
    const flags = (fields['flags'] ?? []) as string[];
    const token = fields['token'] as string | undefined;
    return {
      name: String(fields['name']),
      type: String(fields['type']),
      ...(token === undefined ? {} : { token }),
      isOptional: flags.includes('optional'),
      isMultiple: flags.includes('multiple') || flags.includes('multiple_token'),
      hasTokenEachTime: flags.includes('multiple_token'),
      parts: readArguments(fields['arguments']),
    };
  });
}
