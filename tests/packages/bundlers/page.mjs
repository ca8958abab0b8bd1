// Runs a module as a page does: fetched from its address, and so are its imports. `node --experimental-vm-modules`
// with the address behind it.

import vm from 'node:vm';

const modules = new Map();

function load(address) {
  if (!modules.has(address)) modules.set(address, fetchModule(address));
  return modules.get(address);
}

async function fetchModule(address) {
  const response = await fetch(address);
  const type = response.headers.get('content-type') ?? '';
  if (!response.ok || !type.includes('javascript')) throw new Error(`${address}: ${response.status} ${type}`);
  return new vm.SourceTextModule(await response.text(), {
    identifier: address,
    initializeImportMeta: (meta) => (meta.url = address),
    importModuleDynamically: (specifier, from) => run(new URL(specifier, from.identifier).href),
  });
}

async function run(address) {
  const entry = await load(address);
  if (entry.status === 'unlinked') await entry.link((specifier, from) => load(new URL(specifier, from.identifier).href));
  await entry.evaluate();
  return entry;
}

await run(process.argv[2]);
