// The entry for Node, Bun and Deno: the module is read from the file beside the script.

import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { useNode } from './in-node.js';
import { notLoaded } from './platform.js';

function moduleFile(): string {
  // Bundlers look for this very expression. Some put the address of a page there, or have none.
  return fileURLToPath(new URL('./sanderling.wasm', import.meta.url));
}

function refuse(error: unknown): never {
  throw notLoaded('sanderling.wasm beside the script', String(error), error);
}

useNode({
  load: async () => {
    const bytes = await Promise.resolve().then(moduleFile).then((file) => readFile(file)).catch(refuse);
    return WebAssembly.compile(bytes);
  },
  loadSync() {
    let bytes;
    try {
      bytes = readFileSync(moduleFile());
    } catch (error) {
      refuse(error);
    }
    return new WebAssembly.Module(bytes);
  },
});

export * from './index.js';
