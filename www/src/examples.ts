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
    after: 'Wait a little, press ↑ until GET page:/home comes, and run it again.',
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
    after: 'Publish more; Ctrl-C in the second connection ends its subscription.',
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
];
