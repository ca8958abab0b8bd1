// A program that writes to files is killed again and again: nothing that it was told is lost, and what belongs together is
// whole. What it was told it notes outside of the files.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, test } from 'node:test';
import { Sanderling } from 'sanderling';

/** Kills per policy; more by hand: `SANDERLING_KILLS=300`. */
const KILLS = Number(process.env.SANDERLING_KILLS ?? 15);

let folder;
beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sanderling-kills-'))));
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

for (const durability of ['everysec', 'always']) {
  test(`${KILLS} kills with ${durability} lose nothing that was told, and transactions and scripts are whole`, async () => {
    let told = { count: 0, script: 0 };
    for (let kill = 0; kill < KILLS; kill += 1) {
      const child = spawn(process.execPath, ['writer.mjs', folder, durability], { cwd: import.meta.dirname });
      let errors = '';
      child.stderr.on('data', (text) => (errors += text));
      const lines = createInterface({ input: child.stdout });
      // After so many lines it is killed, in the midst of what comes then.
      let left = 1 + Math.floor(Math.random() * 1000);
      for await (const line of lines) {
        const [name, value] = line.split(' ');
        if (value !== undefined) told[name] = Number(value);
        if ((left -= 1) === 0) child.kill('SIGKILL');
      }
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      assert.equal(child.signalCode, 'SIGKILL', errors);
      const db = await Sanderling.open(folder);
      const [count, twin, a, b] = (await db.mget('count', 'twin', 'script:a', 'script:b')).map(Number);
      assert.equal(count, twin);
      assert.equal(a, b);
      assert.equal(await db.llen('script:list'), b);
      assert.ok(count >= told.count && count <= told.count + 1, `${count} of ${told.count}`);
      assert.ok(a >= told.script && a <= told.script + 1, `${a} of ${told.script}`);
      told = { count, script: a };
      await db.close();
    }
  });
}
