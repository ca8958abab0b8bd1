// For Deno and Bun, as an ES module.
import * as package_ from 'sanderling';
import * as inline from 'sanderling/inline';
import * as rest from 'sanderling/rest';
import * as restNode from 'sanderling/rest/node';
import { createRequire } from 'node:module';
import { Redis } from 'ioredis';
import { smoke, smokeConnect, smokeRest, smokeRestListener, smokeWithIoredis } from './smoke.mjs';

await smoke(package_);
await smoke(inline);
await smokeWithIoredis(package_, Redis);
await smokeConnect(package_);
await smokeRest(package_, rest);
await smokeRestListener(package_, restNode);
// Two copies in one process would be two classes of errors, and twice the memory for the module.
const required = createRequire(import.meta.url)('sanderling');
if (required.Sanderling !== package_.Sanderling) throw new Error('import and require load two copies');
console.log('ok');
