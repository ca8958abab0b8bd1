/** A connection of its own for what comes without being asked for, until it is stopped. */

import { type Reply, ReplyReader, encodeRequest } from '../resp.js';
import type { Command } from './client.js';
import { openPort } from './port.js';

export interface Feed {
  close(): void;
}

/** Opens a connection, sends commands there, and hands over all that comes. */
export function openFeed(token: string, commands: readonly Command[], onReply: (reply: Reply) => void, onClose: () => void): Feed {
  const reader = new ReplyReader();
  const port = openPort(
    token,
    (chunk) => {
      for (const reply of reader.read(chunk)) onReply(reply);
    },
    onClose,
  );
  for (const command of commands) port.input(encodeRequest(command.map((word) => (typeof word === 'number' ? String(word) : word))));
  return { close: () => port.close() };
}

/** Lines as they come, the latest at the end, of which old ones make room. */
export class Lines {
  private coming: HTMLElement[] = [];

  constructor(
    private readonly place: HTMLElement,
    private readonly linesMax: number,
  ) {}

  /** Adds a line with the next frame: however many come until then, the page is laid out once. */
  add(line: HTMLElement): void {
    if (this.coming.length === 0) requestAnimationFrame(() => this.draw());
    this.coming.push(line);
    if (this.coming.length > this.linesMax) this.coming.shift();
  }

  clear(): void {
    this.coming.length = 0;
    this.place.replaceChildren();
  }

  private draw(): void {
    const { place } = this;
    const isAtEnd = place.scrollTop + place.clientHeight >= place.scrollHeight - 4;
    place.append(...this.coming);
    this.coming = [];
    while (place.childElementCount > this.linesMax) place.firstElementChild!.remove();
    if (isAtEnd) place.scrollTop = place.scrollHeight;
  }
}
