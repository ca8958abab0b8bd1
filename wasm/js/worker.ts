// The entry of the worker that keeps a database for its page: `new Worker(new URL('./worker.js', import.meta.url))`.

import { type WasmModule, standardText, usePlatform } from './platform.js';
import { Seat } from './seat.js';
import { type Order, type Report, packError, unpackError } from './wire.js';

const page = globalThis as unknown as { postMessage(report: Report): void; onmessage: (event: MessageEvent<Order>) => void };

/** The module, which the page has. */
let module: Promise<WasmModule> | undefined;
let settle: { resolve(module: WasmModule): void; reject(error: Error): void } | undefined;
let seat: Seat | undefined;

// Not what a page has, which would lead to this worker again.
usePlatform({ load: loadModule, view: (buffer) => new Uint8Array(buffer), text: standardText });

function loadModule(): Promise<WasmModule> {
  module ??= new Promise((resolve, reject) => {
    settle = { resolve, reject };
    page.postMessage({ kind: 'module-wanted' });
  });
  return module;
}

page.onmessage = ({ data: order }) => {
  if (order.kind === 'stand') {
    const refuse = (error: Error): void => page.postMessage({ kind: 'refused', failure: packError(error) });
    if (order.near) seat ??= new Seat(order.opening, loadModule, order.near, refuse);
    seat?.stand();
  } else if (order.kind === 'module') {
    if (order.failure) settle?.reject(unpackError(order.failure));
    else settle?.resolve(order.module as WasmModule);
  } else if (order.kind === 'sync') {
    seat?.sync();
  } else if (order.kind === 'step-down') {
    // What could not be written is told to those who wait for it.
    void seat?.stepDown().catch(() => undefined);
  } else {
    void close();
  }
};

async function close(): Promise<void> {
  try {
    await seat?.close();
    page.postMessage({ kind: 'closed' });
  } catch (error) {
    page.postMessage({ kind: 'closed', failure: packError(error) });
  }
}
