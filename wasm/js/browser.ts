// The entry for browsers: the module is fetched from beside the script.

import { useBrowser } from './in-browser.js';
import { notLoaded } from './platform.js';

const MAGIC = [0, 0x61, 0x73, 0x6d];

async function load(): Promise<WebAssembly.Module> {
  let response;
  let url: URL | undefined;
  try {
    // Bundlers look for this very expression.
    url = new URL('./sanderling.wasm', import.meta.url);
    response = await fetch(url);
  } catch (error) {
    throw notLoaded(url?.href ?? 'sanderling.wasm beside the script', String(error), error);
  }
  if (!response.ok) throw notLoaded(url.href, `status ${response.status}`);
  try {
    return await WebAssembly.compileStreaming(response.clone());
  } catch {
    // A server that does not say `application/wasm`, or whose answer is no module at all.
  }
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (MAGIC.some((byte, index) => bytes[index] !== byte)) {
    const type = response.headers.get('content-type');
    throw notLoaded(url.href, `what came is no WebAssembly${type ? ` but ${type}` : ''}`);
  }
  return WebAssembly.compile(bytes);
}

useBrowser({ load });

export * from './index.js';
