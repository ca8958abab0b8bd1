// Parts of the console that need no page: names, trees, samples, forms of values, replies.

import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from './modules.mjs';

const { binary, bytesOf, escaped, patternOf, shortened, size, span, unescaped } = await load('console/names');
const { groupsOf, rowsOf, sorted } = await load('console/tree');
const { allocation, chosen, estimate, sum } = await load('console/sampling');
const { formsOf, narrowed, read, write } = await load('console/forms');
const { fieldsOf, pairsIn, plain } = await load('console/replies');

const text = (string) => new TextEncoder().encode(string);
const keysOf = (...names) => names.map((name) => ({ name, type: 'string' }));

/** Numbers that are the same each time. */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Bytes of all kinds, with text and signs that mean something among them. */
function someBytes(random) {
  const kinds = [() => Math.floor(random() * 256), () => 32 + Math.floor(random() * 95), () => [34, 92, 10, 13, 0, 0xc3, 0xa9][Math.floor(random() * 7)]];
  const kind = kinds[Math.floor(random() * kinds.length)];
  return Uint8Array.from({ length: Math.floor(random() * 24) }, kind);
}

test('any bytes are names that can be typed', () => {
  const random = randomFrom(1);
  for (let turn = 0; turn < 3000; turn += 1) {
    const bytes = someBytes(random);
    assert.deepEqual(bytesOf(binary(bytes)), bytes);
    assert.deepEqual(unescaped(escaped(bytes)), bytes, escaped(bytes));
  }
  assert.equal(escaped(text('say "é" \\')), 'say "é" \\\\');
  assert.equal(escaped(Uint8Array.of(0, 0xff, 0x61)), '\\x00\\xffa');
  assert.deepEqual(unescaped('a "quoted" \\"one\\"'), text('a "quoted" "one"'));
  assert.equal(unescaped('ends with \\'), undefined);
  const long = new Uint8Array(100_000).fill(120);
  assert.equal(binary(long).length, 100_000);
  assert.equal(shortened(long, 4), 'xxxx… (97.7 KiB)');
});

test('a prefix becomes a pattern that only it fits', () => {
  assert.equal(patternOf('a*b[c]?\\:'), 'a\\*b\\[c\\]\\?\\\\:*');
});

test('sizes and spans are written for people', () => {
  assert.deepEqual([0, 1023, 1024, 1536, 200 << 10, 5 << 20].map(size), ['0 B', '1023 B', '1.0 KiB', '1.5 KiB', '200 KiB', '5.0 MiB']);
  assert.deepEqual([12, 1000, 61_000, 3_600_000, 90_061_000].map(span), ['12 ms', '1 s', '1 min 1 s', '1 h', '1 d 1 h']);
});

test('keys are sorted by their bytes, each once', () => {
  const names = sorted(keysOf('b', 'a:2', '\xff', 'a:10', 'b', 'B', 'a')).map((key) => key.name);
  assert.deepEqual(names, ['B', 'a', 'a:10', 'a:2', 'b', '\xff']);
});

/** Lines as text: folders with their counts, indented. */
function drawn(keys, separators, open) {
  return rowsOf(sorted(keys), separators, (prefix) => open.includes(prefix)).map((row) => {
    const place = `${'  '.repeat(row.depth)}${row.label}`;
    return `${place}${row.kind === 'folder' ? ` (${row.count})` : ''} ${row.position}/${row.siblings}`;
  });
}

test('a tree has folders with all that is in them', () => {
  const keys = keysOf('user:1:name', 'user:1:age', 'user:2', 'user:', 'user', 'post/1', 'post/2', 'alone:1');
  assert.deepEqual(drawn(keys, ':', []), ['alone:1 1/5', 'post/1 2/5', 'post/2 3/5', 'user 4/5', 'user: (4) 5/5']);
  assert.deepEqual(drawn(keys, ':/', ['user:', 'user:1:', 'post/']), [
    'alone:1 1/4',
    'post/ (2) 2/4',
    '  1 1/2',
    '  2 2/2',
    'user 3/4',
    'user: (4) 4/4',
    '   1/3',
    '  1: (2) 2/3',
    '    age 1/2',
    '    name 2/2',
    '  2 3/3',
  ]);
  assert.deepEqual(drawn(keys, '', []).length, 8);
  assert.deepEqual(drawn([], ':', []), []);
});

test('a tree that is wholly open shows every key once, and closed folders count them', () => {
  const random = randomFrom(2);
  const part = () => ['a', 'b', 'c', '', '!', '\xff'][Math.floor(random() * 6)];
  for (let turn = 0; turn < 200; turn += 1) {
    const names = Array.from({ length: 40 }, () => Array.from({ length: 1 + Math.floor(random() * 4) }, part).join(random() < 0.5 ? ':' : '/'));
    const keys = sorted(keysOf(...names));
    const whole = rowsOf(keys, ':/', () => true);
    assert.deepEqual(whole.filter((row) => row.kind === 'key').map((row) => row.key), keys);
    const closed = rowsOf(keys, ':/', () => false);
    assert.equal(closed.reduce((number, row) => number + (row.kind === 'folder' ? row.count : 1), 0), keys.length);
    const groups = groupsOf(keys, ':/');
    assert.equal(groups.reduce((number, group) => number + group.keys.length, 0), keys.length);
  }
});

test('folded keys are not looked at', () => {
  let looks = 0;
  const keys = sorted(Array.from({ length: 100_000 }, (_, at) => ({ name: `user:${at % 1000}:${at}`, type: 'hash' })));
  const counted = new Proxy(keys, { get: (target, name) => ((looks += 1), target[name]) });
  assert.equal(rowsOf(counted, ':', (prefix) => prefix === 'user:').length, 1001);
  // A search for each of a thousand folders, in the place of a walk over all keys.
  assert.ok(looks < 30_000, `${looks} looks`);
});

test('a sample is as large as wanted, in order, and any member may be in it', () => {
  const random = randomFrom(3);
  const members = Array.from({ length: 50 }, (_, at) => at);
  const seen = new Set();
  for (let turn = 0; turn < 200; turn += 1) {
    const found = chosen(members, 10, random);
    assert.equal(found.length, 10);
    assert.deepEqual(found, [...found].sort((a, b) => a - b));
    for (const member of found) seen.add(member);
  }
  assert.equal(seen.size, 50);
  assert.deepEqual(chosen(members, 80, random), members);
  assert.deepEqual(allocation([10, 1000, 100_000], 1000), [10, 30, 990]);
});

test('nineteen of twenty estimates are as near as they say', () => {
  const random = randomFrom(4);
  const members = Array.from({ length: 5000 }, () => 50 + Math.floor(200 * random()) + (random() < 0.1 ? 1000 : 0));
  const total = members.reduce((all, value) => all + value, 0);
  let hits = 0;
  for (let turn = 0; turn < 1000; turn += 1) {
    const { total: guess, error } = estimate(chosen(members, 200, random), members.length);
    assert.ok(error > 0 && error < total / 2);
    hits += Math.abs(guess - total) <= error ? 1 : 0;
  }
  assert.ok(hits >= 920 && hits <= 980, `${hits} of 1000`);
});

test('what is measured as a whole is certain, and what is not measured is not', () => {
  assert.deepEqual(estimate([1, 2, 3], 3), { total: 6, error: 0 });
  assert.deepEqual(estimate([], 0), { total: 0, error: 0 });
  assert.deepEqual(estimate([5], 4), { total: 20, error: Infinity });
  assert.equal(estimate([], 4).error, Infinity);
  assert.deepEqual(sum([{ total: 1, error: 3 }, { total: 2, error: 4 }]), { total: 3, error: 5 });
});

test('each form of a value stands for its bytes', () => {
  const random = randomFrom(5);
  for (let turn = 0; turn < 3000; turn += 1) {
    const bytes = someBytes(random);
    for (const form of formsOf(bytes)) {
      if (form !== 'json') assert.deepEqual(Uint8Array.from(read(form, write(form, bytes))), bytes, form);
    }
  }
  assert.deepEqual(formsOf(text('plain\ntext')), ['text', 'hex']);
  assert.deepEqual(formsOf(text('{"a":[1]}')), ['json', 'text', 'hex']);
  assert.deepEqual(formsOf(text('{"a":')), ['text', 'hex']);
  assert.deepEqual(formsOf(text('an editor makes\r\nanother break of this')), ['escaped', 'hex']);
  assert.deepEqual(formsOf(Uint8Array.of(0xff, 0xfe)), ['escaped', 'hex']);
  assert.deepEqual(formsOf(new Uint8Array(0)), ['text', 'hex']);
});

test('JSON is spread over lines and loses no digit', () => {
  const value = '{"id":12345678901234567890,"price":1.10,"tags":["a, b",{}],"none":[],"quote":"\\"}"}';
  const lines = write('json', text(value));
  assert.equal(
    lines,
    '{\n  "id": 12345678901234567890,\n  "price": 1.10,\n  "tags": [\n    "a, b",\n    {}\n  ],\n  "none": [],\n  "quote": "\\"}"\n}',
  );
  assert.equal(narrowed(lines), value);
  assert.throws(() => read('json', '{"a":}'), /not JSON/);
  assert.throws(() => read('hex', 'abc'), /hexadecimal/);
  assert.throws(() => read('escaped', 'a\\'), /backslash/);
  assert.equal(write('hex', Uint8Array.from({ length: 18 }, (_, at) => at)), '00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f\n10 11');
});

test('replies are read in both versions of the protocol', () => {
  const bulk = (string) => ({ type: 'bulk', bytes: text(string) });
  for (const type of ['map', 'array']) {
    const fields = fieldsOf({ type, items: [bulk('a'), { type: 'integer', text: '1' }] });
    assert.deepEqual(plain(fields.get('a')), 1);
  }
  assert.deepEqual(plain({ type: 'map', items: [bulk('a'), { type: 'set', items: [bulk('b'), { type: 'nil' }] }] }), { a: ['b', null] });
  assert.deepEqual([...pairsIn('# Server\r\na:1\r\nb:x:y\r\n', /\r?\n/, ':')], [['a', '1'], ['b', 'x:y']]);
});
