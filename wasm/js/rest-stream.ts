// Messages as they come, as an event stream: subscriptions and MONITOR.

import type { Conversation } from './rest-conversation.js';
import { Refusal } from './rest-refusal.js';
import { errorOf, isLine, textsOf, toJson } from './rest-reply.js';
import type { Word } from './rest-request.js';

/** How events are sent. */
export interface Streaming {
  /** Bytes that may wait for a client that does not read. */
  readonly unsentBytesMax: number;
  /** Seconds between comments that keep a silent stream from being taken for dead. */
  readonly pingSeconds: number;
  /** Whether messages are arrays in JSON, not joined by commas. */
  readonly isJson: boolean;
}

const encoder = new TextEncoder();
const PING = encoder.encode(': ping\n\n');

/**
 * The events that follow from a command, once it is answered. They end with the conversation, and it with them.
 *
 * @throws Refusal if the engine refuses the command
 */
export function eventsOf(conversation: Conversation, command: readonly Word[], streaming: Streaming): Promise<ReadableStream<Uint8Array>> {
  return new Promise((resolve, reject) => {
    let controller!: ReadableStreamDefaultController<Uint8Array>;
    let isOver = false;
    const stream = new ReadableStream<Uint8Array>(
      {
        start: (given) => void (controller = given),
        cancel: () => conversation.close(),
      },
      { highWaterMark: streaming.unsentBytesMax, size: (chunk) => chunk.length },
    );
    const send = (chunk: Uint8Array): void => {
      if (isOver) return;
      controller.enqueue(chunk);
      if (controller.desiredSize! > 0) return;
      isOver = true;
      controller.error(new Error(`more than ${streaming.unsentBytesMax} bytes (unsentBytesMax) wait for a client that does not read`));
      conversation.close();
    };
    const pings = setInterval(() => send(PING), streaming.pingSeconds * 1000);
    conversation.listen(
      command,
      (reply) => {
        const error = errorOf(reply);
        if (error !== undefined) reject(new Refusal(conversation.statusOf(reply), error));
        else resolve(stream);
        send(encoder.encode(eventOf(reply, streaming.isJson)));
      },
      () => {
        clearInterval(pings);
        reject(conversation.refusal());
        if (!isOver) closeQuietly(controller);
        isOver = true;
      },
    );
  });
}

/** A message as an event, with a line for each of its lines. */
function eventOf(reply: Uint8Array, isJson: boolean): string {
  // What confirms MONITOR is told from what it then shows.
  const isConfirmation = isLine(reply) && textsOf(reply)[0] === 'OK';
  const text = isJson || isConfirmation ? toJson(reply, false) : textsOf(reply).join(',');
  return `${text.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`).join('')}\n`;
}

/** A stream that its reader has cancelled is closed already. */
function closeQuietly(controller: ReadableStreamDefaultController<Uint8Array>): void {
  try {
    controller.close();
  } catch {
    // It has ended.
  }
}
