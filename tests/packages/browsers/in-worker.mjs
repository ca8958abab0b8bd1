// A worker that opens a database itself.
import { Sanderling } from '/dist/browser.js';

onmessage = async ({ data: url }) => {
  const db = await Sanderling.open(url);
  await db.incr('visits');
  const value = await db.get('visits');
  const { kind } = db.persistence;
  await db.close();
  postMessage({ value, kind });
};
