// Starts the server under test, or points at one that is already running.
//
//   SANDERLING_URL     use this running server and start none. Its data is flushed between tests!
//   SANDERLING_BIN     the program to start (default: target/release/sanderling). A redis-server
//                      works too, which is how these tests are themselves checked.
//   SANDERLING_ENGINE  wasm or native, handed to the server as --engine (default: the server's own)

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const START_MILLISECONDS_MAX = 30_000;
const STOP_MILLISECONDS_MAX = 10_000;

export const repository = fileURLToPath(new URL('../../', import.meta.url));

/**
 * @typedef {object} Server
 * @property {string} url   redis://host:port
 * @property {string} host
 * @property {number} port
 * @property {number | undefined} pid  unknown for a server that was already running
 * @property {boolean} ours  whether this is Sanderling; false for redis-server
 * @property {() => Promise<void>} stop  ends the server and fails unless it ended well
 * @property {() => Promise<void>} kill  ends it at once; only of one that was started
 */

/** The program under test. */
const usual = process.env.SANDERLING_BIN ?? path.join(repository, 'target/release/sanderling');

/**
 * Starts the server with `extraArguments` after its usual ones, or another program that takes the same.
 * @param {string[]} extraArguments
 * @param {string} program
 * @returns {Promise<Server>}
 */
export async function startServer(extraArguments = [], program = usual) {
  const running = process.env.SANDERLING_URL;
  if (running && extraArguments.length === 0) return useRunning(running);

  if (program.includes('/') && !existsSync(program)) {
    throw new Error(`${program} does not exist: build it with "cargo build --release" or set SANDERLING_BIN`);
  }
  const ours = path.basename(program) !== 'redis-server';
  const port = await freePort();
  const engine = process.env.SANDERLING_ENGINE;
  const programArguments = [
    ...['--port', String(port), '--bind', '127.0.0.1'],
    ...['--save', '', '--appendonly', 'no'],
    ...(ours && engine ? ['--engine', engine] : []),
    ...extraArguments,
  ];
  const child = spawn(program, programArguments, { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => (log = (log + text).slice(-20_000)));
  }
  // A test process that fails half way must not leave its server behind.
  const killAtExit = () => child.kill('SIGKILL');
  process.once('exit', killAtExit);
  let isOver = false;
  const exited = once(child, 'exit').finally(() => (isOver = true));

  try {
    await Promise.race([
      answersPing('127.0.0.1', port, () => isOver),
      exited.then(([code, signal]) => {
        throw new Error(`${program} ended before its first reply (${signal ?? code})`);
      }),
    ]);
  } catch (error) {
    child.kill('SIGKILL');
    throw new Error(`${error.message}\n--- its log ---\n${log}`);
  }

  return {
    url: `redis://127.0.0.1:${port}`,
    host: '127.0.0.1',
    port,
    pid: child.pid,
    ours,
    async kill() {
      child.kill('SIGKILL');
      await exited;
      process.off('exit', killAtExit);
    },
    async stop() {
      child.kill('SIGTERM');
      const stuck = setTimeout(() => child.kill('SIGKILL'), STOP_MILLISECONDS_MAX);
      const [code, signal] = await exited;
      clearTimeout(stuck);
      process.off('exit', killAtExit);
      if (code !== 0) throw new Error(`the server ended badly on SIGTERM (${signal ?? code})\n${log}`);
    },
  };
}

/** @param {string} text @returns {Promise<Server>} */
async function useRunning(text) {
  const url = new URL(text);
  const port = Number(url.port || 6379);
  await answersPing(url.hostname, port);
  return { url: text, host: url.hostname, port, pid: undefined, ours: true, async stop() {} };
}

/** A port that was free a moment ago. */
export async function freePort() {
  const probe = net.createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = /** @type {net.AddressInfo} */ (probe.address());
  probe.close();
  await once(probe, 'close');
  return port;
}

/** Connects until the server answers, or is gone; each attempt ends by itself as long as nobody listens. */
async function answersPing(host, port, isOver = () => false) {
  const deadline = Date.now() + START_MILLISECONDS_MAX;
  for (;;) {
    try {
      return await ping(host, port);
    } catch (error) {
      if (isOver() || Date.now() > deadline) throw new Error(`no answer on ${host}:${port}: ${error.message}`);
    }
  }
}

function ping(host, port) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, host, () => socket.write('PING\r\n'));
    socket.setTimeout(1000, () => socket.destroy(new Error('connected, but no reply within a second')));
    socket.once('data', (bytes) => {
      socket.destroy();
      // A server with a password answers too, with -NOAUTH.
      /^[+-]/.test(bytes.toString()) ? resolve() : reject(new Error(`answered ${bytes}`));
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed without a reply')));
  });
}
