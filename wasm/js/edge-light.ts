// The entry for the edge runtime of Vercel and Next: the module comes compiled.

import module from './sanderling.wasm?module';
import { standardText, usePlatform } from './platform.js';

usePlatform({
  load: () => Promise.resolve(module),
  loadSync: () => module,
  view: (buffer) => new Uint8Array(buffer),
  text: standardText,
});

export * from './index.js';
