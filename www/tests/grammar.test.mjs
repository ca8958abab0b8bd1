// Hints and completions, from the documentation of the engine itself.

import assert from 'node:assert/strict';
import test from 'node:test';
import { Sanderling } from 'sanderling';
import { load } from './modules.mjs';

const { completions, hint, suggestion } = await load('grammar');
const { help } = await load('help');
const { readDocs } = await load('docs');

const db = await Sanderling.open();
const docs = readDocs(await db.call('COMMAND', 'DOCS'));
await db.close();

const HINTS = [
  ['get', 'key'],
  ['get k', ''],
  ['get k l', undefined],
  ['nothing', undefined],
  ['set k', 'value [NX|XX|IFEQ ifeq-value|IFNE ifne-value|IFDEQ ifdeq-digest|IFDNE ifdne-digest] [GET] [EX seconds|PX milliseconds|EXAT unix-time-seconds|PXAT unix-time-milliseconds|KEEPTTL]'],
  ['set k v nx', '[GET] [EX seconds|PX milliseconds|EXAT unix-time-seconds|PXAT unix-time-milliseconds|KEEPTTL]'],
  ['set k v ex', 'seconds [NX|XX|IFEQ ifeq-value|IFNE ifne-value|IFDEQ ifdeq-digest|IFDNE ifdne-digest] [GET]'],
  ['set k v ex 10 get', '[NX|XX|IFEQ ifeq-value|IFNE ifne-value|IFDEQ ifdeq-digest|IFDNE ifdne-digest]'],
  ['set k v wrong', undefined],
  ['mget', 'key [key …]'],
  ['mget a b', '[key …]'],
  ['blpop q', '[key …] timeout'],
  ['linsert l', '<BEFORE|AFTER> pivot element'],
  ['linsert l before', 'pivot element'],
  ['linsert l between', undefined],
  ['hset h f', 'value'],
  ['hset h f v', '[field value …]'],
  ['config', 'subcommand [argument …]'],
  ['config get', 'parameter [parameter …]'],
  ['ping', '[message]'],
];

for (const [line, expected] of HINTS) {
  test(`the hint behind '${line}'`, () => assert.equal(hint(docs, line.split(' ')), expected));
}

test('commands are completed in the case in which they are written', () => {
  assert.deepEqual(completions(docs, [], 'zrangeb'), ['zrangebylex', 'zrangebyscore']);
  assert.deepEqual(completions(docs, [], 'ZRANGEB'), ['ZRANGEBYLEX', 'ZRANGEBYSCORE']);
});

test('subcommands, options and topics are completed', () => {
  assert.deepEqual(completions(docs, ['client'], 'SETN'), ['SETNAME']);
  assert.deepEqual(completions(docs, ['set', 'k', 'v'], 'EX'), ['EX', 'EXAT']);
  assert.deepEqual(completions(docs, ['set', 'k', 'v', 'EX'], ''), []);
  assert.deepEqual(completions(docs, ['set', 'k', 'v', 'EX', '1'], ''), ['NX', 'XX', 'IFEQ', 'IFNE', 'IFDEQ', 'IFDNE', 'GET']);
  assert.deepEqual(completions(docs, ['linsert', 'l'], ''), ['BEFORE', 'AFTER']);
  assert.deepEqual(completions(docs, ['help'], '@ha'), ['@hash']);
});

test('a mistyped command is known by its likeness', () => {
  const meant = (line) => suggestion(docs, line.split(' '));
  assert.equal(meant('zragne'), 'ZRANGE');
  assert.equal(meant('GETT k'), 'GET');
  assert.equal(meant('hgetal h'), 'HGETALL');
  assert.equal(meant('zrangebyscor z'), 'ZRANGEBYSCORE');
  assert.equal(meant('config gte maxmemory'), 'CONFIG GET');
  assert.equal(meant('client setnmae x'), 'CLIENT SETNAME');
  for (const line of ['nosuch', 'x', 'get k', 'config get', 'config', 'config nothing', 'set ex']) assert.equal(meant(line), undefined, line);
});

test('every command has a summary, a version, a group and a complexity', () => {
  const all = [...docs.values()].flatMap((doc) => [doc, ...doc.subcommands]);
  for (const doc of all) {
    for (const field of ['summary', 'since', 'group', 'complexity']) assert.notEqual(doc[field], '', `${doc.name}: ${field}`);
  }
});

test('help tells of commands, subcommands and groups', () => {
  assert.match(help(docs, ['get']), /^GET key\n {2}summary: .+\n {2}since: 1\.0\.0\n {2}group: string\n {2}complexity: O\(1\)$/);
  assert.match(help(docs, ['config', 'get']), /^CONFIG GET parameter \[parameter …\]\n/);
  assert.match(help(docs, ['config']), /^CONFIG GET {2,}\S/m);
  assert.match(help(docs, ['@hash']), /^HGETALL {2,}\S/m);
  assert.match(help(docs, []), /@sorted-set/);
  assert.match(help(docs, ['nothing']), /^\(error\)/);
  assert.equal(help(docs, ['zragne']), "(error) no help for 'zragne'; did you mean ZRANGE?");
  assert.match(help(docs, []), /^ctrl-r .+^ctrl-l or clear/ms);
  assert.doesNotMatch(help(docs, [], false), /ctrl|<tab>|<up>/);
  assert.match(help(docs, [], false), /^clear {13}clears/m);
});
