#!/usr/bin/env bash
# A subscription to events is pinged for ever after it has ended.
#
# Version: @upstash/realtime 1.1.0 on @upstash/redis 1.39.0, Node 20; Upstash's API is played by a server of 30 lines.
#
# `channel.subscribe()` publishes a ping to its channel each minute, by an interval that it clears when its subscriber
# tells `unsubscribe`. The function that it returns, and `channel.unsubscribe()`, end the subscription by the SDK's
# `unsubscribe()`, which cuts the streams, drops all listeners, and tells nobody. So the interval is never cleared: the
# process does not end by itself, and each subscription that ever was goes on to publish a request a minute, which is
# billed. Both packages are right by themselves; the event that the one waits for is told by the other only when the
# server says it.
#
# Output seen:
#   subscribed: streams 1, intervals 1
#   unsubscribed: streams 0, intervals 1
#   pings in the three minutes after that: 3
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --prefix "$dir" \
  @upstash/realtime@1.1.0 @upstash/redis@1.39.0 zod@4.1.12 react@19.2.0 react-dom@19.2.0
cat >"$dir/pings.mjs" <<'NODE'
import { once } from 'node:events';
import { createServer } from 'node:http';
import { mock } from 'node:test';
import { Realtime } from '@upstash/realtime';
import { Redis } from '@upstash/redis';

let streams = 0;
const published = [];
let told = () => {};
const server = createServer(async (request, response) => {
  if (request.url.startsWith('/subscribe/')) {
    streams += 1;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: subscribe,room,1\n\n');
    response.on('close', () => {
      streams -= 1;
      told();
    });
    return;
  }
  const pieces = await request.toArray();
  published.push(...JSON.parse(Buffer.concat(pieces)).flat().filter((word) => word === 'publish'));
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(request.url === '/pipeline' ? '[{"result":0}]' : '{"result":0}');
  told();
});
await once(server.listen(0, '127.0.0.1'), 'listening');

// Minutes pass when this says so.
mock.timers.enable({ apis: ['setInterval'] });
let intervals = 0;
const { setInterval: start, clearInterval: clear } = globalThis;
globalThis.setInterval = (...args) => {
  intervals += 1;
  return start(...args);
};
globalThis.clearInterval = (interval) => {
  intervals -= 1;
  clear(interval);
};

const redis = new Redis({ url: `http://127.0.0.1:${server.address().port}`, token: 'any' });
const room = new Realtime({ redis }).channel('room');
const stop = await room.subscribe({ events: ['any'], onData: () => {} });
console.log(`subscribed: streams ${streams}, intervals ${intervals}`);
const cut = new Promise((resolve) => (told = resolve));
await stop();
await cut;
console.log(`unsubscribed: streams ${streams}, intervals ${intervals}`);
for (let minute = 0; minute < 3; minute += 1) {
  const ping = new Promise((resolve) => (told = resolve));
  mock.timers.tick(60_000);
  await ping;
}
console.log(`pings in the three minutes after that: ${published.length}`);
process.exit();
NODE
node pings.mjs | tee seen
diff seen - <<'EXPECTED'
subscribed: streams 1, intervals 1
unsubscribed: streams 0, intervals 1
pings in the three minutes after that: 3
EXPECTED
