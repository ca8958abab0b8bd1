// For workerd. The database is opened when the first request asks for it: at the top level of a module a worker may
// neither wait nor draw random numbers.
import * as package_ from 'sanderling';
import * as rest from 'sanderling/rest';
import { smoke, smokeRest } from './smoke.mjs';

let kept;

export default {
  async test() {
    if ((await smoke(package_, { hasFiles: false })) !== 'ok') throw new Error('the smoke test said something else');
    if ((await smokeRest(package_, rest)) !== 'ok') throw new Error('the REST API said something else');
    // An engine outlives the request that opened it.
    kept ??= package_.Sanderling.openSync();
    if (kept.sync.incr('visits') !== 1) throw new Error('a fresh engine counts from 1');
  },
};
