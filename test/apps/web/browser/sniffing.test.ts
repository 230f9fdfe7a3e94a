/** The MIME Sniffing standard: what a response is that does not say so. */
import t from 'tap';
import { computedType, saysNoSniff } from '../../../../devices/apps/web/browser/sniffing.js';

function typeOf(body: string | readonly number[], contentType = '', noSniff = false): string {
  const beginning = typeof body === 'string' ? Buffer.from(body, 'latin1') : Uint8Array.from(body);
  return computedType({ contentType, noSniff, beginning });
}

t.test('a body without a Content-Type: by how it begins', async (t) => {
  for (const [body, type] of [
    ['hello', 'text/plain'],
    ['', 'text/plain'],
    ['{"a": 1}', 'text/plain'],
    ['<h1>Shop</h1>', 'text/html'],
    [' \n\t<!DocType HTML>', 'text/html'],
    ['<P >', 'text/html'],
    ['<!-- x -->', 'text/html'],
    ['<h1\n>', 'text/plain'],
    ['<h2>Shop</h2>', 'text/plain'],
    ['<?xml version="1.0"?>', 'text/xml'],
    ['%PDF-1.7', 'application/pdf'],
    ['\x89PNG\r\n\x1a\n\0\0', 'image/png'],
    ['GIF89a\x01\0', 'image/gif'],
    ['\xff\xd8\xff\xe0\0', 'image/jpeg'],
    ['RIFF\0\0\0\0WEBPVP8 ', 'image/webp'],
    ['RIFF\n\n\n\nWAVEfmt ', 'audio/wave'],
    ['\0\0\x01\0', 'image/x-icon'],
    ['ID3\x04', 'audio/mpeg'],
    ['\x1aE\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm', 'video/webm'],
    ['\0\0\0\x14ftypmp42\0\0\0\0mp41', 'video/mp4'],
    ['\0\0\0\x14ftypisom\0\0\0\0mp41', 'video/mp4'],
    ['\0\0\0\x14ftypqt  \0\0\0\0qt  ', 'application/octet-stream'],
    ['\x1f\x8b\x08\0', 'application/x-gzip'],
    ['PK\x03\x04', 'application/zip'],
    ['\xef\xbb\xbfh\0', 'text/plain'],
    ['\xff\xfeh\0', 'text/plain'],
    ['text\0', 'application/octet-stream'],
    ['Gr\xfc\xdfe', 'text/plain'],
  ] as const) {
    t.equal(typeOf(body), type, JSON.stringify(body));
  }
  t.equal(typeOf(`${'x'.repeat(1445)}\0`), 'text/plain', 'what comes later is not looked at');
  t.equal(typeOf('<p>', '*/*'), 'text/html');
  t.equal(typeOf('<p>', 'Unknown/Unknown; x=y'), 'text/html');
});

t.test('what the header says is believed', async (t) => {
  t.equal(typeOf('<h1>Shop</h1>', 'text/plain'), 'text/plain');
  t.equal(typeOf('\0', 'text/html; charset=utf-8'), 'text/html; charset=utf-8');
  t.equal(typeOf('\0', 'text/plain;charset=utf-8'), 'text/plain;charset=utf-8');
});

t.test('but for what Apache says of everything', async (t) => {
  t.equal(typeOf('\0\x01', 'text/plain; charset=ISO-8859-1'), 'application/octet-stream');
  t.equal(typeOf('\xff\xfeh\0', 'text/plain'), 'text/plain');
  t.equal(typeOf('\0\x01', 'text/plain', true), 'text/plain');
});

t.test('nosniff: nothing that could run scripts is found in what does not say that it is', async (t) => {
  t.equal(typeOf('<h1>Shop</h1>', '', true), 'text/plain');
  t.equal(typeOf('%PDF-1.7', '', true), 'text/plain');
  t.equal(typeOf('GIF89a', '', true), 'image/gif');
  t.ok(saysNoSniff('NoSniff') && saysNoSniff('nosniff, x'));
  t.notOk(saysNoSniff(undefined) || saysNoSniff('x, nosniff') || saysNoSniff('nosniffing'));
});
