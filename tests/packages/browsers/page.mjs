// What every page of the tests has.
import * as sanderling from '/dist/browser.js';

window.sanderling = sanderling;

/** All keys with their values, as text. */
window.everything = async (db) => {
  const keys = (await db.keys('*')).sort();
  const values = await Promise.all(keys.map((key) => db.buffers.dump(key)));
  return keys.map((key, index) => `${key} ${values[index]}`).join('\n');
};

/**
 * Writes to a database until the page is gone: numbers under the writer's name, each with a counter, both or none. What it was
 * told it tells `window.told`. What is open between two leaders may be there or not.
 */
window.write = async (db, writer) => {
  for (let number = 1 + Number((await db.lindex(`log:${writer}`, -1)) ?? 0); ; number += 1) {
    try {
      await db.multi().rpush(`log:${writer}`, number).incr('count').exec();
      window.told(writer, number);
      if (number % 50 === 0) {
        await Promise.all([db.incr('many'), db.sadd('set', number), db.set(`large:${writer}`, 'x'.repeat(20_000))]);
        window.told(writer, number);
      }
      // Other tabs, and who counts, get their turn.
      if (number % 4 === 0) await new Promise((resolve) => setTimeout(resolve, 10));
      if (number % 400 === 0) await db.bgrewriteaof().catch(() => undefined);
    } catch (error) {
      if (error.name !== 'LeaderChangedError') throw error;
      window.changed?.();
    }
  }
};
