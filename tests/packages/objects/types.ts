// What the compiler has to understand of a Worker with objects, with Cloudflare's own types.

import { Redis as Upstash } from '@upstash/redis';
import { type ObjectOptions, SanderlingObject, route } from 'sanderling/durable-object';

interface Env {
  readonly REDIS: DurableObjectNamespace<Redis>;
  readonly PLAIN: DurableObjectNamespace<Plain>;
  readonly SANDERLING_TOKEN: string;
}

export class Plain extends SanderlingObject {}

export class Redis extends SanderlingObject<Env> {
  constructor(ctx: DurableObjectState, env: Env) {
    const options: ObjectOptions = { token: env.SANDERLING_TOKEN, maxmemory: 64 * 1024 * 1024, setup: [['CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru']] };
    super(ctx, env, options);
  }

  async top(): Promise<string[]> {
    return this.db.zrange('board', 0, -1);
  }
}

export default {
  async fetch(request, env) {
    const stub = env.REDIS.getByName('cache');
    const redis = new Upstash({ request: (asked) => stub.upstash(asked) });
    const names: string[] = await stub.top();
    await redis.set('names', names);
    const reply: string = await stub.call('GET', 'key');
    const dump: Uint8Array = await stub.export();
    await env.PLAIN.getByName('copy').import(dump);
    if (request.url.endsWith('/reply')) return Response.json({ reply });
    return route(request, env.PLAIN, { token: env.SANDERLING_TOKEN });
  },
} satisfies ExportedHandler<Env>;
