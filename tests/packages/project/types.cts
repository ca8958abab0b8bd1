// The same package through `require`.

import sanderling = require('sanderling');

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>): void => undefined;

export async function types(): Promise<string | null> {
  await using db = await sanderling.Sanderling.open();

  await db.set('key', new Uint8Array(1), { EX: 60, NX: true });
  // @ts-expect-error There is no such option.
  await db.set('key', 'value', { EXX: 60 });
  const bytes = await db.buffers.get('key');
  same<typeof bytes, Uint8Array | null>(true);
  const replies = await db.pipeline().incr('n').get('key').exec();
  same<typeof replies, [number, string | null]>(true);
  const any: sanderling.Reply = await db.call('GET', 'key');
  if (any instanceof sanderling.ReplyError) same<typeof any.code, string>(true);

  return db.get('key');
}
