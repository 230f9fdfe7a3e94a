import t from 'tap';
import { contentTypeOf, decodeText, isHtml, isText, mediaType } from '../../../devices/apps/web/content-type.js';

t.test('the ending of a file name tells its type', async (t) => {
  t.equal(contentTypeOf('books/INDEX.HTML'), 'text/html; charset=utf-8');
  t.equal(contentTypeOf('style.css'), 'text/css; charset=utf-8');
  t.equal(contentTypeOf('app.min.js'), 'text/javascript; charset=utf-8');
  t.equal(contentTypeOf('logo.png'), 'image/png');
  t.equal(contentTypeOf('map.svg'), 'image/svg+xml');
  t.equal(contentTypeOf('archive.tar.unknown'), 'application/octet-stream');
  t.equal(contentTypeOf('README'), 'application/octet-stream');
  t.equal(contentTypeOf('x.constructor'), 'application/octet-stream');
});

t.test('a header is read without regard to case and parameters', async (t) => {
  t.equal(mediaType(' Text/HTML ; charset=utf-8'), 'text/html');
  t.ok(isHtml('application/xhtml+xml'));
  t.notOk(isHtml('text/plain'));
  t.ok(isText('image/svg+xml'));
  t.ok(isText('application/json'));
  t.notOk(isText('image/png'));
  t.notOk(isText(''));
});

t.test('text is read in the charset that is named', async (t) => {
  t.equal(decodeText(Uint8Array.of(0xe4, 0xfc), 'text/html; charset="ISO-8859-1"'), 'äü');
  t.equal(decodeText(new TextEncoder().encode('äü'), 'text/html'), 'äü');
  t.equal(decodeText(Uint8Array.of(0x61, 0xff), 'text/html; charset=nobody-knows'), 'a�');
});
