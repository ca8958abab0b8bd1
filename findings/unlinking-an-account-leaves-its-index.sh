#!/usr/bin/env bash
# Unlinking an account leaves the key that leads from the user to it.
#
# Version: @auth/upstash-redis-adapter 2.11.3, Node 20; its client is a Map.
#
# Auth.js keeps who is who in several keys: the account, and from a user to the account. `unlinkAccount()` deletes both by
# one DEL, but the second name is put together with a plus sign inside the template: it deletes a key that is never
# there, and the one that is stays. `deleteUser()`, which follows that key, then deletes an account that is gone, and
# whoever links the account to another user in between loses it to that.
#
# Output seen:
#   linked: user:account:by-user-id:1 -> user:account:hub:7
#   unlinking deletes: user:account:hub:7, user:account:by-user-id: + 1
#   unlinked: user:account:by-user-id:1 -> user:account:hub:7
#   linked to user 2, and user 1 deleted: the account is gone
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --prefix "$dir" @auth/upstash-redis-adapter@2.11.3 @upstash/redis@1.39.0
cat >"$dir/unlink.mjs" <<'NODE'
import { UpstashRedisAdapter } from '@auth/upstash-redis-adapter';

const kept = new Map();
let deleted = [];
const client = {
  get: async (key) => kept.get(key) ?? null,
  // The SDK takes JSON apart on its way back.
  set: async (key, value) => kept.set(key, /^[[{]/.test(value) ? JSON.parse(value) : value),
  del: async (...keys) => {
    deleted = keys;
    for (const key of keys) kept.delete(key);
  },
};
const adapter = UpstashRedisAdapter(client);
const index = 'user:account:by-user-id:1';
kept.set('user:1', { id: '1', email: 'ann@a.example' });
kept.set('user:2', { id: '2', email: 'bob@b.example' });
const account = { provider: 'hub', providerAccountId: '7', type: 'oauth' };

await adapter.linkAccount({ ...account, userId: '1' });
console.log(`linked: ${index} -> ${kept.get(index)}`);
await adapter.unlinkAccount(account);
console.log(`unlinking deletes: ${deleted.join(', ')}`);
console.log(`unlinked: ${index} -> ${kept.get(index)}`);
await adapter.linkAccount({ ...account, userId: '2' });
await adapter.deleteUser('1');
const user = await adapter.getUserByAccount(account);
console.log(`linked to user 2, and user 1 deleted: the account is ${user ? user.email : 'gone'}`);
NODE
node unlink.mjs | tee seen
diff seen - <<'EXPECTED'
linked: user:account:by-user-id:1 -> user:account:hub:7
unlinking deletes: user:account:hub:7, user:account:by-user-id: + 1
unlinked: user:account:by-user-id:1 -> user:account:hub:7
linked to user 2, and user 1 deleted: the account is gone
EXPECTED
