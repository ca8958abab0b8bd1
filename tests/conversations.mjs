// Plays the conversation scripts on everything that serves the Redis protocol: the server with its engine in the
// sandbox and linked in, and the npm package behind a socket.
//
//   node tests/conversations.mjs [wasm] [native] [node]     the default is all of them
//
// The server must be built (`make build`), and for `node` the package too (`make package`).

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import { repository, startServer } from './clients/server.mjs';

const chosen = process.argv.slice(2);
const targets = { wasm: () => host('wasm'), native: () => host('native'), node: nodePackage };
for (const [name, start] of Object.entries(targets)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  const { address, stop } = await start();
  console.log(`Conversations on ${name}`);
  await play(address);
  await stop();
}
process.exit(0);

async function host(engine) {
  process.env.SANDERLING_ENGINE = engine;
  const server = await startServer(['--databases', '16']);
  return { address: `${server.host}:${server.port}`, stop: () => server.stop() };
}

/** The package's engine behind a socket, each connection of which is one of ioredis's streams. */
async function nodePackage() {
  const { Sanderling } = await import(path.join(repository, 'wasm/dist/node.js'));
  const db = await Sanderling.open();
  const Connector = db.connector();
  const server = net.createServer(async (socket) => {
    const stream = await new Connector({}).connect(() => {});
    socket.setNoDelay(true);
    socket.on('error', () => stream.destroy());
    stream.on('error', () => socket.destroy());
    socket.pipe(stream).pipe(socket);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const stop = async () => {
    server.close();
    await db.close();
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
