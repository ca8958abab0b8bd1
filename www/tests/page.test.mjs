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
      ['GET clé', '"zażółć 🐚"'],
      ['SUBSTR clé 0 2', '"za\\xc5"'],
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

  test('Ctrl-C gives a paused command up, and the next ones, too', async () => {
    await terminal.run('CLIENT PAUSE 8000 ALL');
    for (let round = 0; round < 2; round += 1) {
      await terminal.type('INCR n');
      await terminal.waitFor(([root]) => root.querySelector('.status').textContent === 'waiting');
      await page.keyboard.press('Control+c');
      await terminal.idle();
      assert.match((await terminal.texts()).join('\n'), /^Clients are paused, .+\nThe connection was closed/s);
    }
    assert.equal(await terminal.run('INCR n'), '(integer) 1');
  });

  test('an engine that was shut down has lost its data, and says so', async () => {
    await terminal.run('SET a 1');
    assert.match(await terminal.run('SHUTDOWN'), /^The engine has ended, and all data with it/);
    assert.equal(await terminal.run('GET a'), '(nil)');
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

  test('Ctrl-C ends a script and a function without an end', async () => {
    await terminal.run('FUNCTION LOAD "#!lua name=l\\nredis.register_function(\'forever\', function() while true do end end)"');
    const sha = (await terminal.run('SCRIPT LOAD "while true do end"')).slice(1, -1);
    for (const line of ['EVAL "while true do end" 0', 'FCALL forever 0', `EVALSHA_RO ${sha} 0`]) {
      await terminal.type(line);
      await terminal.waitFor(([root]) => root.querySelector('.status').textContent === 'waiting');
      await page.keyboard.press('Control+c');
      await terminal.idle();
      assert.match((await terminal.texts())[0], /^\(error\) ERR .*killed by user/, line);
      assert.equal(await terminal.run('PING'), 'PONG');
    }
    assert.equal(await page.getByRole('alert').count(), 0);
    assert.deepEqual(complaints, []);
  });

  test('a script that has written is not ended by Ctrl-C but by a SHUTDOWN', async () => {
    await terminal.type(`EVAL "redis.call('SET', 'k', 1) while true do end" 0`);
    await terminal.waitFor(([root]) => root.querySelector('.status').textContent === 'waiting');
    await page.keyboard.press('Control+c');
    await terminal.waitFor(([root]) => /SHUTDOWN NOSAVE in a second connection/.test(root.querySelector('.log').textContent));
    assert.match((await terminal.texts()).join('\n'), /^\(error\) UNKILLABLE /m);
    const other = await second();
    assert.match(await other.run('GET k'), /^\(error\) BUSY /);
    // Its own wait is ended, and nobody else's script.
    await page.keyboard.press('Control+c');
    await other.type('SHUTDOWN NOSAVE');
    await terminal.idle();
    assert.equal(await terminal.run('DBSIZE'), '(integer) 0');
    assert.equal(await page.getByRole('alert').count(), 0);
  });

  test('Ctrl-C ends MONITOR, and the connection is as before', async () => {
    const other = await second();
    await terminal.run('SELECT 3');
    await terminal.type('MONITOR');
    await terminal.waitFor(([root]) => root.querySelector('.status').textContent === 'listening');
    await other.run('SET seen 1');
    await terminal.waitFor(([root]) => /"SET" "seen" "1"/.test(root.querySelector('.message')?.textContent ?? ''));
    await terminal.type('PING');
    await terminal.waitFor(([root]) => [...root.querySelectorAll('.reply')].at(-1).textContent === 'PONG');
    await page.keyboard.press('Control+c');
    await terminal.waitFor(([root]) => root.querySelector('.log').lastElementChild.textContent.startsWith('MONITOR has ended'));
    assert.equal(await terminal.root.locator('.stop').isVisible(), false);
    const before = await terminal.count('.message');
    await other.run('SET unseen 1');
    assert.equal(await terminal.prompt(), 'sanderling[3]> ');
    assert.equal(await terminal.run('GET unseen'), '(nil)');
    assert.equal(await terminal.count('.message'), before);
  });

  test('Ctrl-R searches earlier lines', async () => {
    for (const line of ['SET one 1', 'GET one', 'SET two 2', 'PING']) await terminal.run(line);
    const value = () => terminal.input.inputValue();
    const about = () => terminal.root.locator('.about').textContent();
    await page.keyboard.type('dra');
    await page.keyboard.press('Control+r');
    assert.equal(await terminal.prompt(), 'search: ');
    await page.keyboard.type('set');
    assert.match(await about(), /^Line 1 of 2: SET two 2 /);
    await page.keyboard.press('Control+r');
    assert.match(await about(), /^Line 2 of 2: SET one 1 /);
    await page.keyboard.press('Control+r');
    assert.match(await about(), /^Line 2 of 2: SET one 1 /);
    await page.keyboard.press('Control+g');
    assert.deepEqual([await value(), await terminal.prompt()], ['dra', 'sanderling> ']);
    await page.keyboard.press('Control+r');
    await page.keyboard.type('one');
    await page.keyboard.press('Tab');
    assert.equal(await value(), 'GET one');
    await page.keyboard.press('Control+r');
    await page.keyboard.type('set one');
    await page.keyboard.press('Enter');
    await terminal.idle();
    assert.deepEqual(await terminal.texts(), ['OK']);
    await page.keyboard.press('Control+r');
    await page.keyboard.type('nowhere');
    assert.match(await about(), /^No earlier line/);
    await page.keyboard.press('Enter');
    assert.equal(await terminal.prompt(), 'search: ');
    await page.keyboard.press('Escape');
    assert.equal(await terminal.prompt(), 'sanderling> ');
  });

  test('a command that there is not has a hint', async () => {
    const about = () => terminal.root.locator('.about').textContent();
    await terminal.input.focus();
    await page.keyboard.type('zran');
    assert.doesNotMatch(await about(), /no command/, 'it may still become one');
    await page.keyboard.type('eg z');
    assert.equal(await about(), 'There is no command ZRANEG. Did you mean ZRANGE?');
    assert.match(await terminal.run(' 0 -1'), /^\(error\) ERR unknown command 'zraneg'.+\nDid you mean ZRANGE\?$/s);
    await page.keyboard.type('nosuch x');
    assert.equal(await about(), 'There is no command NOSUCH.');
    await page.keyboard.press('Control+u');
    await page.keyboard.type('config gte x');
    assert.match(await about(), /^CONFIG has no subcommand GTE\. Did you mean CONFIG GET\? /);
    await page.keyboard.press('Control+u');
    for (const line of ['help nosuch', 'clear ', '3 PING']) {
      await page.keyboard.type(line);
      assert.doesNotMatch(await about(), /There is no/, line);
      await page.keyboard.press('Control+u');
    }
  });

  test('the page says where more is, and what becomes of data', async () => {
    const links = await page.locator('footer a').evaluateAll((all) => all.map((link) => [link.textContent, link.href]));
    assert.deepEqual(links.map(([text]) => text), ['Source', 'Documentation', 'Commands', 'Install: npm install sanderling']);
    for (const [text, href] of links) assert.match(href, /^https:\/\/(github\.com\/sanderling-kv\/sanderling|www\.npmjs\.com\/package\/sanderling)/, text);
    assert.match(await page.locator('footer').textContent(), /gone when it is closed or loaded anew/);
    const notes = () => terminal.root.locator('.note').allTextContents();
    assert.equal((await notes()).length, 1, 'at first there was nothing');
    await terminal.run('SET k v');
    await page.reload();
    await page.locator('html[data-ready]').waitFor({ state: 'attached' });
    assert.match((await notes()).join(), /loaded anew: what earlier commands had stored is gone/);
    assert.equal(await terminal.run('GET k'), '(nil)');
  });

  test('examples show all that there is', async () => {
    const names = await page.locator('#examples button').allTextContents();
    for (const name of ['Stream', 'Geo', 'Bitmap', 'HyperLogLog', 'Lua']) assert.ok(names.includes(name), name);
  });

  for (const colorScheme of ['light', 'dark']) {
    test(`text can be read in the ${colorScheme}`, async () => {
      await page.context().close();
      page = await openPage(await browser.newContext({ colorScheme }));
      terminal = new Terminal(page);
      const other = await second();
      await other.type('SUBSCRIBE news');
      for (const line of ['PUBLISH news x', 'GET', 'help get', 'ECHO x']) await terminal.run(line);
      await page.keyboard.type('zrange');
      const low = await page.evaluate(contrastsBelow, 4.5);
      assert.deepEqual(low, []);
      await page.keyboard.press('Control+u');
      await page.keyboard.type('zad');
      await page.keyboard.press('Tab');
      assert.deepEqual(await page.evaluate(contrastsBelow, 4.5), []);
    });
  }

  for (const [width, height] of [[360, 640], [320, 568]]) {
    test(`two connections can be used on a phone of ${width} × ${height}`, async () => {
      await page.context().close();
      page = await openPage(await browser.newContext({ viewport: { width, height }, hasTouch: true, isMobile: true }));
      terminal = new Terminal(page);
      const isSeen = (locator) =>
        locator.evaluate((element) => {
          const { left, top, right, bottom } = element.getBoundingClientRect();
          // Half a pixel is none.
          const isIn = left > -0.5 && top > -0.5 && right < innerWidth + 0.5 && bottom < innerHeight + 0.5;
          return isIn && element.contains(document.elementFromPoint((left + right) / 2, (top + bottom) / 2));
        });
      const button = page.getByRole('button', { name: 'Second connection' });
      assert.equal(await isSeen(button), true);
      await button.tap();
      const other = new Terminal(page, 2);
      for (const each of [other, terminal]) {
        await each.input.fill(each === other ? 'SUBSCRIBE news' : 'PUBLISH news "the tide turns"');
        await each.root.locator('.run').scrollIntoViewIfNeeded();
        assert.equal(await isSeen(each.root.locator('.run')), true, 'Run');
        await each.root.locator('.run').tap();
        const lines = await each.root.locator('.log').evaluate((log) => log.clientHeight / Number.parseFloat(getComputedStyle(log).lineHeight));
        assert.ok(lines >= 8, `${lines} lines`);
        assert.ok((await each.input.evaluate((input) => input.clientWidth)) >= 80);
      }
      await other.waitFor(([root]) => root.querySelector('.message') !== null);
      await other.root.locator('.stop').scrollIntoViewIfNeeded();
      for (const name of ['.stop', '.close']) assert.equal(await isSeen(other.root.locator(name)), true, name);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
      await terminal.input.fill('help');
      await terminal.root.locator('.run').tap();
      await terminal.idle();
      const text = await page.evaluate(() => document.body.innerText);
      assert.doesNotMatch(text, /\bTab\b|<tab>|[Cc]trl|↑/);
    });
  }

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

/** Texts on the page whose contrast with what is behind them is below a limit; what is disabled may be. */
function contrastsBelow(limit) {
  const parse = (color) => color.match(/[\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const background = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    throw new Error('nothing is behind the page');
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const low = [];
  let count = 0;
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement;
    if (node.data.trim() === '' || element.closest(':disabled, .skip, noscript') || !element.checkVisibility({ visibilityProperty: true })) continue;
    count += 1;
    const [front, behind] = [parse(getComputedStyle(element).color), background(element)].map(luminance);
    const contrast = (Math.max(front, behind) + 0.05) / (Math.min(front, behind) + 0.05);
    if (contrast < limit) low.push(`${element.className} ${node.data.trim()}: ${contrast.toFixed(2)}`);
  }
  if (count < 30) throw new Error(`only ${count} texts were looked at`);
  return low;
}

function addressOf(server) {
  return `http://127.0.0.1:${server.address().port}/`;
}

function stop(server) {
  return new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
}
