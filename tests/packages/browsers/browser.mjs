// A browser that can be killed, and a page for it that has the package and nothing else.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';
import { FLAGS, executablePath } from './chromium.mjs';

export { reasonToSkip } from './chromium.mjs';

const TYPES = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm', '.html': 'text/html' };
/** What a careful page allows: scripts of its own, also as WebAssembly and in workers, and none that are made of text. */
const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'";
const dist = path.join(import.meta.dirname, 'node_modules/sanderling/dist');
const PAGE = '<!doctype html><meta charset="utf-8"><title>Test</title><script type="module" src="/page.mjs"></script>';

/** A host of the page, and of the files in a folder. */
export async function serve(folder = import.meta.dirname) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://host');
    const name = path.basename(pathname);
    const file = pathname.startsWith('/dist/') ? path.join(dist, name) : path.join(folder, pathname);
    if (pathname === '/') {
      response.writeHead(200, { 'content-type': 'text/html', 'content-security-policy': POLICY }).end(PAGE);
    } else if (existsSync(file)) {
      response.writeHead(200, { 'content-type': TYPES[path.extname(file)], 'content-security-policy': POLICY }).end(readFileSync(file));
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

/** Browsers that run, which end with the tests however these do. */
const running = new Set();
process.on('exit', () => running.forEach((browser) => browser.signal()));
process.on('SIGTERM', () => process.exit(1));

/** A browser with a profile that outlives it. */
export class Browser {
  static async start(profile = mkdtempSync(path.join(os.tmpdir(), 'sanderling-profile-'))) {
    const browser = new Browser();
    browser.profile = profile;
    // A group of its own, so that all of its processes can be killed.
    browser.process = spawn(executablePath, [...FLAGS, '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank'], { detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
    browser.exit = once(browser.process, 'exit');
    running.add(browser);
    const lines = createInterface({ input: browser.process.stderr });
    const address = await new Promise((resolve, reject) => {
      lines.on('line', (line) => {
        const [, found] = /DevTools listening on (ws:\S+)/.exec(line) ?? [];
        if (found) resolve(found);
      });
      browser.process.on('exit', (code) => reject(new Error(`Chromium has ended with ${code}`)));
    });
    browser.connection = await chromium.connectOverCDP(address);
    [browser.context] = browser.connection.contexts();
    return browser;
  }

  /** A tab with the page, in which `sanderling` is the package. */
  async open(url) {
    const page = await this.context.newPage();
    page.on('pageerror', (error) => console.log('error in the page:', error.message));
    await page.goto(url);
    await page.waitForFunction(() => window.sanderling !== undefined);
    return page;
  }

  signal() {
    running.delete(this);
    process.kill(-this.process.pid, 'SIGKILL');
  }

  /** Kills all of its processes, as a loss of memory does. */
  async kill() {
    this.signal();
    await this.exit;
    await this.connection.close().catch(() => undefined);
  }

  async close() {
    await this.kill();
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 10 });
  }
}

/** Ends the process of a tab, as a crash does. */
export async function crash(page) {
  const crashed = new Promise((resolve) => page.once('crash', resolve));
  const session = await page.context().newCDPSession(page);
  session.send('Page.crash').catch(() => undefined);
  await crashed;
  await page.close().catch(() => undefined);
}
