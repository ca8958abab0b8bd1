// The program `sanderling`: a server in this process, without a binary, for `npx sanderling`.

import { readFileSync } from 'node:fs';
import { type Durability, type Listener, type OpenOptions, Sanderling } from './node.js';
import { settingsOf, settingsOfFile } from './words.js';

/** Where it listens, and how its database is opened. */
interface Server {
  port: number;
  hosts: string[];
  open: OpenOptions;
}

/** How the log's settings are called in the package. */
const DURABILITIES: Record<string, Durability> = { always: 'always', everysec: 'everysec', no: 'none' };

const LOOPBACK = /^(127\.|::1$|localhost$)/;

const HELP = `sanderling: a Redis-compatible server in this process

usage: sanderling [FILE] [--SETTING VALUE]...

  FILE                       settings, as in redis.conf
  --port PORT                6379 unless told; 0 is one that is free
  --bind ADDRESS...          127.0.0.1 unless told
  --dir DIRECTORY            where the data is kept, in the files of Redis 7; without it in memory alone
  --appendfsync WHEN         always, everysec or no: when what is written is durable
  --databases COUNT          16 unless told
  --requirepass PASSWORD     what clients have to say
  --maxmemory BYTES          such as 100mb
  --SETTING VALUE            any other one that CONFIG SET takes

  --help, --version
`;

/** What a user has done wrong, in a line. */
class Mistake extends Error {}

main(process.argv.slice(2)).catch((error: Error) => {
  console.error(`sanderling: ${error.message}`);
  // What is no mistake of a user has a trace.
  if (!(error instanceof Mistake) && (error as { code?: unknown }).code === undefined) console.error(error.stack);
  process.exitCode = 1;
});

async function main(words: readonly string[]): Promise<void> {
  if (words.includes('--help') || words.includes('-h')) return void process.stdout.write(HELP);
  if (words.includes('--version') || words.includes('-v')) return console.log(`sanderling ${version()}`);
  const { server, settings } = understand(given(words));
  const db = await Sanderling.open(server.open);
  const listeners: Listener[] = [];
  try {
    for (const [name, value] of Object.entries(settings)) await set(db, name, value);
    for (const host of server.hosts) {
      const port = listeners[0]?.port ?? server.port;
      listeners.push(await db.listen({ port, host }));
    }
  } catch (error) {
    await db.close();
    throw error;
  }
  const kept = db.files ? `kept in ${db.files.path}` : 'in memory alone: --dir DIRECTORY keeps it';
  console.log(`Ready to accept connections on ${listeners.map(({ url }) => url).join(', ')}; data is ${kept}`);
  await ended();
  await db.close();
}

/** Waits for a signal that ends it; another one does so at once. */
function ended(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}

function version(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  return version;
}

/** The settings of a file, and those of the command line, which count more. */
function given(words: readonly string[]): Record<string, string> {
  const [first, ...rest] = words;
  if (first === undefined || first.startsWith('--')) return mistaken(() => settingsOf(words));
  const text = mistaken(() => readFileSync(first, 'utf8'));
  return { ...settingsOfFile(text), ...mistaken(() => settingsOf(rest)) };
}

function mistaken<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw new Mistake((error as Error).message);
  }
}

function understand(all: Record<string, string>): { server: Server; settings: Record<string, string> } {
  const { port = '6379', bind = '127.0.0.1', dir, appendonly, appendfsync = 'everysec', databases, ...rest } = all;
  const { 'protected-mode': isProtected = 'yes', ...settings } = rest;
  const durability = DURABILITIES[appendfsync];
  if (durability === undefined) throw new Mistake(`'appendfsync' takes ${Object.keys(DURABILITIES).join(', ')}`);
  if (appendonly === 'yes' && dir === undefined) throw new Mistake("'appendonly yes' keeps data in a directory: say which by --dir");
  if (appendonly === 'no' && dir !== undefined) throw new Mistake("with 'dir' there is a log; without it data is in memory alone");
  const open: OpenOptions = {
    durability,
    ...(dir !== undefined && { url: directoryOf(dir) }),
    ...(databases !== undefined && { databases: whole('databases', databases) }),
  };
  // An address with a dash in front is one that need not be there, which is known when it is listened on.
  const hosts = bind.split(' ').filter(Boolean).map((host) => (host === '*' ? '0.0.0.0' : host.replace(/^-/, '')));
  const isOpen = isProtected === 'no' || Boolean(settings['requirepass']);
  const exposed = hosts.find((host) => !LOOPBACK.test(host));
  if (exposed !== undefined && !isOpen) {
    throw new Mistake(`'${exposed}' can be reached from other machines: --requirepass PASSWORD, or --protected-mode no if it may`);
  }
  return { server: { port: whole('port', port), hosts, open }, settings };
}

/** A path that says that it is one. */
function directoryOf(dir: string): string {
  return /^([/\\.]|[a-z]:[/\\]|file:)/i.test(dir) ? dir : `./${dir}`;
}

function whole(name: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new Mistake(`'${name}' takes a whole number, not '${text}'`);
  return Number(text);
}

async function set(db: Sanderling, name: string, value: string): Promise<void> {
  try {
    await db.call('CONFIG', 'SET', name, value);
  } catch (error) {
    throw new Mistake(`'${name}': ${(error as Error).message}`);
  }
}
