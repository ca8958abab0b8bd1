// Settings as redis-server takes them: words of a command line, and lines of a file.

/** Names and values of `--name value …`; a value may be of several words, or of none. */
export function settingsOf(words: readonly string[]): Record<string, string> {
  const settings: Record<string, string> = {};
  let last: string | undefined;
  for (const word of words) {
    if (word.startsWith('--')) {
      last = word.slice(2).toLowerCase();
      settings[last] = '';
    } else if (last === undefined) {
      throw new TypeError(`'${word}' is no setting: these are '--name', 'value'`);
    } else {
      settings[last] += settings[last] ? ` ${word}` : word;
    }
  }
  return settings;
}

/** A word of a line: in quotes, in which a backslash keeps the next character, or up to the next space. */
const WORD = /"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|(\S+)/g;

/** The settings of a file such as redis.conf; of several with the same name the last one counts. */
export function settingsOfFile(text: string): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*(#|$)/.test(line)) continue;
    const [name, ...values] = [...line.matchAll(WORD)].map(([, double, single, plain]) => plain ?? unescaped(double ?? single!));
    settings[name!.toLowerCase()] = values.join(' ');
  }
  return settings;
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(.)/g, '$1');
}
