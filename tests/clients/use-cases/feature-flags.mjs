/** Feature flags per environment, and a share of users for whom one is on. Written for ioredis. */
export async function featureFlags(client) {
  await client.hset('flags:production', 'dark-mode', true);
  await client.hset('flags:production', { 'new-checkout': false, 'search-v2': true });
  await client.hset('flags:production', 'beta-share', 25);

  const isOn = async (flag) => (await client.hget('flags:production', flag)) === 'true';
  const before = await isOn('new-checkout');
  await client.hset('flags:production', 'new-checkout', true);

  return {
    darkMode: await isOn('dark-mode'),
    before,
    after: await isOn('new-checkout'),
    unknown: await isOn('no-such-flag'),
    share: Number(await client.hget('flags:production', 'beta-share')),
    flags: (await client.hkeys('flags:production')).sort(),
    removed: await client.hdel('flags:production', 'search-v2'),
  };
}
