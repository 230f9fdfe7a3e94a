import t from 'tap';
import { decodeHtml as decode, decodeCss } from '../../../../../devices/apps/web/browser/html/charset.js';

const decodeHtml = (bytes: Uint8Array, contentType: string) => decode(bytes, contentType).text;
const latin1 = (text: string) => Buffer.from(text, 'latin1');

t.test('byte order mark, header, declaration, and what the bytes look like, in this order', async (t) => {
  const html = 'text/html';
  t.equal(decodeHtml(Buffer.from('\ufeffä'), 'text/html; charset=iso-8859-1'), 'ä');
  t.equal(decodeHtml(Buffer.from('\ufeffä', 'utf16le'), html), 'ä');
  t.equal(decodeHtml(latin1('<meta charset=utf-8>ä'), 'text/html; charset="ISO-8859-1"'), '<meta charset=utf-8>ä');
  t.match(decodeHtml(Buffer.from([...latin1('<meta charset="gbk">'), 0xd6, 0xd0]), html), /中$/);
  const old = "<META http-equiv='Content-Type' content='text/html; charset=koi8-r'>";
  t.match(decodeHtml(Buffer.from([...latin1(old), 0xc1]), html), /а$/);
  t.match(decodeHtml(Buffer.from('<!-- <meta charset=koi8-r> --><meta name=x content=charset=koi8-r>ä'), html), /ä$/);
  t.match(decodeHtml(Buffer.from('<meta charset=utf-16>ä'), html), /ä$/, 'it was read as bytes');
  t.equal(decodeHtml(Buffer.from('ä'), html), 'ä');
  t.equal(decodeHtml(latin1('ä!\x80'), html), 'ä!€', 'no UTF-8: Windows-1252');
  t.equal(decodeHtml(Buffer.from('ä').subarray(0, 1), 'text/html; charset=nonsense'), '\ufffd');
});

t.test('a style sheet: its own rule, then the encoding of who asked', async (t) => {
  t.match(decodeCss(latin1('@charset "iso-8859-1"; /* ä */'), 'text/css'), /ä/);
  t.match(decodeCss(latin1('/* ä */'), 'text/css', 'windows-1252'), /ä/);
  t.match(decodeCss(Buffer.from('/* ä */'), 'text/css'), /ä/);
  t.match(decodeCss(Buffer.from('@charset "iso-8859-1"; /* ä */'), 'text/css; charset=utf-8'), /ä/);
});
