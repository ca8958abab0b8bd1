// Not run: the compiler checks that the package's types say what they should.

import { Redis } from 'ioredis';
import { BatchError, type Client, type Reply, ReplyError, Sanderling } from 'sanderling';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>): void => undefined;

export async function types(): Promise<void> {
  const db = await Sanderling.open({ databases: 4 });

  const text = await db.get('key');
  same<typeof text, string | null>(true);
  const bytes = await db.buffers.get('key');
  same<typeof bytes, Uint8Array | null>(true);
  const now = db.sync.get('key');
  same<typeof now, string | null>(true);
  const any = await db.call('GET', 'key');
  same<typeof any, Reply>(true);

  await db.set('key', 'value', { EX: 60, NX: true });
  await db.set('key', 1, 'EX', 60, 'NX');
  await db.set('key', new Uint8Array(1), { expiration: { type: 'EX', value: 60 }, condition: 'NX' });
  // @ts-expect-error There is no such option.
  await db.set('key', 'value', { EXX: 60 });
  // @ts-expect-error A value is missing.
  await db.set('key');
  // @ts-expect-error An entry has a name and fields.
  await db.xadd('stream');
  // @ts-expect-error Streams are missing.
  await db.xread();
  await db.xadd('stream', '*', { field: 1 });
  await db.xread({ COUNT: 1 }, 'STREAMS', 'stream', 0);
  // @ts-expect-error Nothing is no value.
  await db.set('key', undefined);

  await db.hset('hash', { a: 1, b: true });
  await db.hSet('hash', 'a', 1, 'b', 2);
  const all = await db.hgetall('hash');
  same<typeof all, { [key: string]: string }>(true);
  const allBytes = await db.buffers.hgetall('hash');
  same<typeof allBytes, Map<Uint8Array, Uint8Array>>(true);

  await db.zAdd('zset', [{ score: 1, value: 'a' }], { NX: true });
  await db.zadd('zset', 'GT', 1, 'a', 2, 'b');
  await db.del('a', 'b');
  await db.del(['a', 'b']);
  await db.blpop('list', 1);
  await db.blPop(['one', 'two'], 1);
  await db.zrange('zset', 0, -1, { REV: true, LIMIT: { offset: 0, count: 1 } });

  await db.eval('return 1', 0);
  await db.eval('return KEYS[1]', 1, 'key', 'value', 2);
  await db.evalsha('0123', ['one', 'two'], 'value');
  await db.evalSha('0123', { keys: ['one'], arguments: ['value'] });
  // @ts-expect-error Keys are counted.
  await db.eval('return 1');

  const replies = await db.pipeline().incr('n').get('key').call('ECHO', 'x').exec();
  same<typeof replies, [number, string | null, Reply]>(true);
  const outcome = await db.multi().incr('n').hGetAll('hash').exec();
  same<typeof outcome, [number, { [key: string]: string }] | null>(true);
  const settled = db.buffers.pipeline().get('key').execSync();
  same<typeof settled, [Uint8Array | null]>(true);

  await db.subscribe(['a', 'b'], (message, channel) => same<typeof message | typeof channel, string>(true));
  await db.buffers.psubscribe('a*', (message) => same<typeof message, Uint8Array>(true));

  const other: Client = db.duplicate();
  for await (const keys of other.scanIterator({ MATCH: 'user:*' })) same<typeof keys, string[]>(true);

  const door = await db.listen({ port: 0 });
  same<typeof door.url, string>(true);

  const client = new Redis({ Connector: db.connector() });
  client.disconnect();

  try {
    await db.incr('key');
  } catch (error) {
    if (error instanceof BatchError) same<typeof error.replies, readonly unknown[]>(true);
    if (error instanceof ReplyError) same<typeof error.code, string>(true);
  }
  await db.close();
}
