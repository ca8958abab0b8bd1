// The entry for workerd and Cloudflare Workers: the module comes compiled.

import module from './sanderling.wasm';
import { standardText, usePlatform } from './platform.js';

usePlatform({
  load: () => Promise.resolve(module),
  loadSync: () => module,
  view: (buffer) => new Uint8Array(buffer),
  text: standardText,
});

export * from './index.js';
