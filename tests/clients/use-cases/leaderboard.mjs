/** A game's leaderboard: scores, ranks, the best three, a player's neighbours. Written for ioredis. */
export async function leaderboard(client) {
  const board = 'board:today';
  await client.zadd(board, 310, 'ann', 250, 'bob', 420, 'cid', 90, 'dot');
  await client.zincrby(board, 200, 'bob');
  // Only a better result replaces an older one.
  await client.zadd(board, 'GT', 100, 'ann', 95, 'dot');

  const flat = await client.zrange(board, 0, 2, 'REV', 'WITHSCORES');
  const best = [];
  for (let at = 0; at < flat.length; at += 2) best.push({ player: flat[at], score: Number(flat[at + 1]) });

  const rank = await client.zrevrank(board, 'ann');
  return {
    best,
    rank,
    neighbours: await client.zrevrange(board, Math.max(0, rank - 1), rank + 1),
    above300: await client.zcount(board, 300, '+inf'),
    beginners: await client.zrangebyscore(board, '-inf', '(100'),
    players: await client.zcard(board),
  };
}
