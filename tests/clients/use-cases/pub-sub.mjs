/**
 * News by subject to whoever listens. Written for node-redis: a subscribed connection is of its
 * own, made with `duplicate()`.
 */
export async function pubSub(client) {
  const listener = client.duplicate();
  await listener.connect();
  try {
    const heard = [];
    const finished = new Promise((resolve) => {
      const hear = (message, channel) => {
        heard.push({ channel, message });
        if (message === 'the end') resolve();
      };
      listener.subscribe('news:weather', hear);
      listener.pSubscribe('news:s*', hear);
    });
    // Commands of one connection are answered in order, so both subscriptions are in force now.
    await listener.ping();

    const reached = [];
    for (const [channel, message] of [
      ['news:weather', 'rain'],
      ['news:sport', 'one all'],
      ['news:cooking', 'nobody hears this'],
      ['news:weather', 'the end'],
    ]) {
      reached.push(await client.publish(channel, message));
    }
    await finished;
    return { heard, reached };
  } finally {
    listener.destroy();
  }
}
