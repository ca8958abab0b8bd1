/** Lines typed earlier, which outlive the page. */

/** Older lines are forgotten. */
export const HISTORY_LINES_MAX = 500;
const STORED = 'sanderling-history';
/** What takes a password does not belong into storage. */
const SENSITIVE = /^\s*(auth\b|hello\b.*\bauth\b|acl\s+setuser\b|config\s+set\b.*\brequirepass\b|migrate\b)/i;

const lines: string[] = load();

/** Remembers lines, except those that repeat the one before or hold a password. */
export function remember(added: readonly string[]): void {
  for (const line of added.slice(-HISTORY_LINES_MAX)) {
    if (line.trim() !== '' && line !== lines.at(-1) && !SENSITIVE.test(line)) lines.push(line);
  }
  lines.splice(0, lines.length - HISTORY_LINES_MAX);
  try {
    localStorage.setItem(STORED, JSON.stringify(lines));
  } catch {
    // Storage may be full or forbidden; then the lines last as long as the page.
  }
}

/** Lines with a text in them, the latest first and each once. */
export function search(text: string): string[] {
  const found = lines.filter((line) => line.toLowerCase().includes(text.toLowerCase()));
  return [...new Set(found.reverse())];
}

/** A walk through the history, as the arrow keys take it. */
export class Walk {
  private at = lines.length;
  private draft = '';

  /** The line before; undefined at the first. `line` is what is typed now. */
  back(line: string): string | undefined {
    if (this.at > lines.length) this.at = lines.length;
    if (this.at === lines.length) this.draft = line;
    return this.at === 0 ? undefined : lines[--this.at];
  }

  /** The line after, at last what had been typed; undefined behind that. */
  forward(): string | undefined {
    if (this.at >= lines.length) return undefined;
    this.at += 1;
    return this.at === lines.length ? this.draft : lines[this.at];
  }

  /** Back to the end, as after each line that is run. */
  reset(): void {
    this.at = lines.length;
  }
}

function load(): string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(STORED) ?? '[]');
    return Array.isArray(stored) ? stored.filter((line) => typeof line === 'string') : [];
  } catch {
    return [];
  }
}
