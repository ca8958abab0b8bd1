// Sanderling.connect and plain WebSocket in pages: in Chromium, which tells the server where they come from.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { after, test } from 'node:test';
import { launch, reasonToSkip } from '../../www/tests/browser.mjs';
import { freePort, repository, startServer } from './server.mjs';

const dist = path.join(repository, 'wasm/dist');
const TYPES = { '.js': 'text/javascript', '.wasm': 'application/wasm' };

/** The origin of pages that have the package; every address that is no file of it is a page. */
async function servePages() {
  const host = createServer((request, response) => {
    const type = TYPES[path.extname(request.url)];
    if (type === undefined) response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>page</title>');
    else response.writeHead(200, { 'content-type': type }).end(readFileSync(path.join(dist, path.basename(request.url))));
  });
  await once(host.listen(0, '127.0.0.1'), 'listening');
  after(() => host.close());
  return host.address().port;
}

test('pages of allowed origins have connections, others have none', { skip: reasonToSkip, timeout: 120_000 }, async () => {
  const pages = await servePages();
  const port = await freePort();
  const server = await startServer([
    ...['--http-port', String(port), '--http-token', 'secret', '--http-cors-origins', `http://localhost:${pages}`],
  ]);
  after(() => server.stop());
  const browser = await launch();
  after(() => browser.close());

  const page = await browser.newPage();
  await page.goto(`http://localhost:${pages}/`);
  const seen = await page.evaluate(async (url) => {
    const { Sanderling } = await import('/browser.js');
    const db = await Sanderling.connect(url, { token: 'secret', database: 2 });
    await db.set('k', 'v\u00e9');
    const large = 'x'.repeat(2_000_000);
    await db.set('large', large);
    const listener = db.duplicate();
    let heard;
    const message = new Promise((resolve) => (heard = resolve));
    await listener.subscribe('news', heard);
    await db.publish('news', 'hello');
    const ready = new Promise((resolve) => db.once('ready', resolve));
    const id = await db.call('CLIENT', 'ID');
    const blocked = db.blpop('queue', 0).catch((error) => [error.name, error.mayHaveRun]);
    // Once it waits, it has been sent.
    while (!(await listener.call('CLIENT', 'LIST', 'ID', id)).includes(' flags=b ')) continue;
    await listener.call('CLIENT', 'KILL', 'ID', id);
    const lost = await blocked;
    await ready;
    const seen = { text: await db.get('k'), isWhole: (await db.get('large')) === large, message: await message, lost, database: / db=(\d+) /.exec(await db.call('CLIENT', 'INFO'))[1] };
    const refused = await Sanderling.connect(url, { token: 'wrong' }).catch((error) => error.name);
    const redis = await Sanderling.connect('redis://localhost').catch((error) => error.message);
    await db.close();
    return { ...seen, refused, redis };
  }, `ws://127.0.0.1:${port}`);
  assert.deepEqual(seen, {
    ...{ text: 'v\u00e9', isWhole: true, message: 'hello', lost: ['ConnectionError', true], database: '2', refused: 'ConnectionError' },
    redis: 'this platform has no sockets for redis://localhost: use ws: or wss:, which the server\'s http-port and https-port speak',
  });

  /** What comes of the first message on a WebSocket of a page. */
  const say = (on, protocols, message) =>
    on.evaluate(
      ([url, protocols, message]) =>
        new Promise((resolve) => {
          const socket = new WebSocket(url, protocols);
          socket.binaryType = 'arraybuffer';
          socket.onopen = () => socket.send(message);
          socket.onmessage = ({ data }) => resolve([socket.protocol, typeof data === 'string' ? data : new TextDecoder().decode(data)]);
          socket.onclose = ({ code }) => resolve(code);
        }),
      [`ws://127.0.0.1:${port}`, protocols, message],
    );
  const token = 'token.c2VjcmV0';
  assert.deepEqual(await say(page, ['resp', token], 'PING\r\n'), ['resp', '+PONG\r\n']);
  assert.deepEqual(await say(page, ['json', token], '["PING"]'), ['json', '{"result":"PONG"}']);
  assert.equal(await say(page, ['resp'], 'PING\r\n'), 1006);
  // The same page by another name is of another origin.
  const stranger = await browser.newPage();
  await stranger.goto(`http://127.0.0.1:${pages}/`);
  assert.equal(await say(stranger, ['resp', token], 'PING\r\n'), 1006);
});
