/** Keys and other bytes as text: a string with a character per byte inside, and something that can be read and typed outside. */

import { quoted, splitLine } from '../quote.js';

/** Bytes as a string with a character for each of them. Such strings compare and sort as the bytes do. */
export function binary(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += CHUNK) text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return text;
}

/** Arguments that a call of a function can surely have. */
const CHUNK = 8192;

/** The bytes of such a string. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Bytes as text, with escapes for what is no text or cannot be seen. */
export function escaped(bytes: Uint8Array): string {
  return quoted(bytes).slice(1, -1).replaceAll('\\"', '"');
}

/** The bytes that such text stands for; undefined where a backslash has nothing behind it. */
export function unescaped(text: string): Uint8Array | undefined {
  const closed = text.replace(/\\[^]|"/g, (found) => (found === '"' ? '\\"' : found));
  return splitLine(`"${closed}"`)?.[0];
}

/** The same of a string with a character per byte. */
export function shown(key: string): string {
  return escaped(bytesOf(key));
}

/** The beginning of long bytes, for a line of a table. */
export function shortened(bytes: Uint8Array, bytesMax = 160): string {
  return bytes.length <= bytesMax ? escaped(bytes) : `${escaped(bytes.subarray(0, bytesMax))}… (${size(bytes.length)})`;
}

/** A pattern that only names with this beginning fit, as a string with a character per byte. */
export function patternOf(prefix: string): string {
  return `${prefix.replace(/[\\*?[\]]/g, '\\$&')}*`;
}

/** A number of bytes. */
export function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let at = 0;
  for (; bytes >= 1024 && at < units.length - 1; at += 1) bytes /= 1024;
  return `${at === 0 || bytes >= 100 ? Math.round(bytes) : bytes.toFixed(1)} ${units[at]}`;
}

/** A number with its thousands apart. */
export function count(number: number): string {
  return number.toLocaleString('en');
}

/** Milliseconds as a span of time. */
export function span(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const units: [string, number][] = [['d', 86_400], ['h', 3600], ['min', 60], ['s', 1]];
  const parts: string[] = [];
  let seconds = Math.round(milliseconds / 1000);
  for (const [unit, length] of units) {
    if (seconds >= length && parts.length < 2) parts.push(`${Math.floor(seconds / length)} ${unit}`);
    seconds %= length;
  }
  return parts.join(' ');
}
