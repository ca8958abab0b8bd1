/** The page: terminals, examples, and the facts at the top. */

import moduleUrl from 'sanderling/sanderling.wasm';
import { EXAMPLES, type Example } from './examples.js';
import type { Docs } from './grammar.js';
import { hasKeys } from './keys.js';
import type { Order, Report } from './messages.js';
import { Terminal } from './terminal.js';
import { Views } from './views.js';

// Set by the build, which puts a hash of the contents into the name.
declare const WORKER_URL: string;

const compiled = compile();
const worker = new Worker(WORKER_URL, { type: 'module', name: 'engine' });
const terminals = new Map<number, Terminal>();
const place = element('terminals');
const second = element<HTMLButtonElement>('second');
let docs: Docs = new Map();

worker.onmessage = ({ data }: MessageEvent<Report>) => accept(data);
worker.onerror = () => fail('the worker could not be started');
compiled.then(
  (module) => send({ kind: 'start', module, hasKeys }),
  (error: unknown) => fail(String(error)),
);

element('measure').addEventListener('click', () => {
  element('measure').setAttribute('disabled', '');
  element('measure').textContent = 'Measuring…';
  send({ kind: 'measure' });
});
second.addEventListener('click', () => {
  const terminal = secondTerminal();
  terminal.focus();
  terminal.reveal();
});
element('examples').append(...EXAMPLES.map(buttonOf));
new Views(element('terminal'), element('demos'), demosPort, () => terminals.get(1)?.focus());
void keepForOffline();

/** Compiles while it loads; begins before anything else does. */
async function compile(): Promise<WebAssembly.Module> {
  const response = await fetch(moduleUrl);
  if (!response.ok) throw new Error(`cannot load the engine: status ${response.status}`);
  try {
    return await WebAssembly.compileStreaming(response.clone());
  } catch {
    // A server that does not say `application/wasm`.
    return WebAssembly.compile(await response.arrayBuffer());
  }
}

function accept(report: Report): void {
  switch (report.kind) {
    case 'ready':
      docs = new Map(report.docs.map((doc) => [doc.name, doc]));
      ready(report.memoryBytes);
      return;
    case 'output':
      showMemory(report.memoryBytes);
      terminals.get(report.panel)?.show(report.entries, report.state);
      return;
    case 'measured':
      showRates(report.rates);
      return;
    case 'failed':
      fail(report.message);
  }
}

function ready(memoryBytes: number): void {
  element('start').textContent = `${Math.round(performance.now())} ms`;
  showMemory(memoryBytes);
  const terminal = open(1);
  terminal.note(`${docs.size} commands are ready. Type one, or choose an example above.`);
  if (hadData()) terminal.note('The page was loaded anew: what earlier commands had stored is gone.');
  terminal.focus();
  for (const button of document.querySelectorAll<HTMLButtonElement>('main nav button, #measure')) button.disabled = false;
  document.documentElement.dataset['ready'] = '';
}

function open(number: number): Terminal {
  const close = (): void => {
    send({ kind: 'close', panel: number });
    terminals.get(number)?.element.remove();
    terminals.delete(number);
    second.hidden = false;
    terminals.get(1)?.focus();
  };
  const connection = {
    run: (lines: string[]) => {
      rememberData();
      send({ kind: 'run', panel: number, lines });
    },
    cancel: () => send({ kind: 'cancel', panel: number }),
    ...(number > 1 ? { close } : {}),
  };
  const terminal = new Terminal(number, connection, docs);
  terminals.set(number, terminal);
  place.append(terminal.element);
  send({ kind: 'open', panel: number });
  return terminal;
}

/** A way from the demos to the worker, which has the module first. */
function demosPort(): MessagePort {
  const { port1, port2 } = new MessageChannel();
  void compiled.then(() => worker.postMessage({ kind: 'demos', port: port2 } satisfies Order, [port2]));
  return port1;
}

function secondTerminal(): Terminal {
  second.hidden = true;
  return terminals.get(2) ?? open(2);
}

function buttonOf(example: Example): HTMLButtonElement {
  const button = document.createElement('button');
  button.type = 'button';
  button.disabled = true;
  button.textContent = example.name;
  button.title = example.note;
  button.addEventListener('click', () => void play(example));
  return button;
}

async function play(example: Example): Promise<void> {
  const first = terminals.get(1)!;
  if (example.second) {
    const { line, until } = example.second;
    const other = secondTerminal();
    other.run([line]);
    await other.until((state) => state[until]);
  }
  first.note(example.note);
  first.run(example.lines);
  if (example.after !== undefined) {
    await first.untilDone();
    first.note(example.after);
  }
  first.focus();
}

/** Where it is written that commands have run in this tab. */
const RAN = 'sanderling-ran';

function rememberData(): void {
  try {
    sessionStorage.setItem(RAN, 'yes');
  } catch {
    // Storage may be forbidden; then the footer has to be enough.
  }
}

/** Whether commands had run in this tab before the page was loaded; asked once. */
function hadData(): boolean {
  try {
    const had = sessionStorage.getItem(RAN) !== null;
    sessionStorage.removeItem(RAN);
    return had;
  } catch {
    return false;
  }
}

function showMemory(bytes: number): void {
  element('memory').textContent = bytes < 1 << 20 ? `${Math.round(bytes / 1024)} KiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

function showRates({ set, get }: { set: number; get: number }): void {
  const millions = (rate: number): string => `${(rate / 1e6).toFixed(2)} M`;
  const button = element('measure');
  button.removeAttribute('disabled');
  button.textContent = 'Again';
  element('rates').replaceChildren(`SET ${millions(set)} · GET ${millions(get)} `, button);
}

function fail(message: string): void {
  document.querySelector('.failure[role=alert]')?.remove();
  const text = document.createElement('p');
  text.className = 'failure';
  text.setAttribute('role', 'alert');
  text.textContent = `The engine does not run: ${message}`;
  // Whichever view is shown.
  document.querySelector('header')!.after(text);
}

/** Has the service worker keep the page's files. */
async function keepForOffline(): Promise<void> {
  if (!('serviceWorker' in navigator)) return;
  try {
    await navigator.serviceWorker.register('sw.js');
    await navigator.serviceWorker.ready;
    element('offline').textContent = 'Works offline.';
  } catch {
    // A private window may forbid it; the page works all the same while there is a network.
  }
}

function send(order: Order): void {
  worker.postMessage(order);
}

function element<E extends HTMLElement>(id: string): E {
  return document.getElementById(id) as E;
}
