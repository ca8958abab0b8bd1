// The subprotocol `json` of a WebSocket: a command in each message, and a message for each reply, in the third version of Redis's
// protocol, whose maps are objects.

import { type Reply, Push, position, readReply } from './decode.js';
import { ReplyError } from './errors.js';
import { Replies } from './replies.js';
import { Refusal } from './rest-refusal.js';
import { type Word, encodeCommands, readCommand } from './rest-request.js';

/** What the engine says of a command that there is not, whose name is the error of a message that is none. */
const UNKNOWN = /^ERR unknown command '(ERR .*)', with args beginning with: $/s;

const encoder = new TextEncoder();

/**
 * A message as the engine takes it. The replies to what came before come first, and only the engine knows when these are
 * through; so what is no command goes to it as one whose name is the error, and it says so when it is its turn.
 */
export function commandIn(message: string): Uint8Array {
  let command: readonly Word[];
  try {
    command = readCommand(encoder.encode(message));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    command = [error.message.replace('the body', 'the message')];
  }
  return encodeCommands([command]);
}

/** Takes replies in any pieces, and hands over a message for each. */
export function messagesOf(send: (message: string) => void): Replies {
  return new Replies((bytes, start, end) => {
    for (let at = start; at < end; at = position) send(messageOf(readReply(bytes, at, false)));
  });
}

function messageOf(reply: Reply | Push): string {
  if (reply instanceof Push) return `{"push":${jsonOf(reply.parts)}}`;
  if (reply instanceof ReplyError) return jsonOf(new ReplyError(UNKNOWN.exec(reply.message)?.[1] ?? reply.message));
  return `{"result":${jsonOf(reply)}}`;
}

function jsonOf(reply: Reply): string {
  if (typeof reply === 'bigint') return String(reply);
  // What is no number in JSON is text.
  if (typeof reply === 'number' && !Number.isFinite(reply)) return `"${String(reply).replace('Infinity', 'inf').replace('NaN', 'nan')}"`;
  if (reply instanceof ReplyError) return `{"error":${JSON.stringify(reply.message)}}`;
  if (Array.isArray(reply)) return `[${reply.map(jsonOf).join(',')}]`;
  if (typeof reply !== 'object' || reply === null) return JSON.stringify(reply);
  return `{${Object.entries(reply).map(([name, value]) => `${JSON.stringify(name)}:${jsonOf(value as Reply)}`).join(',')}}`;
}
