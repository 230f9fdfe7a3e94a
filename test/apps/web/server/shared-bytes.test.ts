/** One copy of a file's bytes, however many ask for them. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t from 'tap';
import { SharedBytes } from '../../../../devices/apps/web/server/shared-bytes.js';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

t.test('who asks side by side, or while others have it, gets the same bytes; another version its own', async (t) => {
  const shared = new SharedBytes();
  let reads = 0;
  const load = async () => Buffer.alloc(100_000, ++reads);
  const [one, two] = await Promise.all([shared.read('a 1', load), shared.read('a 1', load)]);
  t.equal(one, two);
  t.equal(await shared.read('a 1', load), one);
  t.not(await shared.read('a 2', load), one);
  t.equal(reads, 2);
});

t.test('what nobody sends any more is not kept, and what failed is tried again', async (t) => {
  const shared = new SharedBytes();
  let reads = 0;
  const load = async () => Buffer.alloc(100_000, ++reads);
  await shared.read('a', load);
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  await shared.read('a', load);
  t.equal(reads, 2);
  await t.rejects(
    shared.read('b', () => Promise.reject(new Error('gone'))),
    /gone/,
  );
  await shared.read('b', load);
  t.equal(reads, 3);
});
