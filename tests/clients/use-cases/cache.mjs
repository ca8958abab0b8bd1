/**
 * A cache in front of something slow: what was computed once is served for a minute.
 * Written for node-redis.
 */
export async function cache(client) {
  let computations = 0;
  const slowPrice = async (product) => {
    computations += 1;
    return { product, cents: 1999 };
  };

  async function price(product) {
    const cached = await client.get(`price:${product}`);
    if (cached !== null) return JSON.parse(cached);
    const fresh = await slowPrice(product);
    await client.set(`price:${product}`, JSON.stringify(fresh), { EX: 60 });
    return fresh;
  }

  const first = await price('teapot');
  const second = await price('teapot');
  const secondsLeft = await client.ttl('price:teapot');
  await client.del('price:teapot');
  const third = await price('teapot');

  return { first, second, third, computations, secondsLeft };
}

/** The same with a life so short that a test can watch it end. */
export async function cacheExpires(client) {
  // Sent together, so that a slow machine cannot come between them.
  const [, before] = await Promise.all([client.set('flash', 'here', { PX: 50 }), client.get('flash')]);
  // PTTL answers -2 once the key is gone: ask until then.
  let asked = 0;
  while ((await client.pTTL('flash')) !== -2) asked += 1;
  return { before, after: await client.get('flash'), asked };
}
