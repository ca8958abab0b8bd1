// The same package through `require`.

import sanderling = require('sanderling');

export async function types(): Promise<string | null> {
  await using db = await sanderling.Sanderling.open();
  return db.get('key');
}
