import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { cannotRead, cannotWrite } from '../../orchestrator/file-errors.js';

function errorOf(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

t.test('what cannot be written or read is said without codes', async (t) => {
  const folder = t.testdir({ file: '' });
  const write = (path: string) =>
    cannotWrite(
      path,
      errorOf(() => writeFileSync(path, '')),
    ).message;
  const read = (path: string) =>
    cannotRead(
      path,
      errorOf(() => readFileSync(path)),
    ).message;
  const lost = join(folder, 'none', 'x');
  t.equal(write(lost), `cannot write ${lost}: no such folder`);
  t.equal(write(folder), `cannot write ${folder}: it is a folder`);
  t.equal(write(join(folder, 'file', 'x')), `cannot write ${folder}/file/x: a part of the path is not a folder`);
  t.equal(read(lost), `cannot read ${lost}: no such file`);
  t.match(cannotRead('x', new Error('of its own')), { message: 'cannot read x: of its own', exitStatus: 2 });
});
