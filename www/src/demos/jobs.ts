/** A queue of jobs, and workers that wait for them. */

import { button, h } from '../dom.js';
import ioredis from './code/jobs.ioredis.mjs';
import nodeRedis from './code/jobs.node-redis.mjs';
import { DemoError } from './client.js';
import { act, slider } from './controls.js';
import type { Around, Demo, Line } from './demo.js';

const WORKERS = ['one', 'two'] as const;
/** Finished jobs that are kept, and waiting ones that are shown. */
const SHOWN_MAX = 8;
const WORK = ['resize a photo', 'send a letter', 'count the shells', 'print a ticket', 'bake a cake', 'mend a net'];

export const jobs: Demo = {
  id: 'jobs',
  name: 'Job queue',
  about: 'A worker waits until there is a job, and moves it to a list of its own in the same step: if the worker dies, the job is still there.',
  icon: 'M4 6h10M4 12h10M4 18h10M18 4v16M18 20l-2.5-3M18 20l2.5-3',
  rules: {
    seconds: { kind: 'number', usual: 2, min: 0.5, max: 8, step: 0.5 },
  },
  code: { ioredis, 'node-redis': nodeRedis },
  open,
};

function open(stage: HTMLElement, around: Around): () => Promise<void> {
  const waiting = around.key('waiting');
  const done = around.key('done');
  const columns = { waiting: new Column('Waiting'), one: new Column('Worker one'), two: new Column('Worker two'), done: new Column('Done') };
  const workers = WORKERS.map((name) => new Worker(around, name, waiting, done));

  const add = async (count: number): Promise<void> => {
    const words = Array.from({ length: count }, () => WORK[Math.floor(Math.random() * WORK.length)]!);
    const first = (await around.run('INCRBY', around.key('number'), count)) as number;
    await around.run('LPUSH', waiting, ...words.map((work, at) => `${first - count + at + 1} ${work}`));
    around.changed();
  };
  /** Jobs of a worker that is gone, as when its tab was closed, are for the others again. */
  const putBack = async (worker: Worker): Promise<void> => {
    await around.run('LMOVE', worker.own, waiting, 'LEFT', 'RIGHT');
    around.changed();
  };

  workers.forEach((worker, at) => {
    const name = WORKERS[at]!;
    worker.back = button('Put back', () => putBack(worker), { 'aria-label': `Put back the job of worker ${name}` });
    columns[name].element.append(h('div', { class: 'row' }, worker.toggle, worker.back));
  });
  stage.append(
    h('div', { class: 'row wide' }, act('Add a job', () => add(1)), act('Add five', () => add(5)), slider(jobs, around, 'seconds', 'A job takes', ' s')),
    h('div', { class: 'columns' }, columns.waiting.element, columns.one.element, columns.two.element, columns.done.element),
  );

  return async () => {
    const lists = [waiting, ...workers.map(({ own }) => own), done];
    const [left, one, two, finished] = (await Promise.all(lists.map((key) => around.read('LRANGE', key, 0, -1)))) as string[][];
    columns.waiting.show([...left!].reverse(), 'No job waits.');
    columns.done.show(finished!, 'Nothing yet.');
    [one!, two!].forEach((items, at) => {
      const worker = workers[at]!;
      worker.back.hidden = items.length === 0 || worker.isOn;
      columns[WORKERS[at]!].show(items, worker.isOn ? 'Waits for a job.' : 'Has not started.');
    });
  };
}

/** A list of jobs with a heading. */
class Column {
  private readonly count = h('span', { class: 'number' });
  private readonly list = h('ul', {});
  private readonly note = h('p', { class: 'soft' });
  readonly element: HTMLElement;

  constructor(title: string) {
    this.element = h('section', { class: 'card column' }, h('h3', {}, title, ' ', this.count), this.list, this.note);
  }

  /** Shows the first of some jobs; `none` where there are none. */
  show(jobs: readonly string[], none: string): void {
    const more = jobs.length - SHOWN_MAX;
    this.count.textContent = jobs.length > 0 ? String(jobs.length) : '';
    this.list.replaceChildren(...jobs.slice(0, SHOWN_MAX).map((job) => h('li', {}, job)));
    this.note.textContent = more > 0 ? `and ${more} more` : jobs.length === 0 ? none : '';
  }
}

/** One that works, in this tab, on a connection of its own: waiting holds up whatever comes behind it. */
class Worker {
  readonly own: string;
  readonly toggle: HTMLButtonElement;
  back!: HTMLButtonElement;
  isOn = false;
  private line: Line | undefined;

  constructor(
    private readonly around: Around,
    private readonly name: string,
    private readonly waiting: string,
    private readonly done: string,
  ) {
    this.own = around.key(`working:${name}`);
    this.toggle = h('button', { type: 'button' });
    this.toggle.addEventListener('click', () => (this.isOn ? this.stop() : this.start()));
    this.label();
  }

  private label(): void {
    this.toggle.textContent = this.isOn ? 'Stop' : 'Start';
    this.toggle.setAttribute('aria-label', `${this.toggle.textContent} worker ${this.name}`);
  }

  private start(): void {
    this.isOn = true;
    this.label();
    this.around.changed();
    void this.work((this.line = this.around.connect()));
  }

  private stop(): void {
    this.isOn = false;
    this.label();
    this.line?.close();
    this.line = undefined;
    this.around.changed();
  }

  private async work(line: Line): Promise<void> {
    // What it had left half done comes first.
    let isUnsure = true;
    while (this.line === line && !this.around.signal.aborted) {
      try {
        // It may have a job that it does not know of.
        if (isUnsure) await line.run('LMOVE', this.own, this.waiting, 'LEFT', 'RIGHT');
        isUnsure = false;
        await this.workOnce(line);
      } catch (error) {
        // Another tab has the data from now on, and the worker goes on there.
        isUnsure = error instanceof DemoError && error.failure.name === 'LeaderChangedError';
        if (this.line !== line || isUnsure) continue;
        this.stop();
        throw error;
      }
    }
  }

  private async workOnce(line: Line): Promise<void> {
    const { around } = this;
    await line.run('BLMOVE', this.waiting, this.own, 'RIGHT', 'LEFT', 0);
    around.changed();
    await new Promise((resolve) => setTimeout(resolve, 1000 * around.number('seconds')));
    if (this.line !== line || around.signal.aborted) return;
    await line.run('LMOVE', this.own, this.done, 'LEFT', 'LEFT');
    await line.run('LTRIM', this.done, 0, SHOWN_MAX - 1);
    around.changed();
  }
}
