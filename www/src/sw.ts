/** The service worker: keeps the files of one version of the page, and answers with them. */

// Set by the build: a hash over all files, and their addresses.
declare const VERSION: string;
declare const FILES: string[];

interface ExtendableEvent extends Event {
  waitUntil(promise: Promise<unknown>): void;
}
interface FetchEvent extends ExtendableEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}
interface Scope extends EventTarget {
  readonly registration: { readonly scope: string };
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
}

const PREFIX = 'sanderling-';
const CACHE = PREFIX + VERSION;
const scope = self as unknown as Scope;

scope.addEventListener('install', (event) => (event as ExtendableEvent).waitUntil(install()));
scope.addEventListener('activate', (event) => (event as ExtendableEvent).waitUntil(activate()));
scope.addEventListener('fetch', (event) => {
  const { request, respondWith } = bound(event as FetchEvent);
  const isOurs = request.method === 'GET' && request.url.startsWith(scope.registration.scope);
  if (isOurs) respondWith(answer(request));
});

async function install(): Promise<void> {
  const cache = await caches.open(CACHE);
  // Names with a hash never change their contents; the others are asked for again.
  await cache.addAll(FILES.map((file) => new Request(file, { cache: /-[A-Z0-9]{8}\./.test(file) ? 'default' : 'no-cache' })));
  await scope.skipWaiting();
}

async function activate(): Promise<void> {
  for (const name of await caches.keys()) {
    if (name.startsWith(PREFIX) && name !== CACHE) await caches.delete(name);
  }
  await scope.clients.claim();
}

async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request, { ignoreSearch: request.mode === 'navigate' });
  return kept ?? fetch(request);
}

function bound(event: FetchEvent): { request: Request; respondWith: FetchEvent['respondWith'] } {
  return { request: event.request, respondWith: (response) => event.respondWith(response) };
}
