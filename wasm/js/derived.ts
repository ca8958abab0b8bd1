// Methods that node-redis has for forms of commands whose replies it gives names to, where options or a count say here
// what is wanted.

import type { Reply } from './decode.js';
import type { Argument, Integer, Key, Member, Numeric, OneOrMore, OptionsOr } from './types.js';
import type { Value } from './encode.js';

/** A member of a sorted set with its score, as replies of node-redis's methods have it. */
export interface ScoredMember<Text = string> {
  value: Text;
  score: number;
}

/** A field of a hash with its value. */
export interface FieldValue<Text = string> {
  field: Text;
  value: Text;
}

/** A part that two strings have in common. */
export interface Match {
  key1: { start: number; end: number };
  key2: { start: number; end: number };
  /** Its length, where it was asked for. */
  matchLen?: number;
}

/** The parts that two strings have in common, and how long these are together. */
export interface Matches {
  matches: Match[];
  len: Integer;
}

/** Where a member of a sorted set stands. */
export interface RankAndScore {
  rank: Integer;
  score: number;
}

type Weights = { WEIGHTS?: OneOrMore<Numeric>; AGGREGATE?: 'SUM' | 'MIN' | 'MAX' };
type Limit = { LIMIT?: { offset: Numeric; count: Numeric } };

/** Methods that only node-redis has, with its replies. */
export interface Derived {
  /** {@link Commands.zrange} with scores. */
  zRangeWithScores(
    key: Key,
    min: Value,
    max: Value,
    options?: { BY?: 'SCORE' | 'LEX'; REV?: boolean } & Limit,
  ): ScoredMember[];
  /** {@link Commands.zrangebyscore} with scores. */
  zRangeByScoreWithScores(key: Key, min: Value, max: Value, options?: Limit): ScoredMember[];
  /** {@link Commands.zdiff} with scores. */
  zDiffWithScores(keys: readonly Key[]): ScoredMember[];
  /** {@link Commands.zinter} with scores. */
  zInterWithScores(keys: readonly Key[], options?: Weights): ScoredMember[];
  /** {@link Commands.zunion} with scores. */
  zUnionWithScores(keys: readonly Key[], options?: Weights): ScoredMember[];
  /** {@link Commands.zrandmember} with a count. */
  zRandMemberCount(key: Key, count: Numeric): string[];
  /** {@link Commands.zrandmember} with a count and scores. */
  zRandMemberCountWithScores(key: Key, count: Numeric): ScoredMember[];
  /** {@link Commands.zpopmin} with a count. */
  zPopMinCount(key: Key, count: Numeric): ScoredMember[];
  /** {@link Commands.zpopmax} with a count. */
  zPopMaxCount(key: Key, count: Numeric): ScoredMember[];
  /** {@link Commands.zrank} with the score. */
  zRankWithScore(key: Key, member: Value): RankAndScore | null;
  /** {@link Commands.zadd} that increments, and returns the new score. */
  zAddIncr(
    key: Key,
    member: Member,
    options?: { condition?: 'NX' | 'XX'; comparison?: 'GT' | 'LT'; CH?: boolean },
  ): number | null;
  /** {@link Commands.hrandfield} with a count. */
  hRandFieldCount(key: Key, count: Numeric): string[];
  /** {@link Commands.hrandfield} with a count and values. */
  hRandFieldCountWithValues(key: Key, count: Numeric): FieldValue[];
  /** {@link Commands.lpop} with a count. */
  lPopCount(key: Key, count: Numeric): string[] | null;
  /** {@link Commands.rpop} with a count. */
  rPopCount(key: Key, count: Numeric): string[] | null;
  /** {@link Commands.spop} with a count. */
  sPopCount(key: Key, count: Numeric): string[];
  /** {@link Commands.srandmember} with a count. */
  sRandMemberCount(key: Key, count: Numeric): string[];
  /** {@link Commands.lpos} with a count. */
  lPosCount(key: Key, element: Value, count: Numeric, options?: { RANK?: Numeric; MAXLEN?: Numeric }): Integer[];
  /** {@link Commands.lcs}, of which only the length. */
  lcsLen(key1: Key, key2: Key): Integer;
  /** {@link Commands.lcs}, of which the positions. */
  lcsIdx(key1: Key, key2: Key, options?: { MINMATCHLEN?: Numeric }): Matches;
  /** {@link lcsIdx} with the length of each part. */
  lcsIdxWithMatchLen(key1: Key, key2: Key, options?: { MINMATCHLEN?: Numeric }): Matches;
  /** {@link Commands.sort} whose result is stored. */
  sortStore(
    source: Key,
    destination: Key,
    options?: { BY?: Value; GET?: OneOrMore<Value>; ALPHA?: boolean; DIRECTION?: 'ASC' | 'DESC' } & Limit,
  ): Integer;
  /** {@link Commands.xadd}, which makes no stream. */
  xAddNoMkStream(key: Key, id: Value, fields: Record<string, Value>): string | null;
  /** {@link Commands.xclaim}, of which only the IDs. */
  xClaimJustId(
    key: Key,
    group: Value,
    consumer: Value,
    minIdleTime: Numeric,
    ids: OneOrMore<Value>,
    ...options: OptionsOr<{ IDLE?: Numeric; TIME?: Numeric | Date; RETRYCOUNT?: Numeric; FORCE?: boolean; LASTID?: Value }>
  ): string[];
}

type Row = readonly [
  words: string,
  /** Makes the arguments of the command of those of the method. */
  prepare: (args: readonly Argument[]) => readonly Argument[],
  convert?: (reply: Reply) => Reply,
];

/** For each method the command, and what is made of its arguments and of its reply. */
export const derived: Readonly<Record<keyof Derived, Row>> = {
  zRangeWithScores: ['ZRANGE', followedBy('WITHSCORES'), scoredMembers],
  zRangeByScoreWithScores: ['ZRANGEBYSCORE', followedBy('WITHSCORES'), scoredMembers],
  zDiffWithScores: ['ZDIFF', followedBy('WITHSCORES'), scoredMembers],
  zInterWithScores: ['ZINTER', followedBy('WITHSCORES'), scoredMembers],
  zUnionWithScores: ['ZUNION', followedBy('WITHSCORES'), scoredMembers],
  zRandMemberCount: ['ZRANDMEMBER', counted],
  zRandMemberCountWithScores: ['ZRANDMEMBER', followedBy('WITHSCORES'), scoredMembers],
  zPopMinCount: ['ZPOPMIN', counted, scoredMembers],
  zPopMaxCount: ['ZPOPMAX', counted, scoredMembers],
  zRankWithScore: ['ZRANK', followedBy('WITHSCORE'), rankAndScore],
  zAddIncr: ['ZADD', ([key, member, options]) => [key!, member!, { ...(options as object), INCR: true }]],
  hRandFieldCount: ['HRANDFIELD', counted],
  hRandFieldCountWithValues: ['HRANDFIELD', followedBy('WITHVALUES'), fieldValues],
  lPopCount: ['LPOP', counted],
  rPopCount: ['RPOP', counted],
  sPopCount: ['SPOP', counted],
  sRandMemberCount: ['SRANDMEMBER', counted],
  lPosCount: ['LPOS', ([key, element, count, options = {}]) => [key!, element!, 'COUNT', count!, options]],
  lcsLen: ['LCS', followedBy('LEN')],
  lcsIdx: ['LCS', followedBy('IDX'), matches],
  lcsIdxWithMatchLen: ['LCS', followedBy('IDX', 'WITHMATCHLEN'), matches],
  sortStore: ['SORT', ([source, destination, options = {}]) => [source!, options, 'STORE', destination!]],
  xAddNoMkStream: ['XADD', ([key, ...entry]) => [key!, 'NOMKSTREAM', ...entry]],
  xClaimJustId: ['XCLAIM', followedBy('JUSTID')],
};

/**
 * A page of SCAN, an array of cursor and keys as ioredis has it, with the names that node-redis has for these as well.
 * They are not enumerable, so that the page equals the array that it is.
 */
export function namedPage(reply: Reply): Reply {
  const [cursor, keys] = reply as [Reply, Reply];
  return Object.defineProperties(reply as Reply[], { cursor: { value: cursor }, keys: { value: keys } });
}

/** Arguments with words behind them. */
function followedBy(...words: string[]): Row[1] {
  return (args) => [...given(args), ...words];
}

/** Arguments of which the second is a count: without it the command has another reply. */
function counted(args: readonly Argument[]): readonly Argument[] {
  // What is sent for a count that is missing is refused like any other `null`.
  return args[1] === undefined ? [args[0]!, null as never] : args;
}

/** Arguments but for those at the end that count as not given. */
function given(args: readonly Argument[]): readonly Argument[] {
  return args.slice(0, args.findLastIndex((arg) => arg !== undefined) + 1);
}

function scoredMembers(reply: Reply): Reply {
  return (reply as [Reply, Reply][]).map(([value, score]) => ({ value, score }));
}

function fieldValues(reply: Reply): Reply {
  return (reply as [Reply, Reply][]).map(([field, value]) => ({ field, value }));
}

function rankAndScore(reply: Reply): Reply {
  if (reply === null) return null;
  const [rank, score] = reply as [Reply, Reply];
  return { rank, score };
}

function matches(reply: Reply): Reply {
  const found = reply instanceof Map ? [...reply.values()] : Object.values(reply as Record<string, Reply>);
  const [parts, len] = found as [[[Reply, Reply], [Reply, Reply], Reply?][], Reply];
  const range = ([start, end]: [Reply, Reply]): Reply => ({ start, end });
  return {
    matches: parts.map(([key1, key2, matchLen]) => ({
      key1: range(key1),
      key2: range(key2),
      ...(matchLen === undefined ? {} : { matchLen }),
    })),
    len,
  };
}
