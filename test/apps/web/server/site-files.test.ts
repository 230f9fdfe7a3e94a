import t from 'tap';
import { wholeBody } from '../../../../devices/apps/web/server/body.js';
import { entityTag, SiteFiles } from '../../../../devices/apps/web/server/site-files.js';

const MODIFIED = Date.UTC(2026, 10, 22, 12, 0, 0, 250);

function files(names: readonly string[]) {
  const asked: string[] = [];
  const store = {
    async read(path: string) {
      asked.push(path);
      return names.includes(path) ? { bytes: new TextEncoder().encode(path), modifiedMs: MODIFIED } : undefined;
    },
  };
  return { asked, site: new SiteFiles(store, '/srv/www/') };
}

t.test('the default document is index.html, then default.html', async (t) => {
  const both = files(['/srv/www/index.html', '/srv/www/default.html']);
  t.match(await both.site.find(['']), { kind: 'file', file: { name: 'index.html' } });
  const old = files(['/srv/www/old/default.html']);
  t.match(await old.site.find(['old', '']), { kind: 'file', file: { name: 'old/default.html' } });
  t.strictSame(old.asked, ['/srv/www/old/index.html', '/srv/www/old/default.html']);
});

t.test('a folder without its final slash is recognised', async (t) => {
  const { site } = files(['/srv/www/books/index.html']);
  t.match(await site.find(['books']), { kind: 'folder' });
  t.match(await site.find(['films']), { kind: 'nothing' });
});

t.test('hidden files are not even looked for', async (t) => {
  const { site, asked } = files(['/srv/www/.git/config']);
  t.match(await site.find(['.git', 'config']), { kind: 'nothing' });
  t.strictSame(asked, []);
});

t.test('the entity tag changes with time, length and coding', async (t) => {
  const file = { name: 'a', body: wholeBody(new Uint8Array(16)), modifiedMs: MODIFIED, contentType: 'image/png' };
  t.match(entityTag(file), /^"[0-9a-f]+-10"$/);
  t.match(entityTag(file, 'gzip'), /^"[0-9a-f]+-10-gzip"$/);
  t.not(entityTag({ ...file, modifiedMs: MODIFIED + 1 }), entityTag(file));
});
