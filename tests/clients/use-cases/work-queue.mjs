/**
 * A queue whose jobs survive a worker that dies: a job moves to the worker's own list and leaves
 * it only when it is done. Written for ioredis; each worker waits on a connection of its own.
 */
export async function workQueue(client) {
  const done = [];
  async function work(name) {
    const connection = client.duplicate();
    for (;;) {
      const job = await connection.blmove('jobs', `working:${name}`, 'LEFT', 'RIGHT', 0);
      if (job === 'stop') break;
      done.push(job);
      await connection.lrem(`working:${name}`, 1, job);
      await client.rpush('results', `${job} done`);
    }
    connection.disconnect();
  }

  // The workers wait before there is anything to do.
  const workers = [work('one'), work('two')];
  for (let job = 1; job <= 20; job += 1) await client.rpush('jobs', `job ${job}`);

  const results = [];
  const collector = client.duplicate();
  while (results.length < 20) {
    const [, result] = await collector.blpop('results', 0);
    results.push(result);
  }
  collector.disconnect();
  await client.rpush('jobs', 'stop', 'stop');
  await Promise.all(workers);
  return { done, results, left: await client.llen('jobs') };
}
