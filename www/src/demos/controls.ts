/** What demos are built of. */

import { button, h, labelled } from '../dom.js';
import type { Around, Demo } from './demo.js';
import { type Rule, check } from './link.js';

/** The button that a demo is about. */
export function act(text: string, does: () => unknown): HTMLButtonElement {
  return button(text, does, { class: 'main' });
}

/** A slider for a number of the link, with its value and a unit behind it. */
export function slider(demo: Demo, around: Around, name: string, text: string, unit: string, changed: () => unknown = () => undefined): HTMLElement {
  const rule = demo.rules[name] as Extract<Rule, { kind: 'number' }>;
  const field = h('input', { type: 'range', min: rule.min, max: rule.max, step: rule.step ?? 1 });
  const shown = h('output', {});
  const show = (): void => {
    shown.textContent = `${field.value}${unit}`;
    field.setAttribute('aria-valuetext', shown.textContent);
  };
  field.value = around.get(name);
  field.addEventListener('input', () => {
    around.set(name, field.value);
    show();
    void changed();
  });
  show();
  return h('div', { class: 'slider' }, labelled(text, field), shown);
}

/** A field for a text of the link. */
export function text(demo: Demo, around: Around, name: string, label: string, changed: () => unknown = () => undefined): HTMLElement {
  const rule = demo.rules[name]!;
  const field = h('input', { maxlength: rule.kind === 'text' ? rule.lengthMax : 20, autocomplete: 'off', spellcheck: 'false' });
  field.value = around.get(name);
  field.addEventListener('change', () => {
    field.value = check(rule, field.value);
    around.set(name, field.value);
    void changed();
  });
  return labelled(label, field, { class: 'stacked' });
}

/** Some values of the link to choose from, each with its text. */
export function pick(around: Around, name: string, label: string, options: Readonly<Record<string, string>>, changed: () => unknown): HTMLElement {
  const radios = Object.entries(options).map(([value, shown]) => {
    const radio = h('input', { type: 'radio', name, value, checked: around.get(name) === value });
    radio.addEventListener('change', () => {
      around.set(name, value);
      void changed();
    });
    return h('label', {}, radio, h('span', {}, shown));
  });
  return h('fieldset', { class: 'pick' }, h('legend', {}, label), ...radios);
}

/** A button that is on or off, and what is done each time while it is on. */
export function steady(around: Around, label: string, milliseconds: number, does: () => unknown): HTMLButtonElement {
  let isOn = false;
  const toggle = h('button', { type: 'button', 'aria-pressed': 'false' }, label);
  toggle.addEventListener('click', () => toggle.setAttribute('aria-pressed', String((isOn = !isOn))));
  around.every(milliseconds, () => isOn && does());
  return toggle;
}

/** A moment that draws nearer, shown in seconds and as a part of a whole. */
export class Countdown {
  /** When it is over, in milliseconds of `performance.now()`; 0 where there is nothing to wait for. */
  private end = 0;

  constructor(
    around: Around,
    private readonly show: (secondsLeft: number, millisecondsLeft: number) => void,
    private readonly over: () => unknown = () => undefined,
  ) {
    around.every(200, () => this.tick());
  }

  /** Begins with what PTTL said; a negative number is no deadline. */
  start(milliseconds: number): void {
    this.end = milliseconds > 0 ? performance.now() + milliseconds : 0;
    this.tick();
  }

  private tick(): void {
    if (this.end === 0) {
      this.show(0, 0);
      return;
    }
    const left = this.end - performance.now();
    this.show(Math.max(0, Math.ceil(left / 1000)), Math.max(0, left));
    if (left > 0) return;
    this.end = 0;
    void this.over();
  }
}

/** A bar that is full to some part of 1. */
export class Bar {
  private readonly inner = h('i', {});
  readonly element = h('span', { class: 'gauge', 'aria-hidden': 'true' }, this.inner);

  set(part: number): void {
    this.inner.style.transform = `scaleX(${Math.max(0, Math.min(1, part))})`;
  }
}

/** Moves elements from where they were to where they are after a change, unless one wants less motion. */
export function glide(elements: readonly HTMLElement[], change: () => void): void {
  const isStill = matchMedia('(prefers-reduced-motion: reduce)').matches;
  const before = new Map(elements.map((element) => [element, element.getBoundingClientRect().top]));
  change();
  if (isStill) return;
  for (const [element, top] of before) {
    const moved = top - element.getBoundingClientRect().top;
    if (moved !== 0) element.animate([{ transform: `translateY(${moved}px)` }, { transform: 'none' }], { duration: 250, easing: 'ease-out' });
  }
}

/** A number with thin spaces between its thousands. */
export function grouped(number: number): string {
  return String(number).replace(/\B(?=(\d{3})+$)/g, '\u202f');
}
