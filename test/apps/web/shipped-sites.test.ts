import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readPage } from '../../../devices/apps/web/browser/html/page-contents.js';
import { browserLibraries } from '../../../devices/apps/web/browser/libraries.js';
import { contentTypeOf, UNKNOWN_TYPE } from '../../../devices/apps/web/content-type.js';

const SITES = 'topologies/sites';
const libraries = await browserLibraries();
const files = readdirSync(SITES, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(SITES.length + 1));

/** The file that a URL of one of the sites means. */
function fileOf(url: string): string {
  const { hostname, pathname } = new URL(url);
  return join(SITES, hostname, pathname.endsWith('/') ? `${pathname}index.html` : pathname);
}

t.test('whatever the pages ask for is there', async (t) => {
  for (const file of files.filter((name) => name.endsWith('.html'))) {
    const page = readPage(readFileSync(join(SITES, file), 'utf8'), `http://${file.replaceAll('\\', '/')}`, libraries);
    for (const { url } of page.resources) t.ok(existsSync(fileOf(url)), `${file} asks for ${url}`);
  }
});

t.test('every file has a type that browsers know', async (t) => {
  t.ok(files.length > 20);
  for (const file of files) t.not(contentTypeOf(file), UNKNOWN_TYPE, file);
});

t.test('the bookshop asks another host for a picture that needs many segments', async (t) => {
  const page = readPage(
    readFileSync(join(SITES, 'www.server.com/index.html'), 'utf8'),
    'http://www.server.com/',
    libraries,
  );
  t.strictSame(
    [...new Set(page.resources.map(({ url }) => new URL(url).hostname))],
    ['www.server.com', 'img.server.com'],
  );
  t.ok(readFileSync(join(SITES, 'img.server.com/panorama.png')).length > 200_000);
});
