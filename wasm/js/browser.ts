// The entry for browsers: what the package needs of the platform there.

import { standardText, usePlatform } from './platform.js';

async function load(): Promise<WebAssembly.Module> {
  const response = await fetch(new URL('./sanderling.wasm', import.meta.url));
  if (!response.ok) throw new Error(`cannot load ${response.url}: status ${response.status}`);
  try {
    return await WebAssembly.compileStreaming(response.clone());
  } catch {
    // A server that does not say `application/wasm`.
    return WebAssembly.compile(await response.arrayBuffer());
  }
}

usePlatform({ load, view: (buffer) => new Uint8Array(buffer), text: standardText });

export * from './index.js';
