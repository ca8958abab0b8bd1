// The browser that tests drive: where it is, and how it is started without a window.

import { existsSync } from 'node:fs';
import { mayBeMissing } from './skip.mjs';

export const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';

/** Why there is no browser to test with; undefined when there is one. */
export const reasonToSkip = mayBeMissing(
  existsSync(executablePath)
    ? undefined
    : `${executablePath} is missing: install Chromium (apt install chromium) or name one by CHROMIUM_PATH`,
);

export const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
