import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { checkWritable, keepPicture, Reached } from '../../../orchestrator/browser/picture.js';
import type { Dial } from '../../../orchestrator/proxy/relay.js';

const PAGE = 'http://www.server.com/';
const { signal } = new AbortController();
const refused: Dial = async (host, port) => {
  throw Object.assign(new Error(`connect ECONNREFUSED ${host}:${port}`), { code: 'ECONNREFUSED' });
};
const accepted = (async () => ({})) as unknown as Dial;

async function dialled(url: string, ...calls: [dial: Dial, host: string, port: number][]): Promise<Reached> {
  const reached = new Reached(url);
  for (const [dial, host, port] of calls)
    await reached
      .watch(dial)(host, port, signal)
      .catch(() => {});
  return reached;
}

t.test('a server that was never reached has no picture', async (t) => {
  const words = 'www.server.com:80 refuses the connection: nothing listens on that port';
  const folder = t.testdir({ made: 'an error page' });
  const never = await dialled(PAGE, [refused, 'www.server.com', 80], [refused, 'www.server.com', 80]);
  t.equal(never.problem, words);
  const [made, path] = [join(folder, 'made'), join(folder, 'page.png')];
  t.throws(() => keepPicture(made, path, PAGE, never), {
    message: `no picture of ${PAGE}: ${words}`,
    exitStatus: 1,
  });
  t.throws(() => readFileSync(path), { code: 'ENOENT' }, 'nor a file');

  const other = await dialled(PAGE, [accepted, 'www.server.com', 80], [refused, 'img.server.com', 80]);
  t.equal(other.problem, undefined, 'what else the page wanted is another matter');
  const late = await dialled(PAGE, [refused, 'www.server.com', 80], [accepted, 'www.server.com', 80]);
  t.equal(late.problem, undefined);
  const secure = await dialled('https://www.server.com/', [refused, 'www.server.com', 443]);
  t.ok(secure.problem);
  t.equal((await dialled('about:blank')).problem, undefined);
});

t.test('the picture goes where it is wanted', async (t) => {
  const folder = t.testdir({ made: 'a page', old: 'before' });
  const reached = new Reached(PAGE);
  keepPicture(join(folder, 'made'), join(folder, 'old'), PAGE, reached);
  t.equal(readFileSync(join(folder, 'old'), 'utf8'), 'a page');
  t.throws(() => keepPicture(join(folder, 'none'), join(folder, 'new'), PAGE, reached), { message: /has made none/ });
  t.throws(() => keepPicture(join(folder, 'made'), folder, PAGE, reached), { message: /^cannot write/ });
});

t.test('where nothing can be written is told before', async (t) => {
  const folder = t.testdir({ file: '' });
  checkWritable(join(folder, 'file'));
  checkWritable(join(folder, 'new'));
  t.throws(() => checkWritable(folder), { message: `cannot write ${folder}: it is a folder` });
  t.throws(() => checkWritable(join(folder, 'none', 'x.png')), { message: /: no such folder$/ });
});
