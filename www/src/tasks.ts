/** Tasks of the event loop, without the delays that timers have. */

const channel = new MessageChannel();
const tasks: (() => void)[] = [];
channel.port1.onmessage = () => tasks.shift()?.();

/** Lets everything else run that is due, such as messages. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    tasks.push(resolve);
    channel.port2.postMessage(null);
  });
}
