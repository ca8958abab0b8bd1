/** Elements, made in one expression. */

type Child = Node | string | undefined | false;
type Value = string | number | boolean | undefined | ((event: Event) => unknown);

/** An element with attributes and children. Functions are listeners, `true` is an attribute without a value. */
export function h<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Record<string, Value> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(key, value);
    else if (value !== undefined && value !== false) element.setAttribute(key, value === true ? '' : String(value));
  }
  element.append(...shownOf(children));
  return element;
}

function shownOf(children: readonly Child[]): (Node | string)[] {
  return children.filter((child) => child !== undefined && child !== false);
}

/** A button that does something, whose failure is told; it is off meanwhile, and has the focus again that it had. */
export function button(text: string, act: () => unknown, attributes: Record<string, Value> = {}): HTMLButtonElement {
  const made = h('button', { type: 'button', ...attributes }, text);
  made.addEventListener('click', () => {
    const hadFocus = document.activeElement === made;
    made.disabled = true;
    void attempt(act).finally(() => {
      made.disabled = false;
      if (hadFocus && document.activeElement === document.body) made.focus();
    });
  });
  return made;
}

/** Does something, and tells if it fails. */
export async function attempt(act: () => unknown): Promise<void> {
  try {
    await act();
  } catch (error) {
    complain(error);
  }
}

/** A field with its label around it. */
export function labelled(text: string, field: HTMLElement, attributes: Record<string, Value> = {}): HTMLLabelElement {
  return h('label', attributes, h('span', {}, text), field);
}

/** A list to choose from. */
export function choice(options: readonly (readonly [value: string, text: string])[], attributes: Record<string, Value> = {}): HTMLSelectElement {
  return h('select', attributes, ...options.map(([value, text]) => h('option', { value }, text)));
}

/** A table that scrolls by itself where it is wider than its place. */
export function table(name: string, columns: readonly string[], rows: readonly HTMLTableRowElement[]): HTMLElement {
  const head = h('thead', {}, h('tr', {}, ...columns.map((column) => h('th', { scope: 'col' }, column))));
  // A place that scrolls has to be reached by the keyboard.
  return h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': name }, h('table', {}, head, h('tbody', {}, ...rows)));
}

/** Tells something for a while. */
export function tell(text: string): void {
  show(text, 'note');
}

/** Tells what went wrong. */
export function complain(error: unknown): void {
  show(error instanceof Error ? error.message : String(error), 'error');
}

/** How long such a line is there, in milliseconds. */
const TOLD_MILLISECONDS = 8000;

function show(text: string, kind: string): void {
  const line = h('p', { class: `told ${kind}` }, text);
  const dismiss = h('button', { type: 'button', 'aria-label': 'Dismiss', click: () => line.remove() }, '×');
  line.append(dismiss);
  // It is announced in place of those before it.
  document.getElementById('told')!.replaceChildren(line);
  setTimeout(() => line.remove(), kind === 'error' ? 2 * TOLD_MILLISECONDS : TOLD_MILLISECONDS);
}

/** Shows something in a dialog. */
export function present(title: string, content: readonly Child[]): void {
  const dialog = h('dialog', { 'aria-label': title });
  dialog.addEventListener('close', () => dialog.remove());
  const close = h('button', { type: 'button', click: () => dialog.close() }, 'Close');
  dialog.append(h('h2', {}, title), ...shownOf(content), h('div', { class: 'row end' }, close));
  document.body.append(dialog);
  dialog.showModal();
}

/** Asks in a dialog; settles once it is closed. `act` is what its button does; while it fails the dialog stays. */
export function ask(title: string, content: readonly Child[], verb: string, act: () => unknown, isDangerous = false): Promise<boolean> {
  return new Promise((settle) => {
    const failure = h('p', { class: 'error', role: 'alert' });
    const confirm = h('button', { type: 'submit', class: isDangerous ? 'danger' : 'main' }, verb);
    const dialog = h('dialog', { 'aria-label': title });
    const cancel = h('button', { type: 'button', click: () => dialog.close() }, 'Cancel');
    const form = h('form', {}, h('h2', {}, title), ...content, failure, h('div', { class: 'row end' }, cancel, confirm));
    let isDone = false;
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      confirm.disabled = true;
      failure.textContent = '';
      Promise.resolve()
        .then(act)
        .then(() => {
          isDone = true;
          dialog.close();
        })
        .catch((error: unknown) => (failure.textContent = error instanceof Error ? error.message : String(error)))
        .finally(() => (confirm.disabled = false));
    });
    dialog.addEventListener('close', () => {
      dialog.remove();
      settle(isDone);
    });
    dialog.append(form);
    document.body.append(dialog);
    dialog.showModal();
  });
}
