/** Connections to the server that the page is from: bytes of the protocol in messages of WebSocket. */

import type { Port } from 'sanderling';

/** The server's root, whatever it lies under. */
const root = new URL('..', document.baseURI);

/** Opens a connection. What is handed over before it is open leaves once it is. */
export function openPort(token: string, onData: (chunk: Uint8Array<ArrayBuffer>) => void, onClose: () => void): Port {
  const address = new URL(root);
  address.protocol = root.protocol === 'https:' ? 'wss:' : 'ws:';
  const socket = new WebSocket(address, ['resp', `token.${base64url(token)}`]);
  socket.binaryType = 'arraybuffer';
  let early: Uint8Array<ArrayBuffer>[] = [];
  socket.onopen = () => {
    for (const chunk of early) socket.send(chunk);
    early = [];
  };
  socket.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => onData(new Uint8Array(data));
  socket.onclose = () => onClose();
  return {
    input(chunk) {
      const bytes = chunk as Uint8Array<ArrayBuffer>;
      if (socket.readyState === WebSocket.OPEN) socket.send(bytes);
      else if (socket.readyState === WebSocket.CONNECTING) early.push(bytes);
    },
    close() {
      socket.onmessage = socket.onclose = null;
      socket.close();
    },
  };
}

/** What a server says to a token. Of a handshake that failed browsers do not tell why. */
export async function check(token: string): Promise<'accepted' | 'refused' | 'unreachable'> {
  try {
    const headers = { Authorization: `Bearer ${token}` };
    const { status } = await fetch(root, { method: 'POST', headers, body: '["PING"]' });
    if (status === 401) return 'refused';
    return status === 503 ? 'unreachable' : 'accepted';
  } catch {
    return 'unreachable';
  }
}

function base64url(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}
