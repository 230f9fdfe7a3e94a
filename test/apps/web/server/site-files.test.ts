import t from 'tap';
import { entityTag, httpDate, isUnchanged, SiteFiles } from '../../../../devices/apps/web/server/site-files.js';

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

t.test('validators: the entity tag decides alone, the date counts whole seconds', async (t) => {
  const file = { name: 'a', bytes: new Uint8Array(16), modifiedMs: MODIFIED, contentType: 'image/png' };
  const tag = entityTag(file);
  t.match(tag, /^"[0-9a-f]+-10"$/);
  t.equal(httpDate(MODIFIED), 'Sun, 22 Nov 2026 12:00:00 GMT');
  t.ok(isUnchanged(file, { ifNoneMatch: `"other", W/${tag}` }));
  t.ok(isUnchanged(file, { ifNoneMatch: '*' }));
  t.notOk(isUnchanged(file, { ifNoneMatch: '"other"', ifModifiedSince: httpDate(MODIFIED) }));
  t.ok(isUnchanged(file, { ifModifiedSince: httpDate(MODIFIED) }));
  t.notOk(isUnchanged(file, { ifModifiedSince: httpDate(MODIFIED - 1000) }));
  t.notOk(isUnchanged(file, { ifModifiedSince: 'yesterday' }));
  t.notOk(isUnchanged(file, {}));
});
