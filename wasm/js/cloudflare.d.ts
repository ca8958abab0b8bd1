// What this package needs of Cloudflare's runtime. Programs have the types of their `wrangler types`, or @cloudflare/workers-types.

declare module 'cloudflare:workers' {
  export abstract class DurableObject<Env = unknown> {
    protected ctx: import('./object-types.js').ObjectState;
    protected env: Env;
    constructor(ctx: import('./object-types.js').ObjectState, env: Env);
  }
}
