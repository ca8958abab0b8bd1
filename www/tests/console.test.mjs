// The console in a real browser, from the real server.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import test, { after, before, beforeEach, describe } from 'node:test';
import { freePort, startServer } from '../../tests/clients/server.mjs';
import { Terminal, launch, reasonToSkip } from './browser.mjs';

if (reasonToSkip) console.log(`The tests of the console are skipped: ${reasonToSkip}.`);

const TOKEN = 'a-token+with/signs=';
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

describe('the console', { skip: reasonToSkip ?? false, timeout: 300_000 }, () => {
  let browser;
  let server;
  let port;
  let page;
  /** What the browser complained about: exceptions, violations of the policy, missing files. */
  let complaints;

  before(async () => {
    browser = await launch();
    port = await freePort();
    server = await start();
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });
  beforeEach(async () => {
    await run('FLUSHALL');
    await run('ACL', 'DELUSER', 'ann');
    complaints = [];
  });

  /** The port stays the same, so that a page finds a server that was started again. */
  function start() {
    return startServer(['--http-port', String(port), '--http-token', TOKEN]);
  }

  const address = () => `http://127.0.0.1:${port}/console/`;

  /** Runs a command, as the page is no part of. */
  async function run(...command) {
    const response = await fetch(`http://127.0.0.1:${port}/`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${TOKEN}` },
      body: JSON.stringify(command),
    });
    const { result, error } = await response.json();
    if (error !== undefined) throw new Error(error);
    return result;
  }

  /** Opens the console in a window of its own. */
  async function open({ fragment = `#token=${encodeURIComponent(TOKEN)}`, from = address(), ...options } = {}) {
    await page?.context().close();
    const context = await browser.newContext({ viewport: { width: 1200, height: 800 }, ...options });
    page = await context.newPage();
    page.setDefaultTimeout(20_000);
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    await page.goto(from + fragment);
    return page;
  }

  const row = (name) => page.getByRole('treeitem', { name, exact: true });
  const details = () => page.getByRole('region', { name: 'Key', exact: true });
  const dialog = () => page.getByRole('dialog');
  const press = (name, place = page) => place.getByRole('button', { name, exact: true }).click();
  const goTo = (name) => press(name, page.getByRole('navigation', { name: 'Pages' }));
  const told = (text) => page.locator('#told').getByText(text).waitFor();

  /** Opens a key, once it is listed. */
  async function openKey(name, type) {
    await row(`${name} ${type}`).click();
    await details().getByRole('heading', { name, exact: true }).waitFor();
  }

  /** Waits until a command of another client has such a reply: what a page does takes its time. */
  async function becomes(expected, ...command) {
    const deadline = Date.now() + 20_000;
    let found;
    do found = await run(...command);
    while (JSON.stringify(found) !== JSON.stringify(expected) && Date.now() < deadline);
    assert.deepEqual(found, expected);
  }

  test('the token is taken from the address, and kept for the tab', async () => {
    await run('SET', 'greeting', 'hello');
    await open();
    await row('greeting string').waitFor();
    assert.equal(page.url(), address());
    await page.reload();
    await row('greeting string').waitFor();
    await press('Sign out');
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    assert.deepEqual(complaints, []);
  });

  test('a wrong token is told, and the right one is let in', async () => {
    await open({ fragment: '#token=wrong' });
    await page.getByText('The server does not take this token.').waitFor();
    await page.getByLabel('Token, or password of the user').fill('wrong again');
    await page.keyboard.press('Enter');
    await page.getByText('The server does not take this token.').waitFor();
    await page.getByLabel('Token, or password of the user').fill(TOKEN);
    await page.keyboard.press('Enter');
    await page.getByText('0 keys').waitFor();
    // Browsers report refused requests by themselves; nothing else went wrong.
    assert.deepEqual(complaints.filter((text) => !text.includes('401')), []);
  });

  test('keys are complete, sorted, and a tree', async () => {
    for (let at = 0; at < 60; at += 1) await run('SET', `user:${String(at).padStart(2, '0')}:name`, 'x');
    await run('HSET', 'user:00:tags', 'a', 'b');
    await run('RPUSH', 'alone', 'x');
    await open();
    await page.getByText('62 keys').waitFor();
    assert.deepEqual(await page.getByRole('treeitem').allTextContents(), ['alonelist', '▸user:61']);
    await row('user: 61').click();
    await row('00: 2').click();
    await row('tags hash').waitFor();
    await page.getByRole('combobox', { name: 'Type', exact: true }).selectOption('hash');
    await page.getByText('1 key', { exact: true }).waitFor();
    await page.getByRole('combobox', { name: 'Type', exact: true }).selectOption('');
    await page.getByLabel('Pattern', { exact: true }).fill('user:1?:*');
    await press('Scan');
    await page.getByText('10 keys').waitFor();
    await page.getByLabel('Separators').fill('');
    await row('user:11:name string').waitFor();
  });

  test('of very many keys only those that are seen are in the page', async () => {
    await run('EVAL', "for i = 1, 20000 do redis.call('SET', string.format('k%05d', i), i) end", 0);
    await open();
    await page.getByText('20,000 keys').waitFor();
    assert.ok((await page.getByRole('treeitem').count()) < 60);
    await page.getByRole('tree').focus();
    await page.keyboard.press('End');
    await row('k20000 string').waitFor();
    // One that goes is taken out without a scan of all the others.
    await page.keyboard.press('Delete');
    await press('Delete', dialog());
    await page.getByText('19,999 keys').waitFor();
    await row('k20000 string').waitFor({ state: 'detached' });
    await becomes(0, 'EXISTS', 'k20000');
  });

  test('a string is edited in each of its forms, and keeps its time to live', async () => {
    await run('SET', 'doc', '{"id":12345678901234567890,"tags":["a"]}', 'EX', '1000');
    await open();
    await openKey('doc', 'string');
    const value = details().getByLabel('Value', { exact: true });
    assert.equal(await value.inputValue(), '{\n  "id": 12345678901234567890,\n  "tags": [\n    "a"\n  ]\n}');
    await value.fill('{\n  "id": 12345678901234567891\n}');
    await press('Save', details());
    await becomes('{"id":12345678901234567891}', 'GET', 'doc');
    assert.ok((await run('TTL', 'doc')) > 900);
    await details().getByLabel('Form of value').selectOption('hex');
    await value.fill('ff 00 0a');
    await press('Save', details());
    await becomes(3, 'STRLEN', 'doc');
    await details().getByLabel('Form of value').selectOption('escaped');
    assert.equal(await value.inputValue(), '\\xff\\x00\\n');
  });

  test('what others have stored meanwhile is not overwritten', async () => {
    await run('SET', 'k', 'one');
    await open();
    await openKey('k', 'string');
    await details().getByLabel('Value', { exact: true }).fill('mine');
    await run('SET', 'k', 'theirs');
    await press('Save', details());
    await told('The value has been changed meanwhile');
    assert.equal(await run('GET', 'k'), 'theirs');
  });

  test('a string that is large is read in parts', async () => {
    await run('EVAL', "redis.call('SETRANGE', 'big', 3000000, 'end')", 0);
    await open();
    await openKey('big', 'string');
    await details().getByText('bytes 0 to 65,536 of 2.9 MiB').waitFor();
    await press('Later', details());
    await details().getByText('bytes 65,536 to 131,072').waitFor();
    assert.equal(await details().getByRole('button', { name: 'Save' }).count(), 0);
  });

  test('fields of a hash are edited with their times to live', async () => {
    await run('HSET', 'h', 'name', 'ann', 'age', '30');
    await run('HEXPIRE', 'h', '500', 'FIELDS', '1', 'name');
    await open();
    await openKey('h', 'hash');
    await press('Edit name', details());
    await dialog().getByLabel('Value', { exact: true }).fill('bob');
    await press('Save', dialog());
    await becomes('bob', 'HGET', 'h', 'name');
    assert.ok((await run('HTTL', 'h', 'FIELDS', '1', 'name'))[0] > 400);
    await press('Edit name', details());
    await dialog().getByLabel('TTL in seconds').fill('');
    await press('Save', dialog());
    await becomes([-1], 'HTTL', 'h', 'FIELDS', '1', 'name');
    await press('Add field', details());
    await dialog().getByLabel('Field', { exact: true }).fill('city');
    await dialog().getByLabel('Value', { exact: true }).fill('Oslo');
    await dialog().getByLabel('TTL in seconds').fill('never');
    await press('Add', dialog());
    await dialog().getByText('A time to live is a number of seconds above 0.').waitFor();
    await dialog().getByLabel('TTL in seconds').fill('60');
    await press('Add', dialog());
    await becomes('Oslo', 'HGET', 'h', 'city');
    await press('Delete age', details());
    await press('Delete', dialog());
    await becomes(null, 'HGET', 'h', 'age');
  });

  test('elements of a list are changed only where they still are', async () => {
    await run('RPUSH', 'l', 'a', 'b', 'b', 'c');
    await open();
    await openKey('l', 'list');
    await press('Edit 1', details());
    await dialog().getByLabel('Element', { exact: true }).fill('B');
    await press('Save', dialog());
    await becomes(['a', 'B', 'b', 'c'], 'LRANGE', 'l', '0', '-1');
    await press('Delete 2', details());
    await press('Delete', dialog());
    await becomes(['a', 'B', 'c'], 'LRANGE', 'l', '0', '-1');
    await press('Add element', details());
    await dialog().getByLabel('Element', { exact: true }).fill('d');
    await press('Add', dialog());
    await becomes(['a', 'B', 'c', 'd'], 'LRANGE', 'l', '0', '-1');
    await details().getByText('4 elements shown').waitFor();
    await press('Edit 0', details());
    await run('LPUSH', 'l', 'first');
    await dialog().getByLabel('Element', { exact: true }).fill('lost');
    await press('Save', dialog());
    await dialog().getByText('The list has changed meanwhile: nothing was done.').waitFor();
    assert.deepEqual(await run('LRANGE', 'l', '0', '1'), ['first', 'a']);
  });

  test('sets, sorted sets and streams are edited', async () => {
    await run('SADD', 's', 'one');
    await run('ZADD', 'z', '1', 'ann', '2', 'bob');
    await run('XADD', 'x', '5-1', 'name', 'ann');
    await open();
    await openKey('s', 'set');
    await press('Edit one', details());
    await dialog().getByLabel('Member', { exact: true }).fill('two');
    await press('Save', dialog());
    await becomes(['two'], 'SMEMBERS', 's');
    await openKey('z', 'zset');
    await press('Edit ann', details());
    await dialog().getByLabel('Score').fill('2.5');
    await press('Save', dialog());
    await becomes('2.5', 'ZSCORE', 'z', 'ann');
    await press('Delete bob', details());
    await press('Delete', dialog());
    await becomes(1, 'ZCARD', 'z');
    await openKey('x', 'stream');
    await press('Add entry', details());
    await dialog().getByLabel('Fields and values').fill('name "bob lee"');
    await press('Add', dialog());
    await becomes(2, 'XLEN', 'x');
    await details().getByText('2 entries shown').waitFor();
    await press('Delete 5-1', details());
    await press('Delete', dialog());
    await becomes(1, 'XLEN', 'x');
    assert.deepEqual((await run('XRANGE', 'x', '-', '+'))[0][1], ['name', 'bob lee']);
  });

  test('large collections are paged', async () => {
    await run('EVAL', "for i = 1, 5000 do redis.call('HSET', 'h', 'f' .. i, i) redis.call('ZADD', 'z', i, 'm' .. i) redis.call('RPUSH', 'l', i) end", 0);
    await open();
    for (const [name, type, noun] of [['h', 'hash', 'fields'], ['l', 'list', 'elements'], ['z', 'zset', 'members']]) {
      await openKey(name, type);
      await details().getByText(new RegExp(`^[12]\\d\\d ${noun} shown, and there are more`)).waitFor();
      const shown = await details().locator('tbody tr').count();
      await press('More', details());
      await details().locator(`tbody tr:nth-child(${shown + 1})`).waitFor();
    }
    await openKey('h', 'hash');
    await details().getByRole('searchbox').fill('f499?');
    await details().getByRole('searchbox').press('Enter');
    await details().getByText('10 fields shown').waitFor();
  });

  test('names and values of any bytes are shown and changed', async () => {
    await run('EVAL', "redis.call('SET', '\\255\\0k', '\\254v') redis.call('HSET', 'h', '\\255', '\\0')", 0);
    await open();
    await openKey('\\xff\\x00k', 'string');
    const value = details().getByLabel('Value', { exact: true });
    assert.equal(await value.inputValue(), '\\xfev');
    await value.fill('\\xfd"\\\\');
    await press('Save', details());
    await becomes(3, 'EVAL', "return #redis.call('GET', '\\255\\0k')", 0);
    await press('Rename', details());
    await dialog().getByLabel('New name', { exact: true }).fill('\\xfe:new');
    await press('Rename', dialog());
    await becomes('fd225c', 'EVAL', "return (redis.call('GET', '\\254:new'):gsub('.', function(c) return string.format('%02x', c:byte()) end))", 0);
    await openKey('h', 'hash');
    await press('Edit \\xff', details());
    await dialog().getByLabel('Value', { exact: true }).fill('\\x01');
    await press('Save', dialog());
    await becomes(1, 'EVAL', "return redis.call('HGET', 'h', '\\255'):byte()", 0);
    await page.getByLabel('Pattern', { exact: true }).fill('\\xfe*');
    await press('Scan');
    await page.getByText('1 key', { exact: true }).waitFor();
  });

  test('a key gets a time to live and another name, and is deleted', async () => {
    await run('SET', 'old', 'x');
    await run('SET', 'taken', 'x');
    await open();
    await openKey('old', 'string');
    await press('Set TTL', details());
    await dialog().getByLabel(/^Seconds/).fill('100');
    await press('Set', dialog());
    await details().getByText(/^1 min \d+ s$/).waitFor();
    assert.ok((await run('TTL', 'old')) > 90);
    await press('Rename', details());
    await dialog().getByLabel('New name', { exact: true }).fill('taken');
    await press('Rename', dialog());
    await dialog().getByText('There is a key of this name.').waitFor();
    await dialog().getByLabel('New name', { exact: true }).fill('new');
    await press('Rename', dialog());
    await details().getByRole('heading', { name: 'new', exact: true }).waitFor();
    await row('new string').waitFor();
    await press('Delete', details());
    await press('Delete', dialog());
    await becomes(0, 'EXISTS', 'new');
    await row('new string').waitFor({ state: 'detached' });
  });

  test('new keys of each type are made', async () => {
    await open();
    for (const [type, fields, ...check] of [
      ['string', { Value: 'v' }, 'v', 'GET', 'new:string'],
      ['hash', { Field: 'f', Value: 'v' }, 'v', 'HGET', 'new:hash', 'f'],
      ['list', { Element: 'v' }, ['v'], 'LRANGE', 'new:list', '0', '-1'],
      ['set', { Member: 'v' }, ['v'], 'SMEMBERS', 'new:set'],
      ['zset', { Member: 'v', Score: '3' }, '3', 'ZSCORE', 'new:zset', 'v'],
      ['stream', { 'Fields and values, as in a terminal': 'f v' }, 1, 'XLEN', 'new:stream'],
    ]) {
      await press('New key');
      await dialog().getByLabel('Name', { exact: true }).fill(`new:${type}`);
      await dialog().getByRole('combobox', { name: 'Type', exact: true }).selectOption(type);
      await press('Next', dialog());
      for (const [label, text] of Object.entries(fields)) await dialog().getByLabel(label, { exact: true }).fill(text);
      await press('Add', dialog());
      await details().getByRole('heading', { name: `new:${type}`, exact: true }).waitFor();
      await becomes(check[0], ...check.slice(1));
    }
  });

  test('a pattern or a folder is deleted after a look, and nothing else', async () => {
    await run('EVAL', "for i = 1, 1200 do redis.call('SET', 'cache:' .. i, i) end", 0);
    await run('MSET', 'cache', 'x', 'cachet', 'x', 'keep*:1', 'x', 'keep*:2', 'x', 'keeper:1', 'x');
    await open();
    await row('cache: 1,200').click();
    await page.getByRole('tree').press('Delete');
    await dialog().getByText('1,200 keys fit').waitFor();
    await dialog().getByText('and 1,180 more').waitFor();
    await press('Cancel', dialog());
    assert.equal(await run('DBSIZE'), 1205);
    await page.getByRole('tree').press('Delete');
    await dialog().getByText('1,200 keys fit').waitFor();
    await run('SET', 'cache:late', 'x');
    await press('Delete 1,200 keys', dialog());
    await told('1,200 keys are deleted.');
    assert.deepEqual((await run('KEYS', '*')).sort(), ['cache', 'cache:late', 'cachet', 'keep*:1', 'keep*:2', 'keeper:1']);
    // What looks like a pattern in a name is a part of the name.
    await row('keep*: 2').click();
    await page.getByRole('tree').press('Delete');
    await press('Delete 2 keys', dialog());
    await told('2 keys are deleted.');
    await page.getByLabel('Pattern', { exact: true }).fill('cache*');
    await press('Delete all of these…');
    await press('Delete 3 keys', dialog());
    await becomes(['keeper:1'], 'KEYS', '*');
  });

  test('databases are apart', async () => {
    await run('SET', 'here', 'x');
    await run('MOVE', 'here', '3');
    await open();
    await page.getByText('0 keys').waitFor();
    await page.getByLabel('Database').selectOption('3');
    await row('here string').waitFor();
  });

  test('the terminal is there, on a connection of its own', async () => {
    await open();
    await goTo('Terminal');
    const terminal = new Terminal(page);
    await terminal.root.waitFor();
    assert.equal(await terminal.run('SET greeting "hello world"'), 'OK');
    assert.equal(await terminal.run('GET greeting'), '"hello world"');
    await terminal.input.fill('zadd');
    await page.getByText('Adds members to a sorted set').waitFor();
    await terminal.input.fill('');
    // A wait is ended by another connection.
    await terminal.type('BLPOP none 0');
    await terminal.waitFor(([root]) => root.querySelector('.status').textContent === 'waiting');
    await page.keyboard.press('Control+c');
    await terminal.idle();
    assert.match((await terminal.texts()).join(), /UNBLOCKED/);
    assert.deepEqual(complaints, []);
  });

  test('over HTTPS all of it is encrypted', async () => {
    const securePort = await freePort();
    const file = (name) => fileURLToPath(new URL(`../../tests/clients/tls/${name}`, import.meta.url));
    const secure = await startServer([
      ...['--https-port', String(securePort), '--http-token', TOKEN, '--tls-auth-clients', 'no'],
      ...['--tls-cert-file', file('server.crt'), '--tls-key-file', file('server.key')],
    ]);
    try {
      const from = `https://localhost:${securePort}/console/`;
      await open({ from, fragment: '', ignoreHTTPSErrors: true });
      const sockets = [];
      page.on('websocket', (socket) => sockets.push(socket.url()));
      await page.getByLabel('Token, or password of the user').fill(TOKEN);
      await page.keyboard.press('Enter');
      await page.getByText('0 keys').waitFor();
      await goTo('Terminal');
      const terminal = new Terminal(page);
      assert.equal(await terminal.run('SET secret value'), 'OK');
      await goTo('Keys');
      await press('Scan');
      await openKey('secret', 'string');
      assert.equal(page.url(), from);
      assert.deepEqual([...new Set(sockets)], [`wss://localhost:${securePort}/`]);
      assert.equal(sockets.length, 2, 'one for the page, one for the terminal');
      assert.deepEqual(complaints, []);
    } finally {
      await page.context().close();
      await secure.stop();
    }
  });

  test('read-only changes nothing, whatever is tried', async () => {
    await run('SET', 'k', 'v');
    await run('HSET', 'h', 'field', 'v'.repeat(500));
    await open();
    await openKey('k', 'string');
    await page.getByLabel('Read-only').check();
    await details().getByRole('button', { name: 'Save' }).waitFor({ state: 'detached' });
    const names = await page.getByRole('button').allTextContents();
    for (const name of ['Save', 'Rename', 'Set TTL', 'Delete', 'New key', 'Delete all of these…']) assert.ok(!names.includes(name), name);
    assert.equal(await details().getByLabel('Value', { exact: true }).getAttribute('readonly'), '');
    await page.getByRole('tree').press('Delete');
    await told('Deleting is not allowed here.');
    // What is longer than a cell can be looked at all the same.
    await openKey('h', 'hash');
    await press('View field', details());
    assert.equal(await dialog().getByLabel('Value', { exact: true }).inputValue(), 'v'.repeat(500));
    assert.equal(await dialog().getByLabel('Value', { exact: true }).getAttribute('readonly'), '');
    await press('Close', dialog());
    await goTo('Terminal');
    const terminal = new Terminal(page);
    for (const line of ['SET k w', 'del k', 'EVAL "redis.call(\'DEL\', \'k\')" 0', 'CONFIG SET maxmemory 1', 'FLUSHALL']) {
      assert.match(await terminal.run(line), /Read-only is switched on/, line);
    }
    assert.equal(await terminal.run('GET k'), '"v"');
    assert.equal(await run('GET', 'k'), 'v');
    await page.getByLabel('Read-only').uncheck();
    assert.equal(await terminal.run('SET k w'), 'OK');
  });

  test('a user is offered what he may do', async () => {
    await run('ACL', 'SETUSER', 'ann', 'on', '>secret', '~ann:*', '+@read', '+@connection', '+set', '+acl|whoami', '+acl|dryrun', '+select');
    await run('MSET', 'ann:1', 'x', 'other', 'x');
    await open({ fragment: '' });
    await page.getByLabel('User, if you have one').fill('ann');
    await page.getByLabel('Token, or password of the user').fill('secret');
    await page.keyboard.press('Enter');
    await openKey('ann:1', 'string');
    const pages = await page.getByRole('navigation', { name: 'Pages' }).getByRole('button').allTextContents();
    assert.deepEqual(pages, ['Keys', 'Terminal', 'Memory', 'Clients']);
    await details().getByRole('button', { name: 'Save' }).waitFor();
    for (const name of ['Rename', 'Delete', 'Set TTL']) assert.equal(await details().getByRole('button', { name }).count(), 0, name);
    await row('other string').click();
    await told('NOPERM');
  });

  test('clients are listed, and ended', async () => {
    await open();
    await goTo('Monitor');
    await press('Start…');
    await press('Start', dialog());
    await page.getByText(/listening, \d+ so far/).waitFor();
    const monitored = /\bid=(\d+) [^\n]*cmd=monitor/.exec(await run('CLIENT', 'LIST'))[1];
    // A page that is left stops listening; another tab's client is killed here.
    const other = await page.context().newPage();
    await other.goto(`${address()}#token=${encodeURIComponent(TOKEN)}`);
    await other.getByText('0 keys').waitFor();
    await other.getByRole('button', { name: 'Clients' }).click();
    await other.getByRole('button', { name: `Kill ${monitored}` }).click();
    await other.getByRole('dialog').getByRole('button', { name: 'End it' }).click();
    await page.getByText('the connection was closed').waitFor();
    await other.getByText('this page').waitFor();
  });

  test('the slow log is shown and emptied', async () => {
    await run('CONFIG', 'SET', 'slowlog-log-slower-than', '0');
    await run('PING', 'slow one');
    await run('CONFIG', 'SET', 'slowlog-log-slower-than', '10000');
    await open();
    await goTo('Slow log');
    await page.getByRole('cell', { name: 'PING slow one' }).waitFor();
    await press('Empty');
    await press('Empty it', dialog());
    await page.getByText('0 entries').waitFor();
    assert.equal(await run('SLOWLOG', 'LEN'), 0);
  });

  test('what took long is shown by event, and from which time on is changed', async () => {
    await run('CONFIG', 'SET', 'latency-monitor-threshold', '0');
    await run('LATENCY', 'RESET');
    await open();
    await goTo('Latency');
    await page.getByText('Nothing is measured.').waitFor();
    await page.getByLabel('From milliseconds').fill('5');
    await press('Set');
    await page.getByText('Measured is what takes 5 ms or more.').waitFor();
    assert.deepEqual(await run('CONFIG', 'GET', 'latency-monitor-threshold'), ['latency-monitor-threshold', '5']);
    await run('EVAL', 'for i = 1, 3000000 do end', 0);
    await press('Refresh');
    await page.getByRole('cell', { name: 'command', exact: true }).waitFor();
    await page.getByText('1 event', { exact: true }).waitFor();
    await press('Forget');
    await press('Forget it', dialog());
    await page.getByText('0 events').waitFor();
    assert.deepEqual(await run('LATENCY', 'LATEST'), []);
    await run('CONFIG', 'SET', 'latency-monitor-threshold', '0');
    assert.deepEqual(complaints, []);
  });

  test('numbers of the server are drawn as they come', async () => {
    await run('SET', 'k', 'v');
    await open();
    await goTo('Server');
    const card = page.locator('.card').filter({ hasText: 'Commands per second' });
    await card.waitFor();
    assert.equal(await page.locator('.card').filter({ hasText: /^Keys/ }).locator('dd').textContent(), '1');
    // A second answer makes a line of what was a point.
    await page.waitForFunction(() => document.querySelector('.spark polyline').getAttribute('points').includes(' '));
  });

  test('memory is estimated by prefix, with what it may be off by', async () => {
    await run('EVAL', "for i = 1, 5000 do redis.call('SET', 'big:' .. i, string.rep('x', 100 + i % 400)) end for i = 1, 20 do redis.call('SET', 'small:' .. i, i) end", 0);
    await open();
    await page.getByText('5,020 keys').waitFor();
    await goTo('Memory');
    await page.getByLabel('Keys to measure').fill('500');
    await press('Measure');
    const big = page.getByRole('row', { name: /^big: / });
    await big.waitFor();
    assert.match(await big.textContent(), /^big:5,000498[\d.]+ MiB ± \d/);
    assert.match(await page.getByRole('row', { name: /^small: / }).textContent(), /^small:2020\d+ B$/);
    const whisker = await big.locator('svg path').count();
    assert.equal(whisker, 1);
  });

  test('messages arrive, and are published', async () => {
    await open();
    await goTo('Messages');
    await page.getByLabel('Pattern of channels').fill('news.*');
    await press('Listen');
    await page.getByText('listening, 0 so far').waitFor();
    await run('PUBLISH', 'news.art', 'from <b>outside</b>');
    await page.getByText('news.art: from <b>outside</b>').waitFor();
    await page.getByLabel('Channel', { exact: true }).fill('news.me');
    await page.getByLabel('Message', { exact: true }).fill('from here');
    await press('Publish');
    await page.getByText('news.me: from here').waitFor();
    await press('Stop');
    await becomes(0, 'PUBLISH', 'news.art', 'nobody');
  });

  test('MONITOR warns, shows commands, and ends with its page', async () => {
    await open();
    await goTo('Monitor');
    await press('Start…');
    await dialog().getByText('each command costs the server more').waitFor();
    await press('Start', dialog());
    await page.getByText(/listening, \d+ so far/).waitFor();
    await run('SET', 'seen', 'by all');
    await page.getByText('"SET" "seen" "by all"').waitFor();
    await goTo('Keys');
    const hasMonitor = async () => /cmd=monitor/.test(await run('CLIENT', 'LIST'));
    while (await hasMonitor());
  });

  test('a server that comes again is found again', async () => {
    await open();
    await page.getByText('0 keys').waitFor();
    await server.stop();
    await page.getByText('no connection; trying again').waitFor();
    server = await start();
    await run('SET', 'back', 'x');
    await page.getByText('connected', { exact: true }).waitFor();
    await press('Scan');
    await row('back string').waitFor();
  });

  test('the keyboard is enough', async () => {
    await run('MSET', 'a', '1', 'b:1', '2', 'b:2', '3');
    await open();
    await row('a string').waitFor();
    const tree = page.getByRole('tree');
    // From the top of the page, by the key that goes from field to field.
    for (let at = 0; at < 40 && !(await tree.evaluate((element) => element === document.activeElement)); at += 1) await page.keyboard.press('Tab');
    assert.equal(await tree.evaluate((element) => element === document.activeElement), true);
    for (const key of ['Home', 'ArrowDown', 'ArrowLeft', 'ArrowRight', 'ArrowRight', 'Enter']) await page.keyboard.press(key);
    await details().getByRole('heading', { name: 'b:1', exact: true }).waitFor();
    await page.keyboard.press('Delete');
    await dialog().waitFor();
    await page.keyboard.press('Escape');
    await dialog().waitFor({ state: 'detached' });
    await tree.focus();
    await page.keyboard.press('Delete');
    await dialog().waitFor();
    const confirm = dialog().getByRole('button', { name: 'Delete', exact: true });
    while (!(await confirm.evaluate((element) => element === document.activeElement))) await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await becomes(0, 'EXISTS', 'b:1');
  });

  for (const colorScheme of ['light', 'dark']) {
    test(`every page can be used by everyone, in ${colorScheme} colours`, async () => {
      await run('HSET', 'h', 'f', 'v');
      await run('SET', 'folder:a', 'x');
      await run('SET', 'folder:b', '{"a":1}');
      await open({ colorScheme, bypassCSP: true });
      await openKey('h', 'hash');
      const pages = await page.getByRole('navigation', { name: 'Pages' }).getByRole('button').allTextContents();
      assert.equal(pages.length, 9);
      await page.evaluate(axe);
      const check = async (what) => {
        const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
        assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join()}`), [], what);
      };
      for (const name of pages) {
        await goTo(name);
        if (name === 'Memory') await press('Measure');
        if (name === 'Terminal') await new Terminal(page).idle();
        await page.locator('main h2').first().waitFor();
        await check(name);
      }
      await goTo('Keys');
      await openKey('h', 'hash');
      await press('New key');
      await check('a dialog');
    });
  }

  test('on a phone nothing is wider than the screen', async () => {
    await run('SET', `long:${'x'.repeat(300)}`, 'y'.repeat(500));
    await run('HSET', 'h', 'f'.repeat(200), 'v'.repeat(400));
    await open({ viewport: { width: 360, height: 700 }, hasTouch: true, isMobile: true });
    await row('h hash').tap();
    await details().getByRole('heading', { name: 'h', exact: true }).waitFor();
    for (const name of await page.getByRole('navigation', { name: 'Pages' }).getByRole('button').allTextContents()) {
      await goTo(name);
      await page.locator('main h2').first().waitFor();
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, name);
    }
  });

  test('every page keeps to its policy', async () => {
    await run('SET', 'k', '<img src=x onerror=alert(1)>');
    await run('SET', '<script>alert(1)</script>', 'x');
    await open();
    await openKey('<script>alert(1)</script>', 'string');
    for (const name of await page.getByRole('navigation', { name: 'Pages' }).getByRole('button').allTextContents()) {
      await goTo(name);
      await page.locator('main h2').first().waitFor();
    }
    assert.equal(await page.locator('main img, main script').count(), 0);
    assert.deepEqual(complaints, []);
  });
});
