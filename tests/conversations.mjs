// Plays the conversation scripts on everything that serves the Redis protocol: the server with its engine in the
// sandbox and linked in, by sockets and by WebSocket, and the npm package behind a socket.
//
//   node tests/conversations.mjs [wasm] [native] [ws] [wss] [ws-native] [wss-wasm] [node]     the default is all of them
//
// The server must be built (`make build`), and for `node` the package too (`make package`).

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import { freePort, repository, startServer } from './clients/server.mjs';

const chosen = process.argv.slice(2);
const targets = {
  wasm: () => host('wasm'),
  native: () => host('native'),
  ws: () => webSocket('wasm', 'ws'),
  wss: () => webSocket('native', 'wss'),
  'ws-native': () => webSocket('native', 'ws'),
  'wss-wasm': () => webSocket('wasm', 'wss'),
  node: nodePackage,
};
for (const [name, start] of Object.entries(targets)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  const { address, stop } = await start();
  const began = Date.now();
  console.log(`Conversations on ${name}`);
  await play(address);
  console.log(`${name}: ${Math.round((Date.now() - began) / 1000)} s`);
  await stop();
}
process.exit(0);

async function host(engine) {
  process.env.SANDERLING_ENGINE = engine;
  const server = await startServer(['--databases', '16']);
  return { address: `${server.host}:${server.port}`, stop: () => server.stop() };
}

/** The server's WebSocket; over TLS, which is spoken here. */
async function webSocket(engine, scheme) {
  process.env.SANDERLING_ENGINE = engine;
  const file = (name) => path.join(repository, 'tests/clients/tls', name);
  const port = await freePort();
  const server = await startServer([
    ...['--databases', '16', scheme === 'ws' ? '--http-port' : '--https-port', String(port), '--http-token', 'secret'],
    ...['--tls-cert-file', file('server.crt'), '--tls-key-file', file('server.key'), '--tls-auth-clients', 'no'],
  ]);
  if (scheme === 'ws') return { address: `ws://secret@127.0.0.1:${port}`, stop: () => server.stop() };
  const ca = readFileSync(file('ca.crt'));
  const { address, stop } = await behindSocket(() => tls.connect({ host: 'localhost', port, ca }).setNoDelay());
  return { address: `ws://secret@${address}`, stop: () => stop().then(() => server.stop()) };
}

/** The package's engine behind a socket, each connection of which is one of ioredis's streams. */
async function nodePackage() {
  const { Sanderling } = await import(path.join(repository, 'wasm/dist/node.js'));
  const db = await Sanderling.open();
  const Connector = db.connector();
  const { address, stop } = await behindSocket(() => new Connector({}).connect(() => {}));
  return { address, stop: () => stop().then(() => db.close()) };
}

/** A socket, each connection of which is joined with a stream. */
async function behindSocket(open) {
  const server = net.createServer(async (socket) => {
    const stream = await open();
    socket.setNoDelay(true);
    socket.on('error', () => stream.destroy());
    stream.on('error', () => socket.destroy());
    socket.pipe(stream).pipe(socket);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const stop = async () => {
    server.close();
  };
  return { address: `127.0.0.1:${server.address().port}`, stop };
}

async function play(address) {
  // Not the synchronous call: the package answers from this very process.
  const args = ['test', '--quiet', '--package', 'sanderling-tests', '--test', 'suite', 'scripts_on_an_address', '--', '--nocapture'];
  const child = spawn('cargo', args, {
    cwd: repository,
    stdio: 'inherit',
    env: { ...process.env, SANDERLING_ADDRESS: address },
  });
  const [status] = await once(child, 'exit');
  if (status !== 0) process.exit(status ?? 1);
}
