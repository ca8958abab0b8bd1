/** The worker: it owns the engine and all connections, so that the page never waits for either. */

import { Sanderling } from 'sanderling';
import { readDocs } from './docs.js';
import type { Docs } from './grammar.js';
import { Keeper } from './keeper.js';
import { measure } from './measure.js';
import type { Order, Report } from './messages.js';
import { Session } from './session.js';

const sessions = new Map<number, Session>();
let module: WebAssembly.Module;
let opening: Promise<Sanderling> | undefined;
let engine: Sanderling | undefined;
let docs: Docs = new Map();
let hasKeys = true;

self.onmessage = ({ data }: MessageEvent<Order>) => {
  obey(data).catch((error: unknown) => {
    const session = 'panel' in data ? sessions.get(data.panel) : undefined;
    if (session) session.complain(error);
    else report({ kind: 'failed', message: String(error) });
  });
};

async function obey(order: Order): Promise<void> {
  switch (order.kind) {
    case 'start':
      module = order.module;
      hasKeys = order.hasKeys;
      docs = readDocs(await (await liveEngine()).call('COMMAND', 'DOCS'));
      report({ kind: 'ready', docs: [...docs.values()], memoryBytes: memoryBytes() });
      return;
    case 'open':
      await open(order.panel);
      return;
    case 'close':
      sessions.get(order.panel)?.close();
      sessions.delete(order.panel);
      return;
    case 'run':
      sessions.get(order.panel)?.run(order.lines);
      return;
    case 'cancel':
      await sessions.get(order.panel)?.cancel();
      return;
    case 'demos':
      new Keeper(order.port, module);
      return;
    case 'measure': {
      // An engine of its own, so that the data of the terminals is not touched.
      const measured = await Sanderling.open({ module });
      const rates = await measure(measured);
      await measured.close();
      report({ kind: 'measured', rates });
    }
  }
}

async function open(panel: number): Promise<void> {
  const session = new Session({
    docs,
    hasKeys,
    engine: liveEngine,
    show: (entries, state) => report({ kind: 'output', panel, entries, state, memoryBytes: memoryBytes() }),
  });
  sessions.set(panel, session);
  await session.open();
}

function report(message: Report): void {
  self.postMessage(message);
}

function memoryBytes(): number {
  return engine?.memoryUsedBytes ?? 0;
}

/** How long a script runs before others are told so, and it can be ended: nobody waits five seconds for Ctrl-C. */
const BUSY_MILLISECONDS = 300;

async function openEngine(): Promise<Sanderling> {
  const opened = await Sanderling.open({ module });
  await opened.configSet('busy-reply-threshold', BUSY_MILLISECONDS);
  return opened;
}

/** The engine, or a fresh one when there is none that answers: one that failed never does again. */
async function liveEngine(): Promise<Sanderling> {
  if (opening === undefined || !(await opening).isOpen) opening = openEngine();
  return (engine = await opening);
}
