// `sanderling/inline` for browsers.

import { useBrowser } from './in-browser.js';
import { load, loadSync } from './inline.js';

useBrowser({ load, loadSync });

export * from './index.js';
