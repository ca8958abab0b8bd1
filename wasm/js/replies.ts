// Finds where replies end, in bytes that come in any pieces.

import { bufferOf } from './platform.js';

const CR = 13;
/** Bytes of memory that are taken at first, and up to how many are kept for what comes next. */
const BYTES_MIN = 4096;
const KEPT_BYTES_MAX = 64 * 1024;

/** Bytes of replies, of which those are handed on that are whole. */
export class Replies {
  private bytes = bufferOf(0);
  /** Where they end. */
  private end = 0;
  /** Where the reply begins that is not whole, and the element of it that is to be read next. */
  private start = 0;
  private at = 0;
  /** How many elements are to come, of each array or map that is not whole. */
  private readonly open: number[] = [];

  constructor(private readonly take: (bytes: Uint8Array, start: number, end: number) => void) {}

  /** Takes the bytes that come next. */
  push(chunk: Uint8Array): void {
    this.append(chunk);
    const { start } = this;
    let whole = start;
    for (let end = this.element(); end >= 0; end = this.element()) {
      this.at = end;
      if (this.open.length === 0) whole = end;
    }
    this.start = whole;
    if (whole > start) this.take(this.bytes, start, whole);
  }

  private append(chunk: Uint8Array): void {
    const rest = this.end - this.start;
    if (rest === 0) {
      this.start = this.end = this.at = 0;
      if (this.bytes.length > KEPT_BYTES_MAX) this.bytes = bufferOf(0);
    }
    if (this.end + chunk.length > this.bytes.length) this.move(rest, rest + chunk.length);
    this.bytes.set(chunk, this.end);
    this.end += chunk.length;
  }

  /** Moves what is not whole to the front, and to where there is room for more. */
  private move(rest: number, length: number): void {
    const { bytes, start, end } = this;
    if (length > bytes.length) {
      // Twice as much each time, or a long reply would be copied once for each of its pieces.
      this.bytes = bufferOf(Math.max(length, bytes.length * 2, BYTES_MIN));
      this.bytes.set(bytes.subarray(start, end));
    } else {
      bytes.copyWithin(0, start, end);
    }
    this.at -= start;
    this.start = 0;
    this.end = rest;
  }

  /** The end of the element that is next, as far as it has no parts; -1 while it is not whole. */
  private element(): number {
    const { bytes, end, at } = this;
    let line = at + 1;
    while (line < end && bytes[line] !== CR) line += 1;
    if (line + 2 > end) return -1;
    const behind = line + 2;
    switch (bytes[at]) {
      case 0x24: // $
      case 0x3d: // =
      case 0x21: {
        // !
        const length = this.count(at + 1, line);
        if (length < 0) return this.closed(behind);
        return behind + length + 2 <= end ? this.closed(behind + length + 2) : -1;
      }
      case 0x2a: // *
      case 0x7e: // ~
      case 0x3e: // >
        return this.opened(this.count(at + 1, line), behind);
      case 0x25: // %
        return this.opened(this.count(at + 1, line) * 2, behind);
      case 0x7c: // | stands before a reply, and is no element itself
        return this.opened(this.count(at + 1, line) * 2 + 1, behind);
      default:
        return this.closed(behind);
    }
  }

  private opened(parts: number, end: number): number {
    if (parts <= 0) return this.closed(end);
    this.open.push(parts);
    return end;
  }

  /** An element has ended, and with it what it was the last of. */
  private closed(end: number): number {
    const { open } = this;
    while (open.length > 0) {
      open[open.length - 1]! -= 1;
      if (open[open.length - 1]! > 0) break;
      open.pop();
    }
    return end;
  }

  private count(start: number, end: number): number {
    let number = 0;
    if (this.bytes[start] === 0x2d) return -1;
    for (let at = start; at < end; at += 1) number = number * 10 + (this.bytes[at]! - 48);
    return number;
  }
}
