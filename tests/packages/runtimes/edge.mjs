// For edge-runtime.
import * as package_ from 'sanderling';
import * as rest from 'sanderling/rest';
import { smoke, smokeRest } from './smoke.mjs';

globalThis.outcome = smoke(package_, { hasFiles: false }).then(() => smokeRest(package_, rest));
