#!/usr/bin/env bash
# The chain that BITFIELD is built by is a promise unless a default is turned off, and then it spoils its neighbours.
#
# Version: @upstash/redis 1.39.0, Node 20; Upstash's API is played by a server of ten lines.
#
# `redis.bitfield('key')` returns a builder with `get`, `set`, `incrby`, `overflow` and `exec`, as its types and its
# documentation say. Commands of one turn are gathered into a pipeline by default (`enableAutoPipelining`), by a proxy that
# wraps each method; what the wrapped one returns is a promise, which has none of these. The types promise the builder all
# the same, so a program that compiles fails with a TypeError at its first step. The call has begun a pipeline by then, in
# which no command stands; it is sent in the next turn, and rejects where nobody waits for it, which ends a Node process.
#
# Output seen:
#   gathered: a promise, set is undefined
#   nobody handles: Pipeline is empty
#   not gathered: a builder, [0,100]
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --prefix "$dir" @upstash/redis@1.39.0
cat >"$dir/builder.mjs" <<'NODE'
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Redis } from '@upstash/redis';

const server = createServer(async (request, response) => {
  const body = JSON.parse(Buffer.concat(await request.toArray()));
  const result = (command) => ({ result: String(command[0]).toLowerCase() === 'bitfield' ? [0, 100] : 'PONG' });
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(Array.isArray(body[0]) ? body.map(result) : result(body)));
});
await once(server.listen(0, '127.0.0.1'), 'listening');
const options = { url: `http://127.0.0.1:${server.address().port}`, token: 'any' };

const gathered = new Redis(options).bitfield('counters');
console.log(`gathered: ${gathered instanceof Promise ? 'a promise' : 'a builder'}, set is ${typeof gathered.set}`);
const [rejection] = await once(process, 'unhandledRejection');
console.log(`nobody handles: ${rejection.message}`);
const single = new Redis({ ...options, enableAutoPipelining: false }).bitfield('counters');
const replies = await single.set('u8', 0, 100).get('u8', 0).exec();
console.log(`not gathered: ${single instanceof Promise ? 'a promise' : 'a builder'}, ${JSON.stringify(replies)}`);
process.exit();
NODE
node builder.mjs | tee seen
diff seen - <<'EXPECTED'
gathered: a promise, set is undefined
nobody handles: Pipeline is empty
not gathered: a builder, [0,100]
EXPECTED
