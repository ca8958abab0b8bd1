// RSMQ as it is, a message queue of three Lua scripts. It makes its own client (node_redis 3), which wants a socket:
// without a server, that is what `db.listen()` opens.

import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import RSMQ from 'rsmq';
import { ENOUGH, openTarget } from './target.mjs';

const target = await openTarget();
const { host, port, close } = await target.listen();
const queue = new RSMQ({ host, port, realtime: true });
after(async () => {
  await queue.quitAsync();
  await close();
  await target.stop();
});

const qname = 'mail';

beforeEach(async () => {
  if ((await queue.listQueuesAsync()).includes(qname)) await queue.deleteQueueAsync({ qname });
  await queue.createQueueAsync({ qname, vt: 3600 });
});

test('messages are received once, in order, and stay until they are deleted', ENOUGH, async () => {
  const ids = [];
  for (const message of ['one', 'two', 'grüße 🐦']) ids.push(await queue.sendMessageAsync({ qname, message }));
  const first = await queue.receiveMessageAsync({ qname });
  assert.deepEqual([first.id, first.message, first.rc], [ids[0], 'one', 1]);
  assert.ok(Math.floor(first.sent) <= first.fr);
  assert.equal((await queue.receiveMessageAsync({ qname })).message, 'two');
  assert.equal((await queue.receiveMessageAsync({ qname })).message, 'grüße 🐦');
  assert.deepEqual(await queue.receiveMessageAsync({ qname }), {}, 'all are hidden for an hour');

  const { msgs, hiddenmsgs, totalrecv, totalsent } = await queue.getQueueAttributesAsync({ qname });
  assert.deepEqual({ msgs, hiddenmsgs, totalrecv, totalsent }, { msgs: 3, hiddenmsgs: 3, totalrecv: 3, totalsent: 3 });
  assert.equal(await queue.deleteMessageAsync({ qname, id: ids[0] }), 1);
  assert.equal(await queue.deleteMessageAsync({ qname, id: ids[0] }), 0);
});

test('what was not deleted comes again when its time is up', ENOUGH, async () => {
  const id = await queue.sendMessageAsync({ qname, message: 'again' });
  assert.equal((await queue.receiveMessageAsync({ qname })).rc, 1);
  assert.deepEqual(await queue.receiveMessageAsync({ qname }), {});
  assert.equal(await queue.changeMessageVisibilityAsync({ qname, id, vt: 0 }), 1);
  const again = await queue.receiveMessageAsync({ qname, vt: 0 });
  assert.deepEqual([again.id, again.rc], [id, 2]);
  assert.equal((await queue.popMessageAsync({ qname })).rc, 3);
  assert.deepEqual(await queue.popMessageAsync({ qname }), {});
  assert.equal(await queue.changeMessageVisibilityAsync({ qname, id, vt: 0 }), 0);
});

test('delayed messages are hidden, and queues have their own defaults', ENOUGH, async () => {
  await queue.sendMessageAsync({ qname, message: 'tomorrow', delay: 86_400 });
  assert.deepEqual(await queue.receiveMessageAsync({ qname }), {});
  assert.equal((await queue.getQueueAttributesAsync({ qname })).hiddenmsgs, 1);
  const attributes = await queue.setQueueAttributesAsync({ qname, vt: 7, delay: 1, maxsize: 2048 });
  assert.deepEqual([attributes.vt, attributes.delay, attributes.maxsize], [7, 1, 2048]);
  await assert.rejects(queue.sendMessageAsync({ qname, message: 'x'.repeat(2049) }), /too long/);
  await assert.rejects(queue.createQueueAsync({ qname }), { name: 'queueExists' });

  const id = await queue.sendMessageAsync({ qname, message: 'soon' });
  let received;
  do received = await queue.receiveMessageAsync({ qname });
  while (received.id === undefined);
  assert.equal(received.id, id);
  // Both by the clock of the server, the first with fractions of milliseconds.
  assert.ok(received.fr >= Math.floor(received.sent) + 1000, `${received.fr} - ${received.sent}`);
});

test('many receivers share the messages', ENOUGH, async () => {
  const sent = Array.from({ length: 50 }, (_, n) => `message ${n}`);
  await Promise.all(sent.map((message) => queue.sendMessageAsync({ qname, message })));
  const receivers = Array.from({ length: 5 }, () => new RSMQ({ host, port }));
  const received = [];
  await Promise.all(
    receivers.map(async (receiver) => {
      for (;;) {
        const { id, message } = await receiver.receiveMessageAsync({ qname });
        if (id === undefined) break;
        received.push(message);
        await receiver.deleteMessageAsync({ qname, id });
      }
      await receiver.quitAsync();
    }),
  );
  assert.deepEqual(received.sort(), sent.sort());
  assert.equal((await queue.getQueueAttributesAsync({ qname })).msgs, 0);
});
