import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'tap';
import { makeFolder } from '../../../orchestrator/scenario/evidence.js';
import { makeFolders, mustTakeFile, mustTakeFolders } from '../../../orchestrator/scenario/writable.js';

const base = mkdtempSync(join(tmpdir(), 'netarium-writable-'));

test('a folder in which nothing can be made is refused before anything is done, and nobody waits for ever', async (t) => {
  // Also root may make nothing below /proc: the system says that the folder is not there.
  for (const path of ['/proc/x', '/proc/x/y/z']) {
    t.throws(() => mustTakeFolders(path), { message: `cannot write ${path}: no such folder`, exitStatus: 2 });
    t.throws(() => mustTakeFile(`${path}/junit.xml`), { message: /no such folder/, exitStatus: 2 });
    t.throws(() => makeFolder(path, 'fail'), { message: `cannot write ${path}: no such folder`, exitStatus: 1 });
  }
});

test('a path through a file, and a file where a folder is, are refused', async (t) => {
  const file = join(base, 'file');
  writeFileSync(file, 'kept');
  t.throws(() => mustTakeFolders(file), { message: /a part of the path is not a folder/, exitStatus: 2 });
  t.throws(() => mustTakeFolders(join(file, 'x')), { message: /a part of the path is not a folder/, exitStatus: 2 });
  t.throws(() => mustTakeFile(base), { message: /it is a folder/, exitStatus: 2 });
  mustTakeFile(file);
  t.equal(readFileSync(file, 'utf8'), 'kept');
});

test('the attempt leaves nothing; only the folder of a JUnit file is there afterwards', async (t) => {
  const there = join(base, 'there');
  mkdirSync(there);
  mustTakeFolders(join(there, 'a', 'b'));
  mustTakeFolders(there);
  t.same(readdirSync(there), []);
  mustTakeFile(join(there, 'ci', 'out', 'junit.xml'));
  t.same(readdirSync(join(there, 'ci', 'out')), []);
});

test('missing folders are made one by one', async (t) => {
  const made = makeFolders(join(base, 'x', 'y'));
  t.same(made, [join(base, 'x'), join(base, 'x', 'y')]);
  t.ok(existsSync(made[1]));
  t.same(makeFolders(made[1]), []);
  t.equal(makeFolder(made[1], 'fail'), join(made[1], 'fail'));
  t.equal(makeFolder(made[1], 'fail'), join(made[1], 'fail-2'));
  rmSync(base, { recursive: true });
});
