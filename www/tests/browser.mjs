// A browser for the tests, and the page as its users have it.

import { chromium } from 'playwright-core';
import { FLAGS, executablePath } from '../../tests/chromium.mjs';

export { reasonToSkip } from '../../tests/chromium.mjs';

/** How long a condition may take to become true on a busy machine. */
const WAIT_MILLISECONDS = 20_000;

/** Starts Chromium without a window. */
export function launch() {
  return chromium.launch({ executablePath, args: FLAGS });
}

/** A terminal of a page, by its number. */
export class Terminal {
  constructor(page, number = 1) {
    this.page = page;
    this.input = page.locator(`#line-${number}`);
    this.root = page.locator('.terminal').filter({ has: this.input });
  }

  /** Types a line as a person does, key by key, and runs it. */
  async type(line) {
    await this.input.focus();
    await this.page.keyboard.type(line);
    await this.page.keyboard.press('Enter');
  }

  /** Runs a line and returns what came before the terminal was idle again, without the echo. */
  async run(line) {
    await this.type(line);
    await this.idle();
    return (await this.texts()).join('\n');
  }

  /** Waits until nothing is left to do. */
  idle() {
    return this.waitFor(([root]) => root.dataset.state === 'idle');
  }

  /** Waits until a function of the terminal's element, and of an argument, says yes. */
  async waitFor(isTrue, argument) {
    await this.page.waitForFunction(isTrue, [await this.root.elementHandle(), argument], { timeout: WAIT_MILLISECONDS });
  }

  count(selector) {
    return this.root.locator(selector).count();
  }

  /** What stands behind the last echo. */
  texts() {
    return this.root.locator('.log').evaluate((log) => {
      const entries = [...log.children];
      const last = entries.findLastIndex((entry) => entry.classList.contains('echo'));
      return entries.slice(last + 1).map((entry) => entry.textContent);
    });
  }

  prompt() {
    return this.root.locator('label').textContent();
  }
}
