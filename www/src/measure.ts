/** The built-in benchmark: how many commands per second an engine of its own does in this browser. */

import type { Sanderling } from 'sanderling';
import type { Rates } from './messages.js';
import { encodeRequest } from './resp.js';
import { nextTask } from './tasks.js';

/** Requests that go to the engine together. */
export const PIPELINE = 64;
const KEYS = 10_000;
const VALUE = 'x'.repeat(32);
/** Time per command, in milliseconds. */
const MEASURE_MILLISECONDS = 400;
/** How long it runs before terminals get their turn, in milliseconds. */
const SLICE_MILLISECONDS = 10;

/** Measures; the engine is left with a few thousand keys. */
export async function measure(engine: Sanderling): Promise<Rates> {
  const set = batches((key) => ['SET', key, VALUE]);
  const get = batches((key) => ['GET', key]);
  const setReply = '+OK\r\n'.length * PIPELINE;
  const getReply = `$${VALUE.length}\r\n${VALUE}\r\n`.length * PIPELINE;
  const client = openClient(engine);
  // All keys exist once each batch has run.
  for (const batch of set) await client.exchange(batch, setReply);
  const rates = {
    set: await rate(client, set, setReply),
    get: await rate(client, get, getReply),
  };
  client.close();
  return rates;
}

interface Client {
  /** Sends requests and waits for so many bytes of replies. */
  exchange(requests: Uint8Array, replyBytes: number): Promise<void>;
  close(): void;
}

function openClient(engine: Sanderling): Client {
  let missing = 0;
  let done = (): void => {};
  let failed = (_: Error): void => {};
  const port = engine.port(
    (chunk) => {
      missing -= chunk.length;
      if (missing === 0) done();
      else if (missing < 0) failed(new Error('the engine answered something else'));
    },
    () => failed(new Error('the engine closed the connection')),
  );
  return {
    exchange: (requests, replyBytes) =>
      new Promise((resolve, reject) => {
        missing = replyBytes;
        done = resolve;
        failed = reject;
        port.input(requests);
      }),
    close: () => port.close(),
  };
}

async function rate(client: Client, batches: readonly Uint8Array[], replyBytes: number): Promise<number> {
  let commands = 0;
  let milliseconds = 0;
  for (let index = 0; milliseconds < MEASURE_MILLISECONDS; ) {
    const start = performance.now();
    while (performance.now() - start < SLICE_MILLISECONDS) {
      await client.exchange(batches[index]!, replyBytes);
      index = (index + 1) % batches.length;
      commands += PIPELINE;
    }
    milliseconds += performance.now() - start;
    await nextTask();
  }
  return (commands / milliseconds) * 1000;
}

/** Pipelines that go over all keys, in an order without neighbours. */
function batches(request: (key: string) => string[]): Uint8Array[] {
  const requests = Array.from({ length: KEYS }, (_, index) => request(`key:${(index * 7919) % KEYS}`));
  const found: Uint8Array[] = [];
  for (let start = 0; start + PIPELINE <= KEYS; start += PIPELINE) {
    const parts = requests.slice(start, start + PIPELINE).map(encodeRequest);
    const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    parts.reduce((at, part) => (bytes.set(part, at), at + part.length), 0);
    found.push(bytes);
  }
  return found;
}
