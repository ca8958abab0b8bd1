// The programs in use-cases/ with the client each was written for. They take a client, so the same
// programs also run in process through the npm package.

import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import Redis from 'ioredis';
import { createClient } from 'redis';
import { startServer } from './server.mjs';
import { cache, cacheExpires } from './use-cases/cache.mjs';
import { counters } from './use-cases/counters.mjs';
import { featureFlags } from './use-cases/feature-flags.mjs';
import { leaderboard } from './use-cases/leaderboard.mjs';
import { pubSub } from './use-cases/pub-sub.mjs';
import { rateLimit } from './use-cases/rate-limit.mjs';
import { sessions } from './use-cases/sessions.mjs';
import { workQueue } from './use-cases/work-queue.mjs';
import { expectations } from './use-cases/expectations.mjs';

const server = await startServer();
const ioredis = new Redis(server.url);
const nodeRedis = await createClient({ url: server.url }).connect();

beforeEach(() => ioredis.flushall());
after(async () => {
  ioredis.disconnect();
  nodeRedis.destroy();
  await server.stop();
});

const programs = [
  [nodeRedis, { cache, cacheExpires, sessions, pubSub }],
  [ioredis, { counters, featureFlags, leaderboard, rateLimit, workQueue }],
];
for (const [client, functions] of programs) {
  for (const [name, program] of Object.entries(functions)) {
    test(name, { timeout: 20_000 }, async () => expectations[name](await program(client)));
  }
}

test('every program has what it is expected to return', () => {
  const names = programs.flatMap(([, functions]) => Object.keys(functions));
  assert.deepEqual(names.sort(), Object.keys(expectations).sort());
});
