/** Page views and unique visitors, counted by many at once without a lock. Written for ioredis. */
export async function counters(client) {
  const view = (page, visitor) =>
    client
      .pipeline()
      .incr(`views:${page}`)
      .sadd(`visitors:${page}`, visitor)
      .hincrby('views', page, 1)
      .exec();

  await Promise.all(Array.from({ length: 100 }, (_, n) => view('home', `visitor ${n % 40}`)));
  await view('about', 'visitor 1');

  return {
    home: Number(await client.get('views:home')),
    visitors: await client.scard('visitors:home'),
    pages: await client.hgetall('views'),
    price: await client.incrbyfloat('price', 10.1),
    back: await client.decrby('views:home', 100),
  };
}
