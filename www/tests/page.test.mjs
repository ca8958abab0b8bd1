// The page in a real browser.

import assert from 'node:assert/strict';
import test, { after, before, beforeEach, describe } from 'node:test';
import { serve } from '../serve.mjs';
import { Terminal, launch, reasonToSkip } from './browser.mjs';

if (reasonToSkip) console.log(`The tests of the page are skipped: ${reasonToSkip}.`);

describe('the page', { skip: reasonToSkip ?? false, timeout: 300_000 }, () => {
  let browser;
  let server;
  let page;
  let terminal;
  /** What the browser complained about: exceptions, violations of the policy, missing files. */
  let complaints;

  before(async () => {
    server = await serve();
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    server?.close();
  });
  beforeEach(async () => {
    await page?.context().close();
    page = await openPage(await browser.newContext());
    terminal = new Terminal(page);
  });

  async function openPage(context) {
    const opened = await context.newPage();
    complaints = [];
    opened.on('pageerror', (error) => complaints.push(String(error)));
    opened.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    await visit(opened);
    return opened;
  }

  async function visit(opened, from = server) {
    await opened.goto(addressOf(from));
    await opened.locator('html[data-ready]').waitFor({ state: 'attached' });
  }

  async function second() {
    await page.getByRole('button', { name: 'Second connection' }).click();
    return new Terminal(page, 2);
  }

  /** Runs pairs of a line and what it prints. */
  async function check(pairs) {
    for (const [line, expected] of pairs) assert.equal(await terminal.run(line), expected, line);
  }

  test('commands are answered as by redis-cli', async () => {
    await check([
      ['PING', 'PONG'],
      ['SET greeting "hello world"', 'OK'],
      ['get greeting', '"hello world"'],
      ['GET nothing', '(nil)'],
      ['INCR counter', '(integer) 1'],
      ['RPUSH list a b c', '(integer) 3'],
      ['LRANGE list 0 -1', '1) "a"\n2) "b"\n3) "c"'],
      ['KEYS none*', '(empty array)'],
      ['HSET hash f 1', '(integer) 1'],
      ['HELLO 3 x', '(error) ERR Syntax error in HELLO option \'x\''],
      ['3 INCR counter', '(integer) 2\n(integer) 3\n(integer) 4'],
    ]);
    assert.match(await terminal.run('INFO server'), /^# Server\nredis_version:/);
    assert.deepEqual(complaints, []);
  });

  test('the third version of the protocol has maps, sets and doubles', async () => {
    await terminal.run('HSET hash f 1');
    assert.match(await terminal.run('HELLO 3'), /^1# "server" => "redis"\n/);
    await check([
      ['HGETALL hash', '1# "f" => "1"'],
      ['SADD set a', '(integer) 1'],
      ['SMEMBERS set', '1~ "a"'],
      ['ZADD z 1.5 m', '(integer) 1'],
      ['ZSCORE z m', '(double) 1.5'],
      ['HGETALL nothing', '(empty hash)'],
    ]);
  });

  test('errors are shown and nothing stops', async () => {
    await check([
      ['NOSUCH a b', "(error) ERR unknown command 'NOSUCH', with args beginning with: 'a' 'b' "],
      ['GET', "(error) ERR wrong number of arguments for 'get' command"],
      ['SET a "unclosed', 'Invalid argument(s)'],
      ['LPUSH l 1', '(integer) 1'],
      ['GET l', '(error) WRONGTYPE Operation against a key holding the wrong kind of value'],
      ['PING', 'PONG'],
    ]);
    assert.equal(await terminal.count('.error'), 4);
  });

  test('the prompt shows database, transaction and subscription', async () => {
    assert.equal(await terminal.prompt(), 'sanderling> ');
    await terminal.run('SELECT 5');
    assert.equal(await terminal.prompt(), 'sanderling[5]> ');
    await terminal.run('MULTI');
    assert.equal(await terminal.prompt(), 'sanderling[5](TX)> ');
    assert.equal(await terminal.run('SET a 1'), 'QUEUED');
    await terminal.run('SELECT 2');
    assert.equal(await terminal.run('EXEC'), '1) OK\n2) OK');
    assert.equal(await terminal.prompt(), 'sanderling[2]> ');
    assert.equal(await terminal.run('RESET'), 'RESET');
    assert.equal(await terminal.prompt(), 'sanderling> ');
  });

  test('text of all languages and bytes of all values go in and come out', async () => {
    await check([
      ['SET clé "zażółć 🐚"', 'OK'],
      ['STRLEN clé', '(integer) 15'],
      ['GET clé', '"za\\xc5\\xbc\\xc3\\xb3\\xc5\\x82\\xc4\\x87 \\xf0\\x9f\\x90\\x9a"'],
      ['SET bytes "\\x00\\xff\\n<b>"', 'OK'],
      ['GET bytes', '"\\x00\\xff\\n<b>"'],
      ['ECHO "<img src=x onerror=alert(1)>"', '"<img src=x onerror=alert(1)>"'],
    ]);
    assert.equal(await page.locator('.log img').count(), 0);
  });

  test('a key expires while the page looks on', async () => {
    await terminal.run('SET short-lived here PX 300');
    let reply;
    do reply = await terminal.run('EXISTS short-lived');
    while (reply === '(integer) 1');
    assert.equal(reply, '(integer) 0');
    assert.equal(await terminal.run('DBSIZE'), '(integer) 0');
  });

  test('a published message reaches the other connection', async () => {
    const other = await second();
    await other.type('SUBSCRIBE news');
    await other.waitFor(([root]) => root.querySelector('.status').textContent === 'listening');
    assert.equal(await other.prompt(), 'sanderling(subscribed mode)> ');
    await other.type('PSUBSCRIBE n*');
    await other.waitFor(([root]) => root.querySelectorAll('.reply').length === 2);
    assert.equal(await terminal.run('PUBLISH news "low tide"'), '(integer) 2');
    await other.waitFor(([root]) => root.querySelectorAll('.message').length === 2);
    const messages = await other.root.locator('.message').allTextContents();
    assert.deepEqual(messages, [
      '1) "message"\n2) "news"\n3) "low tide"',
      '1) "pmessage"\n2) "n*"\n3) "news"\n4) "low tide"',
    ]);
    await other.input.press('Control+c');
    await other.idle();
    assert.equal(await other.prompt(), 'sanderling> ');
    assert.equal(await terminal.run('PUBLISH news again'), '(integer) 0');
    assert.equal(await other.run('GET a'), '(nil)');
  });

  test('messages come as pushes in the third version, between replies', async () => {
    const other = await second();
    await other.run('HELLO 3');
    await other.type('SUBSCRIBE a b');
    await other.waitFor(([root]) => root.querySelector('.status').textContent === 'listening');
    await terminal.run('PUBLISH b x');
    await other.waitFor(([root]) => root.querySelectorAll('.message').length === 1);
    await other.type('PING');
    await other.waitFor(([root]) => root.querySelector('.log').lastElementChild.textContent === 'PONG');
  });

  test('a blocked command is served by the other connection', async () => {
    const other = await second();
    await other.type('BLPOP jobs 0');
    await other.waitFor(([root]) => root.querySelector('.status').textContent === 'waiting');
    assert.equal(await terminal.run('RPUSH jobs one'), '(integer) 1');
    await other.idle();
    assert.match((await other.texts())[0], /^1\) "jobs"\n2\) "one"(\n\(\d+\.\d\ds\))?$/);
  });

  test('Ctrl-C ends a wait and drops what was typed ahead', async () => {
    await terminal.type('BLPOP jobs 0');
    await terminal.waitFor(([root]) => root.querySelector('.status').textContent === 'waiting');
    await terminal.type('PING');
    await terminal.waitFor(([root]) => root.querySelector('.status').textContent === 'waiting, 1 to come');
    await page.keyboard.press('Control+c');
    await terminal.idle();
    const [dropped, reply] = await terminal.texts();
    assert.equal(dropped, '1 line was dropped');
    assert.match(reply, /^\(error\) UNBLOCKED client unblocked via CLIENT UNBLOCK/);
    assert.equal(await terminal.run('PING'), 'PONG');
  });

  test('a command that never answers is ended by a new connection', async () => {
    await terminal.run('SELECT 3');
    await terminal.type('CLIENT REPLY OFF');
    await terminal.waitFor(([root]) => root.querySelector('.status').textContent === 'waiting');
    await page.keyboard.press('Control+c');
    await terminal.idle();
    assert.equal(await terminal.run('PING'), 'PONG');
    assert.equal(await terminal.prompt(), 'sanderling[3]> ');
  });

  test('a closed connection is replaced', async () => {
    await terminal.run('SET a 1');
    assert.match(await terminal.run('QUIT'), /^OK\nThe connection was closed/);
    assert.equal(await terminal.run('GET a'), '"1"');
    const other = await second();
    await other.run('CLIENT SETNAME victim');
    const id = /id=(\d+) [^\n]*name=victim/.exec(await terminal.run('CLIENT LIST'))[1];
    assert.equal(await terminal.run(`CLIENT KILL ID ${id}`), '(integer) 1');
    await other.waitFor(([root]) => /was closed/.test(root.querySelector('.log').lastElementChild.textContent));
    assert.equal(await other.run('GET a'), '"1"');
  });

  test('Tab completes commands, subcommands and options', async () => {
    const value = () => terminal.input.inputValue();
    await terminal.input.focus();
    await page.keyboard.type('zrangebys');
    await page.keyboard.press('Tab');
    assert.equal(await value(), 'zrangebyscore ');
    await page.keyboard.press('Control+u');
    await page.keyboard.type('CONFIG G');
    await page.keyboard.press('Tab');
    assert.equal(await value(), 'CONFIG GET ');
    await page.keyboard.press('Control+u');
    await page.keyboard.type('set k v e');
    assert.deepEqual(await terminal.root.getByRole('option').allTextContents(), ['ex', 'exat']);
    await page.keyboard.press('Tab');
    assert.equal(await value(), 'set k v ex');
    await page.keyboard.press('Tab');
    assert.equal(await value(), 'set k v exat');
    await terminal.root.getByRole('option', { name: 'ex', exact: true }).click();
    assert.equal(await value(), 'set k v ex ');
    assert.equal(await terminal.root.locator('.hint').textContent(), 'seconds [NX|XX|IFEQ ifeq-value|IFNE ifne-value|IFDEQ ifdeq-digest|IFDNE ifdne-digest] [GET]');
  });

  test('Tab on an empty line goes on to the next control', async () => {
    await terminal.input.focus();
    await page.keyboard.press('Shift+Tab');
    assert.equal(await terminal.root.locator('.log').evaluate((log) => log === document.activeElement), true);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    assert.equal(await terminal.input.evaluate((input) => input === document.activeElement), false);
  });

  test('hints and documentation follow what is typed', async () => {
    await terminal.input.focus();
    await page.keyboard.type('ZADD board');
    assert.equal(
      await terminal.root.locator('.hint').textContent(),
      ' [NX|XX] [GT|LT] [CH] [INCR] score member [score member …]',
    );
    const about = await terminal.root.locator('.about').textContent();
    assert.match(about, /^ZADD key \[NX\|XX\].+O\(log\(N\)\).+since 1\.2\.0$/);
  });

  test('help explains commands and groups', async () => {
    assert.match(await terminal.run('help get'), /^GET key\n {2}summary: .+\n {2}since: 1\.0\.0\n/);
    assert.match(await terminal.run('help @list'), /^BLMOVE {2,}\S/m);
    assert.match(await terminal.run('help'), /groups: .*@string/);
    assert.match(await terminal.run('help nothing'), /^\(error\)/);
    await terminal.type('clear');
    await terminal.waitFor(([root]) => root.querySelector('.log').childElementCount === 0);
  });

  test('the arrow keys bring back earlier lines, also after a reload, but no passwords', async () => {
    await terminal.run('SET a 1');
    await terminal.run('AUTH secret');
    await terminal.run('GET a');
    await visit(page);
    const value = () => terminal.input.inputValue();
    await page.keyboard.type('dra');
    for (const expected of ['GET a', 'SET a 1', 'SET a 1']) {
      await page.keyboard.press('ArrowUp');
      assert.equal(await value(), expected);
    }
    for (const expected of ['GET a', 'dra', 'dra']) {
      await page.keyboard.press('ArrowDown');
      assert.equal(await value(), expected);
    }
  });

  test('the line is edited as in a shell', async () => {
    await terminal.input.focus();
    await page.keyboard.type('GET one two');
    await page.keyboard.press('Control+w');
    assert.equal(await terminal.input.inputValue(), 'GET one ');
    await page.keyboard.press('Control+a');
    await page.keyboard.type('M');
    await page.keyboard.press('Control+e');
    await page.keyboard.type('x');
    assert.equal(await terminal.input.inputValue(), 'MGET one x');
    await page.keyboard.press('Control+c');
    assert.equal(await terminal.input.inputValue(), '');
    assert.equal(await terminal.root.locator('.echo').last().textContent(), 'sanderling> MGET one x^C');
  });

  test('ten thousand pasted commands run in order while the page stays awake', async () => {
    const lines = Array.from({ length: 10_000 }, (_, index) => `APPEND log:${index % 7} "line ${index}"`);
    await terminal.input.evaluate((input, text) => {
      // The longest time between two frames says whether the page hung.
      window.longest = 0;
      let last = performance.now();
      const frame = (now) => {
        window.longest = Math.max(window.longest, now - last);
        last = now;
        requestAnimationFrame(frame);
      };
      requestAnimationFrame(frame);
      const data = new DataTransfer();
      data.setData('text/plain', text);
      input.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
    }, `${lines.join('\n')}\nDBSIZE\nGET log`);
    await terminal.waitFor(([root]) => root.querySelector('.log').lastElementChild.textContent === '(integer) 7');
    assert.equal(await terminal.input.inputValue(), 'GET log');
    const sum = lines.reduce((all, _, index) => all + (index % 7 === 3 ? `line ${index}`.length : 0), 0);
    await page.keyboard.press('Control+u');
    assert.equal(await terminal.run('STRLEN log:3'), `(integer) ${sum}`);
    assert.ok((await terminal.count('.entry')) <= 1_000, 'old entries leave the page');
    const longest = await page.evaluate(() => window.longest);
    assert.ok(longest < 2_000, `a frame took ${longest} ms`);
  });

  test('a long reply is cut and the terminal goes on', async () => {
    await terminal.run('20000 RPUSH long x');
    const text = await terminal.run('LRANGE long 0 -1');
    assert.match(text, /^ {4}1\) "x"\n/);
    assert.match(text, /… only the first 2000 lines are shown$/);
    assert.equal(await terminal.run('LLEN long'), '(integer) 20000');
  });

  test('the end of the transcript stays in sight until someone scrolls back', async () => {
    const distance = () =>
      terminal.root.locator('.log').evaluate((log) => log.scrollHeight - log.scrollTop - log.clientHeight);
    await terminal.run('50 ECHO shell');
    await terminal.run('help @list');
    assert.ok((await distance()) < 2);
    // Suggestions take some of the height.
    await page.keyboard.type('z');
    await page.waitForFunction(() => {
      const log = document.querySelector('.log');
      return log.scrollHeight - log.scrollTop - log.clientHeight < 2;
    });
    await page.keyboard.press('Control+u');
    await terminal.root.locator('.log').hover();
    await page.mouse.wheel(0, -600);
    await page.waitForFunction(() => {
      const log = document.querySelector('.log');
      return log.scrollHeight - log.scrollTop - log.clientHeight > 300;
    });
    const other = await second();
    await other.run('PUBLISH nobody x');
    await terminal.root.locator('.log').evaluate((log) => log.append('more'));
    assert.ok((await distance()) > 300);
  });

  test('every example runs without an error', async () => {
    const buttons = page.locator('#examples button');
    const names = await buttons.allTextContents();
    assert.ok(names.length >= 4);
    for (const name of names) {
      await buttons.filter({ hasText: name }).click();
      await terminal.idle();
      // A second connection that listens is in the way of one that waits.
      const close = page.getByRole('button', { name: 'Close' });
      if (await close.isVisible()) await close.click();
    }
    assert.equal(await page.locator('.error').count(), 0);
    assert.deepEqual(complaints, []);
  });

  test('the benchmark leaves the data alone', async () => {
    await terminal.run('SET mine 1');
    await page.getByRole('button', { name: 'Measure' }).click();
    assert.equal(await terminal.run('PING'), 'PONG');
    await page.getByRole('button', { name: 'Again' }).waitFor();
    assert.match(await page.locator('#rates').textContent(), /^SET \d+\.\d\d M · GET \d+\.\d\d M/);
    assert.equal(await terminal.run('DBSIZE'), '(integer) 1');
    assert.match(await page.locator('#start').textContent(), /^\d+ ms$/);
    assert.match(await page.locator('#memory').textContent(), /^\d+(\.\d)? [KM]iB$/);
  });

  test('everything that can be used has a name', async () => {
    await second();
    const nameless = await page.evaluate(() =>
      [...document.querySelectorAll('button, input, a, section, nav, [role]')]
        .filter((element) => !(element.getAttribute('aria-label') || element.textContent.trim() || element.id === 'offline'))
        .filter((element) => !element.classList.contains('status'))
        .map((element) => element.outerHTML),
    );
    assert.deepEqual(nameless, []);
  });

  test('on a phone nothing is wider than the screen, and suggestions are typed by a tap', async () => {
    await page.context().close();
    page = await openPage(
      await browser.newContext({ viewport: { width: 360, height: 700 }, hasTouch: true, isMobile: true }),
    );
    terminal = new Terminal(page);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
    await terminal.input.fill('zadd');
    await terminal.input.fill('incrbyf');
    await terminal.root.getByRole('option', { name: 'incrbyfloat' }).tap();
    await page.keyboard.type('n 2.5');
    await page.getByRole('button', { name: 'Run' }).tap();
    await terminal.idle();
    assert.deepEqual(await terminal.texts(), ['"2.5"']);
  });

  test('the page works when its server is gone', async () => {
    const own = await serve();
    const address = addressOf(own);
    await visit(page, own);
    await page.getByText('Works offline.').waitFor();
    await stop(own);
    await assert.rejects(fetch(address));
    await page.reload();
    await page.locator('html[data-ready]').waitFor({ state: 'attached' });
    assert.equal(await terminal.run('SET offline yes'), 'OK');
    assert.equal(await terminal.run('GET offline'), '"yes"');
  });

  test('a new version of the page replaces the old one', async () => {
    const own = await serve();
    await visit(page, own);
    await page.getByText('Works offline.').waitFor();
    const [before] = await page.evaluate(() => caches.keys());
    const { port } = own.address();
    await stop(own);
    const version = before.replace('sanderling-', '');
    const changes = {
      'sw.js': (text) => text.replace(version, 'fedcba9876543210'),
      'index.html': (text) => text.replace('<h1>Sanderling', '<h1>Sanderling, again'),
    };
    const next = await serve(port, (name, bytes) => changes[name]?.(bytes.toString()) ?? bytes);
    // The kept page finds the new service worker, which brings the new page for the next visit.
    await page.reload();
    let kept;
    do kept = await page.evaluate(() => caches.keys());
    while (kept.join() !== 'sanderling-fedcba9876543210');
    await page.reload();
    await page.getByRole('heading', { name: 'Sanderling, again' }).waitFor();
    await stop(next);
  });

  test('an engine that cannot be loaded is an error that one can read', async () => {
    await page.context().close();
    page = await (await browser.newContext()).newPage();
    await page.route('**/*.wasm', (route) => route.fulfill({ status: 404 }));
    await page.goto(addressOf(server));
    await page.getByRole('alert').waitFor();
    assert.equal(
      await page.getByRole('alert').textContent(),
      'The engine does not run: Error: cannot load the engine: status 404',
    );
  });
});

function addressOf(server) {
  return `http://127.0.0.1:${server.address().port}/`;
}

function stop(server) {
  return new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
}
