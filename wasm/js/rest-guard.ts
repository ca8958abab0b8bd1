// Who may ask: by token, and by what browsers tell of the page that a request comes from.

import type { User } from './rest-conversation.js';
import { Refusal, denied } from './rest-refusal.js';
import { percentDecoded } from './rest-request.js';

/** What is let in. */
export interface Admission {
  readonly token: string;
  readonly hosts: readonly string[] | undefined;
  readonly corsOrigins: readonly string[];
}

/** Any. */
const ALL = '*';
/** For how long browsers may remember what is allowed, in seconds. */
const PREFLIGHT_SECONDS = 86_400;

const encoder = new TextEncoder();

/**
 * Refuses what pages of others make a browser send. They cannot know the token, but a page whose name suddenly leads to
 * this machine is of no other origin, and what a page may send without being asked needs no answer to do harm.
 */
export function checkOrigin(admission: Admission, request: Request, url: URL): void {
  const { hosts } = admission;
  const isKnown = hosts === undefined || hosts.some((host) => host === ALL || host === url.hostname || host === url.host);
  if (!isKnown) throw new Refusal(403, 'ERR this host is not served');
  const origin = request.headers.get('origin');
  if (isAllowed(admission, origin)) return;
  const isForeign = origin !== null && hostOf(origin) !== url.host;
  if (isForeign || request.headers.get('sec-fetch-site') === 'cross-site') throw new Refusal(403, 'ERR this origin is not allowed');
}

/** What lets pages of allowed origins read an answer; nothing for all others. */
export function corsHeaders(admission: Admission, request: Request): Record<string, string> {
  if (admission.corsOrigins.length === 0) return {};
  const origin = request.headers.get('origin');
  if (!isAllowed(admission, origin)) return { vary: 'Origin' };
  return { vary: 'Origin', 'access-control-allow-origin': origin!, 'access-control-expose-headers': 'upstash-sync-token' };
}

/** The answer to the question whether a page may send a request; nothing if that is no such question. */
export function preflight(admission: Admission, request: Request): Record<string, string> | undefined {
  if (request.method !== 'OPTIONS' || !isAllowed(admission, request.headers.get('origin'))) return undefined;
  const wanted = request.headers.get('access-control-request-headers');
  return {
    ...corsHeaders(admission, request),
    'access-control-allow-methods': 'GET, HEAD, POST, PUT',
    'access-control-max-age': String(PREFLIGHT_SECONDS),
    ...(wanted === null ? {} : { 'access-control-allow-headers': wanted }),
  };
}

/**
 * Whose request it is: a user's, or nobody's in particular if it has the token.
 *
 * @throws Refusal if it has neither the token nor a name and a password
 */
export function userOf({ token }: Admission, request: Request, url: URL): User | undefined {
  const header = request.headers.get('authorization');
  const [, scheme, given] = /^(\w+) +(\S+) *$/.exec(header ?? `Bearer ${tokenIn(url)}`) ?? [];
  const isBearer = scheme?.toLowerCase() === 'bearer';
  if (given === undefined || !(isBearer || scheme?.toLowerCase() === 'basic')) throw denied();
  if (isBearer && isSame(given, token)) return undefined;
  const pair = fromBase64(given);
  const colon = pair.indexOf(0x3a);
  if (colon < 0) throw denied();
  return { name: pair.subarray(0, colon), password: pair.subarray(colon + 1) };
}

function tokenIn(url: URL): string {
  const pair = url.search.slice(1).split('&').find((part) => part.startsWith('_token='));
  const value = percentDecoded(pair?.slice('_token='.length) ?? '');
  return typeof value === 'string' ? value : new TextDecoder().decode(value);
}

function isAllowed({ corsOrigins }: Admission, origin: string | null): boolean {
  return origin !== null && (corsOrigins.includes(origin) || corsOrigins.includes(ALL));
}

function hostOf(origin: string): string | undefined {
  try {
    return new URL(origin).host;
  } catch {
    return undefined;
  }
}

/** Compares in a time that tells nothing of where texts differ. */
function isSame(given: string, token: string): boolean {
  const [a, b] = [encoder.encode(given), encoder.encode(token)];
  let difference = a.length ^ b.length;
  for (let index = 0; index < b.length; index += 1) difference |= (a[index] ?? 0) ^ b[index]!;
  return difference === 0;
}

function fromBase64(text: string): Uint8Array {
  try {
    // Tokens in addresses are often written with the two characters that need no escape there.
    const characters = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    return Uint8Array.from(characters, (character) => character.charCodeAt(0));
  } catch {
    throw denied();
  }
}
