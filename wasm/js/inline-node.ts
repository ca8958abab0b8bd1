// `sanderling/inline` for what is bundled for Node, Bun and Deno.

import { useNode } from './in-node.js';
import { load, loadSync } from './inline.js';

useNode({ load, loadSync });

export * from './index.js';
