// Lines and replies are read and printed as redis-cli does it: the same lines and replies go through both, against a
// server that says what the test wants.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import test from 'node:test';
import { mayBeMissing } from '../../tests/skip.mjs';
import { load } from './modules.mjs';

const { format } = await load('format');
const { splitLine } = await load('quote');
const { ReplyReader } = await load('resp');

const isThere = spawnSync('redis-cli', ['--version']).status === 0;
const skip = mayBeMissing(
  isThere ? false : 'redis-cli is missing: install it (apt install redis-tools) to compare with it',
);

const REPLIES = [
  '+OK\r\n',
  '$5\r\nhello\r\n',
  '$0\r\n\r\n',
  '$-1\r\n',
  '*-1\r\n',
  '_\r\n',
  ':42\r\n',
  ':-9223372036854775808\r\n',
  '#t\r\n',
  '#f\r\n',
  ',1.5\r\n',
  '*0\r\n',
  '%0\r\n',
  '~0\r\n',
  '=9\r\ntxt:ab\ncd\r\n',
  '$9\r\na"\\\n\r\t\x07\x08\x00\r\n',
  '$4\r\n\xff\xfe \x7f\r\n',
  '$6\r\n\xc3\xa9\xe2\x82\xac!\r\n',
  // A shell, a family joined to one, and what cannot be seen: a space that does not break, a mark of direction.
  '$4\r\n\xf0\x9f\x90\x9a\r\n',
  '$11\r\n\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7\r\n',
  '$8\r\na\xc2\xa0b\xe2\x80\xaec\r\n',
  // Cut off, too long for what they say, surrogates, and behind the last character.
  '$3\r\n\xe2\x82!\r\n',
  '$2\r\n\xc0\x80\r\n',
  '$3\r\n\xed\xa0\x80\r\n',
  '$4\r\n\xf4\x90\x80\x80\r\n',
  '$6\r\n\\xc3\xc3\xa9\r\n',
  '*2\r\n*2\r\n:1\r\n*1\r\n+x\r\n*0\r\n',
  '%2\r\n+a\r\n:1\r\n+b\r\n*2\r\n:1\r\n:2\r\n',
  '%1\r\n*2\r\n+k\r\n+l\r\n%1\r\n+m\r\n~2\r\n+n\r\n+o\r\n',
  `*12\r\n${'*2\r\n$1\r\na\r\n%1\r\n+k\r\n_\r\n'.repeat(12)}`,
  `%11\r\n${'+key\r\n*2\r\n#t\r\n,2.25\r\n'.repeat(11)}`,
  `~100\r\n${':7\r\n'.repeat(100)}`,
  '%2\r\n+k\r\n=9\r\ntxt:ab\ncd\r\n+l\r\n%1\r\n+m\r\n:1\r\n',
  '*2\r\n-ERR inside\r\n-ERR again\r\n',
];

const LINES = [
  'a b  c',
  '\ta\tb ',
  '"hello world" x',
  "'single \\' quoted' x",
  '"\\x41\\xff\\x00" end',
  '"\\n\\r\\t\\a\\b\\\\\\"\\q"',
  'pre"quoted"',
  '""',
  "''",
  "'a\\nb'",
  'back\\slash',
  '"\\x4" "\\xzz"',
  'naïve "größe €"',
];

test('replies are printed as redis-cli prints them', { skip }, async () => {
  const random = generator(7);
  const replies = [...REPLIES, ...Array.from({ length: 300 }, () => randomReply(random, 0))];
  const { output } = await throughRedisCli(replies);
  for (const [index, reply] of replies.entries()) {
    const [parsed] = new ReplyReader().read(new Uint8Array(Buffer.from(reply, 'latin1')));
    assert.equal(`${format(parsed)}\n`, withText(output[index]), JSON.stringify(reply));
  }
});

test('lines are taken apart as redis-cli does it', { skip }, async () => {
  const { requests } = await throughRedisCli(LINES.map(() => '+OK\r\n'), LINES);
  for (const [index, line] of LINES.entries()) {
    const args = splitLine(`ask ${line}`).map((arg) => Buffer.from(arg).toString('latin1'));
    assert.deepEqual(args, requests[index], line);
  }
});

test('a line whose quotes do not match is refused', () => {
  for (const line of ['"a', "'a", '"a"b', "'a'b", '"a\\"']) assert.equal(splitLine(line), undefined, line);
});

/** What redis-cli printed, with characters in place of the bytes that it escapes, where these can be seen. */
function withText(printed) {
  return printed.replaceAll(/\\\\|(?:\\x[0-9a-f]{2})+/g, (run) => {
    if (run === '\\\\') return run;
    const bytes = Buffer.from(run.replaceAll('\\x', ''), 'hex');
    let text = '';
    for (let at = 0; at < bytes.length; ) {
      const pieces = [4, 3, 2].map((length) => bytes.subarray(at, at + length));
      const whole = pieces.find((piece) => [...piece.toString()].length === 1 && Buffer.from(piece.toString()).equals(piece));
      const isSeen = whole && (/[^\p{C}\p{Z}]/u.test(whole.toString()) || /[\u200c\u200d]/.test(whole.toString()));
      text += isSeen ? whole.toString() : `\\x${bytes.subarray(at, at + 1).toString('hex')}`;
      at += isSeen ? whole.length : 1;
    }
    return text;
  });
}

/** Has redis-cli send a line per reply; returns what it printed and what it sent. */
async function throughRedisCli(replies, lines = replies.map(() => '')) {
  const requests = [];
  const server = createServer((socket) => {
    const reader = new ReplyReader();
    socket.on('data', (chunk) => {
      for (const { items } of reader.read(new Uint8Array(chunk))) {
        const words = items.map((item) => Buffer.from(item.bytes).toString('latin1'));
        if (words[0] === 'ask') requests.push(words);
        const reply = words[0] === 'ask' ? replies[requests.length - 1] : '+----\r\n';
        socket.write(Buffer.from(reply, 'latin1'));
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const child = spawn('redis-cli', ['--no-raw', '-p', String(server.address().port)], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(lines.map((line) => `ask ${line}\nend\n`).join(''));
  const chunks = [];
  child.stdout.on('data', (chunk) => chunks.push(chunk));
  await once(child, 'close');
  server.close();
  return { requests, output: Buffer.concat(chunks).toString().split('----\n') };
}

const ALPHABET = [...'żółw漢字😀\u00a0\u200d\u202e\ufeff'];
const toBytes = (text) => Buffer.from(text).toString('latin1');

function randomReply(random, depth) {
  const kinds = depth < 3 ? ['bulk', 'int', 'nil', 'array', 'map', 'set'] : ['bulk', 'int', 'nil'];
  const some = (reply) => Array.from({ length: reply }, () => randomReply(random, depth + 1)).join('');
  const count = random(depth === 0 ? 14 : 4);
  switch (kinds[random(kinds.length)]) {
    case 'bulk': {
      const some = Array.from({ length: random(12) }, () => (random(2) === 0 ? String.fromCharCode(random(256)) : toBytes(ALPHABET[random(ALPHABET.length)])));
      const bytes = some.join('');
      return `$${bytes.length}\r\n${bytes}\r\n`;
    }
    case 'int':
      return `:${random(1e6) - 5e5}\r\n`;
    case 'nil':
      return '_\r\n';
    case 'array':
      return `*${count}\r\n${some(count)}`;
    case 'set':
      return `~${count}\r\n${some(count)}`;
    default:
      return `%${count}\r\n${some(count * 2)}`;
  }
}

function generator(seed) {
  return (below) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
}
