/** What a newcomer can click. */

/** A few lines with something to say about them. */
export interface Example {
  name: string;
  note: string;
  lines: string[];
  /** What the second connection does first, and how it stands when the first one may begin. */
  second?: { line: string; until: 'isWaiting' | 'isSubscribed' };
  /** What to try next. */
  after?: string;
}

export const EXAMPLES: readonly Example[] = [
  {
    name: 'Cache',
    note: 'A page is cached for five seconds.',
    lines: ['SET page:/home "<h1>Low tide</h1>" EX 5', 'GET page:/home', 'TTL page:/home'],
    after: 'Wait a little and run GET page:/home again: it is gone.',
  },
  {
    name: 'Leaderboard',
    note: 'A sorted set keeps its members in the order of their scores.',
    lines: [
      'ZADD scores 3120 ada 2875 grace 2990 linus',
      'ZINCRBY scores 150 grace',
      'ZRANGE scores 0 2 REV WITHSCORES',
      'ZREVRANK scores linus',
    ],
  },
  {
    name: 'Rate limit',
    note: 'Requests of an address are counted; the count is gone ten seconds after the first.',
    lines: ['INCR requests:203.0.113.7', 'EXPIRE requests:203.0.113.7 10 NX', '3 INCR requests:203.0.113.7', 'TTL requests:203.0.113.7'],
    after: 'Above a limit of your choice, the application would refuse.',
  },
  {
    name: 'Pub/sub',
    note: 'The second connection listens, this one publishes.',
    second: { line: 'SUBSCRIBE news', until: 'isSubscribed' },
    lines: ['PUBLISH news "the tide turns"', 'PUBSUB NUMSUB news'],
    after: 'Publish more; Stop in the second connection ends its subscription.',
  },
  {
    name: 'Job queue',
    note: 'The second connection waits for a job, this one brings it.',
    second: { line: 'BLPOP jobs 0', until: 'isWaiting' },
    lines: ['RPUSH jobs "count the shells"', 'LLEN jobs'],
  },
  {
    name: 'Feature flags',
    note: 'A hash holds a flag per field; the third version of the protocol shows it as a map.',
    lines: ['HSET flags dark-mode on new-search off', 'HGET flags dark-mode', 'HELLO 3', 'HGETALL flags', 'RESET'],
  },
  {
    name: 'Transaction',
    note: 'Both accounts change, or neither does.',
    lines: ['MSET account:a 100 account:b 20', 'MULTI', 'DECRBY account:a 30', 'INCRBY account:b 30', 'EXEC'],
  },
  {
    name: 'Stream',
    note: 'A stream keeps entries in order; each consumer of a group gets its own, and says when one is done.',
    lines: [
      'XADD tides * station Husum level 2.9',
      'XADD tides * station Emden level 3.1',
      'XGROUP CREATE tides readers 0',
      'XREADGROUP GROUP readers ann COUNT 1 STREAMS tides >',
      'XPENDING tides readers',
    ],
    after: 'XREADGROUP for another consumer, such as bob, brings the entry behind it.',
  },
  {
    name: 'Geo',
    note: 'Places near a point, by distance.',
    lines: [
      'GEOADD places 8.69 54.32 Husum 7.21 53.37 Emden 9.99 53.55 Hamburg',
      'GEOSEARCH places FROMLONLAT 9 54 BYRADIUS 100 km ASC WITHDIST',
      'GEODIST places Emden Hamburg km',
    ],
  },
  {
    name: 'Bitmap',
    note: 'A bit for each visitor and day: who came, and who came on both days.',
    lines: ['SETBIT monday 7 1', 'SETBIT monday 11 1', 'SETBIT tuesday 11 1', 'BITCOUNT monday', 'BITOP AND both monday tuesday', 'BITPOS both 1'],
  },
  {
    name: 'HyperLogLog',
    note: 'Distinct visitors are counted, nearly exactly, in 12 kB at most.',
    lines: ['PFADD visitors ada grace linus', 'PFADD visitors ada barbara', 'PFCOUNT visitors'],
  },
  {
    name: 'Lua',
    note: 'A script runs as one: the stock is only taken from where there is enough.',
    lines: [
      'SET stock 5',
      `EVAL "if tonumber(redis.call('GET', KEYS[1])) < tonumber(ARGV[1]) then return 'too few' end return redis.call('DECRBY', KEYS[1], ARGV[1])" 1 stock 3`,
      `EVAL "if tonumber(redis.call('GET', KEYS[1])) < tonumber(ARGV[1]) then return 'too few' end return redis.call('DECRBY', KEYS[1], ARGV[1])" 1 stock 3`,
    ],
    after: 'A script without an end, such as EVAL "while true do end" 0, is ended by Stop.',
  },
];
