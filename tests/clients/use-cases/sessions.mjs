import { once } from 'node:events';
import { RedisStore } from 'connect-redis';
import express from 'express';
import session from 'express-session';

/** A web shop whose visitors' carts live in sessions, in Redis. Written for node-redis. */
export function shop(client) {
  const app = express();
  app.use(
    session({
      store: new RedisStore({ client, prefix: 'sess:', ttl: 600 }),
      secret: 'only for this example',
      resave: false,
      saveUninitialized: false,
    }),
  );
  app.post('/cart/:product', (request, response) => {
    request.session.cart = [...(request.session.cart ?? []), request.params.product];
    response.json(request.session.cart);
  });
  app.get('/cart', (request, response) => {
    response.json(request.session.cart ?? []);
  });
  app.post('/logout', (request, response, next) => {
    request.session.destroy((error) => (error ? next(error) : response.sendStatus(204)));
  });
  return app;
}

/** Visits the shop as a browser does: puts two things in the cart, looks, logs out. */
export async function sessions(client) {
  const server = shop(client).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${server.address().port}`;
  try {
    const first = await fetch(`${origin}/cart/teapot`, { method: 'POST' });
    const cookie = first.headers.get('set-cookie').split(';')[0];
    const visit = (path, method = 'GET') => fetch(origin + path, { method, headers: { cookie } });

    const cart = await (await visit('/cart/cup', 'POST')).json();
    const [key] = await client.keys('sess:*');
    const stored = JSON.parse(await client.get(key));

    // A visit that changes nothing still keeps the session alive.
    await client.expire(key, 5);
    const seen = await (await visit('/cart')).json();
    const secondsLeft = await client.ttl(key);

    const stranger = await (await fetch(`${origin}/cart`)).json();
    const loggedOut = (await visit('/logout', 'POST')).status;
    const keysLeft = await client.keys('sess:*');
    const afterwards = await (await visit('/cart')).json();
    return { cart, stored: stored.cart, seen, secondsLeft, stranger, loggedOut, keysLeft, afterwards };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
