// Frames of WebSocket (RFC 6455) from a client's side.

const CODES = { binary: 2, close: 8, ping: 9, pong: 10 };
const FINAL = 0x80;
const MASKED = 0x80;
/** Bytes that pings, pongs and closes may carry. */
const CONTROL_BYTES_MAX = 125;

/** A frame that is a whole message, masked by four bytes that nobody can foresee. */
export function frameOf(kind: 'binary' | 'close' | 'pong', payload: Uint8Array, mask: Uint8Array): Uint8Array {
  const { length } = payload;
  const extra = length <= 125 ? 0 : length <= 0xffff ? 2 : 8;
  const start = 2 + extra + 4;
  const frame = new Uint8Array(start + length);
  frame[0] = FINAL | CODES[kind];
  frame[1] = MASKED | (extra === 0 ? length : extra === 2 ? 126 : 127);
  const view = new DataView(frame.buffer);
  if (extra === 2) view.setUint16(2, length);
  else if (extra === 8) view.setBigUint64(2, BigInt(length));
  frame.set(mask, 2 + extra);
  for (let at = 0; at < length; at += 1) frame[start + at] = payload[at]! ^ mask[at & 3]!;
  return frame;
}

/** What comes in frames. */
export interface FrameHandlers {
  /** A piece of a message. */
  data(bytes: Uint8Array): void;
  /** To be answered by the same bytes. */
  ping(bytes: Uint8Array): void;
  close(): void;
}

/** Reads frames of a server, cut in any way. Messages are handed on as they come. */
export class WebSocketFrames {
  private head: number[] = [];
  private code = 0;
  /** How many bytes of the frame are to come; none is being read while this is negative. */
  private rest = -1;
  private control: number[] = [];

  constructor(private readonly handlers: FrameHandlers) {}

  /**
   * Reads on.
   *
   * @throws Error for what is no such frame
   */
  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length || this.rest === 0) {
      if (this.rest < 0) {
        this.head.push(bytes[at]!);
        at += 1;
        this.begin();
        continue;
      }
      const end = Math.min(bytes.length, at + this.rest);
      const piece = bytes.subarray(at, end);
      this.rest -= end - at;
      at = end;
      this.take(piece);
    }
  }

  /** Begins a frame once its head is whole. */
  private begin(): void {
    const { head } = this;
    if (head.length < 2) return;
    const [first, second] = head as [number, number];
    const extra = second === 126 ? 2 : second === 127 ? 8 : 0;
    if (head.length < 2 + extra) return;
    const length = head.slice(2).reduce((sum, byte) => sum * 256 + byte, 0);
    this.code = first & 0x0f;
    this.rest = extra === 0 ? second : length;
    this.head = [];
    const isControl = this.code >= CODES.close;
    const isKnown = this.code <= CODES.binary || (isControl && this.code <= CODES.pong);
    const isFit = !isControl || (this.rest <= CONTROL_BYTES_MAX && (first & FINAL) !== 0);
    if (!isKnown || !isFit || (first & 0x70) !== 0 || (second & MASKED) !== 0 || !Number.isSafeInteger(this.rest)) {
      throw new Error('what the server sends is no WebSocket');
    }
  }

  private take(piece: Uint8Array): void {
    const isWhole = this.rest === 0;
    if (isWhole) this.rest = -1;
    if (this.code < CODES.close) {
      if (piece.length > 0) this.handlers.data(piece);
      return;
    }
    this.control.push(...piece);
    if (!isWhole) return;
    const payload = Uint8Array.from(this.control.splice(0));
    if (this.code === CODES.ping) this.handlers.ping(payload);
    else if (this.code === CODES.close) this.handlers.close();
  }
}
