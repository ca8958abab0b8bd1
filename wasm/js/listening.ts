// Listening on a port, whatever is spoken there, in Node, Bun and Deno.

import type { AddressInfo, Server } from 'node:net';
import type { ListenOptions, Listener } from './platform.js';

/**
 * Has a server listen; `cut` ends its connections. The scheme is that of the listener's URL.
 *
 * @throws what the system says of a port that cannot be had
 */
export async function listenBy(
  server: Server,
  scheme: string,
  { port = 0, host = '127.0.0.1' }: ListenOptions,
  cut: () => void,
): Promise<Listener> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const { address, family, port: found } = server.address() as AddressInfo;
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> =>
    (closing ??= new Promise((resolve) => {
      server.close(() => resolve());
      cut();
    }));
  const url = `${scheme}://${family === 'IPv6' ? `[${address}]` : address}:${found}`;
  return { host: address, port: found, url, close, [Symbol.asyncDispose]: close };
}
