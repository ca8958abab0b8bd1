// What is bundled: it does what has to work everywhere, and says how that went.
import * as package_ from 'sanderling';
import { smoke } from './smoke.mjs';

smoke(package_, { canOpenSync: globalThis.canOpenSync ?? false }).then(console.log, (error) => console.log(`failed: ${error.message}`));
