/**
 * At most `limit` requests per visitor in each window of `seconds`. Written for ioredis.
 * @returns {Promise<{ allowed: boolean, remaining: number, retryAfterSeconds: number }>}
 */
export async function admit(client, visitor, limit, seconds) {
  const key = `rate:${visitor}`;
  const count = await client.incr(key);
  // The first request opens the window; NX keeps later ones from stretching it.
  if (count === 1) await client.expire(key, seconds, 'NX');
  if (count <= limit) return { allowed: true, remaining: limit - count, retryAfterSeconds: 0 };
  return { allowed: false, remaining: 0, retryAfterSeconds: await client.ttl(key) };
}

/** Five requests of one visitor against a limit of three, and one of another. */
export async function rateLimit(client) {
  const ann = [];
  for (let request = 0; request < 5; request += 1) ann.push(await admit(client, 'ann', 3, 60));
  return { ann, bob: await admit(client, 'bob', 3, 60) };
}
