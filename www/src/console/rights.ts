/** What the user may do, as the server says it, so that the rest is not offered. */

import type { Client, Command } from './client.js';
import { textIn } from './replies.js';

/** A refusal that is about a key or a channel, not about the command. */
const OF_A_NAME = /no permissions to access/;

export class Rights {
  /** Who one is, once that is known. */
  user = '';

  constructor(private readonly client: Client) {}

  /** Asks who one is. */
  async learn(): Promise<void> {
    const [whoami] = await this.client.all([['ACL', 'WHOAMI']]);
    this.user = whoami!.type === 'error' ? '' : textIn(whoami);
  }

  /**
   * Whether each of some commands would be allowed; with `isAnyKey` on any key or channel, whichever these name. Those of
   * which the server does not tell are taken to be.
   */
  async allowed(commands: readonly Command[], isAnyKey = false): Promise<boolean[]> {
    if (this.user === '') return commands.map(() => true);
    const replies = await this.client.all(commands.map((command) => ['ACL', 'DRYRUN', this.user, ...command]));
    return replies.map((reply) => {
      // A refusal is a string that says why. An error is about the question, as where its user may not ask.
      const answer = textIn(reply);
      return reply.type === 'error' || answer === 'OK' || (isAnyKey && OF_A_NAME.test(answer));
    });
  }

  /** The names of those changes that the user may make; none of them where nothing may be changed. */
  async changes(commands: Record<string, Command>, isAnyKey = false): Promise<Set<string>> {
    if (this.client.isReadOnly) return new Set();
    const allowed = await this.allowed(Object.values(commands), isAnyKey);
    return new Set(Object.keys(commands).filter((_, at) => allowed[at]));
  }
}
