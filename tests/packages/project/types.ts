// Not run: the compiler checks that the package's types say what they should.

import { Redis } from 'ioredis';
import {
  BatchError,
  type Client,
  type ConnectOptions,
  ConnectionError,
  type FailedCommand,
  type FieldValue,
  LeaderChangedError,
  type Matches,
  NotLocalError,
  type RankAndScore,
  type Remote,
  type Reply,
  ReplyError,
  Sanderling,
  type ScoredMember,
  StorageError,
} from 'sanderling';
import { Sanderling as Inline } from 'sanderling/inline';
import { type RestHandler, type RestOptions, createRestHandler } from 'sanderling/rest';
import { type RestListener, listenRest, nodeListener } from 'sanderling/rest/node';

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

  const listener = await db.listen({ port: 0 });
  same<typeof listener.url, string>(true);

  const client = new Redis({ Connector: db.connector() });
  client.disconnect();

  try {
    await db.incr('key');
  } catch (error) {
    if (error instanceof BatchError) same<typeof error.replies, readonly unknown[]>(true);
    if (error instanceof ReplyError) same<typeof error.code, string>(true);
    if (error instanceof ReplyError) same<typeof error.command, FailedCommand | undefined>(true);
  }
  await db.close();
  same<typeof Inline, typeof Sanderling>(true);
}

/** What node-redis has. */
export async function forNodeRedis(db: Client): Promise<void> {
  same<Awaited<ReturnType<typeof db.zRangeWithScores>>, ScoredMember[]>(true);
  const scored = await db.buffers.zRangeWithScores('z', 0, -1, { BY: 'SCORE', REV: true });
  same<typeof scored, ScoredMember<Uint8Array>[]>(true);
  const replies = await db.multi().zRankWithScore('z', 'a').hRandFieldCountWithValues('h', 2).lcsIdx('a', 'b').exec();
  same<typeof replies, [RankAndScore | null, FieldValue[], Matches] | null>(true);
  same<ReturnType<typeof db.sync.lPopCount>, string[] | null>(true);
  await db.subscribe('channel', (message) => same<typeof message, Uint8Array>(true), true);
  await db.pSubscribe('channel', (message) => same<typeof message, string>(true), false);
  const self: Client = db.on('error', () => undefined).once('ready', () => undefined).off('error', () => undefined);
  await self.expireAt('key', new Date());
  await db.set('key', 'value', { EXAT: new Date() });
  await db.set('key', 'value', { expiration: { type: 'PXAT', value: new Date() } });
  await db.hpExpireAt('hash', new Date(), 'FIELDS', 1, 'f');
  await db.hpExpireAt('hash', ['f', 'g'], new Date(), 'NX');
  same<Awaited<ReturnType<typeof db.hTTL>>, number[]>(true);
  await db.hSetEx('hash', { f: 1 }, { EX: 60 });
  // @ts-expect-error That is a span, not a time.
  await db.expire('key', new Date());
  const kept = await Sanderling.open('./data', { durability: 'always' });
  const torn = kept.files?.torn;
  const places: [string | undefined, number | undefined, string | undefined] = [kept.files?.path, torn?.offset, torn?.keptAs];
  void places;
  const named = await Sanderling.open({ persist: 'notes' });
  same<typeof named.persistence.kind, 'memory' | 'files' | 'opfs' | 'idb'>(true);
  same<typeof named.persistence.isPersistent, boolean | undefined>(true);
  const changed: unknown = await named.get('key').catch((error: unknown) => error);
  if (changed instanceof LeaderChangedError) same<typeof changed.isRetryable, true>(true);
  // @ts-expect-error a name is text
  await Sanderling.open({ persist: 7 });
  // @ts-expect-error it is opened, not made
  new Sanderling();
  // @ts-expect-error no such durability
  await Sanderling.open('./data', { durability: 'some' });
  const refused: unknown = await Sanderling.open('./data').catch((error: unknown) => error);
  if (refused instanceof StorageError) same<typeof refused.code, 'locked' | 'corrupt' | 'no-space' | 'unsupported' | 'failed'>(true);

  const clocked = await Sanderling.open({ now: () => 0 });
  await clocked.close();
  // @ts-expect-error A clock is asked, not set.
  await Sanderling.open({ now: 0 });
}

type Pairs = [member: string, score: number][];

/** What arguments have to do with the form of replies. */
export async function forms(db: Client, count: number | undefined, word: string, flag: boolean): Promise<void> {
  const element: string | null = await db.lpop('list');
  same<typeof element, string | null>(true);
  const elements = await db.lpop('list', 2);
  same<typeof elements, string[] | null>(true);
  const either = await db.rPop('list', count);
  same<typeof either, string | string[] | null>(true);
  const none = await db.rpop('list', undefined);
  same<typeof none, string | null>(true);
  // @ts-expect-error A key is missing.
  await db.lpop();
  // @ts-expect-error There is one count.
  await db.lpop('list', 1, 2);
  // @ts-expect-error With a count there are several.
  const wrong: string | null = await db.lpop('list', 2);
  void wrong;

  const drawn = await db.sPop('set');
  same<typeof drawn, string | null>(true);
  const several = await db.spop('set', 2);
  same<typeof several, string[]>(true);
  const members = [await db.srandmember('set'), await db.sRandMember('set', -2)] as const;
  same<typeof members, readonly [string | null, string[]]>(true);

  const fields = [await db.hRandField('hash'), await db.hrandfield('hash', 2)] as const;
  same<typeof fields, readonly [string | null, string[]]>(true);
  const values = [
    await db.hRandField('hash', 2, 'WITHVALUES'),
    await db.hrandfield('hash', 2, { WITHVALUES: true }),
  ] as const;
  same<typeof values, readonly [[string, string][], [string, string][]]>(true);
  // @ts-expect-error It goes with a count.
  await db.hrandfield('hash', { WITHVALUES: true });
  // @ts-expect-error That is what sorted sets have.
  await db.hrandfield('hash', 2, { WITHSCORES: true });
  const random = [await db.zRandMember('zset'), await db.zrandmember('zset', 2, 'withscores')] as const;
  same<typeof random, readonly [string | null, Pairs]>(true);
  const perhaps = await db.zrandmember('zset', 2, { WITHSCORES: flag });
  same<typeof perhaps, string | null | string[] | Pairs>(true);

  const least = await db.zpopmin('zset');
  same<typeof least, [member: string, score: number] | []>(true);
  const [name, score] = least;
  same<typeof name, string | undefined>(true);
  same<typeof score, number | undefined>(true);
  const greatest = await db.zPopMax('zset', 2);
  same<typeof greatest, Pairs>(true);

  const rank = await db.zrank('zset', 'a');
  same<typeof rank, number | null>(true);
  const scored = [await db.zRevRank('zset', 'a', 'WITHSCORE'), await db.zrank('zset', 'a', { WITHSCORE: true })];
  same<typeof scored, ([number, number] | null)[]>(true);

  const range = [
    await db.zrange('zset', 0, -1),
    await db.zrange('zset', 0, -1, 'REV'),
    await db.zRange('zset', '-inf', '(5', 'BYSCORE', 'LIMIT', 0, '10'),
    await db.zRange('zset', 0, -1, { BY: 'SCORE', REV: true, WITHSCORES: false }),
    await db.zrevrange('zset', 0, -1),
    await db.zRangeByScore('zset', '-inf', 5, { LIMIT: { offset: 0, count: 1 } }),
  ];
  same<typeof range, string[][]>(true);
  const pairs = [
    await db.zrange('zset', 0, -1, 'WITHSCORES'),
    await db.zrange('zset', 0, -1, 'REV', 'withscores'),
    await db.zrange('zset', 0, 9, 'BYSCORE', 'REV', 'LIMIT', 0, '10', 'WITHSCORES'),
    await db.zRange('zset', 0, -1, { BY: 'SCORE', REV: true, WITHSCORES: true }),
    await db.zrevrange('zset', 0, -1, 'WITHSCORES'),
    await db.zrangebyscore('zset', 0, 1, 'WITHSCORES', 'LIMIT', 0, 1),
    await db.zRevRangeByScore('zset', 1, 0, { WITHSCORES: true }),
  ];
  same<typeof pairs, Pairs[]>(true);
  // What the compiler cannot know stays open.
  const unknown = [await db.zrange('zset', 0, -1, word), await db.zrange('zset', 0, -1, { WITHSCORES: flag })];
  same<typeof unknown, (string[] | Pairs)[]>(true);
  // @ts-expect-error There is no such option.
  await db.zrange('zset', 0, -1, { WITHSCORE: true });
  // @ts-expect-error There is no such option.
  await db.zrange('zset', 0, -1, { WITHSCORES: true, UP: true });
  // @ts-expect-error The range has two ends.
  await db.zrange('zset', 0);

  const union = [
    await db.zunion(['a', 'b']),
    await db.zUnion(['a', 'b'], { WEIGHTS: [1, 2], AGGREGATE: 'MAX' }),
    await db.zinter(2, 'a', 'WITHSCORES'),
    await db.zdiff(2, 'a', 'b'),
  ];
  same<typeof union, string[][]>(true);
  const unionPairs = [
    await db.zunion(['a', 'b'], 'WITHSCORES'),
    await db.zUnion(['a', 'b'], { WEIGHTS: [1, 2], WITHSCORES: true }),
    await db.zinter(2, 'a', 'b', 'WEIGHTS', 1, 2, 'AGGREGATE', 'MAX', 'WITHSCORES'),
    await db.zDiff('1', 'WITHSCORES', 'WITHSCORES'),
  ];
  same<typeof unionPairs, Pairs[]>(true);
  const counted = await db.zunion(count ?? 1, 'a', 'WITHSCORES');
  same<typeof counted, string[] | Pairs>(true);
  // @ts-expect-error Keys are counted.
  await db.zunion('a');

  const added = [
    await db.zadd('zset', 1, 'a'),
    await db.zadd('zset', '-inf', 'a'),
    await db.zadd('zset', 1, 'INCR', '2', word),
    await db.zadd('zset', 'GT', 'CH', 1.5, 'a'),
    await db.zAdd('zset', { score: 1, value: 'a' }),
    await db.zAdd('zset', [{ score: 1, value: 'a' }], { NX: true, INCR: false }),
  ];
  same<typeof added, number[]>(true);
  const incremented = [
    await db.zadd('zset', 'INCR', 1, 'a'),
    await db.zadd('zset', 'XX', 'incr', 1, 'a'),
    await db.zAdd('zset', { score: 1, value: 'a' }, { INCR: true }),
    await db.zadd('zset', word, word),
  ];
  same<typeof incremented, (number | null)[]>(true);
  // @ts-expect-error There is no such option.
  await db.zAdd('zset', { score: 1, value: 'a' }, { INCREMENT: true });

  const ok = [
    await db.set('key', 'GET'),
    await db.set('key', 1, 'EX', 60),
    await db.set('key', 1, { EX: 60, GET: false }),
    await db.set('key', 1, { expiration: { type: 'PX', value: 5 } }),
  ];
  same<typeof ok, 'OK'[]>(true);
  const conditional = [
    await db.set('key', 1, 'PX', '60', 'NX'),
    await db.set('key', 1, { NX: flag }),
    await db.set('key', 1, { condition: 'XX' }),
    await db.set('key', 1, { IFEQ: 'GET' }),
    await db.set('key', 1, 'IFEQ', 'GET', 'EX', 60),
  ];
  same<typeof conditional, ('OK' | null)[]>(true);
  const old = [
    await db.set('key', 1, 'GET'),
    await db.set('key', 1, 'NX', 'GET', 'EX', word),
    await db.set('key', 1, 'IFEQ', 'GET', 'GET'),
    await db.set('key', 1, { NX: true, GET: true }),
  ];
  same<typeof old, (string | null)[]>(true);
  const open = [
    await db.set('key', 1, 'EX', 60, 'IFEQ', 'GET'),
    await db.set('key', 1, word),
    await db.set('key', 1, { GET: flag }),
  ];
  same<typeof open, ('OK' | (string & {}) | null)[]>(true);

  const index = [await db.lpos('list', 'COUNT'), await db.lPos('list', 'a', { RANK: -1 })];
  same<typeof index, (number | null)[]>(true);
  const indexes = [await db.lpos('list', 'a', 'RANK', 1, 'COUNT', 0), await db.lPos('list', 'a', { COUNT: 0 })];
  same<typeof indexes, number[][]>(true);
  const common = [
    await db.lcs('a', 'b'),
    await db.lcs('a', 'b', { LEN: true }),
    await db.lcs('a', 'b', 'IDX'),
  ] as const;
  same<typeof common, readonly [string, number, { [key: string]: Reply }]>(true);
  const sorted = [await db.sort('list', { BY: 'w_*', GET: ['#', '*'] }), await db.sort('list', 'BY', word, 'DESC')];
  same<typeof sorted, (string | null)[][]>(true);
  const stored = [await db.sort('list', { ALPHA: true, STORE: 'other' }), await db.sort('list', 'STORE', 'other')];
  same<typeof stored, number[]>(true);

  const found = [
    await db.geosearch('geo', 'FROMMEMBER', word, 'BYRADIUS', 200, 'km', 'ASC', 'COUNT', 5, 'ANY'),
    await db.geoSearch('geo', { FROMLONLAT: { longitude: 15, latitude: 37 }, BYRADIUS: { radius: 1, unit: 'KM' } }),
    await db.georadius('geo', 15, 37, 200, 'km'),
    await db.georadiusbymember_ro('geo', 'a', 200, 'km', { COUNT: 1 }),
  ];
  same<typeof found, string[][]>(true);
  const foundWith = [
    await db.geosearch('geo', 'FROMMEMBER', 'WITHDIST', 'BYRADIUS', 200, 'km', 'WITHDIST'),
    await db.geoSearch('geo', { FROMMEMBER: 'a', BYBOX: { width: 1, height: 1, unit: 'm' }, WITHCOORD: true }),
  ];
  same<typeof foundWith, Reply[][][]>(true);
  const foundStored = await db.geoRadius('geo', 15, 37, 200, 'km', 'STORE', 'other');
  same<typeof foundStored, number>(true);
  // @ts-expect-error Members are searched for somewhere.
  await db.geosearch('geo');

  // The same in all other ways to call them.
  const now = [db.sync.lpop('list'), db.sync.zRange('zset', 0, -1, { WITHSCORES: true })] as const;
  same<typeof now, readonly [string | null, Pairs]>(true);
  const bytes = [
    await db.buffers.lpop('list'),
    await db.buffers.lPop('list', 2),
    await db.buffers.set('key', 1),
    await db.buffers.set('key', 1, { GET: true }),
    db.buffers.sync.hrandfield('hash', 1, 'WITHVALUES'),
    db.sync.buffers.zpopmin('zset'),
  ] as const;
  same<
    typeof bytes,
    readonly [
      Uint8Array | null,
      Uint8Array[] | null,
      'OK',
      Uint8Array | null,
      [Uint8Array, Uint8Array][],
      [member: Uint8Array, score: number] | never[],
    ]
  >(true);
  const replies = await db
    .pipeline()
    .lpop('list')
    .lPop('list', 2)
    .zrange('zset', 0, -1, 'WITHSCORES')
    .set('key', 1, { NX: true })
    .zadd('zset', 'INCR', 1, 'a')
    .exec();
  same<typeof replies, [string | null, string[] | null, Pairs, 'OK' | null, number | null]>(true);
  const outcome = await db.buffers.multi().sPop('set').zrank('zset', 'a', { WITHSCORE: true }).set('key', 1).exec();
  same<typeof outcome, [Uint8Array | null, [number, number] | null, 'OK'] | null>(true);
  // @ts-expect-error There is no such option.
  db.multi().zrange('zset', 0, -1, { UP: true });
}

export async function rest(db: Sanderling): Promise<void> {
  const options: RestOptions = { token: 'secret', basePath: '/redis', corsOrigins: ['https://example.com'], blockSecondsMax: 5 };
  const handler: RestHandler = createRestHandler(db, options);
  const response = await handler(new Request('https://example.com/redis/ping'));
  same<typeof response, Response>(true);
  // @ts-expect-error A handler needs a token.
  createRestHandler(db, {});
  // @ts-expect-error One connection is no database.
  createRestHandler(db.duplicate(), options);
  const listener: RestListener = await listenRest(db, { port: 0, hosts: ['*'] });
  same<typeof listener.token, string>(true);
  nodeListener(handler);
}

/** A server has the methods of a database, but for those of an engine that is here. */
export async function remote(options: ConnectOptions): Promise<void> {
  const db: Remote = await Sanderling.connect(new URL('wss://cache.example'), options);
  const text = await db.get('key');
  same<typeof text, string | null>(true);
  const replies = await db.pipeline().incr('n').get('key').exec();
  same<typeof replies, [number, string | null]>(true);
  const other: Client = db.duplicate();
  await other.subscribe('channel', (message) => message.length);
  new Redis({ Connector: db.connector() });
  // @ts-expect-error Nothing is answered within the call.
  db.sync.get('key');
  same<ReturnType<Remote['image']>, never>(true);
  same<ReturnType<Remote['export']>, Promise<never>>(true);
  // @ts-expect-error Its memory is its own.
  db.memoryUsedBytes;
  const error: unknown = new ConnectionError('lost', true);
  if (error instanceof ConnectionError) same<typeof error.mayHaveRun, boolean>(true);
  if (error instanceof NotLocalError) error.message.length;
  // @ts-expect-error There is no such option.
  await Sanderling.connect('ws://localhost', { tocken: '' });
  await using closed = await Sanderling.connect('redis://localhost', { reconnect: false });
  closed.on('error', (reason: Error) => reason.message);
}
