import { symlinkSync, truncateSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import t from 'tap';
import { diskFiles } from '../../devices/runtime/files.js';

const text = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes);

t.test('whole files with the time of their last change', async (t) => {
  const folder = t.testdir({ 'index.html': '<h1>' });
  const path = join(folder, 'index.html');
  utimesSync(path, 1000, 1000);
  const file = await diskFiles.read(path);
  t.equal(text(file?.bytes), '<h1>');
  t.equal(file?.modifiedMs, 1_000_000);
});

t.test('what is no file is not there', async (t) => {
  const folder = t.testdir({ sub: {}, file: 'x' });
  for (const path of ['none', 'sub', 'file/below', `${'x'.repeat(300)}`, 'nul\0byte', '']) {
    t.equal(await diskFiles.read(join(folder, path)), undefined, JSON.stringify(path.slice(0, 12)));
  }
  t.equal(await diskFiles.read(join(folder, 'file'), join(folder, 'gone')), undefined, 'no root, no files');
});

t.test('a symbolic link inside the root is followed, one that leads out is not', async (t) => {
  const folder = t.testdir({ site: { 'index.html': 'page' }, 'site-secrets': { key: 'secret' }, key: 'secret' });
  const root = join(folder, 'site');
  symlinkSync(join(root, 'index.html'), join(root, 'home.html'));
  symlinkSync(join(folder, 'key'), join(root, 'key'));
  symlinkSync('../key', join(root, 'relative'));
  symlinkSync(join(folder, 'site-secrets'), join(root, 'folder'));
  symlinkSync('loop', join(root, 'loop'));
  const read = async (path: string) => text((await diskFiles.read(join(root, path), root))?.bytes);
  t.equal(await read('home.html'), 'page');
  t.equal(await read('key'), undefined);
  t.equal(await read('relative'), undefined);
  t.equal(await read('folder/key'), undefined);
  t.equal(await read('loop'), undefined);
  t.equal(await read('../site-secrets/key'), undefined, 'a folder whose name begins like the root');
  t.equal(await read('../key'), undefined);
});

t.test('a root that is itself a symbolic link', async (t) => {
  const folder = t.testdir({ site: { 'index.html': 'page' } });
  const root = join(folder, 'www');
  symlinkSync(join(folder, 'site'), root);
  t.equal(text((await diskFiles.read(join(root, 'index.html'), root))?.bytes), 'page');
});

t.test('a file that is larger than memory: found without being read, and read in parts', async (t) => {
  const path = join(t.testdir({ large: '' }), 'large');
  truncateSync(path, 5e9);
  const file = await diskFiles.find(path);
  t.equal(file?.size, 5e9);
  const part = file?.part(5e9 - 3, 5e9 - 1);
  t.same(part && (await buffer(part)), Buffer.alloc(3));
  t.equal(await diskFiles.find(join(path, 'below')), undefined);
});
