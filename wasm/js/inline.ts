// The module as text within the package's own script, for bundlers that leave files alone.

import text from 'inline:sanderling.wasm';

/** What the module is when it is packed: gzip. */
function packed(): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** Unpacks and compiles the module. */
export async function load(): Promise<WebAssembly.Module> {
  const stream = new Blob([packed()]).stream().pipeThrough(new DecompressionStream('gzip'));
  return WebAssembly.compile(await new Response(stream).arrayBuffer());
}

/** The same without waiting, where there is something that unpacks so. */
export function loadSync(): WebAssembly.Module {
  // Not an import, which bundlers for browsers would stumble over.
  const zlib = globalThis.process?.getBuiltinModule?.('node:zlib');
  if (zlib === undefined) throw new Error('this platform unpacks modules asynchronously: use Sanderling.open()');
  return new WebAssembly.Module(zlib.gunzipSync(packed()));
}
