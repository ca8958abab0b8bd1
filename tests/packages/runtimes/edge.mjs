// For edge-runtime.
import * as package_ from 'sanderling';
import { smoke } from './smoke.mjs';

globalThis.outcome = smoke(package_);
