// The programs that also run over the network: those for ioredis on the connector, those for node-redis on the
// package's own client, which takes the calls that node-redis takes.

import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import { Redis } from 'ioredis';
import { Sanderling } from 'sanderling';
import { cache, cacheExpires } from './use-cases/cache.mjs';
import { counters } from './use-cases/counters.mjs';
import { expectations } from './use-cases/expectations.mjs';
import { featureFlags } from './use-cases/feature-flags.mjs';
import { leaderboard } from './use-cases/leaderboard.mjs';
import { pubSub } from './use-cases/pub-sub.mjs';
import { rateLimit } from './use-cases/rate-limit.mjs';
import { sessions } from './use-cases/sessions.mjs';
import { workQueue } from './use-cases/work-queue.mjs';

const db = await Sanderling.open();
const ioredis = new Redis({ Connector: db.connector() });

beforeEach(() => db.flushall());
after(() => {
  ioredis.disconnect();
  return db.close();
});

const programs = [
  ['the package', db, { cache, cacheExpires, sessions, pubSub, featureFlags, rateLimit }],
  ['ioredis', ioredis, { counters, featureFlags, leaderboard, rateLimit, workQueue }],
];
for (const [name, client, functions] of programs) {
  for (const [title, program] of Object.entries(functions)) {
    test(`${title} with ${name}`, async () => expectations[title](await program(client)));
  }
}

test('every program ran', () => {
  const ran = new Set(programs.flatMap(([, , functions]) => Object.keys(functions)));
  assert.deepEqual([...ran].sort(), Object.keys(expectations).sort());
});
